//! What the rightful importer of an ended exchange is told when it asks again. Bounded, and forgotten
//! when the importer leaves the bus.

use std::collections::VecDeque;

use credex_protocol::Reason;
use zbus::names::{OwnedUniqueName, UniqueName};

use super::record::{Exchange, ExchangeId};
use crate::exchange::state::Conclusion;

const MOST: usize = 256;

/// The last few exchanges that an importer knew of.
#[derive(Debug, Default)]
pub(super) struct Ended {
    known: VecDeque<(ExchangeId, OwnedUniqueName, Reason)>,
}

impl Ended {
    pub(super) fn remember(&mut self, id: ExchangeId, exchange: &Exchange) {
        let Some(importer) = &exchange.importer else {
            return;
        };
        let reason = match exchange.conclusion {
            Some(Conclusion {
                handed_over: false,
                reason: Some(reason),
                ..
            }) => reason,
            _ => Reason::AlreadyRedeemed,
        };
        if self.known.len() >= MOST {
            self.known.pop_front();
        }
        self.known
            .push_back((id, importer.caller.unique_name.clone(), reason));
    }

    /// How the offer ended, if `name` is its importer.
    pub(super) fn reason(&self, id: ExchangeId, name: &UniqueName<'_>) -> Option<Reason> {
        let mut known = self.known.iter();
        known
            .find(|(known, importer, _)| *known == id && *importer == *name)
            .map(|found| found.2)
    }

    pub(super) fn forget(&mut self, name: &UniqueName<'_>) {
        self.known.retain(|(_, importer, _)| *importer != *name);
    }
}
