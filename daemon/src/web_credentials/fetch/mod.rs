//! Fetching the files of sites: the trait, what is asked, what is answered. Serves "Fetching" of section
//! "Shared web credentials: association" of `protocol/README.md`.
//!
//! [`ProcessFetch`] has it done by `credex-fetcher`, for each file two confined processes: one that connects, and
//! one that speaks with the site; [`inquire`] asks all files of a site that a verdict needs.

pub mod dial;
mod inquire;
pub mod passing;
mod process;
mod ways;
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
