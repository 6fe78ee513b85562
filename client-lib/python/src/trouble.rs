//! What went wrong, as an exception of `credex.errors`.

use credex::{Ended, Error, Outcome, Reason, WebRefusal};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Why a call came to nothing.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The library says so.
    Library(Error),
    /// What was called was closed, or used up, before.
    Used(&'static str),
    /// The library itself broke.
    Panicked,
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

impl Trouble {
    /// The exception for it.
    pub(crate) fn into_exception(self, py: Python<'_>) -> PyErr {
        let raised = match self {
            Self::Used(what) => raise(py, "Closed", &used(what), &PyDict::new(py)),
            Self::Panicked => {
                let sentence = "the library failed in itself: please report it, with what it wrote";
                raise(py, "CredexError", sentence, &PyDict::new(py))
            }
            Self::Library(error) => of_library(py, &error),
        };
        raised.unwrap_or_else(|error| error)
    }
}

fn used(what: &str) -> String {
    format!("the {what} was closed, redeemed, sent or reported before: each is good for one use")
}

fn raise(py: Python<'_>, class: &str, message: &str, more: &Bound<'_, PyDict>) -> PyResult<PyErr> {
    let class = py.import("credex.errors")?.getattr(class)?;
    Ok(PyErr::from_value(class.call((message,), Some(more))?))
}

fn of_library(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let more = PyDict::new(py);
    more.set_item("reason", error.reason().map(|reason| reason.name()))?;
    let class = match error {
        Error::NoBus(_) => "NoBus",
        Error::NameTaken { .. } => "NameTaken",
        Error::ServiceStopped(_) => "ServiceUnavailable",
        Error::NotTheService { .. } => "NotTheService",
        Error::Declined(_) => "Declined",
        // Whoever is denied an exchange that has ended is not to care in which words.
        Error::Service(refusal) => match refusal.reason {
            Reason::Cancelled => "Cancelled",
            Reason::Expired => "Expired",
            _ => "Refused",
        },
        Error::Ended(ended) => return of_end(py, ended, &more),
        Error::Web(refusal) => return of_web(py, refusal, &more),
        Error::Password(_) => "InvalidPassword",
        Error::Document(_) => "InvalidDocument",
        Error::Parts(_)
        | Error::NotAnEnvelope(_)
        | Error::Open(_)
        | Error::Keywrap(_)
        | Error::PublicKey(_) => "InvalidPayload",
        Error::Protocol(_) => "ProtocolError",
        _ => "CredexError",
    };
    raise(py, class, &error.to_string(), &more)
}

fn of_end(py: Python<'_>, ended: &Ended, more: &Bound<'_, PyDict>) -> PyResult<PyErr> {
    more.set_item("handed_over", ended.handed_over)?;
    let class = match ended.outcome {
        Outcome::Cancelled => "Cancelled",
        Outcome::Expired => "Expired",
        Outcome::Failed => "Failed",
    };
    raise(py, class, &ended.to_string(), more)
}

fn of_web(py: Python<'_>, refusal: &WebRefusal, more: &Bound<'_, PyDict>) -> PyResult<PyErr> {
    more.set_item("stage", &refusal.stage)?;
    more.set_item("url", &refusal.url)?;
    more.set_item("status", refusal.status)?;
    raise(py, "WebRefused", &refusal.to_string(), more)
}
