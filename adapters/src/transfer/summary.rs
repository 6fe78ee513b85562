//! A plan in numbers, and the receipt for it.

use std::collections::{BTreeMap, HashSet};

use credex::Tally;
use credex::cxf::Counts;
use serde::Serialize;

use super::{Entry, OnDifference, Plan, Status};
use crate::Quarantined;

/// A plan in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Records that are added.
    pub add: usize,
    /// Records that are in the target already.
    pub same: usize,
    /// Records that say something else in the target.
    pub differs: usize,
    /// Records of which the target can take nothing.
    pub dropped: usize,
    /// Parts of the source that could not be read.
    pub set_aside: usize,
    /// Records of which something is kept as fields or notes.
    pub carried: usize,
    /// What is lost of records that are written.
    pub losses: Vec<Loss>,
}

/// One kind of loss.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// What is lost: the type of a credential, and the member of it if it is not the whole.
    pub what: String,
    /// Why.
    pub why: String,
    /// How often.
    pub count: usize,
}

impl Plan {
    /// The plan in numbers.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut summary = Summary {
            set_aside: self.set_aside.len(),
            ..Summary::default()
        };
        let mut losses: BTreeMap<(String, String), usize> = BTreeMap::new();
        for entry in &self.entries {
            match entry.status {
                Status::Add => summary.add += 1,
                Status::Same => summary.same += 1,
                Status::Differs { .. } => summary.differs += 1,
                Status::Dropped { .. } => {
                    summary.dropped += 1;
                    continue;
                }
            }
            // By what a store calls an item, nobody misses anything.
            let is_told = entry.carried.iter().any(|path| path != "id");
            summary.carried += usize::from(is_told);
            for lost in &entry.lost {
                let what = (entry.called(&lost.path), lost.why.to_string());
                *losses.entry(what).or_default() += 1;
            }
        }
        let loss = |((what, why), count)| Loss { what, why, count };
        summary.losses = losses.into_iter().map(loss).collect();
        summary
    }

    /// Whether something of the source will not be in the target.
    #[must_use]
    pub fn loses(&self) -> bool {
        let lossy = |entry: &Entry| !entry.lost.is_empty() || !entry.is_taken();
        !self.set_aside.is_empty() || self.entries.iter().any(lossy)
    }

    /// What became of the credentials of each type, given how many there were of each, what the
    /// store `refused` in the end, and which origins were `missing` when it was read back.
    ///
    /// What is in the target already succeeded; what differs there and was left as it is was
    /// ignored; everything else of what there was failed.
    #[must_use]
    pub fn tally(
        &self,
        present: &Counts,
        refused: &[Quarantined],
        missing: &[String],
    ) -> BTreeMap<String, Tally> {
        let refused = refused.iter().map(|each| each.origin.as_str());
        let failed: HashSet<_> = refused.chain(missing.iter().map(String::as_str)).collect();
        let zero = |(name, _): (&str, u32)| (name.to_owned(), Tally::default());
        let mut tallies: BTreeMap<String, Tally> = present.iter().map(zero).collect();
        for entry in &self.entries {
            let ignored = matches!(
                entry.status,
                Status::Differs {
                    resolution: OnDifference::Keep
                }
            );
            if !ignored && (!entry.is_taken() || failed.contains(entry.origin.as_str())) {
                continue;
            }
            for (name, count) in &entry.arrived() {
                let tally = tallies.entry(name.clone()).or_default();
                match ignored {
                    true => tally.ignored += count,
                    false => tally.succeeded += count,
                }
            }
        }
        for (name, tally) in &mut tallies {
            let accounted = tally.succeeded + tally.ignored;
            tally.failed = present.get(name).saturating_sub(accounted);
        }
        tallies
    }
}

impl Entry {
    /// Whether the record is in the target afterwards, if all goes well.
    fn is_taken(&self) -> bool {
        match self.status {
            Status::Add | Status::Same => true,
            Status::Differs { resolution } => resolution != OnDifference::Keep,
            Status::Dropped { .. } => false,
        }
    }

    /// The credentials of each type that are not lost as a whole.
    fn arrived(&self) -> BTreeMap<String, u32> {
        let mut arrived = self.types.clone();
        for at in &self.gone {
            if let Some(count) = self.kinds.get(*at).and_then(|kind| arrived.get_mut(kind)) {
                *count = count.saturating_sub(1);
            }
        }
        arrived
    }

    /// What a path leads to, in words that are the same for all records: `passkey`, `totp.period`.
    fn called(&self, path: &str) -> String {
        let found = Entry::credential_at(path);
        let of_credential = found.and_then(|(at, rest)| Some((self.kinds.get(at)?, rest)));
        match of_credential {
            Some((kind, rest)) => format!("{kind}{}", general(rest)),
            None if path.starts_with("attachment ") => "the bytes of a file".to_owned(),
            None => general(path),
        }
    }
}

/// A path without the numbers in it: `fields[].value`.
fn general(path: &str) -> String {
    let mut general = String::with_capacity(path.len());
    let mut inside = false;
    for letter in path.chars() {
        inside &= letter != ']';
        if !inside {
            general.push(letter);
        }
        inside |= letter == '[';
    }
    general
}
