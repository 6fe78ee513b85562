//! What the calls of `org.credex.Exchange1.WebCredentials` do. Serves design §7 and "Shared web
//! credentials" of `protocol/README.md`.
//!
//! [`step()`] is the pure table of what an `Add` comes to. Around it: `admission` goes through the
//! stages in front of the store, `consent` asks the person, `add` and `request` are the two long calls,
//! and `report` tells stage by stage what `admission` would say.

mod add;
mod admission;
mod consent;
mod ports;
mod refusal;
mod report;
mod request;
mod sites;
mod step;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use credex_protocol::wire::AppIdentity;

use self::turns::{Turn, Turns};
use crate::caller::{Caller, Identity};
use crate::policy::Policy;
use crate::web_credentials::decisions::Decisions;
use crate::web_credentials::domain::Mode;
use crate::web_credentials::store::Asking;

pub use add::Change;
pub use ports::{FileFound, Freshness, Ports, Sites, Statement, Word};
pub use refusal::{Refusal, Stage};
pub use request::{Picked, Wanted};
pub use sites::RememberedSites;
pub use step::{Ask, Outcome, Step, Wish, step};

/// Answers calls.
pub struct Calls {
    ports: Ports,
    policy: Policy,
    mode: Mode,
    patience: Duration,
    turns: Turns,
}

/// An app that calls, and what is known of it.
#[derive(Debug, Clone)]
pub struct App {
    /// Its connection and process.
    pub caller: Caller,
    /// Who it is taken for.
    pub identity: Identity,
    /// The same for the person.
    pub shown: AppIdentity,
    /// The domains of its desktop entry, as they are written; `None` if it declares nothing.
    pub domains: Option<Vec<String>>,
}

/// Where the person is asked.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// As in `Export.RequestExport`.
    pub parent_window: String,
    /// An XDG activation token.
    pub activation_token: Option<String>,
}

/// Whether a call may go on to change something; afterwards it is not called off any more.
pub type GoAhead<'a> = &'a (dyn Fn() -> bool + Send + Sync);

impl Calls {
    /// Answers calls as `policy` wants it; the person has `patience` to answer.
    #[must_use]
    pub fn new(ports: Ports, policy: Policy, mode: Mode, patience: Duration) -> Calls {
        Calls {
            ports,
            policy,
            mode,
            patience,
            turns: Turns::default(),
        }
    }

    /// Whether the exceptions for developers are on.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// What the person has decided.
    #[must_use]
    pub fn decisions(&self) -> &Arc<Decisions> {
        &self.ports.decisions
    }

    /// Waits until no other question of the app is open.
    async fn turn(&self, app: &App) -> Result<Turn, Refusal> {
        self.turns.take(app.caller.account(), self.patience).await
    }

    fn is_for_developers(&self) -> bool {
        self.mode == Mode::Developer
    }
}

impl Place {
    fn asking(&self, app: &App) -> Asking {
        Asking {
            app: Some((app.caller.process, app.shown.clone())),
            parent_window: self.parent_window.clone(),
            activation_token: self.activation_token.clone(),
        }
    }
}
