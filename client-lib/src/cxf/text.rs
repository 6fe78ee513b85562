//! The encodings that CXF asks of strings, checked in place: nothing is decoded, so no secret is
//! copied.

/// The longest identifier, in decoded bytes (CXF 1.0, `id` members).
const LONGEST_ID: usize = 64;

/// What a string is when read as base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Base64Url {
    pub(super) valid: bool,
    pub(super) padded: bool,
    pub(super) fits_id: bool,
}

/// Reads `text` as base64url (RFC 4648 § 5), with or without padding.
pub(super) fn base64url(text: &str) -> Base64Url {
    let bare = text.trim_end_matches('=');
    let strays = bare
        .bytes()
        .fold(0, |strays, byte| strays | u8::from(!is_base64url(byte)));
    Base64Url {
        valid: strays == 0 && bare.len() % 4 != 1 && text.len() - bare.len() <= 2,
        padded: bare.len() != text.len(),
        fits_id: bare.len() / 4 * 3 + (bare.len() % 4).saturating_sub(1) <= LONGEST_ID,
    }
}

// Without branches, so that the compiler can look at many bytes at once.
#[inline]
fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() | (byte == b'-') | (byte == b'_')
}

/// Whether `text` is base32 (RFC 4648 § 6) as people write it: small letters, gaps and hyphens
/// between groups, padding or none.
pub(super) fn is_base32(text: &str) -> bool {
    let bare = text.trim_end_matches('=');
    bare.bytes()
        .all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'2'..=b'7' | b' ' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_may_have_64_bytes_and_not_one_more() {
        let (longest, too_long) = ("A".repeat(86), "A".repeat(87));
        assert!(base64url(&longest).valid && base64url(&longest).fits_id);
        assert!(base64url(&too_long).valid && !base64url(&too_long).fits_id);
    }

    #[test]
    fn padding_is_seen_and_forgiven_but_not_any_amount_of_it() {
        assert_eq!(
            base64url("QQ=="),
            Base64Url {
                valid: true,
                padded: true,
                fits_id: true
            }
        );
        assert!(!base64url("QQ===").valid);
    }

    #[test]
    fn the_letters_of_plain_base64_are_not_those_of_base64url() {
        assert!(base64url("ab-_").valid);
        assert!(!base64url("ab+/").valid);
        assert!(!base64url("a").valid, "one letter holds no byte");
        assert!(!base64url("äb").valid);
    }

    #[test]
    fn base32_is_taken_as_people_write_it() {
        assert!(is_base32("jbsw y3dp-EHPK3PXP===="));
        assert!(!is_base32("JBSWY3D1"), "1 is not a letter of base32");
    }
}
