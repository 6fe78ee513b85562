//! The X25519 keys that secrets are wrapped to (design §4).

use std::fmt;

use curve25519_dalek::MontgomeryPoint;
use hpke::{Deserializable, HpkeError, Kem, kem::X25519HkdfSha256};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::secret::{NoRandomness, random_secret};

/// Bytes of a public or a private key.
pub const KEY_LEN: usize = 32;

/// Why bytes are not a public key to wrap secrets to.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// Not 32 bytes.
    #[error("an X25519 public key has 32 bytes, and this one has {0}")]
    Length(usize),
    /// Zero, or another of the few points with which every shared secret is zero.
    #[error(
        "this X25519 public key is of low order, so that anybody could open what is wrapped to \
         it: generate a key pair and send its public key"
    )]
    LowOrder,
}

/// A public key, 32 bytes, known not to be of low order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; KEY_LEN]);

impl PublicKey {
    /// Accepts 32 bytes with which a shared secret can be had.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let key = <[u8; KEY_LEN]>::try_from(bytes).map_err(|_| KeyError::Length(bytes.len()))?;
        // The points of low order, on the curve and on its twist, are those of which 8 times is zero.
        let eight = [true, false, false, false];
        if MontgomeryPoint(key).mul_bits_be(eight.into_iter()).0 == [0; KEY_LEN] {
            return Err(KeyError::LowOrder);
        }
        Ok(Self(key))
    }

    /// The 32 bytes, as they travel.
    pub fn as_bytes(&self) -> &[u8; KEY_LEN] {
        &self.0
    }

    pub(super) fn for_hpke(&self) -> Result<<X25519HkdfSha256 as Kem>::PublicKey, HpkeError> {
        Deserializable::from_bytes(&self.0)
    }
}

/// A private key, wiped when dropped, on the heap so that moving it leaves no copy.
pub struct PrivateKey(Box<[u8; KEY_LEN]>);

impl PrivateKey {
    /// A fresh key from the operating system.
    pub fn generate() -> Result<Self, NoRandomness> {
        Ok(Self::from_bytes(&*random_secret()?))
    }

    /// Takes over 32 bytes, any of which make a key; the caller wipes its own copy.
    pub fn from_bytes(bytes: &[u8; KEY_LEN]) -> Self {
        Self(Box::new(*bytes))
    }

    /// The key itself, in the clear.
    pub fn as_bytes(&self) -> &[u8; KEY_LEN] {
        &self.0
    }

    /// The public key that belongs to it.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(MontgomeryPoint::mul_base_clamped(*self.0).0)
    }

    pub(super) fn for_hpke(&self) -> Result<<X25519HkdfSha256 as Kem>::PrivateKey, HpkeError> {
        Deserializable::from_bytes(self.0.as_slice())
    }
}

impl Drop for PrivateKey {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

impl ZeroizeOnDrop for PrivateKey {}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}
