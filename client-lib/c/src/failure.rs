//! Why a call came to nothing, before it is told to C.

use std::any::Any;
use std::io;

use credex::{Error, Reason, WebRefusal};

use crate::status::CredexStatus;

/// Why a call came to nothing. Never contains a secret.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) status: CredexStatus,
    pub(crate) message: String,
    pub(crate) reason: Option<Reason>,
    pub(crate) handed_over: bool,
    /// Boxed, for it is large and rare.
    pub(crate) web: Option<Box<WebRefusal>>,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub(crate) fn new(status: CredexStatus, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            reason: None,
            handed_over: false,
            web: None,
        }
    }

    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::new(CredexStatus::BadArgument, message)
    }

    pub(crate) fn null(name: &str) -> Self {
        Self::argument(format!("the argument {name} is NULL"))
    }

    /// A number that is none of the enumeration `kind`.
    pub(crate) fn no_such(name: &str, number: i32, kind: &str) -> Self {
        Self::argument(format!(
            "the argument {name} is {number}, which is no {kind}"
        ))
    }

    pub(crate) fn state(message: impl Into<String>) -> Self {
        Self::new(CredexStatus::WrongState, message)
    }

    pub(crate) fn cancelled() -> Self {
        Self::new(CredexStatus::Cancelled, "the operation was cancelled")
    }

    pub(crate) fn freed() -> Self {
        Self::new(
            CredexStatus::Cancelled,
            "what the operation needs was freed before it was finished",
        )
    }

    pub(crate) fn timed_out() -> Self {
        Self::new(CredexStatus::TimedOut, "it did not come about in time")
    }

    /// What `panic` says, which was caught.
    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let said = panic.downcast_ref::<&str>().copied();
        let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let said = said.unwrap_or("no message");
        Self::new(
            CredexStatus::Internal,
            format!("libcredex has a defect ({said}): please report it"),
        )
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let handed_over = match &error {
            Error::Ended(ended) => ended.handed_over,
            _ => false,
        };
        Self {
            status: status(&error),
            message: error.to_string(),
            reason: error.reason(),
            handed_over,
            web: match error {
                Error::Web(refusal) => Some(Box::new(refusal)),
                _ => None,
            },
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(CredexStatus::System, error.to_string())
    }
}

fn status(error: &Error) -> CredexStatus {
    match error {
        Error::NoBus(_) => CredexStatus::NoBus,
        Error::NameTaken { .. } => CredexStatus::NameTaken,
        Error::ServiceStopped(_) => CredexStatus::ServiceStopped,
        Error::Declined(_) => CredexStatus::Declined,
        Error::Web(refusal) => match refusal.reason {
            Reason::Declined | Reason::Never => CredexStatus::Declined,
            _ => CredexStatus::Refused,
        },
        // Whoever is denied an exchange that has ended is not to care in which words.
        Error::Service(refusal) => match refusal.reason {
            Reason::Cancelled | Reason::Expired => CredexStatus::Ended,
            _ => CredexStatus::Refused,
        },
        Error::Ended(_) => CredexStatus::Ended,
        Error::Document(_) => CredexStatus::BadDocument,
        Error::Parts(_) | Error::NotAnEnvelope(_) | Error::Open(_) | Error::Seal(_) => {
            CredexStatus::BadPayload
        }
        Error::Password(_) => CredexStatus::BadArgument,
        Error::Protocol(_)
        | Error::NotTheService { .. }
        | Error::Keywrap(_)
        | Error::PublicKey(_) => CredexStatus::Protocol,
        Error::NoRandomness(_) | Error::Read(_) | Error::Write(_) | Error::Memfd(_) => {
            CredexStatus::System
        }
        _ => CredexStatus::Internal,
    }
}
