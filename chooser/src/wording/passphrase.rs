//! The passphrase of a store of passwords.

use tr::tr;

use crate::model::{PassphraseQuestion, Purpose};

/// The headline of the question.
#[must_use]
pub fn passphrase_headline(question: &PassphraseQuestion) -> String {
    match question.purpose {
        Purpose::Open => tr!("Your passwords in “{}” are locked.", question.store),
        Purpose::Create => tr!("Your passwords will be kept in “{}”.", question.store),
    }
}

/// What the passphrase is for, in a sentence or two.
#[must_use]
pub fn passphrase_explanation(question: &PassphraseQuestion) -> String {
    match (question.purpose, question.again) {
        (Purpose::Open, false) => tr!("Type its passphrase to unlock them."),
        (Purpose::Open, true) => tr!("That was not its passphrase. Try again."),
        (Purpose::Create, false) => tr!(
            "It is an encrypted file, because nothing else in this session stores passwords. Choose a long passphrase, and keep it: without it they are lost."
        ),
        (Purpose::Create, true) => {
            tr!("That passphrase was not accepted. Choose another, longer one.")
        }
    }
}

/// The labels of the fields: the passphrase, and the same again.
#[must_use]
pub fn new_passphrase() -> (String, String) {
    (tr!("Passphrase"), tr!("The same again"))
}

/// How to get away from it, at a terminal.
#[must_use]
pub fn passphrase_hint() -> String {
    tr!("not shown; only Enter to cancel")
}

/// Why what was typed is no passphrase.
#[must_use]
pub fn passphrase_refused(differs: bool) -> String {
    match differs {
        true => tr!("The two are not the same."),
        false => tr!("This cannot be a passphrase: it is too long."),
    }
}

/// What became of it: given, or not.
#[must_use]
pub fn passphrase_typed(given: bool) -> String {
    match given {
        true => tr!("The passphrase was handed over, and forgotten here."),
        false => tr!("Cancelled. Nothing was unlocked."),
    }
}

/// What to call a store that has no name.
#[must_use]
pub fn nameless_store() -> String {
    tr!("a store without a name")
}
