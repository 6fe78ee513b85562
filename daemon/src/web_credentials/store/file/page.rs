//! A passphrase at rest: on a page that is locked against swapping, left out of core dumps, not copied into
//! a forked child, and wiped when it is dropped.

use std::io;

use credex_protocol::{LONGEST_PASSPHRASE, Passphrase};
use memmap2::{Advice, MmapMut, MmapOptions};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The page, and how much of it is the passphrase.
pub(super) struct Page {
    map: MmapMut,
    length: usize,
}

impl Page {
    /// Copies `passphrase` onto a page of its own.
    pub(super) fn holding(passphrase: &Passphrase) -> io::Result<Page> {
        let mut map = MmapOptions::new().len(LONGEST_PASSPHRASE).map_anon()?;
        map.advise(Advice::DontDump)?;
        map.advise(Advice::DontFork)?;
        if let Err(error) = map.lock() {
            tracing::warn!(%error, "a passphrase cannot be locked into memory: raise RLIMIT_MEMLOCK");
        }
        let bytes = passphrase.as_bytes();
        map[..bytes.len()].copy_from_slice(bytes);
        let length = bytes.len();
        Ok(Page { map, length })
    }

    /// The passphrase.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.map[..self.length]
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.map.zeroize();
    }
}

impl ZeroizeOnDrop for Page {}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Page(…)")
    }
}
