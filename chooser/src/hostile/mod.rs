//! Names and sentences from strangers, made harmless to show. Serves `org.credex.Chooser1`: "every
//! name it is given may be hostile text".
//!
//! What cannot be seen or would act on the screen becomes one visible `�`, and a letter that poses as
//! one of another alphabet becomes its number, so that tampering shows.
//!
//! Nothing is escaped for markup or mnemonics: what comes from here is plain text and is to be shown as
//! such. A front end with windows switches off `use-markup` and `use-underline` wherever it shows it.

mod domain;
mod posing;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

pub use domain::domain;
use posing::unmasked;

/// The widest name, in terminal columns.
pub const NAME_COLUMNS: usize = 64;
/// The widest identifier, in terminal columns.
pub const IDENTIFIER_COLUMNS: usize = 96;
/// The widest sentence, in terminal columns.
pub const SENTENCE_COLUMNS: usize = 400;

const MARKS_ON_ONE_LETTER: usize = 4;
const REPLACEMENT: char = '\u{fffd}';

/// One line of at most [`NAME_COLUMNS`], without quotation marks, so that it can stand between some.
#[must_use]
pub fn name(raw: &str) -> String {
    let unquoted = raw.replace(['"', '“', '”', '„', '‟', '«', '»', '＂'], "'");
    bounded(&unmasked(&visible(&unquoted)), NAME_COLUMNS)
}

/// An identifier in ASCII: look-alikes of other alphabets appear as what they are, `\u{430}`.
#[must_use]
pub fn identifier(raw: &str) -> String {
    let ascii: String = raw
        .chars()
        .take(IDENTIFIER_COLUMNS + 1)
        .map(|c| match c {
            '!'..='~' => c.to_string(),
            _ => c.escape_unicode().to_string(),
        })
        .collect();
    bounded(&ascii, IDENTIFIER_COLUMNS)
}

/// One paragraph of at most [`SENTENCE_COLUMNS`].
#[must_use]
pub fn sentence(raw: &str) -> String {
    bounded(&unmasked(&visible(raw)), SENTENCE_COLUMNS)
}

/// On one line, with single spaces, and with nothing that is invisible, active or piled up.
fn visible(raw: &str) -> String {
    let mut out = String::new();
    let mut marks = MARKS_ON_ONE_LETTER;
    // No bound below needs more than four bytes of it a column; the rest only costs time.
    for c in raw.chars().take(SENTENCE_COLUMNS * 4) {
        let c = if is_mark(c) {
            marks += 1;
            if marks <= MARKS_ON_ONE_LETTER {
                out.push(c);
                continue;
            }
            REPLACEMENT
        } else if is_space(c) {
            ' '
        } else if is_hidden(c) {
            REPLACEMENT
        } else {
            out.push(c);
            marks = 0;
            continue;
        };
        marks = MARKS_ON_ONE_LETTER;
        if !out.ends_with(c) {
            out.push(c);
        }
    }
    out.trim().to_owned()
}

fn is_mark(c: char) -> bool {
    use GeneralCategory::{EnclosingMark, NonspacingMark, SpacingMark};
    !is_hidden(c)
        && matches!(
            c.general_category(),
            EnclosingMark | NonspacingMark | SpacingMark
        )
}

fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r') || c.general_category() == GeneralCategory::SpaceSeparator
}

fn is_hidden(c: char) -> bool {
    use GeneralCategory::{
        Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, Surrogate, Unassigned,
    };
    // Letters, marks and symbols that have no ink.
    let blank = matches!(c,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{2800}' | '\u{3164}' | '\u{ffa0}' | '\u{fe00}'..='\u{fe0e}' | '\u{e0100}'..='\u{e01ef}');
    blank
        || matches!(
            c.general_category(),
            Control
                | Format
                | LineSeparator
                | ParagraphSeparator
                | PrivateUse
                | Surrogate
                | Unassigned
        )
}

fn bounded(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        used += grapheme.width();
        if used >= columns {
            break;
        }
        out.push_str(grapheme);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn honest_names_of_many_languages_stay_as_they_are() {
        for honest in [
            "KeePassXC",
            "1Password – Password Manager",
            "Ключи",
            "パスワード",
            "מנהל סיסמאות",
            "Mật khẩu",
            "Mật khẩu",
            "ПӀалгӀа's Vault ❤️",
        ] {
            assert_eq!(name(honest), honest);
        }
    }

    #[test]
    fn an_escape_sequence_cannot_reach_the_screen() {
        for (attack, harmless) in [
            ("Bit\x1b[2Jwarden", "Bit�[2Jwarden"),
            (
                "\x1b]8;;https://evil.example\x07App\x1b]8;;\x07",
                "�]8;;https://evil.example�App�]8;;�",
            ),
            ("\u{9b}2J", "�2J"),
            ("a\0b\u{7f}c", "a�b�c"),
        ] {
            assert_eq!(name(attack), harmless);
        }
    }

    #[test]
    fn a_name_cannot_overwrite_or_leave_its_line() {
        assert_eq!(name("Evil\rGood\u{8}\u{8}"), "Evil Good�");
        assert_eq!(
            name("Evil\n\n  Identity: verified"),
            "Evil Identity: verified"
        );
        assert_eq!(name("a\u{2028}b\u{2029}c"), "a�b�c");
    }

    #[test]
    fn a_name_cannot_turn_the_text_around_or_hide_letters() {
        assert_eq!(name("\u{202e}CXssaPeeK\u{202c}"), "�CXssaPeeK�");
        assert_eq!(name("Kee\u{200b}Pass\u{2060}XC\u{feff}"), "Kee�Pass�XC�");
        assert_eq!(name("\u{2066}\u{2067}\u{2069}x\u{e0041}"), "�x�");
        assert_eq!(name("\u{3164}\u{2800}"), "�");
        assert_eq!(name("Private\u{e000}\u{f8ff}"), "Private�");
    }

    #[test]
    fn letters_cannot_be_buried_in_accents() {
        let flood = format!("Z{}algo", "\u{310}".repeat(500));
        assert_eq!(name(&flood), format!("Z{}�algo", "\u{310}".repeat(4)));
        assert_eq!(
            name("\u{301}a"),
            "�a",
            "an accent needs a letter to stand on"
        );
    }

    #[test]
    fn a_name_cannot_close_the_quotation_marks_around_it() {
        assert_eq!(name("A” is verified. “B"), "A' is verified. 'B");
    }

    #[test]
    fn long_names_end_in_an_ellipsis_at_their_width_on_the_screen() {
        assert_eq!(name(&"x".repeat(64)).width(), 64);
        assert!(name(&"x".repeat(65)).ends_with("x…"));
        for long in [
            "x".repeat(100_000),
            "界".repeat(5000),
            "e\u{301}".repeat(5000),
        ] {
            let shown = name(&long);
            assert!(shown.width() <= NAME_COLUMNS, "{}", shown.width());
            assert!(shown.ends_with('…'));
        }
        assert!(sentence(&"word ".repeat(5000)).width() <= SENTENCE_COLUMNS);
    }

    #[test]
    fn look_alike_letters_in_an_identifier_show() {
        assert_eq!(identifier("com.bitwarden.desktop"), "com.bitwarden.desktop");
        assert_eq!(identifier("com.p\u{430}ypal\n"), "com.p\\u{430}ypal\\u{a}");
        assert!(identifier(&"\u{430}".repeat(500)).width() <= IDENTIFIER_COLUMNS);
    }

    #[test]
    fn markup_stays_what_it_is() {
        assert_eq!(name("<b>A</b> &amp; _B"), "<b>A</b> &amp; _B");
    }
}
