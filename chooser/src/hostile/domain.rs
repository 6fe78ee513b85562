//! The domain of a website, which anybody may have registered to look like another.

use idna::AsciiDenyList;
use idna::uts46::{Hyphens, Uts46};

use super::posing::{of_one_alphabet, unmasked};
use super::{IDENTIFIER_COLUMNS, bounded, identifier, visible};

/// The longest name of the DNS.
const LONGEST_DOMAIN: usize = 253;

/// The domain of a website. A label is shown in its own letters if all of them are of one alphabet, and
/// not all of them look like Latin ones; else as it is in the DNS, `xn--…`.
#[must_use]
pub fn domain(raw: &str) -> String {
    let bounded_raw: String = raw.chars().take(LONGEST_DOMAIN + 1).collect();
    let honest = |label: &[char], _: &[char], _: bool| {
        let label: String = label.iter().collect();
        unmasked(&label) == label && of_one_alphabet(&label)
    };
    let (shown, checked) = Uts46::new().to_user_interface(
        bounded_raw.as_bytes(),
        AsciiDenyList::URL,
        Hyphens::Allow,
        honest,
    );
    match checked {
        // By the letter: what IDNA lets pass may still be blank.
        Ok(()) if visible(&shown) == shown => bounded(&shown, IDENTIFIER_COLUMNS),
        _ => identifier(raw),
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn a_domain_is_shown_in_its_letters_only_if_they_pose_as_nothing() {
        for (sent, shown) in [
            ("example.org", "example.org"),
            ("xn--bcher-kva.example", "bücher.example"),
            ("bücher.example", "bücher.example"),
            ("xn--80a1acny.example", "почта.example"),
            // apple, with a Cyrillic а; and the whole of it in Cyrillic.
            ("\u{430}pple.com", "xn--pple-43d.com"),
            ("xn--80ak6aa92e.com", "xn--80ak6aa92e.com"),
        ] {
            assert_eq!(domain(sent), shown);
        }
    }

    #[test]
    fn what_is_no_domain_is_shown_by_the_letter() {
        for sent in [
            "a b.example",
            "a\u{202e}b.example",
            "x\ny",
            "<b>.example",
            "xn--\u{430}",
        ] {
            let shown = domain(sent);
            assert!(shown.bytes().all(|byte| byte.is_ascii_graphic()), "{shown}");
        }
        assert!(domain(&"x.".repeat(5000)).width() <= IDENTIFIER_COLUMNS);
    }
}
