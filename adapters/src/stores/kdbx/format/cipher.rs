//! The cipher around everything, and the stream that runs through protected values.

use aes::Aes256;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, StreamCipher};
use chacha20::ChaCha20;
use salsa20::Salsa20;
use sha2::{Digest, Sha256, Sha512};
use twofish::Twofish;
use zeroize::Zeroizing;

use super::super::problem::Problem;

/// The ciphers, by the UUIDs that a header names them with.
const AES: [u8; 16] = 0x31c1_f2e6_bf71_4350_be58_0521_6afc_5aff_u128.to_be_bytes();
const TWOFISH: [u8; 16] = 0xad68_f29f_576f_4bb9_a36a_d47a_f965_346c_u128.to_be_bytes();
const CHACHA20: [u8; 16] = 0xd603_8a2b_8b6f_4cb5_a524_339a_31db_b59a_u128.to_be_bytes();

/// The cipher around everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cipher {
    Aes,
    Twofish,
    ChaCha20,
}

impl Cipher {
    pub(super) fn read(uuid: &[u8]) -> Result<Self, Problem> {
        match uuid {
            uuid if uuid == AES => Ok(Self::Aes),
            uuid if uuid == TWOFISH => Ok(Self::Twofish),
            uuid if uuid == CHACHA20 => Ok(Self::ChaCha20),
            _ => Err(Problem::Unknown {
                what: "it is encrypted with a cipher that is not known here",
                advice: "Choose AES in the security settings of the database",
            }),
        }
    }

    pub(super) fn uuid(self) -> [u8; 16] {
        match self {
            Self::Aes => AES,
            Self::Twofish => TWOFISH,
            Self::ChaCha20 => CHACHA20,
        }
    }

    pub(super) fn iv_length(self) -> usize {
        match self {
            Self::Aes | Self::Twofish => 16,
            Self::ChaCha20 => 12,
        }
    }

    /// Decrypts in place. Only KDBX 3.1 finds out here that the key is wrong.
    pub(super) fn decrypt(
        self,
        key: &[u8; 32],
        iv: &[u8],
        content: &mut Vec<u8>,
    ) -> Result<(), Problem> {
        let bad_iv = |_| Problem::Malformed("its header has a start value of the wrong size");
        let bad_padding = |_| Problem::WrongKey;
        let length = match self {
            Self::Aes => cbc::Decryptor::<Aes256>::new_from_slices(key, iv)
                .map_err(bad_iv)?
                .decrypt_padded::<Pkcs7>(content)
                .map_err(bad_padding)?
                .len(),
            Self::Twofish => cbc::Decryptor::<Twofish>::new_from_slices(key, iv)
                .map_err(bad_iv)?
                .decrypt_padded::<Pkcs7>(content)
                .map_err(bad_padding)?
                .len(),
            Self::ChaCha20 => {
                let mut cipher = ChaCha20::new_from_slices(key, iv).map_err(bad_iv)?;
                cipher.apply_keystream(content);
                content.len()
            }
        };
        content.truncate(length);
        Ok(())
    }

    /// Encrypts in place; a block more than the content is needed for that.
    pub(super) fn encrypt(
        self,
        key: &[u8; 32],
        iv: &[u8],
        content: &mut Vec<u8>,
    ) -> Result<(), Problem> {
        let bad_iv = |_| Problem::Malformed("its header has a start value of the wrong size");
        let length = content.len();
        let no_room = |_| Problem::Malformed("there is no room for the last block");
        match self {
            Self::Aes => {
                content.resize(length + 16, 0);
                let cipher = cbc::Encryptor::<Aes256>::new_from_slices(key, iv).map_err(bad_iv)?;
                let length = cipher
                    .encrypt_padded::<Pkcs7>(content, length)
                    .map_err(no_room)?
                    .len();
                content.truncate(length);
            }
            Self::Twofish => {
                content.resize(length + 16, 0);
                let cipher = cbc::Encryptor::<Twofish>::new_from_slices(key, iv).map_err(bad_iv)?;
                let length = cipher
                    .encrypt_padded::<Pkcs7>(content, length)
                    .map_err(no_room)?
                    .len();
                content.truncate(length);
            }
            Self::ChaCha20 => {
                let mut cipher = ChaCha20::new_from_slices(key, iv).map_err(bad_iv)?;
                cipher.apply_keystream(content);
            }
        }
        Ok(())
    }
}

/// The stream that protected values are encrypted with, one after the other.
pub(super) enum Stream {
    Plain,
    Salsa20(Box<Salsa20>),
    ChaCha20(Box<ChaCha20>),
}

impl Stream {
    /// What a new database is written with: ChaCha20.
    pub(super) const NEW: u32 = 3;
    /// KeePass's start value for Salsa20.
    const SALSA20_IV: [u8; 8] = [0xe8, 0x30, 0x09, 0x4b, 0x97, 0x20, 0x5d, 0x2a];

    pub(super) fn new(kind: u32, key: &[u8]) -> Result<Self, Problem> {
        match kind {
            0 => Ok(Self::Plain),
            2 => {
                let key: Zeroizing<[u8; 32]> = Zeroizing::new(Sha256::digest(key).into());
                let cipher = Salsa20::new(&(*key).into(), &Self::SALSA20_IV.into());
                Ok(Self::Salsa20(Box::new(cipher)))
            }
            3 => {
                let both: Zeroizing<[u8; 64]> = Zeroizing::new(Sha512::digest(key).into());
                let (key, rest) = both.split_at(32);
                let cipher = ChaCha20::new_from_slices(key, rest.get(..12).unwrap_or_default());
                let bad = |_| Problem::Malformed("its inner key has the wrong size");
                Ok(Self::ChaCha20(Box::new(cipher.map_err(bad)?)))
            }
            _ => Err(Problem::Unknown {
                what: "its passwords are encrypted with a cipher that is not known here",
                advice: "Save it with KeePassXC first",
            }),
        }
    }

    /// Encrypts or decrypts what comes next.
    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        match self {
            Self::Plain => {}
            Self::Salsa20(cipher) => cipher.apply_keystream(bytes),
            Self::ChaCha20(cipher) => cipher.apply_keystream(bytes),
        }
    }
}
