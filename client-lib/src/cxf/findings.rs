//! The notebook of one reading: problems and tolerated habits, in memory that does not grow with
//! the document.

use super::{Note, Problem, Quirk, Reason, Unit};

/// Problems beyond this number are counted and not listed.
const MOST_PROBLEMS: usize = 1000;
/// More than there are kinds of [`Quirk`].
const MOST_QUIRKS: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) problems: Vec<Problem>,
    pub(super) total: u64,
    pub(super) notes: Vec<Note>,
}

/// A place in the notebook to go back to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mark {
    problems: usize,
    total: u64,
    notes: [u32; MOST_QUIRKS],
}

impl Findings {
    /// Writes a problem down; the path is only worked out while there is room for it.
    pub(super) fn problem(&mut self, unit: Unit, reason: Reason, path: impl FnOnce() -> String) {
        self.total += 1;
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(Problem {
                path: path(),
                reason,
                unit,
            });
        }
    }

    /// Counts a tolerated habit; the path is only worked out the first time.
    pub(super) fn note(&mut self, quirk: Quirk, path: impl FnOnce() -> String) {
        match self.notes.iter_mut().find(|note| note.quirk == quirk) {
            Some(note) => note.count = note.count.saturating_add(1),
            None => self.notes.push(Note {
                quirk,
                count: 1,
                first: path(),
            }),
        }
    }

    pub(super) fn mark(&self) -> Mark {
        let mut notes = [0; MOST_QUIRKS];
        for (slot, note) in notes.iter_mut().zip(&self.notes) {
            *slot = note.count;
        }
        Mark {
            problems: self.problems.len(),
            total: self.total,
            notes,
        }
    }

    /// Forgets what was written since the mark: it was about a part that is not ours to judge.
    pub(super) fn back_to(&mut self, mark: &Mark) {
        self.problems.truncate(mark.problems);
        self.total = mark.total;
        for (note, count) in self.notes.iter_mut().zip(mark.notes) {
            note.count = count;
        }
        self.notes.retain(|note| note.count > 0);
    }
}
