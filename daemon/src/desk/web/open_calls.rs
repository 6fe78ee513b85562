//! The calls of `WebCredentials` that a `Request` will answer: what enters here leaves here, so that
//! each is answered at most once and nothing stays charged. Their paths are in the same book as those of
//! the exchanges.

use std::collections::HashMap;
use std::sync::Arc;

use credex_protocol::{Error, Reason};
use tokio::task::AbortHandle;
use zbus::names::{OwnedUniqueName, UniqueName};

use crate::audit::Party;
use crate::caller::{Account, Caller};
use crate::clock::BootTime;
use crate::custody::PasswordKey;
use crate::desk::floor::{Floor, Occupant};
use crate::desk::importing::left;
use crate::desk::web::Keys;
use crate::exchange::quota::{Exceeded, Ledger};

/// Open calls of one app, and in all.
const OF_ONE: u32 = 4;
const IN_ALL: u32 = 64;

/// Names an open call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::desk) struct WebCallId(u64);

/// A call that waits for its answer.
#[derive(Debug)]
pub(in crate::desk) struct OpenCall {
    pub(super) caller: Caller,
    pub(super) path: Box<str>,
    /// Nobody wants the answer any more.
    pub(super) is_silent: bool,
    /// The app as it is put on record, if the call is.
    pub(super) recorded_for: Option<Party>,
    /// The person has agreed, so it is carried out whatever comes.
    is_committed: bool,
    work: Option<AbortHandle>,
}

/// All of them, and the keys that wait for a call.
#[derive(Debug)]
pub(in crate::desk) struct OpenCalls {
    calls: HashMap<WebCallId, OpenCall>,
    pub(in crate::desk) keys: Keys,
    ledger: Ledger<Account>,
}

impl Default for OpenCalls {
    fn default() -> OpenCalls {
        OpenCalls {
            calls: HashMap::new(),
            keys: Keys::default(),
            ledger: Ledger::new(OF_ONE, IN_ALL),
        }
    }
}

impl WebCallId {
    pub(super) fn random() -> WebCallId {
        WebCallId(uuid::Uuid::new_v4().as_u64_pair().0)
    }
}

impl OpenCall {
    pub(super) fn new(caller: Caller, path: &str, recorded_for: Option<Party>) -> OpenCall {
        OpenCall {
            caller,
            recorded_for,
            path: path.into(),
            is_silent: false,
            is_committed: false,
            work: None,
        }
    }
}

impl OpenCalls {
    /// The task that will answer; so it can be stopped.
    pub(super) fn work_on(&mut self, id: WebCallId, work: AbortHandle) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.work = Some(work);
        }
    }

    /// From now on the call is carried out; `false` if it was called off before.
    pub(super) fn commit(&mut self, id: WebCallId) -> bool {
        let call = self.calls.get_mut(&id);
        call.map(|call| call.is_committed = true).is_some()
    }

    /// Whether nothing would be lost if the service left.
    pub(in crate::desk) fn is_quiet(&self) -> bool {
        self.calls.is_empty() && self.keys.first_deadline().is_none()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    fn ids_of(&self, name: &UniqueName<'_>) -> Vec<WebCallId> {
        let calls = self.calls.iter();
        let own = calls.filter(|(_, call)| call.caller.unique_name == *name);
        own.map(|(id, _)| *id).collect()
    }
}

impl Floor {
    /// Takes a new call in, and charges it to its caller.
    pub(super) fn enter_web(&mut self, id: WebCallId, call: OpenCall) -> Result<(), Error> {
        if self.has_left(&call.caller.unique_name) {
            return Err(left());
        }
        self.is_free(&call.path)?;
        self.charge_web(&call.caller.account())?;
        let path = Arc::from(&*call.path);
        self.paths.insert(path, Occupant::Web(id));
        self.web.calls.insert(id, call);
        Ok(())
    }

    /// Charges what `app` has going on, and is not answered by a request.
    pub(super) fn charge_web(&mut self, app: &Account) -> Result<(), Error> {
        let charged = self.web.ledger.charge(app);
        charged.map_err(|why| Error::new(Reason::QuotaExceeded, too_many(why)))
    }

    /// Gives that back.
    pub(super) fn release_web(&mut self, app: &Account) {
        self.web.ledger.release(app);
    }

    /// The open call at `path`, if it is `sender`'s.
    pub(super) fn web_at(&self, path: &str, sender: &UniqueName<'_>) -> Option<WebCallId> {
        let Occupant::Web(id) = self.paths.get(path)? else {
            return None;
        };
        let call = self.web.calls.get(id)?;
        (call.caller.unique_name == *sender && !call.is_silent).then_some(*id)
    }

    /// Takes a call out of all books.
    pub(super) fn leave_web(&mut self, id: WebCallId, now: BootTime) -> Option<OpenCall> {
        let call = self.web.calls.remove(&id)?;
        self.paths.remove(&*call.path);
        self.web.ledger.release(&call.caller.account());
        self.touch(now);
        Some(call)
    }

    /// Stops a call, without an answer. One that the person has agreed to goes on, in silence.
    pub(super) fn call_off(&mut self, id: WebCallId, now: BootTime) -> Option<OpenCall> {
        let call = self.web.calls.get_mut(&id)?;
        if call.is_committed {
            call.is_silent = true;
            return None;
        }
        let call = self.leave_web(id, now)?;
        if let Some(work) = &call.work {
            work.abort();
        }
        Some(call)
    }

    /// Stops all that can still be stopped.
    pub(super) fn call_off_all(&mut self, now: BootTime) -> Vec<OpenCall> {
        let open = self.web.calls.iter();
        let open = open.filter(|(_, call)| !call.is_committed);
        let ids: Vec<WebCallId> = open.map(|(id, _)| *id).collect();
        ids.into_iter()
            .filter_map(|id| self.call_off(id, now))
            .collect()
    }

    /// Stops all that is left, also what the person has agreed to.
    pub(super) fn give_up_web(&mut self, now: BootTime) -> Vec<OpenCall> {
        let ids: Vec<WebCallId> = self.web.calls.keys().copied().collect();
        let left = ids.into_iter().filter_map(|id| self.leave_web(id, now));
        let left: Vec<OpenCall> = left.collect();
        for work in left.iter().filter_map(|call| call.work.as_ref()) {
            work.abort();
        }
        left
    }

    /// A connection has left the bus: it wants no answer, and its keys are worth nothing.
    /// Returns the calls that this has called off.
    pub(in crate::desk) fn forget_web_peer(
        &mut self,
        name: &UniqueName<'_>,
        now: BootTime,
    ) -> Vec<OpenCall> {
        self.web.keys.forget(name);
        let own = self.web.ids_of(name).into_iter();
        own.filter_map(|id| self.call_off(id, now)).collect()
    }

    pub(super) fn keep_key(
        &mut self,
        of: &OwnedUniqueName,
        key: PasswordKey,
        now: BootTime,
    ) -> Result<u64, Error> {
        match self.has_left(of) {
            true => Err(left()),
            false => self.web.keys.keep(of, key, now),
        }
    }

    pub(super) fn take_key(
        &mut self,
        of: &OwnedUniqueName,
        id: u64,
        now: BootTime,
    ) -> Option<PasswordKey> {
        self.web.keys.take(of, id, now)
    }
}

fn too_many(why: Exceeded) -> String {
    match why {
        Exceeded::App(most) => format!(
            "this app has {most} requests of web credentials open, which is the most an app may have; \
             try later"
        ),
        Exceeded::Session(most) => format!(
            "there are {most} requests of web credentials open, which is the most there may be; try later"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn who_has_too_much_going_on_takes_nothing_from_others() {
        let mut floor = Floor::new(&Config::default().limits, BootTime(0));
        let app = |name: &str| Account::App(name.to_owned());
        for _ in 0..OF_ONE {
            floor.charge_web(&app("one")).unwrap();
        }
        let error = floor.charge_web(&app("one")).unwrap_err();
        assert_eq!(error.reason, Reason::QuotaExceeded);
        floor.charge_web(&app("other")).unwrap();
        floor.release_web(&app("one"));
        floor.charge_web(&app("one")).unwrap();
    }
}
