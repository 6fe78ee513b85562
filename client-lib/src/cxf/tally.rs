//! Credentials counted while a document is read, cheaply and in bounded memory.

use super::Counts;
use super::credential_types::CREDENTIAL_TYPES;

/// Distinct unknown types beyond this number are counted together.
const MOST_UNKNOWN_TYPES: usize = 1000;
/// Longer type names, in bytes, are counted together: they would only serve to fill memory.
const LONGEST_TYPE_NAME: usize = 128;
/// At least as many as there are known types.
const KNOWN_TYPES: usize = 17;
const _: () = assert!(CREDENTIAL_TYPES.len() == KNOWN_TYPES);

#[derive(Debug, Default)]
pub(super) struct Tally {
    known: [u32; KNOWN_TYPES],
    unknown: Counts,
    distinct_unknown: usize,
}

impl Tally {
    /// Counts one credential of the type at this place of [`CREDENTIAL_TYPES`].
    pub(super) fn add_known(&mut self, place: usize) {
        if let Some(count) = self.known.get_mut(place) {
            *count = count.saturating_add(1);
        }
    }

    /// Counts credentials of a type that CXF 1.0 does not know.
    pub(super) fn add_unknown(&mut self, name: &str, number: u32) {
        if self.unknown.get(name) > 0 {
            self.unknown.add(name, number);
        } else if name.len() > LONGEST_TYPE_NAME || self.distinct_unknown == MOST_UNKNOWN_TYPES {
            self.unknown.add(Counts::OTHER, number);
        } else {
            self.distinct_unknown += 1;
            self.unknown.add(name, number);
        }
    }

    /// Takes over everything that `other` counted, and leaves it at nothing.
    pub(super) fn take(&mut self, other: &mut Self) {
        for (ours, theirs) in self.known.iter_mut().zip(&mut other.known) {
            *ours = ours.saturating_add(std::mem::take(theirs));
        }
        if !other.unknown.is_empty() {
            for (name, number) in std::mem::take(&mut other.unknown).iter() {
                self.add_unknown(name, number);
            }
            other.distinct_unknown = 0;
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn into_counts(self) -> Counts {
        let mut counts = self.unknown;
        for (known, number) in CREDENTIAL_TYPES.iter().zip(self.known) {
            counts.add_known(known.name, number);
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_invented_types_are_counted_in_the_room_of_a_thousand() {
        let mut tally = Tally::default();
        for number in 0..10_000 {
            tally.add_unknown(&format!("invented-{number}"), 1);
        }
        tally.add_unknown(&"x".repeat(1000), 1);
        let counts = tally.into_counts();
        assert_eq!(counts.iter().count(), MOST_UNKNOWN_TYPES + 1);
        assert_eq!(counts.get(Counts::OTHER), 9001);
    }
}
