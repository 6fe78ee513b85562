//! What is known of one exchange.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use credex_protocol::envelope::{CheckedEnvelope, PublicKey};
use credex_protocol::names::OFFER_PREFIX;
use credex_protocol::wire::Receipt;
use tokio::task::AbortHandle;
use zbus::names::{OwnedUniqueName, UniqueName};

use super::counted::Counted;
use super::exporter::ExportingApp;
use crate::caller::{Assurance, Caller};
use crate::custody::SessionKeys;
use crate::exchange::state::{Conclusion, State};
use crate::launcher::{Launcher, Started};

/// Names an exchange: to the chooser, and as the last element of its offer's path. Random, so that an
/// offer of an earlier run of the service is never taken for a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(u64);

impl ExchangeId {
    /// A fresh one.
    pub(super) fn random() -> ExchangeId {
        let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
        ExchangeId(high ^ low)
    }

    /// The path by which the importer knows the exchange.
    #[must_use]
    pub fn offer_path(self) -> String {
        format!("{OFFER_PREFIX}/{self}")
    }

    /// The exchange of an offer's path, which must be written as [`offer_path`](Self::offer_path)
    /// writes it.
    #[must_use]
    pub fn of_offer(path: &str) -> Option<ExchangeId> {
        let id = path.strip_prefix(OFFER_PREFIX)?.strip_prefix('/')?;
        let id: ExchangeId = id.parse().ok()?;
        (id.offer_path() == path).then_some(id)
    }
}

impl fmt::Display for ExchangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for ExchangeId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<ExchangeId, Self::Err> {
        u64::from_str_radix(text, 16).map(ExchangeId)
    }
}

/// One exchange. There may be thousands that wait, so it keeps what is still needed, in as little memory
/// as that takes.
pub(super) struct Exchange {
    pub(super) state: State,
    pub(super) exporter: ExportingApp,
    /// There until the request has been answered with a session.
    pub(super) request_path: Option<Arc<str>>,
    pub(super) session_path: Arc<str>,
    pub(super) parent_window: Box<str>,
    pub(super) activation_token: Option<Box<str>>,
    /// What was declared, let go and deposited, by type.
    pub(super) counted: Counted,
    pub(super) agreement: Option<Box<Agreement>>,
    /// There from the person's answer to the hand-over.
    pub(super) keys: Option<SessionKeys>,
    /// There from the deposit to the hand-over.
    pub(super) payload: Option<Box<Payload>>,
    /// There from the acknowledgement.
    pub(super) importer: Option<Box<ImportingPeer>>,
    /// The process that was started for it and has not announced itself yet.
    pub(super) launched: Option<Box<Launch>>,
    /// The task that asks the person or reaches the importer.
    pub(super) work: Option<AbortHandle>,
    /// What went wrong, in particular.
    pub(super) detail: Option<String>,
    pub(super) receipt: Option<Box<(Receipt, Vec<String>)>>,
    /// How it ended, once it has.
    pub(super) conclusion: Option<Conclusion>,
}

/// A program that was started to be the importer.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) started: Started,
    /// The connections that were on the bus before. None of them is its own, whatever process the bus
    /// says has made it: one may have been left to somebody else, and its maker's ID given out again.
    pub(super) older: Vec<OwnedUniqueName>,
}

impl Launch {
    /// Whether `caller` is the program, or was started by it.
    pub(super) fn is_by(&self, caller: &Caller, launcher: &dyn Launcher) -> bool {
        !self.older.contains(&caller.unique_name) && launcher.descends(caller.process, self.started)
    }
}

/// What the person agreed to.
#[derive(Debug)]
pub(super) struct Agreement {
    pub(super) target: Target,
    /// The importer's `id`, where the exporter may learn it; until it has.
    pub(super) told: Option<Box<str>>,
    pub(super) format_version: Box<str>,
}

/// Where the chosen importer is.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// A desktop entry, by its ID.
    Installed(Box<str>),
    /// An app that announced itself, and the ID that it gave.
    Running(OwnedUniqueName, Box<str>),
}

impl Target {
    /// The importer's desktop-entry ID.
    pub(super) fn app_id(&self) -> &str {
        match self {
            Target::Installed(app_id) | Target::Running(_, app_id) => app_id,
        }
    }
}

/// A payload in waiting.
#[derive(Debug)]
pub(super) struct Payload {
    pub(super) envelope: CheckedEnvelope,
    pub(super) wrapped_key: Box<[u8]>,
}

/// The connection that acknowledged the offer, and its key.
#[derive(Debug)]
pub(super) struct ImportingPeer {
    pub(super) caller: Arc<Caller>,
    pub(super) assurance: Assurance,
    pub(super) public_key: PublicKey,
}

impl Exchange {
    /// Whether the request has been answered with a session.
    pub(super) fn is_granted(&self) -> bool {
        self.request_path.is_none()
    }

    /// Where its objects are.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Arc<str>> {
        self.request_path.iter().chain([&self.session_path])
    }

    /// Whether `name` is the connection that acknowledged this exchange's offer.
    pub(super) fn is_imported_by(&self, name: &UniqueName<'_>) -> bool {
        self.importer
            .as_ref()
            .is_some_and(|importer| importer.caller.unique_name == *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_is_found_by_the_path_of_its_offer_and_by_no_other() {
        let id = ExchangeId::random();
        assert_eq!(ExchangeId::of_offer(&id.offer_path()), Some(id));
        for stray in [
            "",
            "/",
            "/org/credex/Exchange1/offer",
            "/org/credex/Exchange1/offer/x y",
        ] {
            assert_eq!(ExchangeId::of_offer(stray), None, "{stray}");
        }
        for alias in [
            format!("{OFFER_PREFIX}/0{id}"),
            format!("{OFFER_PREFIX}/+{id}"),
        ] {
            assert_eq!(ExchangeId::of_offer(&alias), None, "{alias}");
        }
    }
}
