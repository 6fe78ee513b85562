//! Credentials counted by type: what an exporter declares, a person grants, an importer receives.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// How many credentials of each type, in the order of the type names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Counts(BTreeMap<Cow<'static, str>, u32>);

impl Counts {
    /// The name under which types are counted that are too many, or too long, to be told apart.
    pub const OTHER: &'static str = "(other)";

    /// How many credentials of this type; 0 for a type that does not occur.
    pub fn get(&self, type_name: &str) -> u32 {
        self.0.get(type_name).copied().unwrap_or(0)
    }

    /// Counts `number` more credentials of this type. Adding 0 leaves no trace.
    pub fn add(&mut self, type_name: &str, number: u32) {
        if number == 0 {
            return;
        }
        match self.0.get_mut(type_name) {
            Some(count) => *count = count.saturating_add(number),
            None => {
                self.0.insert(Cow::Owned(type_name.to_owned()), number);
            }
        }
    }

    /// Does what [`Counts::add`] does, without a copy of the name.
    pub(super) fn add_known(&mut self, type_name: &'static str, number: u32) {
        if number > 0 {
            let count = self.0.entry(Cow::Borrowed(type_name)).or_default();
            *count = count.saturating_add(number);
        }
    }

    /// The credentials of all types together.
    pub fn total(&self) -> u64 {
        self.0.values().copied().map(u64::from).sum()
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Type names and their counts, ordered by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        self.0.iter().map(|(name, count)| (&**name, *count))
    }

    /// The name under which a type is found here: [`Counts::OTHER`] if that occurs and the type does
    /// not.
    pub(super) fn name_for<'n>(&self, type_name: &'n str) -> &'n str {
        let is_other = !self.0.contains_key(type_name) && self.0.contains_key(Self::OTHER);
        if is_other { Self::OTHER } else { type_name }
    }

    /// The same credentials under the names that `other` has for them, so that the two can be
    /// compared.
    pub(crate) fn named_as(&self, other: &Self) -> Self {
        let renamed = |(name, number)| (other.name_for(name).to_owned(), number);
        self.iter().map(renamed).collect()
    }

    /// The names of the types that occur.
    pub fn types(&self) -> BTreeSet<String> {
        self.0.keys().map(|name| name.to_string()).collect()
    }
}

impl FromIterator<(String, u32)> for Counts {
    fn from_iter<I: IntoIterator<Item = (String, u32)>>(pairs: I) -> Self {
        let mut counts = Self::default();
        for (name, number) in pairs {
            counts.add(&name, number);
        }
        counts
    }
}

impl From<Counts> for BTreeMap<String, u32> {
    fn from(counts: Counts) -> Self {
        let owned = |(name, number): (Cow<'_, str>, u32)| (name.into_owned(), number);
        counts.0.into_iter().map(owned).collect()
    }
}

/// A type of which another number arrived than was due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{type_name}: {expected} expected, {arrived} arrived")]
pub struct Discrepancy {
    /// The credential type.
    pub type_name: String,
    /// What was declared and granted: 0 if the type was not granted.
    pub expected: u32,
    /// What was found in the opened document.
    pub arrived: u32,
}

/// Holds what arrived against what the exporter declared and the person granted.
///
/// All of it counts credentials as [`super::Report::present`] does, usable or not. A type outside
/// `granted` is expected not to arrive at all. [`Counts::OTHER`], where it was declared, stands for
/// every type that was not declared under its own name.
pub fn compare_counts(
    declared: &Counts,
    granted: &BTreeSet<String>,
    opened: &Counts,
) -> Vec<Discrepancy> {
    let opened = opened.named_as(declared);
    let names: BTreeSet<&str> = declared
        .iter()
        .chain(opened.iter())
        .map(|(name, _)| name)
        .collect();
    names
        .into_iter()
        .map(|name| Discrepancy {
            type_name: name.to_owned(),
            expected: match granted.contains(name) {
                true => declared.get(name),
                false => 0,
            },
            arrived: opened.get(name),
        })
        .filter(|found| found.expected != found.arrived)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(pairs: &[(&str, u32)]) -> Counts {
        pairs
            .iter()
            .map(|(name, number)| ((*name).to_owned(), *number))
            .collect()
    }

    #[test]
    fn what_was_declared_and_granted_and_arrived_is_no_discrepancy() {
        let declared = counts(&[("note", 2), ("totp", 1)]);
        let granted = BTreeSet::from(["note".to_owned()]);
        assert_eq!(
            compare_counts(&declared, &granted, &counts(&[("note", 2)])),
            []
        );
    }

    #[test]
    fn a_type_that_was_not_granted_must_not_arrive() {
        let declared = counts(&[("note", 2), ("totp", 1)]);
        let granted = BTreeSet::from(["note".to_owned()]);
        let found = compare_counts(&declared, &granted, &declared);
        assert_eq!(
            found,
            [Discrepancy {
                type_name: "totp".to_owned(),
                expected: 0,
                arrived: 1
            }]
        );
    }

    #[test]
    fn what_is_lost_on_the_way_is_named_and_so_is_what_nobody_declared() {
        let declared = counts(&[("note", 2)]);
        let granted = BTreeSet::from(["note".to_owned(), "wifi".to_owned()]);
        let found = compare_counts(&declared, &granted, &counts(&[("note", 1), ("wifi", 3)]));
        let told: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["note: 2 expected, 1 arrived", "wifi: 0 expected, 3 arrived"]
        );
    }

    #[test]
    fn types_that_were_declared_together_are_compared_together() {
        let declared = counts(&[("note", 2), (Counts::OTHER, 3)]);
        let opened = counts(&[("note", 2), ("x.example/a", 1), ("x.example/b", 2)]);
        assert_eq!(compare_counts(&declared, &declared.types(), &opened), []);
        let only_notes = BTreeSet::from(["note".to_owned()]);
        let found = compare_counts(&declared, &only_notes, &opened);
        let told: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["(other): 0 expected, 3 arrived"]);
    }

    #[test]
    fn counts_travel_as_a_plain_json_object() {
        let sent = counts(&[("totp", 1), ("note", 2)]);
        let text = serde_json::to_string(&sent).unwrap();
        assert_eq!(text, r#"{"note":2,"totp":1}"#);
        assert_eq!(serde_json::from_str::<Counts>(&text).unwrap(), sent);
    }
}
