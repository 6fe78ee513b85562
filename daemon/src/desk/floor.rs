//! The table of live exchanges, and the books that go with it: paths, deadlines, charges. What
//! enters here leaves here, so that nothing is charged or found that is gone.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use credex_protocol::{Error, Reason};
use zbus::names::{OwnedUniqueName, UniqueName};

use super::announced::Announced;
use super::effects::Applied;
use super::ended::Ended;
use super::importing::left;
use super::record::{Exchange, ExchangeId};
use super::web::{OpenCalls, WebCallId};
use crate::caller::Account;
use crate::clock::BootTime;
use crate::config::Limits;
use crate::exchange::quota::Ledger;
use crate::exchange::state::{Event, Terms};

/// All that changes. Behind one lock, which is never held across a wait.
pub(super) struct Floor {
    pub(super) exchanges: HashMap<ExchangeId, Box<Exchange>>,
    pub(super) ended: Ended,
    pub(super) announced: Announced,
    /// The open calls of shared web credentials.
    pub(super) web: OpenCalls,
    pub(super) paths: HashMap<Arc<str>, Occupant>,
    deadlines: BTreeSet<(BootTime, ExchangeId)>,
    ledger: Ledger<Account>,
    last_call: BootTime,
    departed: VecDeque<OwnedUniqueName>,
}

/// What stands at the path of a request or session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occupant {
    /// An exchange.
    Exchange(ExchangeId),
    /// A call of shared web credentials.
    Web(WebCallId),
}

/// How many of the connections that left last are remembered: those that left in the middle of what
/// they asked for.
const DEPARTED: usize = 512;

impl Floor {
    pub(super) fn new(limits: &Limits, now: BootTime) -> Floor {
        Floor {
            exchanges: HashMap::new(),
            ended: Ended::default(),
            announced: Announced::new(limits.running_importers),
            web: OpenCalls::default(),
            paths: HashMap::new(),
            deadlines: BTreeSet::new(),
            ledger: Ledger::new(limits.exchanges_per_app, limits.exchanges),
            last_call: now,
            departed: VecDeque::new(),
        }
    }

    /// Takes a new exchange in, and charges it to its exporter.
    pub(super) fn enter(&mut self, id: ExchangeId, exchange: Exchange) -> Result<(), Error> {
        if self.has_left(&exchange.exporter.unique_name) {
            return Err(left());
        }
        for path in exchange.paths() {
            self.is_free(path)?;
        }
        let charge = self.ledger.charge(&exchange.exporter.account);
        charge.map_err(|why| Error::new(Reason::QuotaExceeded, format!("{why}; try later")))?;
        let occupant = Occupant::Exchange(id);
        let paths = exchange.paths().map(|path| (Arc::clone(path), occupant));
        self.paths.extend(paths);
        self.deadlines
            .extend(exchange.state.deadline().map(|deadline| (deadline, id)));
        self.exchanges.insert(id, Box::new(exchange));
        Ok(())
    }

    /// Whether nothing is at `path` yet.
    pub(super) fn is_free(&self, path: &str) -> Result<(), Error> {
        if self.paths.contains_key(path) {
            let message = format!("{path} exists already: use a fresh handle_token");
            return Err(Error::new(Reason::InvalidArgument, message));
        }
        Ok(())
    }

    /// The exchange whose request or session is at `path`, if it is `sender`'s.
    pub(super) fn at(&self, path: &str, sender: &UniqueName<'_>) -> Result<ExchangeId, Error> {
        let found = self.paths.get(path).and_then(|occupant| match occupant {
            Occupant::Exchange(id) => Some(*id),
            Occupant::Web(_) => None,
        });
        let found = found.filter(|id| {
            let exchange = self.exchanges.get(id);
            exchange.is_some_and(|exchange| exchange.exporter.unique_name == *sender)
        });
        found.ok_or_else(|| {
            Error::new(
                Reason::NotFound,
                format!("there is no object of this caller at {path}"),
            )
        })
    }

    /// Lets `event` happen, and removes the exchange if that was its end.
    pub(super) fn advance(
        &mut self,
        id: ExchangeId,
        event: Event,
        detail: Option<String>,
        now: BootTime,
        terms: &Terms,
    ) -> Applied {
        let first = self.first_deadline();
        let Some(exchange) = self.exchanges.get_mut(&id) else {
            return Applied::refused(Reason::NotFound);
        };
        let (before, request) = (exchange.state, exchange.request_path.clone());
        let step = before.step(event, now, terms);
        exchange.state = step.state;
        if before != step.state {
            tracing::info!(%id, from = before.name(), to = step.state.name(), "exchange");
            self.deadlines
                .extend(step.state.deadline().map(|deadline| (deadline, id)));
            if let Some(old) = before
                .deadline()
                .filter(|old| Some(*old) != step.state.deadline())
            {
                self.deadlines.remove(&(old, id));
            }
        }
        let mut applied = Applied {
            answer: step.answer,
            state: Some(step.state),
            ..Applied::default()
        };
        let ended = step.state.is_terminal() && !before.is_terminal();
        if ended {
            exchange.detail = detail;
        }
        for effect in step.effects {
            exchange.apply(id, effect, &mut applied);
        }
        applied.recorded = exchange.recorded(id, event, before).map(Box::new);
        if let Some(request) = request.filter(|_| exchange.is_granted()) {
            self.paths.remove(&request);
        }
        if ended {
            self.leave(id);
            self.last_call = now;
        }
        applied.deadline_moved = self.first_deadline() != first;
        applied
    }

    fn leave(&mut self, id: ExchangeId) {
        let Some(exchange) = self.exchanges.remove(&id) else {
            return;
        };
        for path in exchange.paths() {
            if self.paths.get(path) == Some(&Occupant::Exchange(id)) {
                self.paths.remove(path);
            }
        }
        self.ledger.release(&exchange.exporter.account);
        if let Some(work) = &exchange.work {
            work.abort();
        }
        self.ended.remember(id, &exchange);
    }

    pub(super) fn ids_where(&self, is: impl Fn(&Exchange) -> bool) -> Vec<ExchangeId> {
        let found = self.exchanges.iter().filter(|(_, exchange)| is(exchange));
        found.map(|(id, _)| *id).collect()
    }

    /// Exchanges whose deadline is not after `now`.
    pub(super) fn overdue(&self, now: BootTime) -> Vec<ExchangeId> {
        self.deadlines
            .iter()
            .take_while(|(at, _)| *at <= now)
            .map(|(_, id)| *id)
            .collect()
    }

    pub(super) fn first_deadline(&self) -> Option<BootTime> {
        let exchanges = self.deadlines.first().map(|(at, _)| *at);
        let keys = self.web.keys.first_deadline();
        exchanges.into_iter().chain(keys).min()
    }

    /// Since when nothing has gone on, if nothing does.
    pub(super) fn quiet_since(&self) -> Option<BootTime> {
        let quiet = self.exchanges.is_empty() && self.announced.is_empty() && self.web.is_quiet();
        quiet.then_some(self.last_call)
    }

    /// Something was asked of the service.
    pub(super) fn touch(&mut self, now: BootTime) {
        self.last_call = now;
    }

    /// Forgets what was known of a connection whose exchanges have ended.
    pub(super) fn forget_peer(&mut self, name: &UniqueName<'_>) {
        self.announced.remove(name);
        self.ended.forget(name);
        if self.departed.len() >= DEPARTED {
            self.departed.pop_front();
        }
        self.departed.push_back(name.to_owned().into());
    }

    /// Whether `name` has left the bus, perhaps while it was being looked up.
    pub(super) fn has_left(&self, name: &UniqueName<'_>) -> bool {
        self.departed.iter().any(|departed| *departed == *name)
    }

    /// How many exchanges are in each state.
    pub(super) fn states(&self) -> BTreeMap<String, u32> {
        let mut states = BTreeMap::new();
        for exchange in self.exchanges.values() {
            *states.entry(exchange.state.name().to_owned()).or_insert(0) += 1;
        }
        states
    }
}
