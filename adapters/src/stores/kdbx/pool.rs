//! The bytes of attachments, each once, to which entries refer by number.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::format::Binary;

/// Whether programs should keep the bytes encrypted in memory.
const PROTECT: u8 = 1;

/// The bytes of attachments.
pub(super) struct Pool {
    binaries: Vec<Binary>,
    numbers: HashMap<[u8; 32], usize>,
}

impl Pool {
    /// What a database has.
    pub(super) fn new(binaries: Vec<Binary>) -> Self {
        let numbered = binaries.iter().enumerate();
        let numbers = numbered.map(|(number, binary)| (digest(&binary.content), number));
        Self {
            numbers: numbers.collect(),
            binaries,
        }
    }

    /// Takes bytes, and gives them a number.
    pub(super) fn put(&mut self, content: &[u8]) -> usize {
        let (digest, next) = (digest(content), self.binaries.len());
        *self.numbers.entry(digest).or_insert_with(|| {
            let content = zeroize::Zeroizing::new(content.to_vec());
            self.binaries.push(Binary {
                flags: PROTECT,
                content,
                is_there: true,
            });
            next
        })
    }

    pub(super) fn binaries(&self) -> &[Binary] {
        &self.binaries
    }

    pub(super) fn into_binaries(self) -> Vec<Binary> {
        self.binaries
    }
}

fn digest(content: &[u8]) -> [u8; 32] {
    Sha256::digest(content).into()
}
