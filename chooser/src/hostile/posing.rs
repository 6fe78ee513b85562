//! Letters that pose as Latin ones: by UTS #39, "Unicode Security Mechanisms".

use unicode_script::{Script, UnicodeScript};
use unicode_security::{MixedScript, skeleton};

use super::is_mark;

/// With the numbers of letters that pose as Latin ones: those within a word that has Latin letters, and
/// all of them where nothing else shows which alphabet it is.
pub(super) fn unmasked(text: &str) -> String {
    let nothing_else = !text.chars().any(|c| is_foreign(c) && !poses_as_latin(c));
    text.split_inclusive(|c: char| !c.is_alphanumeric() && !is_mark(c))
        .map(|word| match nothing_else || word.chars().any(is_latin) {
            true => word.chars().map(numbered).collect(),
            false => word.to_owned(),
        })
        .collect()
}

fn numbered(c: char) -> String {
    match poses_as_latin(c) {
        true => c.escape_unicode().to_string(),
        false => c.to_string(),
    }
}

fn is_latin(c: char) -> bool {
    c.is_alphabetic() && c.script() == Script::Latin
}

fn is_foreign(c: char) -> bool {
    c.is_alphabetic() && c.script() != Script::Latin
}

/// Whether it is taken for an ASCII letter or digit by UTS #39, and is not even a Latin one.
fn poses_as_latin(c: char) -> bool {
    is_foreign(c) && skeleton(c.encode_utf8(&mut [0; 4])).all(|shape| shape.is_ascii_alphanumeric())
}

/// As UTS #39 means it: the three of Japanese, for example, count as one.
pub(super) fn of_one_alphabet(label: &str) -> bool {
    MixedScript::is_single_script(label)
}

#[cfg(test)]
mod tests {
    use crate::hostile::name;

    #[test]
    fn a_letter_that_poses_as_one_of_another_alphabet_shows_its_number() {
        for (attack, harmless) in [
            ("P\u{430}yPal", "P\\u{430}yPal"),
            ("\u{41a}\u{435}\u{435}Pass", "\\u{41a}\\u{435}\\u{435}Pass"),
            (
                "\u{405}\u{435}\u{441}\u{440}\u{435}",
                "\\u{405}\\u{435}\\u{441}\\u{440}\\u{435}",
            ),
            ("Ключи von P\u{430}yPal", "Ключи von P\\u{430}yPal"),
            ("\u{1d5d5}ank", "\\u{1d5d5}ank"),
            ("B\u{3bf}b", "B\\u{3bf}b"),
        ] {
            assert_eq!(name(attack), harmless);
        }
        assert_eq!(
            name("сор и Ключи"),
            "сор и Ключи",
            "an honest word among others"
        );
        assert_eq!(name("1Passwordアプリ"), "1Passwordアプリ");
    }
}
