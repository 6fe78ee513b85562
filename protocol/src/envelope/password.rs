//! A password on its way between an app and the service: padded, so that its length does not show,
//! and wrapped as keys and tokens are (design §7).
//!
//! The padded form has 1024 bytes: the length of the password (2 bytes, big-endian), the password
//! in UTF-8, and zeros.

use std::fmt;

use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::keys::{PrivateKey, PublicKey};
use super::keywrap::{Binding, Direction, KeywrapError, unwrap_bound, wrap_bound};

/// Bytes of a padded password, whatever the password.
pub const PADDED_LEN: usize = 1024;
/// The longest password, in bytes of UTF-8.
pub const LONGEST_PASSWORD: usize = PADDED_LEN - LENGTH_LEN;
/// Bytes of a padded password once it is wrapped.
pub const SEALED_LEN: usize = PADDED_LEN + super::keywrap::WRAP_OVERHEAD;

const LENGTH_LEN: usize = 2;

/// A password: UTF-8, not empty. Wiped when dropped, and never shown by `Debug`.
pub struct Password(Zeroizing<String>);

/// Why something is no password, or does not become one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Nothing.
    #[error("the password is empty; delete the credential instead")]
    Empty,
    /// It does not fit.
    #[error("the password is longer than {LONGEST_PASSWORD} bytes")]
    TooLong,
    /// Not text.
    #[error("the password is not UTF-8 text")]
    NotText,
    /// What was unwrapped is not padded as it should be.
    #[error(
        "what was sealed is no padded password: two bytes of length, the password, and zeros up to \
         {PADDED_LEN} bytes"
    )]
    Padding,
    /// It cannot be sealed, or does not open.
    #[error(transparent)]
    Keywrap(#[from] KeywrapError),
}

impl Password {
    /// Takes over a text, which is wiped also if it is refused.
    ///
    /// # Errors
    /// It is empty, too long, or not UTF-8.
    pub fn new(bytes: impl Into<Zeroizing<Vec<u8>>>) -> Result<Password, PasswordError> {
        let mut bytes = bytes.into();
        match bytes.len() {
            0 => return Err(PasswordError::Empty),
            1..=LONGEST_PASSWORD => {}
            _ => return Err(PasswordError::TooLong),
        }
        let text = String::from_utf8(std::mem::take(&mut *bytes));
        match text {
            Ok(text) => Ok(Password(Zeroizing::new(text))),
            Err(refused) => {
                drop(Zeroizing::new(refused.into_bytes()));
                Err(PasswordError::NotText)
            }
        }
    }

    /// The text, in the clear.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Seals it to the owner of `to`, bound to the number of that key and to a request's path.
    ///
    /// # Errors
    /// `path` is no path, or the system has no random numbers.
    pub fn seal(
        &self,
        to: &PublicKey,
        direction: Direction,
        key_id: u64,
        path: &str,
    ) -> Result<Vec<u8>, KeywrapError> {
        let binding = Binding {
            direction,
            key_id,
            path,
        };
        wrap_bound(&self.padded(), to, binding)
    }

    /// Opens what [`seal`](Self::seal) made for the owner of `with`, with the same bindings.
    ///
    /// # Errors
    /// It was sealed for somebody or something else, or is no padded password.
    pub fn open(
        sealed: &[u8],
        with: &PrivateKey,
        direction: Direction,
        key_id: u64,
        path: &str,
    ) -> Result<Password, PasswordError> {
        let binding = Binding {
            direction,
            key_id,
            path,
        };
        Password::unpad(&unwrap_bound(sealed, with, binding)?)
    }

    pub(super) fn padded(&self) -> Zeroizing<Vec<u8>> {
        let text = self.0.as_bytes();
        let mut padded = Zeroizing::new(vec![0; PADDED_LEN]);
        // A password is at most LONGEST_PASSWORD bytes, so its length has two.
        let length = (text.len() as u16).to_be_bytes();
        padded[..LENGTH_LEN].copy_from_slice(&length);
        padded[LENGTH_LEN..][..text.len()].copy_from_slice(text);
        padded
    }

    fn unpad(padded: &[u8]) -> Result<Password, PasswordError> {
        let (length, rest) = padded
            .split_first_chunk::<LENGTH_LEN>()
            .ok_or(PasswordError::Padding)?;
        let (text, padding) = rest
            .split_at_checked(usize::from(u16::from_be_bytes(*length)))
            .ok_or(PasswordError::Padding)?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(PasswordError::Padding);
        }
        Password::new(text.to_vec())
    }
}

impl ZeroizeOnDrop for Password {}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn what_is_padded_wrongly_is_no_password() {
        let good = password("geheim").padded();
        assert_eq!(Password::unpad(&good).unwrap().expose(), "geheim");
        let with = |at: usize, byte: u8| {
            let mut bad = good.to_vec();
            bad[at] = byte;
            Password::unpad(&bad).unwrap_err()
        };
        assert_eq!(with(PADDED_LEN - 1, 1), PasswordError::Padding);
        assert_eq!(with(1, 5), PasswordError::Padding);
        assert_eq!(with(0, 0xff), PasswordError::Padding);
        assert_eq!(with(1, 0), PasswordError::Padding);
        assert_eq!(with(2, 0xff), PasswordError::NotText);
        assert_eq!(
            Password::unpad(&[0; PADDED_LEN]).unwrap_err(),
            PasswordError::Empty
        );
        assert_eq!(Password::unpad(&[]).unwrap_err(), PasswordError::Padding);
    }

    #[test]
    fn a_password_never_shows_itself_in_a_log() {
        assert_eq!(format!("{:?}", password("geheim")), "Password(…)");
    }

    #[test]
    fn what_nobody_could_have_as_a_password_is_refused() {
        let refused = |bytes: Vec<u8>| Password::new(bytes).unwrap_err();
        assert_eq!(refused(vec![]), PasswordError::Empty);
        assert_eq!(refused(vec![b'a'; 1023]), PasswordError::TooLong);
        assert_eq!(refused(vec![0xff]), PasswordError::NotText);
        assert_eq!(password(&"a".repeat(1022)).padded().len(), PADDED_LEN);
    }
}
