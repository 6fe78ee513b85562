//! The blocks that the content is cut into, each with a code that says whether it is genuine.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

use super::super::problem::Problem;
use super::{take, take_array, take_length};

/// The size of the blocks that are written, as KeePass has it.
const BLOCK: usize = 1 << 20;

/// What authenticates the header and the blocks of KDBX 4.
pub(super) struct MacKey(Zeroizing<[u8; 64]>);

impl MacKey {
    pub(super) fn new(seed: &[u8], derived: &[u8; 32]) -> Self {
        let mut digest = Sha512::new();
        digest.update(seed);
        digest.update(derived);
        digest.update([1]);
        Self(Zeroizing::new(digest.finalize().into()))
    }

    /// The code of a block; the header has the highest number.
    fn mac(&self, number: u64) -> Result<Hmac<Sha256>, Problem> {
        let mut key = Sha512::new();
        key.update(number.to_le_bytes());
        key.update(self.0.as_slice());
        let key: Zeroizing<[u8; 64]> = Zeroizing::new(key.finalize().into());
        Hmac::new_from_slice(key.as_slice())
            .map_err(|_| Problem::Malformed("a key has the wrong size"))
    }

    pub(super) fn check_header(&self, header: &[u8], code: &[u8]) -> Result<(), Problem> {
        let mut mac = self.mac(u64::MAX)?;
        mac.update(header);
        mac.verify_slice(code).map_err(|_| Problem::WrongKey)
    }

    pub(super) fn header(&self, header: &[u8]) -> Result<[u8; 32], Problem> {
        let mut mac = self.mac(u64::MAX)?;
        mac.update(header);
        Ok(mac.finalize().into_bytes().into())
    }

    fn block(&self, number: u64, block: &[u8]) -> Result<Hmac<Sha256>, Problem> {
        let mut mac = self.mac(number)?;
        mac.update(&number.to_le_bytes());
        mac.update(&u32::try_from(block.len()).unwrap_or(u32::MAX).to_le_bytes());
        mac.update(block);
        Ok(mac)
    }

    /// Puts blocks together.
    pub(super) fn read(&self, mut rest: &[u8]) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let mut content = Zeroizing::new(Vec::with_capacity(rest.len()));
        for number in 0.. {
            let code: [u8; 32] = take_array(&mut rest)?;
            let length = take_length(&mut rest)?;
            let block = take(&mut rest, length)?;
            let genuine = self.block(number, block)?.verify_slice(&code);
            genuine.map_err(|_| Problem::Malformed("it is damaged"))?;
            if block.is_empty() {
                break;
            }
            content.extend_from_slice(block);
        }
        Ok(content)
    }

    /// Cuts content into blocks.
    pub(super) fn write(&self, content: &[u8], written: &mut Vec<u8>) -> Result<(), Problem> {
        let blocks = content.chunks(BLOCK).chain(std::iter::once([].as_slice()));
        for (number, block) in (0..).zip(blocks) {
            written.extend(self.block(number, block)?.finalize().into_bytes());
            written.extend(u32::try_from(block.len()).unwrap_or(u32::MAX).to_le_bytes());
            written.extend_from_slice(block);
        }
        Ok(())
    }
}

/// Puts the blocks of KDBX 3.1 together, which have a hash each.
pub(super) fn read_hashed(mut rest: &[u8]) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let mut content = Zeroizing::new(Vec::with_capacity(rest.len()));
    loop {
        let _number: [u8; 4] = take_array(&mut rest)?;
        let hash: [u8; 32] = take_array(&mut rest)?;
        let length = take_length(&mut rest)?;
        let block = take(&mut rest, length)?;
        if block.is_empty() {
            return Ok(content);
        }
        if Sha256::digest(block).as_slice() != hash {
            return Err(Problem::Malformed("it is damaged"));
        }
        content.extend_from_slice(block);
    }
}
