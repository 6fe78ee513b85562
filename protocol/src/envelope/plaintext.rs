//! A whole payload in the clear, in the importing app (design §4).
//!
//! To touch a page of memory for the first time costs more than to decrypt into it. So a large
//! payload gets a mapping of its own, for which the kernel is asked for huge pages, and of which
//! nothing is touched, not even to wipe it, that was not filled.

use std::fmt;
use std::io;
use std::ops::Deref;

use memmap2::{Advice, MmapMut};
use zeroize::ZeroizeOnDrop;

use super::secret::wipe;

/// An opened payload, redacted in `Debug`, left out of core dumps if large, wiped when dropped.
pub struct Plaintext {
    memory: Memory,
    len: usize,
    /// Bytes from the start that may have been written.
    used: usize,
}

enum Memory {
    Heap(Vec<u8>),
    Pages(MmapMut),
}

impl Plaintext {
    /// From this size on, pages of its own are worth their system calls.
    const PAGES_FROM: usize = 1 << 20;

    /// Room for `len` bytes, all zero. Fails if there is no memory.
    pub(super) fn zeroed(len: usize) -> io::Result<Self> {
        let memory = match len < Self::PAGES_FROM {
            true => Memory::Heap(vec![0; len]),
            false => Memory::Pages(pages(len)?),
        };
        Ok(Self {
            memory,
            len,
            used: 0,
        })
    }

    /// At most `room` bytes from `start` on, to be written to.
    pub(super) fn piece(&mut self, start: usize, room: usize) -> &mut [u8] {
        let end = start.saturating_add(room).min(self.len);
        self.used = self.used.max(end);
        &mut self.memory.as_mut_slice()[start.min(end)..end]
    }

    /// Cuts off what lies beyond `len`; it stays allocated, and is wiped now.
    pub(super) fn truncate(&mut self, len: usize) {
        let used = self.used;
        if let Some(beyond) = self.memory.as_mut_slice().get_mut(len..used) {
            wipe(beyond);
        }
        self.len = self.len.min(len);
    }
}

fn pages(len: usize) -> io::Result<MmapMut> {
    let map = MmapMut::map_anon(len)?;
    for advice in [Advice::HugePage, Advice::DontDump] {
        match map.advise(advice) {
            // A kernel that was built without it.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
            advised => advised?,
        }
    }
    Ok(map)
}

impl Memory {
    fn as_mut_slice(&mut self) -> &mut [u8] {
        match self {
            Self::Heap(heap) => heap,
            Self::Pages(map) => map,
        }
    }
}

impl Deref for Plaintext {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let all: &[u8] = match &self.memory {
            Memory::Heap(heap) => heap,
            Memory::Pages(map) => map,
        };
        &all[..self.len]
    }
}

impl Drop for Plaintext {
    fn drop(&mut self) {
        let used = self.used;
        wipe(&mut self.memory.as_mut_slice()[..used]);
    }
}

impl ZeroizeOnDrop for Plaintext {}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plaintext({} bytes)", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: usize = 3 << 20;

    #[test]
    fn a_plaintext_never_shows_itself_in_a_log() {
        for len in [7, LARGE] {
            let mut plaintext = Plaintext::zeroed(len).unwrap();
            plaintext.piece(0, 7).copy_from_slice(b"hunter2");
            assert_eq!(
                format!("{plaintext:?} {plaintext:#?}"),
                format!("Plaintext({len} bytes) Plaintext({len} bytes)")
            );
        }
    }

    #[test]
    fn what_is_cut_off_is_wiped_before_it_is_forgotten() {
        for len in [100, LARGE] {
            let mut plaintext = Plaintext::zeroed(len).unwrap();
            plaintext.piece(0, len).fill(7);
            plaintext.truncate(len - 16);
            assert_eq!(plaintext.len(), len - 16);
            assert!(plaintext.iter().all(|byte| *byte == 7));
            let beyond = &plaintext.memory.as_mut_slice()[len - 16..];
            assert!(beyond.iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn a_forged_gibibyte_costs_its_reader_no_more_than_the_segment_that_does_not_open() {
        let mut plaintext = Plaintext::zeroed(1 << 30).unwrap();
        assert_eq!(plaintext.piece(0, 65_552).len(), 65_552);
        assert_eq!(plaintext.used, 65_552);
    }
}
