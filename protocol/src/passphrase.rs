//! A passphrase on its way from the person to the service: through a pipe, because the copies that a
//! D-Bus library keeps of a message cannot be wiped. Serves `Chooser1.AskPassphrase`.

use std::fmt;
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::OwnedFd;

use rustix::fs::OFlags;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The longest passphrase, in bytes. A pipe takes it whole, without waiting for a reader.
pub const LONGEST_PASSPHRASE: usize = 1024;

/// What the person typed: UTF-8, not empty, without a line break. Wiped when dropped.
pub struct Passphrase(Zeroizing<Vec<u8>>);

/// Why something is no passphrase.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseError {
    /// Nothing was typed.
    #[error("the passphrase is empty")]
    Empty,
    /// It does not fit.
    #[error("the passphrase is longer than {LONGEST_PASSPHRASE} bytes")]
    TooLong,
    /// It cannot have been typed as one.
    #[error("the passphrase is not one line of UTF-8 text")]
    NotALine,
    /// The pipe cannot be read or written, or its write end is still open.
    #[error("the pipe of the passphrase cannot be used: {0}")]
    Pipe(#[from] io::Error),
}

impl Passphrase {
    /// Takes over what was typed, which is wiped also if it is refused.
    ///
    /// # Errors
    /// It is empty, too long, or more than one line of text.
    pub fn new(typed: impl Into<Zeroizing<Vec<u8>>>) -> Result<Passphrase, PassphraseError> {
        let typed = typed.into();
        match typed.as_slice() {
            [] => Err(PassphraseError::Empty),
            long if long.len() > LONGEST_PASSPHRASE => Err(PassphraseError::TooLong),
            text if std::str::from_utf8(text).is_err() => Err(PassphraseError::NotALine),
            text if text.iter().any(|byte| b"\n\r\0".contains(byte)) => {
                Err(PassphraseError::NotALine)
            }
            _ => Ok(Passphrase(typed)),
        }
    }

    /// The text, in the clear.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Puts it into a pipe, and gives the end to read from.
    ///
    /// # Errors
    /// The system gives no pipe.
    pub fn into_pipe(self) -> io::Result<OwnedFd> {
        let (reader, mut writer) = io::pipe()?;
        writer.write_all(&self.0)?;
        Ok(reader.into())
    }

    /// Takes it out of the pipe whose read end is `fd`. Does not wait.
    ///
    /// # Errors
    /// It is not a pipe that holds a passphrase and whose write end is closed.
    pub fn from_pipe(fd: OwnedFd) -> Result<Passphrase, PassphraseError> {
        let flags = rustix::fs::fcntl_getfl(&fd).map_err(io::Error::from)?;
        rustix::fs::fcntl_setfl(&fd, flags | OFlags::NONBLOCK).map_err(io::Error::from)?;
        let mut reader = PipeReader::from(fd);
        // One byte more than the longest, so that it shows. It never grows: that would leave a copy.
        let mut read = Zeroizing::new(vec![0; LONGEST_PASSPHRASE + 1]);
        let mut length = 0;
        while let Some(room) = read.get_mut(length..).filter(|room| !room.is_empty()) {
            match reader.read(room) {
                Ok(0) => break,
                Ok(n) => length += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        read.truncate(length);
        Passphrase::new(read)
    }
}

impl ZeroizeOnDrop for Passphrase {}

impl Zeroize for Passphrase {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &[u8]) -> Result<Passphrase, PassphraseError> {
        Passphrase::new(text.to_vec())
    }

    #[test]
    fn a_passphrase_goes_through_a_pipe_unchanged() {
        for text in ["x", "pässwörd mit Lücken ", &"x".repeat(LONGEST_PASSPHRASE)] {
            let pipe = typed(text.as_bytes()).unwrap().into_pipe().unwrap();
            let read = Passphrase::from_pipe(pipe).unwrap();
            assert_eq!(read.as_bytes(), text.as_bytes());
        }
    }

    #[test]
    fn what_nobody_can_have_typed_as_a_line_is_no_passphrase() {
        assert!(matches!(typed(b""), Err(PassphraseError::Empty)));
        let long = vec![b'x'; LONGEST_PASSPHRASE + 1];
        assert!(matches!(typed(&long), Err(PassphraseError::TooLong)));
        for text in [&b"a\nb"[..], b"a\r", b"a\0b", b"\xff"] {
            assert!(matches!(typed(text), Err(PassphraseError::NotALine)));
        }
    }

    #[test]
    fn a_pipe_that_holds_more_or_is_still_open_is_refused() {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"half").unwrap();
        let open = Passphrase::from_pipe(reader.into());
        assert!(matches!(open, Err(PassphraseError::Pipe(_))), "{open:?}");
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(&[b'x'; LONGEST_PASSPHRASE + 1]).unwrap();
        let long = Passphrase::from_pipe(reader.into());
        assert!(matches!(long, Err(PassphraseError::TooLong)), "{long:?}");
    }

    #[test]
    fn a_passphrase_is_not_shown_when_it_is_debugged() {
        let shown = format!("{:?}", typed(b"correct horse").unwrap());
        assert_eq!(shown, "Passphrase(…)");
    }
}
