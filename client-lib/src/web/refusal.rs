//! Why a call about a shared web credential came to nothing, and in which stage.

use credex_protocol::Reason;
use credex_protocol::wire::WebResults;

use crate::error::Error;

/// What came of a call, as the service told it. Texts may quote what a website says: show them as
/// text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct WebRefusal {
    /// Why, for programs.
    pub reason: Reason,
    /// Why, for people.
    pub message: String,
    /// Where it ended: `identity`, `policy`, `declaration`, `decision`, `association`, `store` or
    /// `consent`; empty if that was not said.
    pub stage: String,
    /// The file of the website that could not be had.
    pub url: Option<String>,
    /// The HTTP status that came instead.
    pub status: Option<u32>,
}

impl WebRefusal {
    pub(super) fn read(results: WebResults) -> Self {
        let reason = results.error.as_deref().and_then(Reason::from_name);
        let reason = reason.unwrap_or(Reason::Internal);
        let meaning = || reason.meaning().to_owned();
        Self {
            reason,
            message: results.message.unwrap_or_else(meaning),
            stage: results.stage.unwrap_or_default(),
            url: results.url,
            status: results.status,
        }
    }
}

impl From<WebRefusal> for Error {
    fn from(refusal: WebRefusal) -> Self {
        match refusal.reason {
            Reason::ServiceStopped => Self::ServiceStopped(refusal.message),
            _ => Self::Web(refusal),
        }
    }
}
