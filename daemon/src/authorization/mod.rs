//! Whether the person has proven who they are before a payload leaves. A trait, and an adapter for each
//! way. Serves design §5 and `authentication` of `Chooser1.ChooseImporter`.

mod authority;
mod polkit;

use async_trait::async_trait;

use crate::caller::Process;

pub use polkit::{Polkit, SYSTEM_BUS};

/// What will be asked of the person, as it stands before they choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prospect {
    /// The system will ask for a proof.
    Asked,
    /// Nothing here can check anything: the person is asked plainly.
    Unchecked,
    /// The administrator wants no check.
    Waived,
}

impl Prospect {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Prospect::Asked => "asked",
            Prospect::Unchecked => "unchecked",
            Prospect::Waived => "waived",
        }
    }
}

/// Why nothing may leave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The person did not prove who they are, or a rule of the system forbids it.
    #[error("the person did not prove who they are: {0}")]
    Denied(String),
    /// Nobody could be asked.
    #[error("who the person is could not be checked: {0}")]
    Failed(String),
}

/// Lets the person prove who they are.
#[async_trait]
pub trait Authorization: Send + Sync {
    /// What [`authorize`](Self::authorize) would do for an export asked by `subject`.
    ///
    /// # Errors
    /// It is clear already that nothing may leave.
    async fn prospect(&self, subject: Process) -> Result<Prospect, Refusal>;

    /// Lets the person prove who they are, for the export that `subject` asked for. `told` is what
    /// [`prospect`](Self::prospect) said, and what the person was told when they agreed: nothing leaves
    /// unchecked that was not agreed to as unchecked. To drop the future takes the question back.
    ///
    /// # Errors
    /// They did not, or nobody could be asked.
    async fn authorize(&self, subject: Process, told: Prospect) -> Result<(), Refusal>;
}

/// For where the administrator wants no check.
#[derive(Debug, Clone, Copy)]
pub struct Waived;

#[async_trait]
impl Authorization for Waived {
    async fn prospect(&self, _: Process) -> Result<Prospect, Refusal> {
        Ok(Prospect::Waived)
    }

    async fn authorize(&self, _: Process, _: Prospect) -> Result<(), Refusal> {
        Ok(())
    }
}
