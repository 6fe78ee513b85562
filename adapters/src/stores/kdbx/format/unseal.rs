//! A file opened, one layer after the other.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::super::problem::Problem;
use super::blocks::{MacKey, read_hashed};
use super::cipher::Stream;
use super::header::Header;
use super::payload::{Inner, MOST_CONTENT, inflate};
use super::{CompositeKey, Database, DerivedKey, Element, take};

/// A file whose header is read.
pub(crate) struct Locked<'f> {
    header: Header,
    header_bytes: &'f [u8],
    rest: &'f [u8],
    /// The most bytes that the content may come to.
    pub(super) most_content: usize,
}

/// Reads the header of a file. What takes too much memory or time to open is refused here.
pub(crate) fn unlock(file: &[u8]) -> Result<Locked<'_>, Problem> {
    let mut rest = file;
    let header = Header::read(&mut rest)?;
    let header_bytes = file.get(..file.len() - rest.len()).unwrap_or_default();
    if header.is_current() && take(&mut rest, 32)? != Sha256::digest(header_bytes).as_slice() {
        return Err(Problem::Malformed("its header is damaged"));
    }
    Ok(Locked {
        header,
        header_bytes,
        rest,
        most_content: MOST_CONTENT,
    })
}

impl Locked<'_> {
    /// Whether it is KDBX 4.
    pub(crate) fn is_current(&self) -> bool {
        self.header.is_current()
    }

    /// Derives the key, which takes a while.
    pub(crate) fn derive(&self, key: &CompositeKey) -> Result<DerivedKey, Problem> {
        let missing = Problem::Malformed("its header does not say how the key is derived");
        self.header.kdf.as_ref().ok_or(missing)?.derive(key.bytes())
    }

    /// Decrypts the file.
    pub(crate) fn open(self, derived: &DerivedKey) -> Result<Database, Problem> {
        let mut digest = Sha256::new();
        digest.update(&self.header.seed);
        digest.update(derived.as_slice());
        let key: Zeroizing<[u8; 32]> = Zeroizing::new(digest.finalize().into());
        match self.header.is_current() {
            true => self.open_4(derived, &key),
            false => self.open_3(&key),
        }
    }

    fn open_4(mut self, derived: &DerivedKey, key: &[u8; 32]) -> Result<Database, Problem> {
        let mac = MacKey::new(&self.header.seed, derived);
        mac.check_header(self.header_bytes, take(&mut self.rest, 32)?)?;
        let mut content = mac.read(self.rest)?;
        self.header
            .cipher
            .decrypt(key, &self.header.iv, &mut content)?;
        let content = self.unpack(content)?;
        let mut rest = content.as_slice();
        let inner = Inner::read(&mut rest)?;
        let mut stream = Stream::new(inner.stream, &inner.stream_key)?;
        let (tree, is_damaged) = Element::read(rest, &mut stream)?;
        let mut header = self.header;
        header.stream = inner.stream;
        Ok(Database {
            header,
            tree,
            binaries: inner.binaries,
            is_damaged,
        })
    }

    fn open_3(self, key: &[u8; 32]) -> Result<Database, Problem> {
        let mut content = Zeroizing::new(self.rest.to_vec());
        self.header
            .cipher
            .decrypt(key, &self.header.iv, &mut content)?;
        let start = self.header.start.as_slice();
        if start.len() != 32 || content.get(..32) != Some(start) {
            return Err(Problem::WrongKey);
        }
        let content = self.unpack(read_hashed(content.get(32..).unwrap_or_default())?)?;
        let mut stream = Stream::new(self.header.stream, &self.header.stream_key)?;
        let (tree, is_damaged) = Element::read(&content, &mut stream)?;
        let binaries = super::payload::binaries_of_3(&tree)?;
        Ok(Database {
            header: self.header,
            tree,
            binaries,
            is_damaged,
        })
    }

    fn unpack(&self, content: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, Problem> {
        match self.header.is_compressed {
            true => inflate(&content, self.most_content),
            false => Ok(content),
        }
    }
}
