//! What an importer made of a payload, by credential type.

use std::collections::BTreeMap;

pub use credex_protocol::wire::Tally;

/// The importer's report to the exporter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// What became of each credential type.
    pub types: BTreeMap<String, Tally>,
    /// Where what arrived differs from what was declared and let go, a sentence each.
    pub discrepancies: Vec<String>,
}

impl Receipt {
    /// What became of all types together.
    #[must_use]
    pub fn total(&self) -> Tally {
        let add = |sum: Tally, tally: &Tally| Tally {
            succeeded: sum.succeeded.saturating_add(tally.succeeded),
            failed: sum.failed.saturating_add(tally.failed),
            ignored: sum.ignored.saturating_add(tally.ignored),
        };
        self.types.values().fold(Tally::default(), add)
    }
}
