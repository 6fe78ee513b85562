//! What an exporter foresees at one importer, for the person to read before they agree: `plan` of
//! `Export.RequestExport`.

use std::collections::BTreeMap;

pub use credex_protocol::wire::LossReason;
use credex_protocol::wire::{Plan as WirePlan, PlannedLoss};

use crate::Importer;
use crate::cxf::Counts;

/// What will become of the items at one importer. Only for an app that knows what is there, as one
/// does that moves credentials between two stores.
///
/// It holds numbers and nothing else. The person is shown it as the app's word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    importer: String,
    /// Items that are new there.
    pub added: u32,
    /// Items that are there already.
    pub same: u32,
    /// Items that say something else there, and stay there as they are.
    pub kept: u32,
    /// Items that say something else there, and are replaced.
    pub replaced: u32,
    /// Items that say something else there, and are added beside those.
    pub both: u32,
    /// Items of which nothing can be kept there.
    pub dropped: u32,
    /// Parts of the source that cannot be read.
    pub unreadable: u32,
    losses: BTreeMap<(Lost, LossReason), u32>,
}

/// What is lost.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lost {
    /// A credential of this CXF type.
    Whole(String),
    /// A part of a credential of this CXF type.
    Part(String),
    /// A part of an item that is not of a credential: its title, tags, collections.
    OfItem,
}

impl Plan {
    /// A plan for what is sent to `importer`, which runs in this process or was met otherwise.
    #[must_use]
    pub fn at(importer: &Importer) -> Self {
        Self::at_named(importer.unique_name())
    }

    /// A plan for what is sent to the installed importer with this desktop-entry ID.
    #[must_use]
    pub fn at_installed(app_id: &str) -> Self {
        Self::at_named(app_id)
    }

    /// A plan for what is sent to the importer of this name: the unique name on the bus of one that
    /// announced itself, or the desktop-entry ID of one that is installed.
    #[must_use]
    pub fn at_named(importer: &str) -> Self {
        Self {
            importer: importer.to_owned(),
            ..Self::default()
        }
    }

    /// Says that so many more are lost for this reason. The service refuses a plan that loses more of
    /// a type than [`declare`](super::ExportRequest::declare) counts.
    #[must_use]
    pub fn loses(mut self, count: u32, what: Lost, reason: LossReason) -> Self {
        let lost = self.losses.entry((what, reason)).or_default();
        *lost = lost.saturating_add(count);
        self
    }

    /// As it travels with these `counts`, in which many types may be together.
    pub(super) fn to_wire(&self, counts: &Counts) -> WirePlan {
        let losses = self.losses.iter().filter(|(_, count)| **count > 0);
        let losses = losses.map(|((what, reason), count)| {
            let kind = match what {
                Lost::Whole(kind) | Lost::Part(kind) => Some(kind),
                Lost::OfItem => None,
            };
            let declared = |kind: &String| match counts.get(kind) {
                0 => Counts::OTHER.to_owned(),
                _ => kind.clone(),
            };
            PlannedLoss {
                credential_type: kind.map(declared),
                reason: Some(reason.name().to_owned()),
                count: Some(*count),
                part: Some(!matches!(what, Lost::Whole(_))),
            }
        });
        WirePlan {
            importer: Some(self.importer.clone()),
            added: Some(self.added),
            same: Some(self.same),
            kept: Some(self.kept),
            replaced: Some(self.replaced),
            both: Some(self.both),
            dropped: Some(self.dropped),
            unreadable: Some(self.unreadable),
            losses: Some(losses.collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_that_is_declared_with_others_is_lost_with_them() {
        let counts = [("note", 2), (Counts::OTHER, 9)];
        let counts = counts.map(|(kind, count)| (kind.to_owned(), count));
        let plan = Plan::at_installed("org.example.Vault")
            .loses(1, Lost::Whole("note".to_owned()), LossReason::NoPlace)
            .loses(1, Lost::Whole("note".to_owned()), LossReason::NoPlace)
            .loses(3, Lost::Part("invented-7".to_owned()), LossReason::TooLarge)
            .loses(4, Lost::OfItem, LossReason::NoPlace)
            .loses(0, Lost::Whole("totp".to_owned()), LossReason::Other);
        let told = plan.to_wire(&counts.into_iter().collect());
        assert_eq!(told.importer.as_deref(), Some("org.example.Vault"));
        let losses = told.losses.unwrap_or_default();
        let losses: Vec<_> = losses
            .iter()
            .map(|loss| (loss.credential_type.as_deref(), loss.count, loss.part))
            .collect();
        let expected = [
            (Some("note"), Some(2), Some(false)),
            (Some(Counts::OTHER), Some(3), Some(true)),
            (None, Some(4), Some(true)),
        ];
        assert_eq!(losses, expected);
    }
}
