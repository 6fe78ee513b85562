//! The kinds of stores, one folder each.

pub mod archive;
pub mod bitwarden;
pub mod csv;
pub mod kdbx;
pub mod onepux;
pub mod pass;
pub mod proton;
mod read_only;
pub mod secret_service;

use crate::Adapter;

/// How an export that is plaintext is removed.
const REMOVAL: &str = "Remove it, and every copy of it: rm -- {}. Where it is in the trash, in snapshots or in backups, \
     whoever finds it can read it";

/// Every kind of store that there is.
#[must_use]
pub fn all() -> Vec<Box<dyn Adapter>> {
    vec![
        Box::new(archive::Archive),
        Box::new(bitwarden::Bitwarden { plain: false }),
        Box::new(bitwarden::Bitwarden { plain: true }),
        Box::new(csv::Csv),
        Box::new(csv::BrowserCsv::FIREFOX),
        Box::new(csv::BrowserCsv::CHROMIUM),
        Box::new(csv::BrowserCsv::APPLE),
        Box::new(kdbx::Kdbx),
        Box::new(onepux::OnePux),
        Box::new(proton::ProtonPass),
        Box::new(pass::Pass::default()),
        Box::new(secret_service::SecretService::default()),
    ]
}
