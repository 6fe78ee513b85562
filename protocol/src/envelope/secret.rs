//! The secrets of an envelope: its content key, and the segment at work (design §4).
//!
//! Both are wiped when dropped. They live on the heap, so that moving them moves a pointer and
//! leaves no second copy behind.

use std::fmt;
use std::ops::Deref;

use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing, optimization_barrier};

/// Bytes in a content key (AES-256).
pub const CONTENT_KEY_LEN: usize = 32;

/// The operating system gave no random bytes.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the operating system's random generator failed ({0}); nothing can be sealed without it")]
pub struct NoRandomness(#[from] getrandom::Error);

/// The key of one envelope: random, used for one payload, and forgotten.
pub struct ContentKey(Box<[u8; CONTENT_KEY_LEN]>);

impl ContentKey {
    /// A fresh key from the operating system.
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut key = Self(Box::new([0; CONTENT_KEY_LEN]));
        getrandom::fill(key.0.as_mut_slice())?;
        Ok(key)
    }

    /// Takes over 32 key bytes; the caller wipes its own copy.
    pub fn from_bytes(bytes: &[u8; CONTENT_KEY_LEN]) -> Self {
        Self(Box::new(*bytes))
    }

    /// The key itself, in the clear.
    pub fn as_bytes(&self) -> &[u8; CONTENT_KEY_LEN] {
        &self.0
    }
}

impl Drop for ContentKey {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

impl ZeroizeOnDrop for ContentKey {}

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey(…)")
    }
}

/// One segment at work, wiped when dropped.
///
/// Wiping runs at the speed of `memset`: `Zeroizing<Vec<u8>>` stores byte by byte, twice, which
/// for a large payload takes as long as opening it did.
pub(super) struct Scratch(Vec<u8>);

impl Scratch {
    /// Room for `len` bytes, all zero.
    pub(super) fn zeroed(len: usize) -> Self {
        Self(vec![0; len])
    }

    /// Nothing yet, and room for `len` bytes.
    pub(super) fn with_room(len: usize) -> Self {
        Self(Vec::with_capacity(len))
    }

    /// Adds `bytes`, for which there must be room: growing would leave a copy behind.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        debug_assert!(self.0.len() + bytes.len() <= self.0.capacity());
        self.0.extend_from_slice(bytes);
    }

    /// Begins anew, without wiping what was there.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl Deref for Scratch {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Overwrites `bytes` with zeros, and keeps the compiler from seeing that as wasted work.
pub(super) fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    optimization_barrier(bytes);
}

/// Random bytes that are not secret: a nonce prefix.
pub(super) fn random_prefix() -> Result<[u8; 7], NoRandomness> {
    let mut prefix = [0; 7];
    getrandom::fill(&mut prefix)?;
    Ok(prefix)
}

/// 32 random bytes that are secret.
pub(super) fn random_secret() -> Result<Zeroizing<[u8; 32]>, NoRandomness> {
    let mut secret = Zeroizing::new([0; 32]);
    getrandom::fill(secret.as_mut_slice())?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_never_shows_itself_in_a_log() {
        let key = ContentKey::from_bytes(&[0xAB; 32]);
        let shown = format!("{key:?} {key:#?}");
        assert!(
            !shown.to_lowercase().contains("ab") && !shown.contains("171"),
            "{shown}"
        );
    }

    #[test]
    fn two_keys_are_never_the_same() {
        let (one, other) = (
            ContentKey::generate().unwrap(),
            ContentKey::generate().unwrap(),
        );
        assert_ne!(one.as_bytes(), other.as_bytes());
    }
}
