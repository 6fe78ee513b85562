//! What an importer made of a payload, by credential type.

use std::collections::BTreeMap;

pub use credex_protocol::wire::Tally;

use crate::wire_limits::Amount;

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
        let add = |sum: Tally, tally: &Tally| sum.plus(*tally);
        self.types.values().fold(Tally::default(), add)
    }
}
