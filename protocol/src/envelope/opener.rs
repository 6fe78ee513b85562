//! Opening: an envelope in, plaintext out, never a byte that has not been authenticated
//! (design §4).

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;

use thiserror::Error;

use super::header::{HEADER_LEN, Header, HeaderError, TAG_LEN};
use super::plaintext::Plaintext;
use super::secret::{ContentKey, Scratch, wipe};
use super::stream::SegmentCipher;

/// Why an envelope was not opened, or not to its end.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The envelope could not be read.
    #[error("the envelope could not be read: {0}")]
    Read(#[from] io::Error),
    /// The header is not one.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The input ended inside the header or inside a segment.
    #[error(
        "the envelope was cut short: {missing} bytes are missing {place}; ask for it again",
        place = place(*.segment)
    )]
    Truncated {
        /// The segment that is not whole, from 0; `None` for the header.
        segment: Option<u64>,
        /// Bytes missing of it.
        missing: usize,
    },
    /// The input goes on where the header says that the payload ends.
    #[error(
        "the envelope goes on after the {claimed} bytes that its header claims: it was extended, \
         or its header was changed; ask for it again"
    )]
    Trailing {
        /// Plaintext bytes that the header claims.
        claimed: u64,
    },
    /// The first segment does not authenticate: it cannot be told apart whether the key or the
    /// envelope is wrong.
    #[error(
        "the first segment does not open: this is another envelope's key, or the envelope was \
         changed; ask for both again"
    )]
    WrongKeyOrForged,
    /// The key is right, for an earlier segment opened, and this one was changed, moved or doubled,
    /// or the envelope was cut before its end.
    #[error(
        "segment {segment} is not what was sealed there: it was changed, moved, repeated, or \
         segments after it were cut off; discard what came before it and ask for the envelope again"
    )]
    Forged {
        /// The segment, from 0.
        segment: u64,
    },
    /// The buffer cannot hold the next segment and its tag.
    #[error(
        "the buffer holds {given} bytes, and the next segment needs {needed}; nothing was read"
    )]
    BufferTooSmall {
        /// Bytes of the next segment and its tag.
        needed: usize,
        /// Bytes of the buffer.
        given: usize,
    },
    /// The payload is larger than the caller wants to hold.
    #[error("the payload has {size} bytes, more than the {limit} that are accepted")]
    TooLarge {
        /// Plaintext bytes that the header claims.
        size: u64,
        /// Plaintext bytes that the caller accepts.
        limit: u64,
    },
    /// There is not enough memory for the payload.
    #[error("there is no memory for the {size} bytes of the payload: {error}")]
    NoMemory {
        /// Bytes that were asked for.
        size: u64,
        /// In the words of the operating system.
        error: io::Error,
    },
    /// An earlier read failed; nothing more comes out.
    #[error("this envelope failed to open before; nothing more of it can be read")]
    AlreadyFailed,
}

fn place(segment: Option<u64>) -> String {
    segment.map_or_else(
        || "of its header".to_owned(),
        |number| format!("of segment {number}"),
    )
}

/// Decrypts an envelope segment by segment.
///
/// Three ways to the plaintext: [`open_whole`](Self::open_whole) for a payload that fits in
/// memory, or [`into_memory`](Self::into_memory) for one step of that at a time;
/// [`read_segment_into`](Self::read_segment_into) without a copy in between; and
/// [`io::Read`], through a scratch segment that is wiped when dropped. The last segment comes out
/// only once the input has ended, so whoever has `plaintext_len` bytes has the whole payload; for
/// an empty one, only a read that returns 0 says that it was authentic.
pub struct Opener<R> {
    input: R,
    header: Header,
    cipher: SegmentCipher,
    opened: u64,
    state: State,
    scratch: Option<Scratch>,
    waiting: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reading,
    Ended,
    Failed,
}

impl<R: Read> Opener<R> {
    /// Reads the header from `input`.
    pub fn new(mut input: R, key: &ContentKey) -> Result<Self, OpenError> {
        let mut header = [0; HEADER_LEN];
        let got = read_full(&mut input, &mut header)?;
        if got < HEADER_LEN {
            return Err(OpenError::Truncated {
                segment: None,
                missing: HEADER_LEN - got,
            });
        }
        let header = Header::parse(&header)?;
        let cipher = SegmentCipher::new(key, &header).map_err(|_| OpenError::WrongKeyOrForged)?;
        Ok(Self {
            input,
            header,
            cipher,
            opened: 0,
            state: State::Reading,
            scratch: None,
            waiting: 0..0,
        })
    }

    /// Plaintext bytes in the whole payload, as the header claims; true once all have come out.
    pub fn plaintext_len(&self) -> u64 {
        self.header.plaintext_len
    }

    /// Bytes that [`read_segment_into`](Self::read_segment_into) needs for any segment: a full one
    /// and its tag.
    pub fn segment_buffer_len(&self) -> usize {
        self.header.segment_size.bytes() + TAG_LEN
    }

    /// Opens the next segment in `buffer`, where it was read, and returns its plaintext bytes.
    ///
    /// 0 means that the whole payload has come out and was authentic. `buffer` has room for the
    /// segment's tag too, whose bytes are left behind the plaintext. On failure it is wiped.
    pub fn read_segment_into(&mut self, buffer: &mut [u8]) -> Result<usize, OpenError> {
        if !self.waiting.is_empty() {
            return Ok(self.take_waiting(buffer));
        }
        match self.state {
            State::Ended => return Ok(0),
            State::Failed => return Err(OpenError::AlreadyFailed),
            State::Reading => {}
        }
        let (needed, last) = self.next_segment();
        let given = buffer.len();
        let Some(segment) = buffer.get_mut(..needed) else {
            return Err(OpenError::BufferTooSmall { needed, given });
        };
        match self.open_segment(segment, last) {
            Ok(plaintext) => {
                self.opened += plaintext as u64;
                self.state = if last { State::Ended } else { State::Reading };
                Ok(plaintext)
            }
            Err(error) => {
                wipe(segment);
                self.state = State::Failed;
                Err(error)
            }
        }
    }

    /// Opens all that is left, at most `limit` bytes, into one piece of memory that never moves
    /// and is wiped when dropped.
    pub fn open_whole(self, limit: u64) -> Result<Plaintext, OpenError> {
        let mut opening = self.into_memory(limit)?;
        while opening.step()? > 0 {}
        Ok(opening.finish())
    }

    /// Plaintext bytes that have not come out yet.
    pub(super) fn left(&self) -> u64 {
        self.header.plaintext_len - self.opened + self.waiting.len() as u64
    }

    /// Bytes of the next segment with its tag, and whether it is the last, by the header's claim.
    fn next_segment(&self) -> (usize, bool) {
        let left = self.header.plaintext_len - self.opened;
        let full = self.header.segment_size.bytes();
        match usize::try_from(left) {
            Ok(left) if left <= full => (left + TAG_LEN, true),
            _ => (full + TAG_LEN, false),
        }
    }

    fn open_segment(&mut self, segment: &mut [u8], last: bool) -> Result<usize, OpenError> {
        let number = self.cipher.next_segment();
        let got = read_full(&mut self.input, segment)?;
        if got < segment.len() {
            let missing = segment.len() - got;
            return Err(OpenError::Truncated {
                segment: Some(number),
                missing,
            });
        }
        if last && read_full(&mut self.input, &mut [0])? > 0 {
            return Err(OpenError::Trailing {
                claimed: self.header.plaintext_len,
            });
        }
        self.cipher.open(segment, last).map_err(|_| match number {
            0 => OpenError::WrongKeyOrForged,
            segment => OpenError::Forged { segment },
        })
    }

    /// Opens the next segment into the scratch, from where smaller reads are served.
    fn open_into_scratch(&mut self) -> Result<(), OpenError> {
        let room = self.segment_buffer_len();
        let mut scratch = self.scratch.take().unwrap_or_else(|| Scratch::zeroed(room));
        let opened = self.read_segment_into(scratch.as_mut_slice());
        self.scratch = Some(scratch);
        self.waiting = 0..opened?;
        Ok(())
    }

    fn take_waiting(&mut self, buffer: &mut [u8]) -> usize {
        let Some(scratch) = &self.scratch else {
            return 0;
        };
        let taken = buffer.len().min(self.waiting.len());
        let from = self.waiting.start;
        buffer[..taken].copy_from_slice(&scratch[from..from + taken]);
        self.waiting.start += taken;
        taken
    }
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.waiting.is_empty() {
            if buffer.len() >= self.segment_buffer_len() {
                return self.read_segment_into(buffer).map_err(into_io);
            }
            self.open_into_scratch().map_err(into_io)?;
        }
        Ok(self.take_waiting(buffer))
    }
}

fn into_io(error: OpenError) -> io::Error {
    match error {
        OpenError::Read(error) => error,
        other => io::Error::new(io::ErrorKind::InvalidData, other),
    }
}

/// Reads until `buffer` is full or the input ends; returns how many bytes came.
fn read_full(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match input.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(more) => got += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

impl<R> fmt::Debug for Opener<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener")
            .field("header", &self.header)
            .field("opened", &self.opened)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
