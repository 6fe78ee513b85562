//! The one-time token of an offer: a random UUID, bound to the importer that acknowledged it.
//! Serves design §3. Alone it is worth nothing: whoever shows it must also be that importer.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// 16 bytes that the rightful importer must show. Wiped when dropped, never printed.
pub struct Token(Zeroizing<[u8; Token::LENGTH]>);

impl Token {
    /// Bytes in a token.
    pub const LENGTH: usize = 16;

    /// A fresh one: UUID version 4, from the operating system's generator.
    #[must_use]
    pub fn generate() -> Token {
        Token(Zeroizing::new(uuid::Uuid::new_v4().into_bytes()))
    }

    /// Reads a token that was kept elsewhere.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Token::LENGTH]) -> Token {
        Token(Zeroizing::new(*bytes))
    }

    /// The bytes, to be sealed to the importer.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; Token::LENGTH] {
        &self.0
    }

    /// Whether `shown` is this token; takes as long for a near miss as for a far one.
    #[must_use]
    pub fn matches(&self, shown: &[u8]) -> bool {
        self.0.as_slice().ct_eq(shown).into()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_random_uuid_and_matches_itself_alone() {
        let (one, two) = (Token::generate(), Token::generate());
        let uuid = uuid::Uuid::from_bytes(*one.as_bytes());
        assert_eq!(uuid.get_version_num(), 4);
        assert!(one.matches(one.as_bytes()));
        assert!(!one.matches(two.as_bytes()));
        assert!(!one.matches(&one.as_bytes()[..15]));
        assert!(!one.matches(b""));
    }

    #[test]
    fn a_token_does_not_print_itself() {
        let token = Token::from_bytes(b"sixteen bytes!!!");
        assert_eq!(format!("{token:?}"), "Token(…)");
    }
}
