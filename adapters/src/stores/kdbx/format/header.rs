//! The header: how the rest is encrypted. Nothing in it is secret.

use super::super::problem::Problem;
use super::cipher::{Cipher, Stream};
use super::kdf::Kdf;
use super::variant::Dictionary;
use super::{random, take, take_array, take_length};

const SIGNATURE: [u8; 8] = [0x03, 0xd9, 0xa2, 0x9a, 0x67, 0xfb, 0x4b, 0xb5];
/// KDBX 4.0, which every program of today reads.
const VERSION_4_0: u32 = 0x0004_0000;

const END: u8 = 0;
const CIPHER: u8 = 2;
const COMPRESSION: u8 = 3;
const SEED: u8 = 4;
const KDF_SALT: u8 = 5;
const KDF_ROUNDS: u8 = 6;
const IV: u8 = 7;
const STREAM_KEY: u8 = 8;
const START: u8 = 9;
const STREAM: u8 = 10;
const KDF: u8 = 11;

/// The header of a database.
#[derive(Clone)]
pub(crate) struct Header {
    version: u32,
    pub(super) cipher: Cipher,
    pub(super) is_compressed: bool,
    pub(super) seed: Vec<u8>,
    pub(super) iv: Vec<u8>,
    pub(super) kdf: Option<Kdf>,
    pub(super) stream: u32,
    /// Of KDBX 3.1, where there is no inner header: the key of the stream, and what the content
    /// starts with.
    pub(super) stream_key: Vec<u8>,
    pub(super) start: Vec<u8>,
    /// What this code does not look at, as it is: public data of plugins.
    others: Vec<(u8, Vec<u8>)>,
}

impl Header {
    /// The header of a new database: AES-256, compressed.
    pub(super) fn new() -> Self {
        Self {
            version: VERSION_4_0,
            cipher: Cipher::Aes,
            is_compressed: true,
            seed: Vec::new(),
            iv: Vec::new(),
            kdf: None,
            stream: Stream::NEW,
            stream_key: Vec::new(),
            start: Vec::new(),
            others: Vec::new(),
        }
    }

    /// Whether it is KDBX 4.
    pub(super) fn is_current(&self) -> bool {
        self.version >> 16 == 4
    }

    /// Reads the header of a file; the bytes after it are left in `rest`.
    pub(super) fn read(rest: &mut &[u8]) -> Result<Self, Problem> {
        let not_kdbx = Problem::Unknown {
            what: "it is no KDBX database",
            advice: "A database of KeePass 1 (.kdb) can be imported by KeePassXC",
        };
        if take(rest, 8).map_err(|_| not_kdbx.clone())? != SIGNATURE {
            return Err(not_kdbx);
        }
        let mut header = Self::new();
        header.version = u32::from_le_bytes(take_array(rest)?);
        if !matches!(header.version >> 16, 3 | 4) {
            return Err(Problem::Unknown {
                what: "it is of a version that is not known here",
                advice: "Save it as KDBX 4",
            });
        }
        let (mut rounds, mut salt) = (None, None);
        loop {
            let [kind] = take_array(rest)?;
            let length = match header.is_current() {
                true => take_length(rest)?,
                false => usize::from(u16::from_le_bytes(take_array(rest)?)),
            };
            let mut field = take(rest, length)?;
            match kind {
                END => break,
                CIPHER => header.cipher = Cipher::read(field)?,
                COMPRESSION => header.is_compressed = compression(&mut field)?,
                SEED => header.seed = field.to_vec(),
                IV => header.iv = field.to_vec(),
                KDF => header.kdf = Some(Kdf::read(&Dictionary::read(field)?)?),
                KDF_SALT => salt = Some(field),
                KDF_ROUNDS => rounds = Some(u64::from_le_bytes(take_array(&mut field)?)),
                STREAM_KEY => header.stream_key = field.to_vec(),
                START => header.start = field.to_vec(),
                STREAM => header.stream = u32::from_le_bytes(take_array(&mut field)?),
                other => header.others.push((other, field.to_vec())),
            }
        }
        if let (None, Some(rounds), Some(salt)) = (&header.kdf, rounds, salt) {
            header.kdf = Some(Kdf::aes(rounds, salt)?);
        }
        match header.seed.len() {
            32 => Ok(header),
            _ => Err(Problem::Malformed("its header lacks the seed of the key")),
        }
    }

    /// Takes everything that may be used only once anew from the operating system.
    pub(super) fn refresh(&mut self) -> Result<(), Problem> {
        self.seed = random::<32>()?.to_vec();
        let iv = random::<16>()?;
        self.iv = iv.get(..self.cipher.iv_length()).unwrap_or(&iv).to_vec();
        Ok(())
    }

    /// Writes it as KDBX 4 has it.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut written = SIGNATURE.to_vec();
        written.extend(self.version.to_le_bytes());
        let mut put = |kind: u8, field: &[u8]| {
            written.push(kind);
            written.extend(u32::try_from(field.len()).unwrap_or(u32::MAX).to_le_bytes());
            written.extend_from_slice(field);
        };
        put(CIPHER, &self.cipher.uuid());
        put(COMPRESSION, &u32::from(self.is_compressed).to_le_bytes());
        put(SEED, &self.seed);
        put(IV, &self.iv);
        if let Some(kdf) = &self.kdf {
            put(KDF, &kdf.write().write());
        }
        for (kind, field) in &self.others {
            put(*kind, field);
        }
        put(END, b"\r\n\r\n");
        written
    }
}

fn compression(field: &mut &[u8]) -> Result<bool, Problem> {
    match u32::from_le_bytes(take_array(field)?) {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Problem::Unknown {
            what: "it is compressed in a way that is not known here",
            advice: "Save it with KeePassXC first",
        }),
    }
}
