//! The outer form of an export that is protected by a password: key derivation, and the strings
//! that Bitwarden encrypts (type 2: AES-256-CBC, then HMAC-SHA256 over the initialisation vector and
//! the ciphertext; Bitwarden's Security Whitepaper, and its help page "Encrypted Exports").

use aes::Aes256;
use argon2::{Algorithm, Argon2, Params, Version};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use data_encoding::BASE64;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Bitwarden's own greatest numbers: its clients set no greater ones.
const MOST_PBKDF2_ITERATIONS: u32 = 2_000_000;
const MOST_ARGON2_ITERATIONS: u32 = 10;
const MOST_ARGON2_MEBIBYTES: u32 = 1024;
const MOST_ARGON2_LANES: u32 = 16;
/// And the numbers that they begin with.
const PBKDF2_ITERATIONS: u32 = 600_000;
const ARGON2_ITERATIONS: u32 = 3;
const ARGON2_MEBIBYTES: u32 = 64;
/// AES's block, and so the length of an initialisation vector.
const BLOCK: usize = 16;
const MAC: usize = 32;

/// The file, as Bitwarden calls its members.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Envelope {
    encrypted: bool,
    password_protected: bool,
    salt: String,
    kdf_type: u32,
    kdf_iterations: u32,
    #[serde(default)]
    kdf_memory: Option<u32>,
    #[serde(default)]
    kdf_parallelism: Option<u32>,
    #[serde(rename = "encKeyValidation_DO_NOT_EDIT")]
    validation: String,
    data: String,
}

/// Why an envelope was not opened.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum EnvelopeError {
    #[error("the password does not open it")]
    WrongPassword,
    /// What, and how much is let pass.
    #[error("{0}, which is more than {1}")]
    TooLarge(String, String),
    #[error("{0}")]
    Malformed(&'static str),
    #[error("there are no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

/// How a key is made of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kdf {
    /// PBKDF2 with HMAC-SHA256.
    Pbkdf2 { iterations: u32 },
    /// Argon2id, version 1.3.
    Argon2id {
        iterations: u32,
        mebibytes: u32,
        lanes: u32,
    },
}

impl Default for Kdf {
    /// Bitwarden's own numbers for Argon2id.
    fn default() -> Self {
        Self::Argon2id {
            iterations: ARGON2_ITERATIONS,
            mebibytes: ARGON2_MEBIBYTES,
            lanes: 4,
        }
    }
}

impl Kdf {
    /// The same kind with no smaller numbers than Bitwarden begins with by now.
    pub(super) fn strengthened(self) -> Self {
        match self {
            Self::Pbkdf2 { iterations } => Self::Pbkdf2 {
                iterations: iterations.max(PBKDF2_ITERATIONS),
            },
            Self::Argon2id {
                iterations,
                mebibytes,
                lanes,
            } => Self::Argon2id {
                iterations: iterations.max(ARGON2_ITERATIONS),
                mebibytes: mebibytes.max(ARGON2_MEBIBYTES),
                lanes,
            },
        }
    }

    /// The 32 bytes that a password comes to. The salt is the text in the file, as it is.
    fn derive(self, password: &str, salt: &str) -> Result<Zeroizing<[u8; 32]>, EnvelopeError> {
        let mut key = Zeroizing::new([0; 32]);
        match self {
            Self::Pbkdf2 { iterations } => {
                let (password, salt) = (password.as_bytes(), salt.as_bytes());
                pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, key.as_mut());
            }
            Self::Argon2id {
                iterations,
                mebibytes,
                lanes,
            } => {
                let wrong = |_| EnvelopeError::Malformed("its numbers for Argon2id do not fit");
                let params = Params::new(mebibytes * 1024, iterations, lanes, Some(32));
                let argon2 =
                    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(wrong)?);
                let salt = Sha256::digest(salt.as_bytes());
                argon2
                    .hash_password_into(password.as_bytes(), &salt, key.as_mut())
                    .map_err(wrong)?;
            }
        }
        Ok(key)
    }

    /// Looks whether deriving a key takes no more time and memory than Bitwarden would ask for.
    fn check(self) -> Result<(), EnvelopeError> {
        let within = |what: &str, number: u32, most: u32| match number {
            0 => Err(EnvelopeError::Malformed(
                "a number of its key derivation is 0",
            )),
            _ if number <= most => Ok(()),
            _ => Err(EnvelopeError::TooLarge(
                format!("its key derivation asks for {number} {what}"),
                most.to_string(),
            )),
        };
        match self {
            Self::Pbkdf2 { iterations } => within("iterations", iterations, MOST_PBKDF2_ITERATIONS),
            Self::Argon2id {
                iterations,
                mebibytes,
                lanes,
            } => {
                within("MiB of memory", mebibytes, MOST_ARGON2_MEBIBYTES)?;
                within("iterations", iterations, MOST_ARGON2_ITERATIONS)?;
                within("lanes", lanes, MOST_ARGON2_LANES)
            }
        }
    }
}

/// The two keys that a password is stretched to (RFC 5869, "HKDF-Expand").
struct Keys {
    encryption: Zeroizing<[u8; 32]>,
    authentication: Zeroizing<[u8; 32]>,
}

impl Keys {
    fn derive(kdf: Kdf, password: &str, salt: &str) -> Result<Self, EnvelopeError> {
        let secret = kdf.derive(password, salt)?;
        let wrong = EnvelopeError::Malformed("no keys come of it");
        let Ok(hkdf) = Hkdf::<Sha256>::from_prk(secret.as_slice()) else {
            return Err(wrong);
        };
        let mut keys = Self {
            encryption: Zeroizing::new([0; 32]),
            authentication: Zeroizing::new([0; 32]),
        };
        let encryption = hkdf.expand(b"enc", keys.encryption.as_mut());
        let authentication = hkdf.expand(b"mac", keys.authentication.as_mut());
        match (encryption, authentication) {
            (Ok(()), Ok(())) => Ok(keys),
            _ => Err(wrong),
        }
    }

    fn mac(&self) -> Result<Hmac<Sha256>, EnvelopeError> {
        Hmac::new_from_slice(self.authentication.as_slice())
            .map_err(|_| EnvelopeError::Malformed("no keys come of it"))
    }

    /// What an encrypted string says; `None` if these keys did not encrypt it.
    fn open(&self, string: &str) -> Result<Option<Zeroizing<Vec<u8>>>, EnvelopeError> {
        let wrong = EnvelopeError::Malformed("an encrypted text is not as Bitwarden writes it");
        let parts = string.strip_prefix("2.").map(|rest| rest.split('|'));
        let Some(parts) = parts else {
            return Err(wrong);
        };
        let parts: Result<Vec<_>, _> = parts.map(|part| BASE64.decode(part.as_bytes())).collect();
        let Ok([iv, mut text, mac]) = parts.map(<[Vec<u8>; 3]>::try_from).unwrap_or(Err(vec![]))
        else {
            return Err(wrong);
        };
        if iv.len() != BLOCK || mac.len() != MAC {
            return Err(wrong);
        }
        let sum = self.mac()?.chain_update(&iv).chain_update(&text);
        if sum.verify_slice(&mac).is_err() {
            return Ok(None);
        }
        let key = self.encryption.as_slice();
        let Ok(cipher) = cbc::Decryptor::<Aes256>::new_from_slices(key, &iv) else {
            return Err(wrong);
        };
        let Ok(length) = cipher.decrypt_padded::<Pkcs7>(&mut text).map(<[u8]>::len) else {
            return Err(wrong);
        };
        text.truncate(length);
        Ok(Some(Zeroizing::new(text)))
    }

    fn seal(&self, text: &[u8]) -> Result<String, EnvelopeError> {
        let wrong = EnvelopeError::Malformed("it cannot be encrypted");
        let mut iv = [0; BLOCK];
        getrandom::fill(&mut iv)?;
        let key = self.encryption.as_slice();
        let Ok(cipher) = cbc::Encryptor::<Aes256>::new_from_slices(key, &iv) else {
            return Err(wrong);
        };
        // With room for the padding, so that the text does not move while it is one.
        let mut sealed = Zeroizing::new(Vec::with_capacity(text.len() + BLOCK));
        sealed.extend_from_slice(text);
        sealed.resize(text.len() + BLOCK, 0);
        let Ok(sealed) = cipher.encrypt_padded::<Pkcs7>(&mut sealed, text.len()) else {
            return Err(wrong);
        };
        let sum = self.mac()?.chain_update(iv).chain_update(sealed);
        let mac = sum.finalize().into_bytes();
        let parts = [&iv[..], sealed, &mac].map(|part| BASE64.encode(part));
        Ok(format!("2.{}", parts.join("|")))
    }
}

impl Envelope {
    /// How its key is derived.
    pub(super) fn kdf(&self) -> Result<Kdf, EnvelopeError> {
        let missing = EnvelopeError::Malformed("a number of its key derivation is missing");
        let kdf = match (self.kdf_type, self.kdf_memory, self.kdf_parallelism) {
            (0, ..) => Kdf::Pbkdf2 {
                iterations: self.kdf_iterations,
            },
            (1, Some(mebibytes), Some(lanes)) => Kdf::Argon2id {
                iterations: self.kdf_iterations,
                mebibytes,
                lanes,
            },
            (1, ..) => return Err(missing),
            _ => return Err(EnvelopeError::Malformed("its key derivation is unknown")),
        };
        kdf.check()?;
        Ok(kdf)
    }

    /// What is in it.
    pub(super) fn open(&self, password: &str) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
        let keys = Keys::derive(self.kdf()?, password, &self.salt)?;
        if keys.open(&self.validation)?.is_none() {
            return Err(EnvelopeError::WrongPassword);
        }
        let damaged = EnvelopeError::Malformed("it was damaged, or changed by somebody");
        keys.open(&self.data)?.ok_or(damaged)
    }

    /// Puts something into an envelope.
    pub(super) fn seal(kdf: Kdf, password: &str, data: &[u8]) -> Result<Self, EnvelopeError> {
        let mut salt = [0; BLOCK];
        getrandom::fill(&mut salt)?;
        let salt = BASE64.encode(&salt);
        let keys = Keys::derive(kdf, password, &salt)?;
        let (kdf_type, kdf_iterations, kdf_memory, kdf_parallelism) = match kdf {
            Kdf::Pbkdf2 { iterations } => (0, iterations, None, None),
            Kdf::Argon2id {
                iterations,
                mebibytes,
                lanes,
            } => (1, iterations, Some(mebibytes), Some(lanes)),
        };
        Ok(Self {
            encrypted: true,
            password_protected: true,
            validation: keys.seal(uuid::Uuid::new_v4().to_string().as_bytes())?,
            data: keys.seal(data)?,
            salt,
            kdf_type,
            kdf_iterations,
            kdf_memory,
            kdf_parallelism,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: [Kdf; 2] = [
        Kdf::Pbkdf2 { iterations: 3 },
        Kdf::Argon2id {
            iterations: 1,
            mebibytes: 1,
            lanes: 2,
        },
    ];

    fn written(envelope: &Envelope) -> serde_json::Value {
        serde_json::to_value(envelope).unwrap()
    }

    #[test]
    fn what_was_sealed_is_opened_by_the_same_password_only() {
        for kdf in QUICK {
            let envelope = Envelope::seal(kdf, "correct horse", b"{}").unwrap();
            let envelope: Envelope = serde_json::from_value(written(&envelope)).unwrap();
            assert_eq!(envelope.open("correct horse").unwrap().as_slice(), b"{}");
            let wrong = envelope.open("Correct horse").unwrap_err();
            assert_eq!(wrong, EnvelopeError::WrongPassword);
        }
    }

    #[test]
    fn one_changed_letter_of_the_data_is_noticed() {
        let mut envelope = Envelope::seal(QUICK[0], "p", b"{\"items\":[]}").unwrap();
        let letter = envelope.data.remove(30);
        envelope
            .data
            .insert(30, if letter == 'A' { 'B' } else { 'A' });
        let told = envelope.open("p").unwrap_err();
        assert_eq!(told.to_string(), "it was damaged, or changed by somebody");
    }

    #[test]
    fn key_derivations_that_cost_too_much_are_refused_before_they_begin() {
        let sealed = written(&Envelope::seal(QUICK[1], "p", b"{}").unwrap());
        let changes = [
            ("kdfMemory", 2048_u32),
            ("kdfIterations", 1_000_000),
            ("kdfParallelism", 4_000_000_000),
            ("kdfMemory", 0),
            ("kdfType", 7),
        ];
        for (name, number) in changes {
            let mut changed = sealed.clone();
            changed[name] = number.into();
            let envelope: Envelope = serde_json::from_value(changed).unwrap();
            let told = envelope.open("p").unwrap_err();
            assert_ne!(told, EnvelopeError::WrongPassword, "{name}");
        }
    }

    #[test]
    fn texts_that_bitwarden_would_not_write_are_refused() {
        let keys = Keys::derive(QUICK[0], "p", "salt").unwrap();
        for text in [
            "",
            "2.",
            "2.|||",
            "0.AAAA|AAAA",
            "2.AAAA|AAAA|AAAA",
            "2.é|é|é",
        ] {
            assert!(keys.open(text).is_err(), "{text}");
        }
    }
}
