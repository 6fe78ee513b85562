//! A credential of a site: account and password. Serves design §7.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::StoreError;
use crate::web_credentials::domain::Site;

/// The longest account, in bytes.
const MAX_ACCOUNT: usize = 1024;

/// A password: UTF-8 text, not empty. Wiped when dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<Vec<u8>>);

/// Why something is no password. The text itself is never told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It has no characters.
    #[error("the password is empty")]
    Empty,
    /// Longer than [`Password::MAX`].
    #[error("the password is longer than {} bytes", Password::MAX)]
    TooLong,
    /// The browser could not keep it.
    #[error("the password is not UTF-8 text, or has a NUL in it")]
    NotText,
}

/// A credential with its password.
#[derive(Debug, Clone)]
pub struct Login {
    site: Site,
    account: String,
    password: Password,
}

/// Why something is no credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// It has no account.
    #[error("the account is empty: name the account that the password is for")]
    NoAccount,
    /// The account is too long.
    #[error("the account is longer than {MAX_ACCOUNT} bytes")]
    LongAccount,
    /// The account has characters that nobody can type.
    #[error("the account has control characters in it")]
    Control,
}

/// A credential that was found, without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it belongs.
    pub site: Site,
    /// The account. May be hostile text: the browser stored what a page said.
    pub account: String,
}

/// What a store holds, against what an app brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Nothing for this site and account.
    Absent,
    /// The same password.
    Same,
    /// Another password.
    Different,
}

impl Comparison {
    /// Whether what the person agreed to, when it was `before`, still holds for what it is now. What is the same by now
    /// is not changed by writing it again.
    pub(super) fn check(self, before: Option<Comparison>) -> Result<(), StoreError> {
        match before {
            Some(before) if self != before && self != Comparison::Same => Err(StoreError::Changed),
            _ => Ok(()),
        }
    }
}

/// What a store did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// It was new.
    Added,
    /// It was there, with another password or the same.
    Updated,
}

impl Password {
    /// The most bytes it can have.
    pub const MAX: usize = 4096;

    /// Takes over `text`, which is wiped also if it is refused.
    ///
    /// # Errors
    /// It is empty, too long or not text.
    pub fn new(text: impl Into<Zeroizing<Vec<u8>>>) -> Result<Password, PasswordError> {
        let text = text.into();
        match text.as_slice() {
            [] => Err(PasswordError::Empty),
            long if long.len() > Password::MAX => Err(PasswordError::TooLong),
            text if text.contains(&0) || std::str::from_utf8(text).is_err() => {
                Err(PasswordError::NotText)
            }
            _ => Ok(Password(text)),
        }
    }

    /// The text, in the clear.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether both are the same, in a time that does not tell where they differ.
    #[must_use]
    pub fn is(&self, other: &Password) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl ZeroizeOnDrop for Password {}

impl Zeroize for Password {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl Login {
    /// The password of `account` at `site`.
    ///
    /// # Errors
    /// `account` is not one that can be stored.
    pub fn new(site: Site, account: String, password: Password) -> Result<Login, LoginError> {
        match account.as_str() {
            "" => Err(LoginError::NoAccount),
            long if long.len() > MAX_ACCOUNT => Err(LoginError::LongAccount),
            text if text.contains(char::is_control) => Err(LoginError::Control),
            _ => Ok(Login {
                site,
                account,
                password,
            }),
        }
    }

    /// Where it belongs.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// The account.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The password.
    #[must_use]
    pub fn password(&self) -> &Password {
        &self.password
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web_credentials::domain::Mode;

    fn password(text: &[u8]) -> Result<Password, PasswordError> {
        Password::new(text.to_vec())
    }

    #[test]
    fn a_password_is_not_shown_when_its_login_is_debugged() {
        let site = Site::parse("example.org", Mode::Standard).unwrap();
        let login = Login::new(site, "ann".into(), password(b"hunter2").unwrap()).unwrap();
        let shown = format!("{login:?}");
        assert!(shown.contains("ann") && shown.contains("Password(…)"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn what_the_browser_could_not_keep_is_no_password() {
        assert_eq!(password(b"").unwrap_err(), PasswordError::Empty);
        let long = vec![b'x'; Password::MAX + 1];
        assert_eq!(password(&long).unwrap_err(), PasswordError::TooLong);
        for text in [&b"a\0b"[..], b"\xff"] {
            assert_eq!(password(text).unwrap_err(), PasswordError::NotText);
        }
        assert_eq!(password("pä ß\n".as_bytes()).unwrap().as_bytes().len(), 7);
    }

    #[test]
    fn a_login_has_an_account_that_somebody_could_type() {
        for (account, fault) in [
            ("", LoginError::NoAccount),
            ("a\nb", LoginError::Control),
            ("a\0", LoginError::Control),
            (&"x".repeat(MAX_ACCOUNT + 1), LoginError::LongAccount),
        ] {
            let site = Site::parse("example.org", Mode::Standard).unwrap();
            let login = Login::new(site, account.to_owned(), password(b"x").unwrap());
            assert_eq!(login.unwrap_err(), fault);
        }
    }

    #[test]
    fn passwords_are_the_same_only_if_every_byte_is() {
        let one = password(b"hunter2").unwrap();
        assert!(one.is(&password(b"hunter2").unwrap()));
        assert!(!one.is(&password(b"hunter3").unwrap()));
        assert!(!one.is(&password(b"hunter").unwrap()));
    }
}
