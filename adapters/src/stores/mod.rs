//! The kinds of stores, one folder each.

pub mod archive;
pub mod bitwarden;

use crate::Adapter;

/// Every kind of store that there is.
#[must_use]
pub fn all() -> Vec<Box<dyn Adapter>> {
    vec![
        Box::new(archive::Archive),
        Box::new(bitwarden::Bitwarden { plain: false }),
        Box::new(bitwarden::Bitwarden { plain: true }),
    ]
}
