//! What the service carries of counts and remarks, and how more than that is made to fit
//! (`protocol/README.md`).

use std::collections::BTreeMap;

use crate::cxf::Counts;
use crate::receipt::Tally;

/// The most credential types in one message.
const MOST_TYPES: usize = 64;
/// The longest name of a credential type, in bytes.
const LONGEST_NAME: usize = 255;
/// The most remarks with a receipt.
const MOST_REMARKS: usize = 64;
/// The longest remark or reason, in bytes.
const LONGEST_REMARK: usize = 256;

/// Something that is told per credential type.
pub(crate) trait Amount: Copy + Default {
    fn plus(self, other: Self) -> Self;
    fn size(self) -> u64;
}

impl Amount for u32 {
    fn plus(self, other: Self) -> Self {
        self.saturating_add(other)
    }

    fn size(self) -> u64 {
        self.into()
    }
}

impl Amount for Tally {
    fn plus(self, other: Self) -> Self {
        Self {
            succeeded: self.succeeded.saturating_add(other.succeeded),
            failed: self.failed.saturating_add(other.failed),
            ignored: self.ignored.saturating_add(other.ignored),
        }
    }

    fn size(self) -> u64 {
        u64::from(self.succeeded) + u64::from(self.failed) + u64::from(self.ignored)
    }
}

/// The largest amounts under their own names; what is too much, or has a name that cannot travel,
/// together as [`Counts::OTHER`].
pub(crate) fn per_type<N: Into<String>, A: Amount>(
    amounts: impl IntoIterator<Item = (N, A)>,
) -> BTreeMap<String, A> {
    let mut named: Vec<(String, A)> = Vec::new();
    let mut other = A::default();
    for (name, amount) in amounts {
        let name = name.into();
        match name != Counts::OTHER && can_travel(&name) {
            true => named.push((name, amount)),
            false => other = other.plus(amount),
        }
    }
    named.sort_by_key(|(_, amount)| std::cmp::Reverse(amount.size()));
    let kept = match named.len() <= MOST_TYPES && other.size() == 0 {
        true => named.len(),
        false => named.len().min(MOST_TYPES - 1),
    };
    for (_, amount) in named.drain(kept..) {
        other = other.plus(amount);
    }
    let mut carried: BTreeMap<_, _> = named.into_iter().collect();
    if other.size() > 0 {
        carried.insert(Counts::OTHER.to_owned(), other);
    }
    carried
}

fn can_travel(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len()) && !name.chars().any(char::is_control)
}

/// The first remarks, each as far as it goes.
pub(crate) fn remarks(all: impl IntoIterator<Item = String>) -> Vec<String> {
    let shortened = |remark: String| shortened(&remark).to_owned();
    all.into_iter().take(MOST_REMARKS).map(shortened).collect()
}

/// As much of a sentence as is carried.
pub(crate) fn shortened(sentence: &str) -> &str {
    let mut end = sentence.len().min(LONGEST_REMARK);
    while !sentence.is_char_boundary(end) {
        end -= 1;
    }
    &sentence[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sentence_is_cut_between_two_characters() {
        let long = "ä".repeat(1000);
        assert_eq!(shortened(&long).len(), LONGEST_REMARK);
        let odd = format!("x{long}");
        assert_eq!(shortened(&odd).len(), LONGEST_REMARK - 1);
        assert_eq!(shortened("short"), "short");
    }

    #[test]
    fn what_fits_travels_as_it_is() {
        let counts = [("note", 3_u32), ("totp", 0), ("(other)", 2)];
        let carried = per_type(counts);
        assert_eq!(carried, counts.map(|(n, c)| (n.to_owned(), c)).into());
    }

    #[test]
    fn a_document_of_a_thousand_types_is_counted_without_losing_one_credential() {
        let invented = (1..=1000_u32).map(|number| (format!("invented-{number}"), number));
        let hostile = [("\u{1b}[2J".to_owned(), 5), (String::new(), 6)];
        let carried = per_type(invented.chain(hostile));
        assert_eq!(carried.len(), MOST_TYPES);
        assert_eq!(carried.values().sum::<u32>(), 1000 * 1001 / 2 + 11);
        assert_eq!(carried["invented-1000"], 1000);
        assert!(!carried.contains_key("\u{1b}[2J"));
    }
}
