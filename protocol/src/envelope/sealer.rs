//! Sealing: plaintext in, an envelope out, with one segment in memory (design §4).

use std::fmt;
use std::io::{self, Seek, SeekFrom, Write};

use thiserror::Error;

use super::header::{AUTHENTICATED_LEN, Header, SegmentSize, TAG_LEN, UNFINISHED};
use super::secret::{ContentKey, NoRandomness, Scratch, random_prefix};
use super::stream::{CipherFailure, SegmentCipher};

/// Why an envelope could not be written.
#[derive(Debug, Error)]
pub enum SealError {
    /// No random nonce prefix.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The envelope could not be written where it should go.
    #[error("the envelope could not be written: {0}; nothing of it is valid, start a new one")]
    Write(#[from] io::Error),
    /// An earlier failure left the envelope torn: it must not be continued with the same nonces.
    #[error("an earlier failure left this envelope torn; start a new one")]
    Torn,
    /// More than 2³² segments.
    #[error("the payload has more than 4294967296 segments; use larger segments")]
    TooLong,
}

/// Encrypts what is written to it into an envelope; only [`finish`](Self::finish) makes it valid.
///
/// Holds one segment (64 KiB), wiped when dropped. The caller's plaintext stays the caller's to
/// wipe. `flush` passes on to the output: a half-filled segment waits for more, or for the end.
pub struct Sealer<W> {
    output: W,
    start: u64,
    header: Header,
    cipher: SegmentCipher,
    segment: Scratch,
    sealed: u64,
    torn: bool,
}

impl<W: Write + Seek> Sealer<W> {
    /// Begins an envelope where `output` stands, for one `key` that seals nothing else.
    pub fn new(output: W, key: &ContentKey) -> Result<Self, SealError> {
        Self::with(output, key, SegmentSize::DEFAULT, random_prefix()?)
    }

    /// A sealer whose every byte is decided by the caller: for test vectors.
    pub(super) fn with(
        mut output: W,
        key: &ContentKey,
        segment_size: SegmentSize,
        nonce_prefix: [u8; 7],
    ) -> Result<Self, SealError> {
        let header = Header {
            segment_size,
            nonce_prefix,
            plaintext_len: UNFINISHED,
        };
        let start = output.stream_position()?;
        output.write_all(&header.to_bytes())?;
        Ok(Self {
            output,
            start,
            header,
            cipher: SegmentCipher::new(key, &header)?,
            segment: Scratch::with_room(segment_size.bytes() + TAG_LEN),
            sealed: 0,
            torn: false,
        })
    }

    /// Scratch bytes taken so far.
    pub fn plaintext_len(&self) -> u64 {
        self.sealed + self.segment.len() as u64
    }

    /// Seals the last segment, writes the length, and hands the output back, standing at its end.
    pub fn finish(mut self) -> Result<W, SealError> {
        self.seal_segment(true)?;
        let length_at = self.start + AUTHENTICATED_LEN as u64;
        self.output.seek(SeekFrom::Start(length_at))?;
        self.output.write_all(&self.sealed.to_be_bytes())?;
        self.output.seek(SeekFrom::End(0))?;
        self.output.flush()?;
        Ok(self.output)
    }

    /// Copies as much of `plaintext` as the open segment takes; a full one is sealed first, now
    /// that it is known not to be the last.
    fn fill(&mut self, plaintext: &[u8]) -> Result<usize, SealError> {
        if self.torn {
            return Err(SealError::Torn);
        }
        let full = self.header.segment_size.bytes();
        if self.segment.len() == full && !plaintext.is_empty() {
            self.seal_segment(false)?;
        }
        let taken = plaintext.len().min(full - self.segment.len());
        self.segment.append(&plaintext[..taken]);
        Ok(taken)
    }

    fn seal_segment(&mut self, last: bool) -> Result<(), SealError> {
        if std::mem::replace(&mut self.torn, true) {
            return Err(SealError::Torn);
        }
        let plaintext_len = self.segment.len() as u64;
        let tag = self.cipher.seal(self.segment.as_mut_slice(), last)?;
        self.segment.append(tag.as_ref());
        self.output.write_all(&self.segment)?;
        // What is left there is ciphertext.
        self.segment.clear();
        self.sealed += plaintext_len;
        self.torn = false;
        Ok(())
    }
}

impl<W: Write + Seek> Write for Sealer<W> {
    fn write(&mut self, plaintext: &[u8]) -> io::Result<usize> {
        self.fill(plaintext).map_err(|error| match error {
            SealError::Write(error) => error,
            other => io::Error::other(other),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

impl From<CipherFailure> for SealError {
    /// Sealing a segment that fits its buffer fails only when the segment numbers have run out.
    fn from(_: CipherFailure) -> Self {
        Self::TooLong
    }
}

impl<W> fmt::Debug for Sealer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer")
            .field("sealed", &self.sealed)
            .field("filled", &self.segment.len())
            .field("torn", &self.torn)
            .finish_non_exhaustive()
    }
}
