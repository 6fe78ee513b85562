//! What a call of `Add` comes to, given what is stored: Apple's contract of
//! `SecAddSharedWebCredential`, with its faults mended. Pure. Serves the table in "Shared web
//! credentials" of `protocol/README.md`.

use crate::web_credentials::store::Comparison;

/// What the app wants of one account of one site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// That this password is saved.
    Save,
    /// That none is.
    Delete,
}

/// What happened to what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// There was none, and now there is.
    Added,
    /// There was another one.
    Updated,
    /// It was there, the same.
    Unchanged,
    /// There was one, and now there is none.
    Deleted,
    /// There was none to delete.
    Absent,
}

/// What to ask the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Whether to save a new one.
    Add,
    /// Whether to put another in its place.
    Update,
    /// Whether to delete it.
    Delete,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// Nothing: nothing would change, so nobody is asked.
    Settled(Outcome),
    /// The person, and then the store.
    Consent(Ask),
}

/// What comes of `wish`, where the store compares as it does. To delete, any two passwords differ.
pub fn step(wish: Wish, stored: Comparison) -> Step {
    match (wish, stored) {
        (Wish::Save, Comparison::Same) => Step::Settled(Outcome::Unchanged),
        (Wish::Save, Comparison::Different) => Step::Consent(Ask::Update),
        (Wish::Save, Comparison::Absent) => Step::Consent(Ask::Add),
        (Wish::Delete, Comparison::Absent) => Step::Settled(Outcome::Absent),
        (Wish::Delete, Comparison::Same | Comparison::Different) => Step::Consent(Ask::Delete),
    }
}

impl Outcome {
    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Added => "added",
            Outcome::Updated => "updated",
            Outcome::Unchanged => "unchanged",
            Outcome::Deleted => "deleted",
            Outcome::Absent => "absent",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One row per documented behaviour of theirs, and ours.
    #[test]
    fn the_person_is_asked_exactly_when_something_would_change() {
        use Comparison::{Absent, Different, Same};
        for (wish, stored, expected) in [
            (Wish::Save, Same, Step::Settled(Outcome::Unchanged)),
            (Wish::Save, Different, Step::Consent(Ask::Update)),
            (Wish::Delete, Same, Step::Consent(Ask::Delete)),
            (Wish::Delete, Different, Step::Consent(Ask::Delete)),
            (Wish::Delete, Absent, Step::Settled(Outcome::Absent)),
            (Wish::Save, Absent, Step::Consent(Ask::Add)),
        ] {
            assert_eq!(step(wish, stored), expected, "{wish:?}, stored {stored:?}");
        }
    }
}
