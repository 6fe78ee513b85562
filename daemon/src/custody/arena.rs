//! Memory for secrets: pages that are locked against swapping, left out of core dumps, not copied
//! into a forked child, and divided into cells that are wiped when they are given back. Serves
//! design §4.
//!
//! A page is mapped when the first key needs it, so that an idle daemon holds none.

use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use memmap2::{Advice, MmapMut, MmapOptions};
use zeroize::Zeroize;

/// Bytes of a cell: a private key, a token, and room.
const CELL: usize = 64;
const PAGE: usize = 4096;
const CELLS_PER_PAGE: usize = PAGE / CELL;

/// Pages of cells.
#[derive(Default)]
pub(super) struct Arena {
    pages: Mutex<Pages>,
}

#[derive(Default)]
struct Pages {
    maps: Vec<MmapMut>,
    free: Vec<u32>,
    unlocked: bool,
}

/// A place for the secrets of one session.
pub(super) struct Cell {
    arena: Arc<Arena>,
    index: u32,
}

impl Arena {
    /// Takes an empty cell.
    pub(super) fn take(this: &Arc<Arena>) -> io::Result<Cell> {
        let mut pages = this.lock();
        if pages.free.is_empty() {
            pages.grow()?;
        }
        let index = pages.free.pop().ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Cell {
            arena: Arc::clone(this),
            index,
        })
    }

    /// Whether every page could be locked.
    pub(super) fn is_locked(&self) -> bool {
        !self.lock().unlocked
    }

    /// A panic elsewhere leaves the bytes whole, so a poisoned lock is no reason to stop wiping.
    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    fn grow(&mut self) -> io::Result<()> {
        let map = MmapOptions::new().len(PAGE).map_anon()?;
        map.advise(Advice::DontDump)?;
        map.advise(Advice::DontFork)?;
        if let Err(error) = map.lock() {
            tracing::warn!(%error, "keys cannot be locked into memory: raise RLIMIT_MEMLOCK");
            self.unlocked = true;
        }
        let first = self.maps.len() * CELLS_PER_PAGE;
        let cells = first..first + CELLS_PER_PAGE;
        self.free
            .extend(cells.rev().filter_map(|cell| u32::try_from(cell).ok()));
        self.maps.push(map);
        Ok(())
    }

    fn cell(&mut self, index: u32) -> &mut [u8] {
        let index = index as usize;
        let start = index % CELLS_PER_PAGE * CELL;
        &mut self.maps[index / CELLS_PER_PAGE][start..start + CELL]
    }
}

impl Cell {
    /// Puts `bytes` at `place`, which must be of their length and inside the cell.
    pub(super) fn write(&self, place: Range<usize>, bytes: &[u8]) {
        self.arena.lock().cell(self.index)[place].copy_from_slice(bytes);
    }

    /// Lets `look` see the cell.
    pub(super) fn with<T>(&self, look: impl FnOnce(&[u8]) -> T) -> T {
        look(self.arena.lock().cell(self.index))
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        let mut pages = self.arena.lock();
        pages.cell(self.index).zeroize();
        pages.free.push(self.index);
    }
}

impl std::fmt::Debug for Arena {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Arena(…)")
    }
}

impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cell(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_is_given_back_is_wiped() {
        let arena = Arc::new(Arena::default());
        let cell = Arena::take(&arena).unwrap();
        let index = cell.index;
        cell.write(0..4, b"seal");
        drop(cell);
        assert_eq!(arena.lock().cell(index), [0; CELL]);
    }

    #[test]
    fn more_sessions_than_a_page_holds_each_have_a_cell_of_their_own() {
        let arena = Arc::new(Arena::default());
        let cells: Vec<Cell> = (0..200).map(|_| Arena::take(&arena).unwrap()).collect();
        for (number, cell) in (0u8..).zip(&cells) {
            cell.write(0..1, &[number]);
        }
        for (number, cell) in (0u8..).zip(&cells) {
            assert_eq!(cell.with(|bytes| bytes[0]), number);
        }
    }

    #[test]
    fn the_pages_are_locked_and_kept_out_of_core_dumps() {
        let arena = Arc::new(Arena::default());
        let cell = Arena::take(&arena).unwrap();
        let address = arena.lock().maps[0].as_ptr() as usize;
        let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut lines = smaps.lines().skip_while(|line| !covers(line, address));
        let flags = lines.find(|line| line.starts_with("VmFlags")).unwrap();
        for flag in [" lo", " dd", " dc"] {
            assert!(flags.contains(flag), "{flag} is missing in {flags}");
        }
        drop(cell);
    }

    /// Whether a line of smaps opens the mapping that `address` is in; neighbours may be merged.
    fn covers(line: &str, address: usize) -> bool {
        let range = line
            .split(' ')
            .next()
            .and_then(|range| range.split_once('-'));
        range.is_some_and(|(start, end)| {
            let at = |text| usize::from_str_radix(text, 16).unwrap_or(0);
            (at(start)..at(end)).contains(&address)
        })
    }
}
