//! The domains that an app declares, the site that somebody asks for, and which belongs to which.
//! Pure. Serves "Domains" of section "Shared web credentials: association" of `protocol/README.md`.

mod error;
mod host;
mod pattern;

pub use error::{DomainError, Fault};
pub use host::{Host, Port, Site};
pub use pattern::{Domains, MAX_DOMAINS, Pattern};

/// Whether the exceptions for developers are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// They are off: every site is a public one.
    Standard,
    /// `localhost` and the names below it are sites, too.
    Developer,
}
