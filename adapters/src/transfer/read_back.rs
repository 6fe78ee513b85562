//! Whether what was written is there.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::content::fingerprint;
use super::key::keys;
use crate::{Change, Record, Store};

/// The changes whose records are not among those that the store told afterwards, by their origins.
///
/// A record of which something is lost, as [`Store::foresee`] says, has to be there under one of its
/// keys; every other one word for word.
#[must_use]
pub fn missing(store: &dyn Store, changes: &[Change], there: &[Record]) -> Vec<String> {
    let everything = BTreeSet::new();
    let mut found: HashMap<_, usize> = HashMap::new();
    for record in there {
        *found.entry(fingerprint(record, &everything)).or_default() += 1;
    }
    let known: HashSet<_> = there.iter().flat_map(keys).collect();
    let mut is_there = |record: &Record| match found.get_mut(&fingerprint(record, &everything)) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => {
            !store.foresee(record).lost.is_empty()
                && keys(record).iter().any(|key| known.contains(key))
        }
    };
    let records = changes.iter().map(Change::record);
    records
        .filter(|record| !is_there(record))
        .map(|record| record.origin.clone())
        .collect()
}
