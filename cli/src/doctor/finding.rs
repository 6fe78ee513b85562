//! What was found of one part, and what to do about it.

use serde::Serialize;

use crate::output::{BAD, GOOD, WARNING, harmless};

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mark {
    /// As it should be.
    Good,
    /// It works, but not as well as it could, or is worth knowing.
    Note,
    /// It does not work.
    Bad,
}

/// What was found of one part.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) part: &'static str,
    pub(super) mark: Mark,
    pub(super) message: String,
    pub(super) advice: Option<String>,
}

impl Finding {
    pub(super) fn good(part: &'static str, message: impl Into<String>) -> Finding {
        Finding::new(part, Mark::Good, message)
    }

    pub(super) fn note(part: &'static str, message: impl Into<String>) -> Finding {
        Finding::new(part, Mark::Note, message)
    }

    pub(super) fn bad(part: &'static str, message: impl Into<String>) -> Finding {
        Finding::new(part, Mark::Bad, message)
    }

    fn new(part: &'static str, mark: Mark, message: impl Into<String>) -> Finding {
        Finding {
            part,
            mark,
            message: message.into(),
            advice: None,
        }
    }

    /// Adds what the person can do about it.
    #[must_use]
    pub(super) fn advise(self, advice: impl Into<String>) -> Finding {
        let advice = Some(advice.into());
        Finding { advice, ..self }
    }

    /// The same for people; with a word in place of the mark where there are no colours.
    pub(super) fn lines(&self, is_plain: bool) -> Vec<String> {
        let (style, sign, word) = match self.mark {
            Mark::Good => (GOOD, "✓", "ok  "),
            Mark::Note => (WARNING, "!", "note"),
            Mark::Bad => (BAD, "✗", "bad "),
        };
        let mark = if is_plain { word } else { sign };
        let indent = " ".repeat(mark.chars().count());
        let message = harmless(&self.message).replace('\n', "\n    ");
        let mut lines = vec![format!(
            "{style}{mark}{style:#} {:<14} {message}",
            self.part
        )];
        let advice = self.advice.iter();
        lines.extend(advice.map(|advice| format!("{indent} {:<14} → {}", "", harmless(advice))));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_stands_below_what_is_wrong_and_nothing_acts_on_the_terminal() {
        let finding = Finding::bad("bus", "it says \x1b[2J").advise("mend it");
        assert_eq!(
            finding.lines(true).join("\n"),
            format!("{BAD}bad {BAD:#} bus            it says �[2J\n                    → mend it")
        );
        assert!(finding.lines(false)[0].contains('✗'));
    }
}
