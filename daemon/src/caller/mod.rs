//! The porter: who is calling, and how sure we are. Serves design §5.
//!
//! Everything is keyed on the unique bus name, and any failed look-up is a denial. This release
//! establishes user and process; what an app is called is its own claim, so the assurance is
//! `Unverified` throughout.

mod bus;
mod driver;
mod process;

use async_trait::async_trait;
use zbus::names::{OwnedUniqueName, UniqueName};

pub use bus::BusPorter;
pub use driver::BusDriver;
pub use process::Process;

/// How sure we are of an app ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assurance {
    /// A claim.
    Unverified,
}

impl Assurance {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Assurance::Unverified => "unverified",
        }
    }
}

/// A peer on the bus, as the bus and the kernel know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Its connection; never used again by the bus for another.
    pub unique_name: OwnedUniqueName,
    /// The process at the other end of the connection when it was made.
    pub process: Process,
    /// How sure we are of what it says it is.
    pub assurance: Assurance,
}

/// Why a caller is not served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// Somebody else's process.
    #[error("{name} runs as user {uid}, and this service serves user {served} alone")]
    AnotherUser {
        /// The caller.
        name: String,
        /// Its user.
        uid: u32,
        /// Ours.
        served: u32,
    },
    /// It could not be found out. A vanished caller is one of these.
    #[error("{name} could not be identified: {why}")]
    Unknown {
        /// The caller.
        name: String,
        /// What failed.
        why: String,
    },
}

/// Finds out who is calling.
#[async_trait]
pub trait Porter: Send + Sync {
    /// Looks `name` up.
    ///
    /// # Errors
    /// The caller is somebody else's, gone, or not to be identified: it is denied.
    async fn identify(&self, name: &UniqueName<'_>) -> Result<Caller, Denial>;

    /// Looks a caller up again, after the person took time to answer.
    ///
    /// # Errors
    /// It is no longer who it was.
    async fn identify_again(&self, caller: &Caller) -> Result<(), Denial>;
}
