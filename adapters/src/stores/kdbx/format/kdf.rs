//! How a key is derived from a passphrase so that guessing is slow, and how slow is let pass.

use aes::Aes256;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use argon2::{Algorithm, Argon2, Params, Version};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use super::super::problem::Problem;
use super::variant::{Dictionary, Value};
use super::{DerivedKey, random};

/// The functions, by the UUIDs that a header names them with.
const AES: [u8; 16] = 0xc9d9_f39a_628a_4460_bf74_0d08_c18a_4fea_u128.to_be_bytes();
const ARGON2D: [u8; 16] = 0xef63_6ddf_8c29_444b_91f7_a9a4_03e3_0a0c_u128.to_be_bytes();
const ARGON2ID: [u8; 16] = 0x9e29_8b19_56db_4773_b23d_fc3e_c6f0_a1e6_u128.to_be_bytes();

/// The most memory that a database may ask for: KeePassXC's dialog goes up to it, and a small laptop
/// has it.
const MOST_MEMORY: u64 = 1 << 30;
/// The most memory times passes: about a minute of one core, where databases take a second.
const MOST_WORK: u64 = 64 << 30;
/// The most rounds of AES: about half a minute, where databases take a second.
const MOST_ROUNDS: u64 = 600_000_000;
/// More lanes than any machine of today has cores.
const MOST_LANES: u64 = 256;

/// What is written: the second choice of RFC 9106 (§ 4), for where memory is scarce. 64 MiB, three
/// passes, four lanes.
const MEMORY: u64 = 64 << 20;
const PASSES: u64 = 3;
const LANES: u32 = 4;

/// A key derivation function with its parameters and salt.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Kdf {
    function: Function,
    salt: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Function {
    Aes {
        rounds: u64,
    },
    Argon2 {
        algorithm: Algorithm,
        version: u32,
        memory: u64,
        passes: u64,
        lanes: u32,
    },
}

impl Kdf {
    /// What a new database is written with.
    pub(crate) fn new() -> Result<Self, Problem> {
        Ok(Self {
            function: Function::Argon2 {
                algorithm: Algorithm::Argon2id,
                version: 0x13,
                memory: MEMORY,
                passes: PASSES,
                lanes: LANES,
            },
            salt: random::<32>()?.to_vec(),
        })
    }

    /// Whether it makes guessing at least as hard as what a new database is written with.
    pub(crate) fn is_strong(&self) -> bool {
        match self.function {
            Function::Argon2 { memory, passes, .. } => {
                memory >= MEMORY && memory.saturating_mul(passes) >= MEMORY * PASSES
            }
            Function::Aes { .. } => false,
        }
    }

    /// The one of KDBX 3.1.
    pub(super) fn aes(rounds: u64, salt: &[u8]) -> Result<Self, Problem> {
        let kdf = Self {
            function: Function::Aes { rounds },
            salt: salt.to_vec(),
        };
        kdf.check()?;
        Ok(kdf)
    }

    /// Reads the parameters of a header, and refuses what would take too long.
    pub(super) fn read(parameters: &Dictionary) -> Result<Self, Problem> {
        let missing = Problem::Malformed("its header does not say how the key is derived");
        let salt = parameters.bytes("S").ok_or(missing.clone())?.to_vec();
        let number = |name: &str| parameters.number(name).ok_or(missing.clone());
        let argon2 = |algorithm| {
            Ok(Function::Argon2 {
                algorithm,
                version: u32::try_from(number("V")?).unwrap_or_default(),
                memory: number("M")?,
                passes: number("I")?,
                lanes: u32::try_from(number("P")?.min(MOST_LANES + 1)).unwrap_or_default(),
            })
        };
        let uuid = parameters.bytes("$UUID").ok_or(missing.clone())?;
        let function = match uuid {
            uuid if uuid == AES => Function::Aes {
                rounds: number("R")?,
            },
            uuid if uuid == ARGON2D => argon2(Algorithm::Argon2d)?,
            uuid if uuid == ARGON2ID => argon2(Algorithm::Argon2id)?,
            _ => {
                return Err(Problem::Unknown {
                    what: "its key is derived with a function that is not known here",
                    advice: "Choose Argon2 in the security settings of the database",
                });
            }
        };
        if parameters.get("K").is_some() || parameters.get("A").is_some() {
            return Err(Problem::Unknown {
                what: "its key is derived with a secret of its own",
                advice: "Save it with KeePassXC first",
            });
        }
        let kdf = Self { function, salt };
        kdf.check()?;
        Ok(kdf)
    }

    fn check(&self) -> Result<(), Problem> {
        let too_large = |what: String, limit: String| Err(Problem::TooLarge { what, limit });
        match self.function {
            Function::Aes { rounds } if rounds > MOST_ROUNDS => too_large(
                format!("it wants {rounds} rounds of key derivation"),
                format!("{MOST_ROUNDS} rounds"),
            ),
            Function::Argon2 { memory, .. } if memory > MOST_MEMORY => too_large(
                format!("it wants {} MiB of memory for its key", memory >> 20),
                format!("{} MiB", MOST_MEMORY >> 20),
            ),
            Function::Argon2 { memory, passes, .. }
                if memory.max(1 << 20).saturating_mul(passes) > MOST_WORK =>
            {
                too_large(
                    format!(
                        "it wants {passes} passes over {} KiB for its key",
                        memory >> 10
                    ),
                    format!("{} GiB in all", MOST_WORK >> 30),
                )
            }
            Function::Argon2 { lanes, .. } if u64::from(lanes) > MOST_LANES => too_large(
                "it wants very many threads for its key".to_owned(),
                MOST_LANES.to_string(),
            ),
            _ => Ok(()),
        }
    }

    /// The parameters as a header has them.
    pub(super) fn write(&self) -> Dictionary {
        let mut parameters = Dictionary::default();
        let uuid = |uuid: [u8; 16]| Value::Bytes(uuid.to_vec());
        match self.function {
            Function::Aes { rounds } => {
                parameters.set("$UUID", uuid(AES));
                parameters.set("R", Value::U64(rounds));
            }
            Function::Argon2 {
                algorithm,
                version,
                memory,
                passes,
                lanes,
            } => {
                let is_id = algorithm == Algorithm::Argon2id;
                parameters.set("$UUID", uuid(if is_id { ARGON2ID } else { ARGON2D }));
                parameters.set("V", Value::U32(version));
                parameters.set("M", Value::U64(memory));
                parameters.set("I", Value::U64(passes));
                parameters.set("P", Value::U32(lanes));
            }
        }
        parameters.set("S", Value::Bytes(self.salt.clone()));
        parameters
    }

    /// Derives the key. It takes as long as the parameters say.
    pub(crate) fn derive(&self, composite: &[u8; 32]) -> Result<DerivedKey, Problem> {
        match self.function {
            Function::Aes { rounds } => self.derive_aes(composite, rounds),
            Function::Argon2 {
                algorithm,
                version,
                memory,
                passes,
                lanes,
            } => {
                let absurd =
                    Problem::Malformed("its key derivation has parameters that make no sense");
                let number = |number: u64| u32::try_from(number).map_err(|_| absurd.clone());
                let version = Version::try_from(version).map_err(|_| absurd.clone())?;
                let params = Params::new(number(memory >> 10)?, number(passes)?, lanes, Some(32));
                let params = params.map_err(|_| absurd.clone())?;
                let argon2 = Argon2::new(algorithm, version, params);
                let mut key = Zeroizing::new([0; 32]);
                argon2
                    .hash_password_into(composite, &self.salt, key.as_mut_slice())
                    .map_err(|_| absurd)?;
                Ok(key)
            }
        }
    }

    fn derive_aes(&self, composite: &[u8; 32], rounds: u64) -> Result<DerivedKey, Problem> {
        let salt = self.salt.as_slice().try_into();
        let salt: &[u8; 32] =
            salt.map_err(|_| Problem::Malformed("its salt has the wrong size"))?;
        let cipher = Aes256::new(&Array::from(*salt));
        let mut blocks = [Array::from([0; 16]); 2];
        for (block, half) in blocks.iter_mut().zip(composite.chunks_exact(16)) {
            block.copy_from_slice(half);
        }
        for _ in 0..rounds {
            cipher.encrypt_blocks(&mut blocks);
        }
        let mut digest = Sha256::new();
        for block in &mut blocks {
            digest.update(block.as_slice());
            block.as_mut_slice().zeroize();
        }
        Ok(Zeroizing::new(digest.finalize().into()))
    }
}

impl std::fmt::Debug for Kdf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.function.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argon2(memory: u64, passes: u64, lanes: u32) -> Dictionary {
        let kdf = Kdf {
            function: Function::Argon2 {
                algorithm: Algorithm::Argon2id,
                version: 0x13,
                memory,
                passes,
                lanes,
            },
            salt: vec![7; 32],
        };
        kdf.write()
    }

    #[test]
    fn what_a_header_says_comes_back() {
        let new = Kdf::new().unwrap();
        assert!(new.is_strong());
        let written = new.write().write();
        assert_eq!(
            Kdf::read(&Dictionary::read(&written).unwrap()).unwrap(),
            new
        );
    }

    #[test]
    fn two_gibibytes_of_memory_are_refused_before_any_is_taken() {
        let told = Kdf::read(&argon2(2 << 30, 1, 1)).unwrap_err();
        assert_eq!(
            told.to_string(),
            "it wants 2048 MiB of memory for its key, which is more than 1024 MiB"
        );
        for hostile in [
            argon2(1 << 20, u64::MAX, 1),
            argon2(0, 1 << 40, 1),
            argon2(1 << 20, 1, 9999),
        ] {
            assert!(matches!(Kdf::read(&hostile), Err(Problem::TooLarge { .. })));
        }
        assert!(matches!(
            Kdf::aes(u64::MAX, &[0; 32]),
            Err(Problem::TooLarge { .. })
        ));
    }

    #[test]
    fn parameters_without_sense_are_an_error() {
        for absurd in [
            argon2(0, 1, 1),
            argon2(1 << 20, 0, 1),
            argon2(1 << 20, 1, 0),
        ] {
            let kdf = Kdf::read(&absurd).unwrap();
            assert!(
                matches!(kdf.derive(&[0; 32]), Err(Problem::Malformed(_))),
                "{kdf:?}"
            );
        }
    }

    #[test]
    fn weak_functions_are_told_from_strong_ones() {
        let strength = |memory, passes| Kdf::read(&argon2(memory, passes, 1)).unwrap().is_strong();
        assert!(!strength(1 << 20, 1000));
        assert!(!strength(64 << 20, 2));
        assert!(strength(256 << 20, 1));
        assert!(!Kdf::aes(60_000, &[0; 32]).unwrap().is_strong());
    }
}
