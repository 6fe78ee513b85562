//! Wrapping of content keys, tokens and passwords to a public key: HPKE, RFC 9180 (design §4, §7).
//!
//! Base mode with DHKEM(X25519, HKDF-SHA256) 0x0020, HKDF-SHA256 0x0001, AES-256-GCM 0x0002 and
//! no associated data. A wrapped secret is the encapsulated key (32 bytes), the ciphertext (as long
//! as the secret) and its tag (16 bytes). `info` is [`INFO_LABEL`], a version byte 1, the
//! direction's byte, for passwords the number of the key, and the D-Bus object path of the session,
//! offer or request: so a wrapped secret opens only where, and in the direction, it was meant for.
//!
//! Base mode does not say who wrapped: that is the daemon's to know, from the bus.

use std::convert::Infallible;

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{CryptoRng, TryCryptoRng, TryRng};
use hpke::{Deserializable, HpkeError, OpModeR, OpModeS, Serializable};
use thiserror::Error;
use zeroize::Zeroizing;

use super::keys::{KeyError, PrivateKey, PublicKey};
use super::password::PADDED_LEN;
use super::secret::{CONTENT_KEY_LEN, ContentKey, NoRandomness};

/// What every `info` begins with.
pub const INFO_LABEL: &[u8] = b"org.credex.Exchange1\0";
/// Bytes of a token: a UUID, raw.
pub const TOKEN_LEN: usize = 16;
/// Bytes that wrapping adds: the encapsulated key and the tag.
pub const WRAP_OVERHEAD: usize = ENCAPSULATED_LEN + 16;
/// The longest object path that is bound into a wrapping, in bytes.
pub const MAX_PATH_LEN: usize = 4096;

const VERSION: u8 = 1;
const ENCAPSULATED_LEN: usize = 32;

/// Who wraps which secret for whom. The numbers are part of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Direction {
    /// The exporter's content key, for the daemon.
    ExporterToDaemon = 1,
    /// The same content key, for the importer.
    DaemonToImporter = 2,
    /// The import token, for the chosen importer.
    TokenToImporter = 3,
    /// The import token, coming back from the importer that redeems it.
    TokenToDaemon = 4,
    /// A padded password, from the app that shares it with its website.
    PasswordToDaemon = 5,
    /// A padded password, for that app.
    PasswordToApp = 6,
}

impl Direction {
    /// Bytes of the secret that goes this way.
    pub fn secret_len(self) -> usize {
        match self {
            Self::ExporterToDaemon | Self::DaemonToImporter => CONTENT_KEY_LEN,
            Self::TokenToImporter | Self::TokenToDaemon => TOKEN_LEN,
            Self::PasswordToDaemon | Self::PasswordToApp => PADDED_LEN,
        }
    }

    /// Bytes of that secret once it is wrapped: 80 for a content key, 64 for a token, 1072 for a
    /// password.
    pub fn wrapped_len(self) -> usize {
        self.secret_len() + WRAP_OVERHEAD
    }
}

/// Where a wrapped secret belongs, all of which goes into `info`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Binding<'a> {
    pub(super) direction: Direction,
    /// The number of the recipient's key. Only passwords have one; zero where the recipient names
    /// its key in the call.
    pub(super) key_id: u64,
    pub(super) path: &'a str,
}

impl Binding<'_> {
    /// Bound to a path, for a key without a number.
    fn to_path(direction: Direction, path: &str) -> Binding<'_> {
        Binding {
            direction,
            key_id: 0,
            path,
        }
    }
}

/// Why a secret could not be wrapped or unwrapped.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum KeywrapError {
    /// The secret has another length than its direction's.
    #[error("a secret for {direction:?} has {expected} bytes, and this one has {given}")]
    SecretLength {
        /// Where the secret was to go.
        direction: Direction,
        /// Bytes it should have.
        expected: usize,
        /// Bytes it has.
        given: usize,
    },
    /// The wrapped secret has another length than its direction's.
    #[error(
        "a wrapped secret for {direction:?} has {expected} bytes (encapsulated key 32, \
         ciphertext, tag 16), and this one has {given}"
    )]
    WrappedLength {
        /// Where the secret came from.
        direction: Direction,
        /// Bytes it should have.
        expected: usize,
        /// Bytes it has.
        given: usize,
    },
    /// What should be bound in is not an object path.
    #[error(
        "a wrapping is bound to a D-Bus object path of at most 4096 bytes, beginning with \"/\""
    )]
    NotAPath,
    /// The public key, or the encapsulated one, is of low order.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It was wrapped for another key, direction or path, or was changed on the way.
    #[error(
        "the secret wrapped for {direction:?} does not open: it was made for another public key, \
         object path or direction, or was changed on the way"
    )]
    DoesNotOpen {
        /// The direction that was expected.
        direction: Direction,
    },
    /// No ephemeral key could be made.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The HPKE implementation refused for a reason that it should not have.
    #[error("HPKE refused the secret for {direction:?}: {reason}")]
    Refused {
        /// Where the secret was to go.
        direction: Direction,
        /// In the words of the implementation.
        reason: HpkeError,
    },
}

/// Wraps `secret` to the owner of `to`, bound to `direction` and `path`.
pub fn wrap(
    secret: &[u8],
    to: &PublicKey,
    direction: Direction,
    path: &str,
) -> Result<Vec<u8>, KeywrapError> {
    wrap_bound(secret, to, Binding::to_path(direction, path))
}

/// [`wrap`] with all that can be bound in.
pub(super) fn wrap_bound(
    secret: &[u8],
    to: &PublicKey,
    binding: Binding<'_>,
) -> Result<Vec<u8>, KeywrapError> {
    let mut random = SystemRandom { failure: None };
    let wrapped = wrap_with(&mut random, secret, to, binding);
    match random.failure {
        Some(failure) => Err(failure.into()),
        None => wrapped,
    }
}

/// Unwraps what [`wrap`] made for the owner of `with`, the same `direction` and the same `path`.
pub fn unwrap(
    wrapped: &[u8],
    with: &PrivateKey,
    direction: Direction,
    path: &str,
) -> Result<Zeroizing<Vec<u8>>, KeywrapError> {
    unwrap_bound(wrapped, with, Binding::to_path(direction, path))
}

/// [`unwrap`] with all that was bound in.
pub(super) fn unwrap_bound(
    wrapped: &[u8],
    with: &PrivateKey,
    binding: Binding<'_>,
) -> Result<Zeroizing<Vec<u8>>, KeywrapError> {
    let direction = binding.direction;
    let (expected, given) = (direction.wrapped_len(), wrapped.len());
    if given != expected {
        return Err(KeywrapError::WrappedLength {
            direction,
            expected,
            given,
        });
    }
    let info = info(binding)?;
    let (encapsulated, ciphertext) = wrapped.split_at(ENCAPSULATED_LEN);
    let refused = |reason| KeywrapError::Refused { direction, reason };
    let encapsulated =
        <X25519HkdfSha256 as hpke::Kem>::EncappedKey::from_bytes(encapsulated).map_err(refused)?;
    hpke::single_shot_open::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &with.for_hpke().map_err(refused)?,
        &encapsulated,
        &info,
        ciphertext,
        b"",
    )
    .map(Zeroizing::new)
    .map_err(|error| match error {
        HpkeError::DecapError => KeyError::LowOrder.into(),
        HpkeError::OpenError => KeywrapError::DoesNotOpen { direction },
        reason => refused(reason),
    })
}

impl ContentKey {
    /// Wraps this key; `direction` is one of the two that carry content keys.
    pub fn wrap(
        &self,
        to: &PublicKey,
        direction: Direction,
        path: &str,
    ) -> Result<Vec<u8>, KeywrapError> {
        wrap(self.as_bytes(), to, direction, path)
    }

    /// Unwraps a content key; `direction` is one of the two that carry content keys.
    pub fn unwrap(
        wrapped: &[u8],
        with: &PrivateKey,
        direction: Direction,
        path: &str,
    ) -> Result<Self, KeywrapError> {
        let secret = unwrap(wrapped, with, direction, path)?;
        let bytes = <&[u8; CONTENT_KEY_LEN]>::try_from(secret.as_slice()).map_err(|_| {
            let (expected, given) = (CONTENT_KEY_LEN, secret.len());
            KeywrapError::SecretLength {
                direction,
                expected,
                given,
            }
        })?;
        Ok(Self::from_bytes(bytes))
    }
}

/// [`wrap`] with a given source of the ephemeral key.
pub(super) fn wrap_with(
    random: &mut impl CryptoRng,
    secret: &[u8],
    to: &PublicKey,
    binding: Binding<'_>,
) -> Result<Vec<u8>, KeywrapError> {
    let direction = binding.direction;
    let (expected, given) = (direction.secret_len(), secret.len());
    if given != expected {
        return Err(KeywrapError::SecretLength {
            direction,
            expected,
            given,
        });
    }
    let info = info(binding)?;
    let refused = |reason| KeywrapError::Refused { direction, reason };
    let (encapsulated, ciphertext) =
        hpke::single_shot_seal_with_rng::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &to.for_hpke().map_err(refused)?,
            &info,
            secret,
            b"",
            random,
        )
        .map_err(refused)?;
    Ok([encapsulated.to_bytes().as_slice(), &ciphertext].concat())
}

pub(super) fn info(binding: Binding<'_>) -> Result<Vec<u8>, KeywrapError> {
    let Binding {
        direction,
        key_id,
        path,
    } = binding;
    if !path.starts_with('/') || path.len() > MAX_PATH_LEN {
        return Err(KeywrapError::NotAPath);
    }
    let mut info = [INFO_LABEL, &[VERSION, direction as u8]].concat();
    if matches!(
        direction,
        Direction::PasswordToDaemon | Direction::PasswordToApp
    ) {
        info.extend_from_slice(&key_id.to_be_bytes());
    }
    info.extend_from_slice(path.as_bytes());
    Ok(info)
}

/// The operating system's generator behind HPKE's trait, which cannot fail: a failure is kept, and
/// what was made with it is thrown away.
struct SystemRandom {
    failure: Option<NoRandomness>,
}

impl TryRng for SystemRandom {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_ne_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        if let Err(error) = getrandom::fill(bytes) {
            self.failure = Some(error.into());
        }
        Ok(())
    }
}

impl TryCryptoRng for SystemRandom {}
