//! The person's choice: which of the declared types may go (design §1), and what that means for
//! each credential of a document.

use std::collections::BTreeSet;

use super::Counts;

/// What was declared, as the person was shown it, and what the person let go of that.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice<'c> {
    declared: &'c Counts,
    granted: &'c BTreeSet<String>,
}

impl<'c> Choice<'c> {
    pub(crate) fn new(declared: &'c Counts, granted: &'c BTreeSet<String>) -> Self {
        Self { declared, granted }
    }

    /// Whether credentials of this type may go.
    pub(crate) fn lets_go(&self, type_name: &str) -> bool {
        self.granted.contains(self.declared.name_for(type_name))
    }

    /// Whether the person let everything go, and that is all there is in a document with these
    /// credentials.
    pub(crate) fn lets_all_go(&self, present: &Counts) -> bool {
        let mut names = self.declared.iter().chain(present.iter());
        names.all(|(name, _)| self.lets_go(name))
    }

    /// Credentials by type, under the names that the person was shown.
    pub(crate) fn named(&self, counts: &Counts) -> Counts {
        counts.named_as(self.declared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(names: &[&str]) -> Counts {
        names.iter().map(|name| ((*name).to_owned(), 1)).collect()
    }

    fn types(names: &[&str]) -> BTreeSet<String> {
        counts(names).types()
    }

    #[test]
    fn a_type_without_a_name_of_its_own_goes_with_the_others() {
        let declared = counts(&["note", "totp", Counts::OTHER]);
        let granted = types(&["note", Counts::OTHER]);
        let choice = Choice::new(&declared, &granted);
        assert!(choice.lets_go("note") && choice.lets_go("x.example/card"));
        assert!(!choice.lets_go("totp"));
        let granted = types(&["note"]);
        assert!(!Choice::new(&declared, &granted).lets_go("x.example/card"));
    }

    #[test]
    fn what_nobody_declared_was_not_let_go() {
        let declared = counts(&["note"]);
        let granted = types(&["note"]);
        let choice = Choice::new(&declared, &granted);
        assert!(choice.lets_all_go(&counts(&["note"])));
        assert!(!choice.lets_all_go(&counts(&["note", "passkey"])));
    }

    #[test]
    fn what_was_kept_back_was_kept_back_even_if_the_document_does_not_have_it() {
        let declared = counts(&["note", "totp"]);
        let granted = types(&["note"]);
        assert!(!Choice::new(&declared, &granted).lets_all_go(&counts(&["note"])));
    }
}
