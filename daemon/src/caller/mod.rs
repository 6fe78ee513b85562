//! The porter: who is calling, and how sure we are. Serves design §5.
//!
//! Everything is keyed on the unique bus name, and any failed look-up is a denial. What was found out
//! is [`Evidence`], and comes first; what an app says of itself is a claim, and is held against it.
//!
//! `bus` asks the bus whose process it is, and the `witness` what there is to see of that. `peer` holds a process; `look`
//! goes through the kinds, `flatpak`, `snap` and `host`; `sockets` finds out whether the process still has the
//! connection, and `proxies` which connections without a name are those of sandboxes.
//! `identity`, `keyfile`, `unit` and `interpreter` are pure.

mod bus;
mod driver;
mod flatpak;
mod host;
mod identity;
mod interpreter;
mod keyfile;
mod look;
mod peer;
mod process;
mod proxies;
mod root_owned;
mod snap;
mod sockets;
mod surroundings;
pub(crate) mod unit;
mod witness;

use async_trait::async_trait;
use zbus::names::{OwnedUniqueName, UniqueName};

pub use bus::BusPorter;
pub use driver::BusDriver;
pub use identity::{Assurance, Evidence, Identity, Origin};
pub use peer::FileId;
pub use process::Process;
use surroundings::Surroundings;
pub(crate) use witness::WitnessUnit;
pub use witness::run_witness;

/// A peer on the bus, as the bus and the kernel know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Its connection; never used again by the bus for another.
    pub unique_name: OwnedUniqueName,
    /// The process at the other end of the connection when it was made.
    pub process: Process,
    /// The program that it ran when it was looked at; `None` if it hides that.
    pub program: Option<FileId>,
    /// What it was found to be.
    pub evidence: Evidence,
}

/// Whose quota is charged.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Account {
    /// Every process of a confined app.
    App(String),
    /// A process, because what it says it is cannot be relied on.
    Process(Process),
}

impl Caller {
    /// Whose quota is charged for what it does.
    #[must_use]
    pub fn account(&self) -> Account {
        match &self.evidence {
            Evidence::Sandboxed { app_id, .. } => Account::App(app_id.clone()),
            _ => Account::Process(self.process),
        }
    }

    /// Whether it is in a sandbox, confirmed or not.
    #[must_use]
    pub fn is_confined(&self) -> bool {
        self.evidence.confined_as().is_some()
    }

    /// Who it is, given that it says to be `claim`; empty if it says nothing.
    ///
    /// # Errors
    /// It is confined, and claims to be somebody else.
    pub fn identity(&self, claim: &str) -> Result<Identity, Denial> {
        self.evidence
            .identity(claim)
            .ok_or_else(|| Denial::NotItself {
                name: self.unique_name.to_string(),
                claim: claim.to_owned(),
                app_id: self.evidence.confined_as().unwrap_or_default().to_owned(),
            })
    }
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
    /// A confined app that claims to be another.
    #[error("{name} says that it is {claim}, but it is {app_id}: leave app_id out, or name itself")]
    NotItself {
        /// The caller.
        name: String,
        /// What it says.
        claim: String,
        /// What its sandbox says.
        app_id: String,
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
