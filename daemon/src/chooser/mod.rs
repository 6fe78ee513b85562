//! How the daemon asks the person: the trait, and the question and answer as it sees them.
//! Serves `org.credex.Chooser1`.

mod process;
mod running;
mod seat;

use std::collections::BTreeSet;

use async_trait::async_trait;
use credex_protocol::wire::{AppIdentity, Counts, FinishedDetails, ImporterInfo, ProgressDetails};
use tokio::sync::mpsc::UnboundedSender;

use crate::authorization::Prospect;

pub use process::{ProcessChooser, Programs};

/// A question to the person.
#[derive(Debug, Clone)]
pub struct Question {
    /// Names the exchange to the chooser.
    pub exchange: String,
    /// The exporter's window or terminal, as in `Export.RequestExport`.
    pub parent_window: String,
    /// Who exports, as far as we know.
    pub exporter: AppIdentity,
    /// Whether the person must then prove who they are.
    pub authentication: Prospect,
    /// Credentials per type, as the exporter declared them.
    pub counts: Counts,
    /// Whom the person can choose. Never empty.
    pub importers: Vec<ImporterInfo>,
    /// XDG activation token.
    pub activation_token: Option<String>,
}

/// What the person answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Send these types to this importer.
    Send {
        /// The `id` of one of the importers of the question.
        importer: String,
        /// A subset of the types of the question.
        types: BTreeSet<String>,
    },
    /// No.
    Decline,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChooserError {
    /// No dialog can be shown in this session.
    #[error("no dialog can be shown: {0}")]
    Unavailable(String),
    /// The chooser ended, or answered nonsense.
    #[error("the chooser failed: {0}")]
    Failed(String),
}

/// Asks the person, and keeps the person informed. One implementation talks to a process.
#[async_trait]
pub trait Chooser: Send + Sync {
    /// Asks, and waits for the person, for as long as it takes. Dropping the future is allowed; the
    /// caller then also calls `finished`.
    ///
    /// # Errors
    /// No dialog can be shown, or the chooser failed.
    async fn ask(&self, question: Question) -> Result<Answer, ChooserError>;

    /// The exchange went on to `state`.
    async fn progress(&self, exchange: &str, state: &str, details: ProgressDetails);

    /// The exchange has ended with `outcome`, also while the question is still open.
    async fn finished(&self, exchange: &str, outcome: &str, details: FinishedDetails);

    /// Where to report the exchanges that the person stops after having agreed.
    fn on_cancel(&self, exchanges: UnboundedSender<String>);
}
