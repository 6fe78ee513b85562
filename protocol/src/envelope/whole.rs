//! Opening into one piece of memory, one segment at a time (design §4).

use std::io::Read;

use super::header::TAG_LEN;
use super::opener::{OpenError, Opener};
use super::plaintext::Plaintext;

/// An envelope that is being opened into memory. What has come out so far is not to be had before
/// all of it has.
#[derive(Debug)]
pub struct WholeOpening<R> {
    opener: Opener<R>,
    plaintext: Plaintext,
    filled: usize,
}

impl<R: Read> Opener<R> {
    /// Makes room for all that is left, at most `limit` bytes, in one piece of memory that never
    /// moves and is wiped when dropped.
    pub fn into_memory(self, limit: u64) -> Result<WholeOpening<R>, OpenError> {
        let left = self.left();
        let room = usize::try_from(left)
            .ok()
            .and_then(|left| left.checked_add(TAG_LEN))
            .filter(|room| left <= limit && isize::try_from(*room).is_ok());
        let Some(room) = room else {
            let size = self.plaintext_len();
            return Err(OpenError::TooLarge { size, limit });
        };
        let plaintext =
            Plaintext::zeroed(room).map_err(|error| OpenError::NoMemory { size: left, error })?;
        Ok(WholeOpening {
            opener: self,
            plaintext,
            filled: 0,
        })
    }
}

impl<R: Read> WholeOpening<R> {
    /// Opens the next segment, and returns its plaintext bytes; 0 once all have come out.
    pub fn step(&mut self) -> Result<usize, OpenError> {
        let room = self.opener.segment_buffer_len();
        let segment = self.plaintext.piece(self.filled, room);
        let opened = self.opener.read_segment_into(segment)?;
        self.filled += opened;
        Ok(opened)
    }

    /// What has come out: the whole payload, once [`step`](Self::step) has returned 0.
    pub fn finish(mut self) -> Plaintext {
        self.plaintext.truncate(self.filled);
        self.plaintext
    }
}
