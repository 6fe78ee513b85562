//! Why a call came to nothing, and in which stage. Serves "Shared web credentials" of
//! `protocol/README.md`.

use credex_protocol::{Error, Reason};

use crate::chooser::ChooserError;
use crate::web_credentials::store::StoreError;

/// Where a call ended, in the order in which they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Who is calling?
    Identity,
    /// Do the rules allow it?
    Policy,
    /// Does the app declare the domain?
    Declaration,
    /// Has the person said never?
    Decision,
    /// Does the site name the app?
    Association,
    /// What is saved?
    Store,
    /// Does the person agree?
    Consent,
}

impl Stage {
    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Identity => "identity",
            Stage::Policy => "policy",
            Stage::Declaration => "declaration",
            Stage::Decision => "decision",
            Stage::Association => "association",
            Stage::Store => "store",
            Stage::Consent => "consent",
        }
    }
}

/// Why a call came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {error}", .stage.name())]
pub struct Refusal {
    /// Where.
    pub stage: Stage,
    /// Why.
    pub error: Error,
    /// The file of the site that could not be had.
    pub url: Option<String>,
    /// The HTTP status that came instead.
    pub status: Option<u16>,
    /// The rule that decided, if one did: file and line.
    pub rule: Option<String>,
}

impl Refusal {
    /// A refusal that has nothing to do with a file of a site.
    pub(crate) fn new(stage: Stage, reason: Reason, message: impl Into<String>) -> Refusal {
        Refusal::of(stage, Error::new(reason, message))
    }

    pub(crate) fn of(stage: Stage, error: Error) -> Refusal {
        Refusal {
            stage,
            error,
            url: None,
            status: None,
            rule: None,
        }
    }

    /// Whether the person said no, now or earlier.
    #[must_use]
    pub fn is_the_persons(&self) -> bool {
        matches!(self.error.reason, Reason::Declined | Reason::Never)
    }
}

/// No error of the store is discarded.
impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Refusal {
        let reason = match error {
            StoreError::Locked(_) | StoreError::Dismissed | StoreError::WrongPassphrase { .. } => {
                Reason::Locked
            }
            StoreError::Unavailable(_)
            | StoreError::Away
            | StoreError::NobodyToAsk(_)
            | StoreError::ShortPassphrase { .. } => Reason::NoStore,
            StoreError::NotFound => Reason::NoCredential,
            _ => Reason::StoreFailed,
        };
        Refusal::new(Stage::Store, reason, error.to_string())
    }
}

impl From<ChooserError> for Refusal {
    fn from(error: ChooserError) -> Refusal {
        let reason = match error {
            ChooserError::Unavailable(_) => Reason::ChooserUnavailable,
            ChooserError::Failed(_) => Reason::ChooserFailed,
            ChooserError::TooMany(_) => Reason::QuotaExceeded,
        };
        Refusal::new(Stage::Consent, reason, error.to_string())
    }
}
