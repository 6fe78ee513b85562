//! What a typed line means. Pure, but for the person's language, in which words may be typed, too.

use std::collections::BTreeSet;

use tr::tr;

use crate::model::Consent;

/// What was understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard<T> {
    /// This.
    Meant(T),
    /// To cancel.
    Cancel,
    /// Nothing; what to type instead.
    Unclear(String),
}

/// What was understood of the answer to a consent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Spoken {
    /// Yes, and for a choice this one of the accounts.
    Agree(usize),
    /// Never.
    Never,
}

fn is_cancel(line: &str) -> bool {
    let typed = line.to_lowercase();
    ["c", "cancel", "n", "no", "q", "quit"].contains(&typed.as_str()) || typed == tr!("no")
}

fn is_yes(line: &str) -> bool {
    let typed = line.to_lowercase();
    typed == "yes" || typed == tr!("yes")
}

fn is_never(line: &str) -> bool {
    let typed = line.to_lowercase();
    typed == "never" || typed == tr!("never")
}

/// What was said to a consent: the whole word yes, or for a choice a number; the whole word never; or
/// not now.
pub(crate) fn verdict(line: &str, consent: &Consent, chooses: bool) -> Heard<Spoken> {
    let count = consent.accounts().len();
    if line.is_empty() || is_cancel(line) {
        return Heard::Cancel;
    }
    if is_never(line) {
        return Heard::Meant(Spoken::Never);
    }
    match (chooses, index(line, count)) {
        (true, Some(index)) => Heard::Meant(Spoken::Agree(index)),
        (false, _) if is_yes(line) => Heard::Meant(Spoken::Agree(0)),
        (true, None) => Heard::Unclear(tr!(
            "Please type a number from 1 to {}, the whole word never, or only Enter for not now.",
            count
        )),
        (false, _) => Heard::Unclear(tr!(
            "Please type the whole word yes or never, or only Enter for not now."
        )),
    }
}

/// One of `count` numbered apps, as an index. The empty line cancels.
pub(crate) fn app(line: &str, count: usize) -> Heard<usize> {
    if line.is_empty() || is_cancel(line) {
        return Heard::Cancel;
    }
    match index(line, count) {
        Some(index) => Heard::Meant(index),
        None => Heard::Unclear(match count {
            1 => tr!("Please type 1, or only Enter to cancel."),
            _ => tr!(
                "Please type a number from 1 to {}, or only Enter to cancel.",
                count
            ),
        }),
    }
}

/// Some of `count` numbered types, as indices, but not all of them. The empty line: none.
pub(crate) fn left_out(line: &str, count: usize) -> Heard<BTreeSet<usize>> {
    if is_cancel(line) {
        return Heard::Cancel;
    }
    let words = line
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|word| !word.is_empty());
    match words
        .map(|word| index(word, count))
        .collect::<Option<BTreeSet<_>>>()
    {
        Some(all) if all.len() == count => Heard::Unclear(tr!(
            "Then nothing would be left to send. Type c and Enter to cancel."
        )),
        Some(some) => Heard::Meant(some),
        None => Heard::Unclear(tr!(
            "Please type numbers from 1 to {} with spaces between them, or only Enter to leave nothing out.",
            count
        )),
    }
}

/// Whether to go ahead. Only the whole word will do; the empty line cancels.
pub(crate) fn yes(line: &str) -> Heard<()> {
    if line.is_empty() || is_cancel(line) {
        return Heard::Cancel;
    }
    match is_yes(line) {
        true => Heard::Meant(()),
        false => Heard::Unclear(tr!(
            "Please type the whole word yes, or only Enter to cancel."
        )),
    }
}

/// Which exchange to stop: `c`, or `c NUMBER`. `None`: the line is about something else.
pub(crate) fn stop(line: &str) -> Option<Option<usize>> {
    let mut words = line.split_whitespace();
    if !words
        .next()
        .is_some_and(|word| ["c", "cancel", "stop"].contains(&word.to_lowercase().as_str()))
    {
        return None;
    }
    match words.next() {
        None => Some(None),
        Some(number) => number.parse().ok().map(Some),
    }
}

fn index(word: &str, count: usize) -> Option<usize> {
    let number: usize = word.parse().ok()?;
    (1..=count).contains(&number).then(|| number - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enter_alone_never_sends() {
        assert_eq!(app("", 3), Heard::Cancel);
        assert_eq!(yes(""), Heard::Cancel);
    }

    #[test]
    fn only_a_number_of_the_list_chooses_an_app() {
        assert_eq!(app("2", 2), Heard::Meant(1));
        for wrong in [
            "0",
            "3",
            "-1",
            "1 2",
            "KeePassXC",
            "yes",
            "99999999999999999999",
        ] {
            assert!(matches!(app(wrong, 2), Heard::Unclear(_)), "{wrong}");
        }
    }

    #[test]
    fn only_the_whole_word_goes_ahead() {
        assert_eq!(yes("YES"), Heard::Meant(()));
        for wrong in ["y", "ye", "yess", "1", "ok"] {
            assert!(matches!(yes(wrong), Heard::Unclear(_)), "{wrong}");
        }
        assert_eq!(yes("no"), Heard::Cancel);
    }

    #[test]
    fn types_are_left_out_by_their_numbers() {
        assert_eq!(left_out("", 3), Heard::Meant(BTreeSet::new()));
        assert_eq!(left_out("3, 1 1", 3), Heard::Meant(BTreeSet::from([0, 2])));
        assert!(
            matches!(left_out("1 2 3", 3), Heard::Unclear(_)),
            "all of them"
        );
        assert!(matches!(left_out("4", 3), Heard::Unclear(_)));
        assert_eq!(left_out("c", 3), Heard::Cancel);
    }

    #[test]
    fn an_exchange_is_stopped_by_its_number_or_by_none() {
        assert_eq!(stop("c"), Some(None));
        assert_eq!(stop("C 2"), Some(Some(2)));
        assert_eq!(stop("c x"), None);
        assert_eq!(stop(""), None);
    }
}
