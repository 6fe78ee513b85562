//! The record of what was decided: who wanted what of whom, how it went and why; never a value.
//! Serves "Audit" of `daemon/README.md`.
//!
//! Recording never waits and never fails: an exchange must not depend on whether it can be written
//! down. What could not be is counted and said.

mod fields;
mod journal;
mod lines;

use std::sync::Arc;

use credex_protocol::Reason;
use credex_protocol::wire::{Counts, Receipt};

use crate::caller::{Assurance, Caller, Identity, Origin};
use crate::log;
use crate::policy::Action;

pub use fields::{MESSAGE_ID, fields};
pub use journal::Journal;
pub use lines::Lines;

/// Where decisions are recorded.
pub trait Audit: Send + Sync {
    /// Records `entry`. Returns at once.
    fn record(&self, entry: &Entry);
}

/// What became of an attempt. Each is a decision, or the end of what a decision began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The person agreed.
    Granted,
    /// The person said no.
    Declined,
    /// A rule said no, or who asked could not be believed.
    Forbidden,
    /// The person did not prove who they are.
    NotAuthenticated,
    /// What was granted has been done.
    Completed,
    /// The person or an app called it off.
    Cancelled,
    /// The time was up.
    Expired,
    /// It could not be done.
    Failed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 8] = [
        Outcome::Granted,
        Outcome::Declined,
        Outcome::Forbidden,
        Outcome::NotAuthenticated,
        Outcome::Completed,
        Outcome::Cancelled,
        Outcome::Expired,
        Outcome::Failed,
    ];

    /// The name in the record.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Granted => "granted",
            Outcome::Declined => "declined",
            Outcome::Forbidden => "forbidden",
            Outcome::NotAuthenticated => "not-authenticated",
            Outcome::Completed => "completed",
            Outcome::Cancelled => "cancelled",
            Outcome::Expired => "expired",
            Outcome::Failed => "failed",
        }
    }
}

/// An app, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Party {
    /// Desktop-entry ID; empty where there is none.
    pub app_id: String,
    /// How sure we are of that.
    pub level: Option<Assurance>,
    /// Where it was installed from.
    pub origin: Option<Origin>,
    /// Its process.
    pub pid: Option<u32>,
    /// Its connection on the bus.
    pub unique_name: Option<String>,
}

impl Party {
    /// A caller, and who it was taken for.
    #[must_use]
    pub fn caller(caller: &Caller, identity: &Identity) -> Party {
        Party {
            app_id: identity.app_id.clone(),
            level: Some(identity.assurance),
            origin: identity.origin,
            pid: Some(caller.process.pid),
            unique_name: Some(caller.unique_name.to_string()),
        }
    }
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What was attempted.
    pub action: Action,
    /// What became of it.
    pub outcome: Outcome,
    /// The exchange, which has the same name in all of its records.
    pub exchange: Option<String>,
    /// Who attempted it.
    pub app: Party,
    /// To whom, once that is known.
    pub to: Option<Party>,
    /// What the app said it would send, by credential type.
    pub declared: Option<Counts>,
    /// What the person let go.
    pub granted: Option<Counts>,
    /// What was handed in.
    pub deposited: Option<Counts>,
    /// What the other app made of it.
    pub received: Option<Receipt>,
    /// Why it ended so.
    pub reason: Option<Reason>,
    /// The rule that decided, if one did: file and line.
    pub rule: Option<String>,
}

impl Entry {
    /// That `action` of `app` came to `outcome`, and nothing else: the rest is filled in as far as it is
    /// known, with `..Entry::of(…)`.
    #[must_use]
    pub fn of(action: Action, outcome: Outcome, app: Party) -> Entry {
        Entry {
            action,
            outcome,
            exchange: None,
            app,
            to: None,
            declared: None,
            granted: None,
            deposited: None,
            received: None,
            reason: None,
            rule: None,
        }
    }
}

/// Records go where the log goes: to journald where standard error is connected to it, else they are
/// lines of the log. So what is started by hand, and the demo, leave no trace in a session's journal.
/// To be called after the log has started.
#[must_use]
pub fn open() -> Arc<dyn Audit> {
    if log::is_on_stderr() {
        return Arc::new(Lines);
    }
    match Journal::open() {
        Ok(journal) => Arc::new(journal),
        Err(error) => {
            tracing::warn!(%error, "decisions are recorded in the log alone");
            Arc::new(Lines)
        }
    }
}
