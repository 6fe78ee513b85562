//! Fetching the files of sites: the trait, what is asked, what is answered. Serves "Fetching" of section
//! "Shared web credentials: association" of `protocol/README.md`.
//!
//! [`ProcessFetch`] has it done by `credex-fetcher`, a confined process for each file; [`inquire`] asks all
//! files of a site that a verdict needs.

mod inquire;
mod process;
pub mod wire;

use async_trait::async_trait;

pub use inquire::{Inquired, LIMIT, Reading, inquire};
pub use process::ProcessFetch;
pub use wire::{Certificate, Developer, Fault, FetchError, Fetched, Freshness, Request, Stage};

/// Fetches files of sites.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// Fetches the file of `request`, within its time.
    ///
    /// # Errors
    /// There is none, or none that can be used; how far it came, and why.
    async fn fetch(&self, request: Request) -> Result<Fetched, FetchError>;
}
