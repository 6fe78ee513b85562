//! The one cupboard with keys in it. Serves design §4.
//!
//! Per session there is one X25519 private key and later one token, both in an `arena` that is
//! locked into memory, left out of core dumps and wiped. The payload itself is never opened here:
//! its content key is unwrapped for the moment of checking or handing over, and wiped. A password of
//! a website is opened with a key of its own, which serves once.

mod arena;

use std::sync::Arc;

use credex_protocol::envelope::keywrap::{self, Direction, KeywrapError};
use credex_protocol::envelope::{NoRandomness, Password, PasswordError, PrivateKey, PublicKey};

use self::arena::{Arena, Cell};
use crate::exchange::token::Token;

const KEY: std::ops::Range<usize> = 0..32;
const TOKEN: std::ops::Range<usize> = 32..32 + Token::LENGTH;

/// Why the cupboard cannot take another key.
#[derive(Debug, thiserror::Error)]
pub enum CustodyError {
    /// No memory could be had for it.
    #[error("no memory for a key: {0}")]
    Memory(#[from] std::io::Error),
    /// The system has no random numbers.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

/// Where the keys are.
#[derive(Debug, Clone, Default)]
pub struct Custody {
    arena: Arc<Arena>,
}

/// The secrets of one session. Wiped when dropped.
#[derive(Debug)]
pub struct SessionKeys {
    cell: Cell,
    /// What the exporter and the importer wrap to.
    pub public_key: PublicKey,
}

/// The key to one password that an app will send. Wiped when dropped.
#[derive(Debug)]
pub struct PasswordKey {
    cell: Cell,
    /// What the app seals to.
    pub public_key: PublicKey,
}

impl Custody {
    /// Makes the key to one password.
    ///
    /// # Errors
    /// There is no memory or no randomness for it.
    pub fn open_inbox(&self) -> Result<PasswordKey, CustodyError> {
        let (cell, public_key) = self.key_pair()?;
        Ok(PasswordKey { cell, public_key })
    }

    /// Makes the key of a new session.
    ///
    /// # Errors
    /// There is no memory or no randomness for it.
    pub fn open_session(&self) -> Result<SessionKeys, CustodyError> {
        let (cell, public_key) = self.key_pair()?;
        Ok(SessionKeys { cell, public_key })
    }

    fn key_pair(&self) -> Result<(Cell, PublicKey), CustodyError> {
        let cell = Arena::take(&self.arena)?;
        let private = PrivateKey::generate()?;
        cell.write(KEY, private.as_bytes());
        Ok((cell, private.public_key()))
    }

    /// Whether every key so far could be locked into memory.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.arena.is_locked()
    }
}

impl PasswordKey {
    /// Opens the password that was sealed to this key, which was given out as `key_id`, for the request
    /// at `path`. The key has served then.
    ///
    /// # Errors
    /// It was sealed for something else, or is none.
    pub fn open(self, sealed: &[u8], key_id: u64, path: &str) -> Result<Password, PasswordError> {
        let private = private_key(&self.cell);
        Password::open(sealed, &private, Direction::PasswordToDaemon, key_id, path)
    }
}

impl SessionKeys {
    /// Whether `wrapped` holds a content key for the session at `session_path`.
    ///
    /// # Errors
    /// It does not.
    pub fn check(&self, wrapped: &[u8], session_path: &str) -> Result<(), KeywrapError> {
        let private = self.private_key();
        keywrap::unwrap(wrapped, &private, Direction::ExporterToDaemon, session_path).map(drop)
    }

    /// Rewraps a content key from the session at `session_path` to the importer of `offer_path`.
    ///
    /// # Errors
    /// The key was not wrapped to this session, or `importer` is no public key to wrap to.
    pub fn rewrap(
        &self,
        wrapped: &[u8],
        session_path: &str,
        importer: &PublicKey,
        offer_path: &str,
    ) -> Result<Vec<u8>, KeywrapError> {
        let private = self.private_key();
        let from = Direction::ExporterToDaemon;
        let key = keywrap::unwrap(wrapped, &private, from, session_path)?;
        keywrap::wrap(&key, importer, Direction::DaemonToImporter, offer_path)
    }

    /// Makes the session's token, keeps it, and seals it to the importer of `offer_path`.
    ///
    /// # Errors
    /// `importer` is no public key to seal to.
    pub fn issue_token(
        &mut self,
        importer: &PublicKey,
        offer_path: &str,
    ) -> Result<Vec<u8>, KeywrapError> {
        let token = Token::generate();
        self.cell.write(TOKEN, token.as_bytes());
        keywrap::wrap(
            token.as_bytes(),
            importer,
            Direction::TokenToImporter,
            offer_path,
        )
    }

    /// Whether `sealed` holds the token that was issued to the importer of `offer_path`.
    ///
    /// # Errors
    /// It is not something that was sealed to this session for this offer.
    pub fn is_token(&self, sealed: &[u8], offer_path: &str) -> Result<bool, KeywrapError> {
        let private = self.private_key();
        let shown = keywrap::unwrap(sealed, &private, Direction::TokenToDaemon, offer_path)?;
        let kept = self.cell.with(|bytes| {
            let mut token = zeroize::Zeroizing::new([0; Token::LENGTH]);
            token.copy_from_slice(&bytes[TOKEN]);
            Token::from_bytes(&token)
        });
        Ok(kept.matches(&shown))
    }

    fn private_key(&self) -> PrivateKey {
        private_key(&self.cell)
    }
}

fn private_key(cell: &Cell) -> PrivateKey {
    cell.with(|bytes| {
        let mut key = zeroize::Zeroizing::new([0; 32]);
        key.copy_from_slice(&bytes[KEY]);
        PrivateKey::from_bytes(&key)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: &str = "/org/credex/Exchange1/session/1_1/a";
    const OFFER: &str = "/org/credex/Exchange1/offer/1";

    #[test]
    fn a_content_key_passes_through_to_the_importer_alone() {
        let keys = Custody::default().open_session().unwrap();
        let (importer, thief) = (
            PrivateKey::generate().unwrap(),
            PrivateKey::generate().unwrap(),
        );
        let from = Direction::ExporterToDaemon;
        let wrapped = keywrap::wrap(&[7; 32], &keys.public_key, from, SESSION).unwrap();
        keys.check(&wrapped, SESSION).unwrap();
        let passed = keys
            .rewrap(&wrapped, SESSION, &importer.public_key(), OFFER)
            .unwrap();
        let open = |key| keywrap::unwrap(&passed, key, Direction::DaemonToImporter, OFFER);
        assert_eq!(open(&importer).unwrap().as_slice(), [7; 32]);
        open(&thief).unwrap_err();
    }

    #[test]
    fn a_key_wrapped_for_another_session_is_refused() {
        let keys = Custody::default().open_session().unwrap();
        let from = Direction::ExporterToDaemon;
        let wrapped = keywrap::wrap(&[7; 32], &keys.public_key, from, OFFER).unwrap();
        keys.check(&wrapped, SESSION).unwrap_err();
    }

    #[test]
    fn a_token_is_known_again_and_no_other() {
        let mut keys = Custody::default().open_session().unwrap();
        let importer = PrivateKey::generate().unwrap();
        let sealed = keys.issue_token(&importer.public_key(), OFFER).unwrap();
        let token = keywrap::unwrap(&sealed, &importer, Direction::TokenToImporter, OFFER).unwrap();
        let back = |token: &[u8]| {
            keywrap::wrap(token, &keys.public_key, Direction::TokenToDaemon, OFFER).unwrap()
        };
        assert!(keys.is_token(&back(&token), OFFER).unwrap());
        assert!(!keys.is_token(&back(&[0; 16]), OFFER).unwrap());
        keys.is_token(&sealed, OFFER).unwrap_err();
        keys.is_token(&[0; 65536], OFFER).unwrap_err();
    }

    #[test]
    fn a_password_opens_with_the_key_that_was_given_for_it() {
        let custody = Custody::default();
        let (ours, other) = (custody.open_inbox().unwrap(), custody.open_inbox().unwrap());
        let to_us = Direction::PasswordToDaemon;
        let password = Password::new(b"geheim".to_vec()).unwrap();
        let sealed = password.seal(&ours.public_key, to_us, 7, SESSION).unwrap();
        other.open(&sealed, 7, SESSION).unwrap_err();
        assert_eq!(ours.open(&sealed, 7, SESSION).unwrap().expose(), "geheim");
    }

    #[test]
    fn nothing_here_prints_a_secret() {
        let custody = Custody::default();
        let keys = custody.open_session().unwrap();
        let printed = format!("{custody:?} {keys:?}");
        assert!(!printed.contains("bytes"), "{printed}");
    }
}
