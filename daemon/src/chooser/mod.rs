//! How the daemon asks the person: the trait, and the questions and answers as it sees them.
//! Serves `org.credex.Chooser1`.
//!
//! One question is open at a time at each terminal and at the display; the chooser there queues the
//! rest. Across them nothing waits: a program could open a terminal of its own and never answer there.
//! An app's questions are limited instead, exchanges by `exchanges_per_app`, prompts by
//! [`PROMPTS_PER_APP`]. The time of a question that waits for its turn runs: whoever asks is answered
//! within `seconds.choose`, whatever others ask.

mod process;
mod prompts;
mod running;
mod seat;

use std::collections::BTreeSet;

use async_trait::async_trait;
use credex_protocol::Passphrase;
use credex_protocol::wire::{AppIdentity, Counts, FinishedDetails, ImporterInfo, ProgressDetails};
use tokio::sync::mpsc::UnboundedSender;

use crate::authorization::Prospect;
use crate::caller::Process;

pub use process::{ProcessChooser, Programs};
pub use prompts::{PROMPTS, PROMPTS_PER_APP};

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

/// Whether an app may touch a password that it shares with its website.
#[derive(Debug, Clone)]
pub struct Consent {
    /// Which process asks: it may have [`PROMPTS_PER_APP`] prompts open.
    pub asker: Process,
    /// The app's window or terminal, as in `Export.RequestExport`.
    pub parent_window: String,
    /// Who asks, as far as we know.
    pub app: AppIdentity,
    /// What for.
    pub act: Act,
    /// The website.
    pub domain: String,
    /// Its port, where it is not the standard one. Never 0.
    pub port: Option<u16>,
    /// Whether developer mode is on.
    pub developer: bool,
    /// XDG activation token.
    pub activation_token: Option<String>,
}

/// What an app wants to do. Holds the accounts that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Save a password.
    Add(String),
    /// Put another in the place of one that is saved.
    Update(String),
    /// Delete one that is saved.
    Delete(String),
    /// Get one of those that are saved. At least one.
    Choose(Vec<String>),
}

/// What the person says to a consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Yes, with the account that it is about or that the person chose.
    Agreed(String),
    /// No, this time.
    NotNow,
    /// No, and do not ask again for this app and domain.
    Never,
}

/// A question for the passphrase of a store.
#[derive(Debug, Clone)]
pub struct PassphraseQuestion {
    /// Which process needs the store: it may have [`PROMPTS_PER_APP`] prompts open.
    pub asker: Process,
    /// Who that is, as far as we know: what a sandboxed app calls its terminal is not believed.
    pub app: AppIdentity,
    /// That app's window or terminal, as in `Export.RequestExport`.
    pub parent_window: String,
    /// What for.
    pub purpose: Purpose,
    /// What to call the store.
    pub store: String,
    /// 1, or more if those before were not accepted.
    pub attempt: u32,
    /// XDG activation token.
    pub activation_token: Option<String>,
}

/// What a passphrase is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To open a store that exists.
    Open,
    /// To make one.
    Create,
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
    /// The app, or all together, have too many prompts open.
    #[error("too many prompts are open: {0}; try later")]
    TooMany(String),
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

    /// Asks whether an app may touch a password of its website, for as long as it takes. To drop the
    /// future withdraws the question.
    ///
    /// # Errors
    /// No dialog can be shown, the chooser failed, or too many prompts are open.
    async fn consent(&self, consent: Consent) -> Result<Verdict, ChooserError>;

    /// Asks for a passphrase, for as long as it takes; `None`: the person said no. To drop the future
    /// withdraws the question.
    ///
    /// # Errors
    /// No dialog can be shown, the chooser failed, or too many prompts are open.
    async fn passphrase(
        &self,
        question: PassphraseQuestion,
    ) -> Result<Option<Passphrase>, ChooserError>;

    /// The exchange went on to `state`.
    async fn progress(&self, exchange: &str, state: &str, details: ProgressDetails);

    /// The exchange has ended with `outcome`, also while the question is still open.
    async fn finished(&self, exchange: &str, outcome: &str, details: FinishedDetails);

    /// Where to report the exchanges that the person stops after having agreed.
    fn on_cancel(&self, exchanges: UnboundedSender<String>);
}
