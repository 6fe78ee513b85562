//! What of an exchange is put on record: that the person let it happen, and how it ended. Serves "Audit"
//! of `daemon/README.md`.

use credex_protocol::Reason;
use credex_protocol::wire::Counts;

use super::record::{Exchange, ExchangeId};
use crate::audit::{Entry, Outcome, Party};
use crate::exchange::state::{Event, State};
use crate::policy::Action;

impl Exchange {
    /// What is to be recorded after `event`, which found the exchange in the state `before`.
    pub(super) fn recorded(&self, id: ExchangeId, event: Event, before: State) -> Option<Entry> {
        let outcome = match (before, self.state) {
            (before, _) if before.is_terminal() => return None,
            (State::Choosing { .. }, State::Exporting { .. }) => Outcome::Granted,
            (_, ended) if ended.is_terminal() => self.outcome(event),
            _ => return None,
        };
        Some(Entry {
            exchange: Some(id.to_string()),
            to: self.receiver(),
            declared: Some(self.counted.declared()),
            granted: self.granted_counts(),
            deposited: Some(self.counted.deposited()).filter(|counts| !counts.is_empty()),
            received: self.receipt.as_ref().map(|receipt| receipt.0.clone()),
            reason: self.conclusion.and_then(|conclusion| conclusion.reason),
            ..Entry::of(Action::Export, outcome, self.exporter.to_party())
        })
    }

    fn outcome(&self, event: Event) -> Outcome {
        let reason = self.conclusion.and_then(|conclusion| conclusion.reason);
        match (event, self.state, reason) {
            (Event::PersonDeclined, ..) => Outcome::Declined,
            (_, _, Some(Reason::Forbidden)) => Outcome::Forbidden,
            (_, _, Some(Reason::NotAuthenticated)) => Outcome::NotAuthenticated,
            (_, State::Completed, _) => Outcome::Completed,
            (_, State::Cancelled, _) => Outcome::Cancelled,
            (_, State::Expired, _) => Outcome::Expired,
            _ => Outcome::Failed,
        }
    }

    fn receiver(&self) -> Option<Party> {
        let agreement = self.agreement.as_ref()?;
        let peer = self.importer.as_ref();
        Some(Party {
            app_id: agreement.target.app_id().to_owned(),
            level: peer.map(|peer| peer.assurance),
            origin: None,
            pid: peer.map(|peer| peer.caller.process.pid),
            unique_name: peer.map(|peer| peer.caller.unique_name.to_string()),
        })
    }

    /// What of the declared the person let go.
    fn granted_counts(&self) -> Option<Counts> {
        self.agreement.as_ref()?;
        let mut counts = self.counted.declared();
        counts.retain(|name, _| self.counted.is_granted(name));
        Some(counts)
    }
}
