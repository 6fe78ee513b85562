//! The one error of this library: what the service refused, what ended an exchange, and what was
//! wrong with a payload (the error table of `protocol/README.md`; design §3, §4).

use std::fmt;
use std::io;

use credex_protocol::Reason;
use credex_protocol::envelope::keywrap::KeywrapError;
use credex_protocol::envelope::parts::PartsError;
use credex_protocol::envelope::{
    KeyError, NoRandomness, OpenError, PasswordError, Refusal, SealError,
};

use crate::cxf;
use crate::web::WebRefusal;

/// What can be returned by everything here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Why an exchange, or a step of one, did not come about. Never contains a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no session bus to talk to.
    #[error(
        "the session bus cannot be reached ({0}): is DBUS_SESSION_BUS_ADDRESS set, and a bus \
         running there?"
    )]
    NoBus(String),
    /// The app's own name could not be had on the bus.
    #[error("the name {name} is owned by another process on this bus: is the app running twice?")]
    NameTaken {
        /// The bus name.
        name: String,
    },
    /// The service left the bus, cannot be started, or the bus itself is gone.
    #[error("the Credex service is not there: {0}")]
    ServiceStopped(String),
    /// The person said no.
    #[error("the person declined: {0}")]
    Declined(String),
    /// The service refused a call, or ended a request without a session.
    #[error(transparent)]
    Service(credex_protocol::Error),
    /// The exchange ended without a receipt, or before the importer had completed it.
    #[error("{0}")]
    Ended(Ended),
    /// The service said something that its interfaces do not provide for.
    #[error("the service does not keep to the protocol: {0}")]
    Protocol(String),
    /// Somebody on the bus answered a call that the service was to answer.
    #[error(
        "{sender}, which is not the Credex service, answered {method} in its place: find out which \
         process that is (`busctl --user status {sender}`), and try again"
    )]
    NotTheService {
        /// The unique name of whoever answered.
        sender: String,
        /// The method that was called.
        method: String,
    },
    /// A call about a shared web credential came to nothing.
    #[error(transparent)]
    Web(WebRefusal),
    /// A text is no password.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The document is no CXF document that anybody could import.
    #[error("the document is not valid CXF: {0}")]
    Document(#[from] cxf::Invalid),
    /// The attachments do not go with the document, or with the format.
    #[error(transparent)]
    Parts(#[from] PartsError),
    /// The payload could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// What arrived is not a sealed payload.
    #[error("what arrived is not a sealed payload: {0}")]
    NotAnEnvelope(#[from] Refusal),
    /// The payload did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A key or token did not unwrap, or could not be wrapped.
    #[error(transparent)]
    Keywrap(#[from] KeywrapError),
    /// A public key of the service is none.
    #[error("the service's public key cannot be used: {0}")]
    PublicKey(#[from] KeyError),
    /// The operating system gave no random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// A reader of the caller failed, ended early, or went on for too long.
    #[error("the payload could not be read from the app: {0}")]
    Read(#[source] io::Error),
    /// A writer of the caller failed.
    #[error("the payload could not be written to the app: {0}")]
    Write(#[source] io::Error),
    /// No memory file, or none that could be sealed.
    #[error("no sealed memory file could be made: {0}")]
    Memfd(#[source] io::Error),
}

impl Error {
    /// The reason in the error table of the protocol, where the service gave one.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::ServiceStopped(_) => Some(Reason::ServiceStopped),
            Self::Declined(_) => Some(Reason::Cancelled),
            Self::Service(error) => Some(error.reason),
            Self::Ended(ended) => ended.reason,
            Self::Web(refusal) => Some(refusal.reason),
            _ => None,
        }
    }

    pub(crate) fn bus(error: zbus::Error) -> Self {
        credex_protocol::Error::from(error).into()
    }

    pub(crate) fn no_bus(error: zbus::Error) -> Self {
        Self::NoBus(error.to_string())
    }

    /// An answer that cannot be read as its interface describes it.
    pub(crate) fn unreadable(error: zbus::Error) -> Self {
        Self::Protocol(error.to_string())
    }

    pub(crate) fn gone() -> Self {
        Self::ServiceStopped(Reason::ServiceStopped.meaning().to_owned())
    }
}

impl From<credex_protocol::Error> for Error {
    fn from(error: credex_protocol::Error) -> Self {
        match error.reason {
            Reason::ServiceStopped => Self::ServiceStopped(error.message),
            _ => Self::Service(error),
        }
    }
}

/// How an exchange ended that was not completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// By whom or what.
    pub outcome: Outcome,
    /// Why, for programs; `None` for a reason that this release does not know.
    pub reason: Option<Reason>,
    /// Why, for people.
    pub message: String,
    /// Whether the importer had the payload by then. The service says so to the exporter alone.
    pub handed_over: bool,
}

impl Ended {
    pub(crate) fn from_wire(
        outcome: &str,
        error: &str,
        message: String,
        handed_over: bool,
    ) -> Self {
        Self {
            outcome: Outcome::from_wire(outcome),
            reason: Reason::from_name(error),
            message,
            handed_over,
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the exchange {}: {}", self.outcome, self.message)?;
        match self.handed_over {
            true => f.write_str(" (the importer already has the payload)"),
            false => Ok(()),
        }
    }
}

/// The three ends of an exchange other than completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Somebody ended it: the person, the exporter or the importer.
    Cancelled,
    /// The time was up.
    Expired,
    /// Something went wrong.
    Failed,
}

impl Outcome {
    fn from_wire(outcome: &str) -> Self {
        match outcome {
            "cancelled" => Self::Cancelled,
            "expired" => Self::Expired,
            _ => Self::Failed,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "was cancelled",
            Self::Expired => "expired",
            Self::Failed => "failed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_left_is_always_the_same_error() {
        let left = credex_protocol::Error::plain(Reason::ServiceStopped);
        let error = Error::from(left);
        assert!(matches!(error, Error::ServiceStopped(_)), "{error:?}");
        assert_eq!(error.reason(), Some(Reason::ServiceStopped));
    }

    #[test]
    fn who_reads_the_end_of_an_exchange_learns_whether_anything_was_handed_over() {
        let said = |handed_over| {
            Ended::from_wire("failed", "NoReceipt", "Silence.".to_owned(), handed_over).to_string()
        };
        assert!(said(true).contains("already has the payload"));
        assert_eq!(said(false), "the exchange failed: Silence.");
    }
}
