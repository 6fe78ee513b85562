//! The check that a stranger's file descriptor is an envelope, at a cost that does not depend on
//! its size, and without a step that could wait for anybody (design §4).

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, FileType, OFlags, SealFlags, StatxFlags, fcntl_get_seals, fcntl_getfl, fstat, statx,
};
use rustix::io::{Errno, pread};
use thiserror::Error;

use super::header::{HEADER_LEN, Header, HeaderError};
use super::memfd::{PreadReader, SEALS};
use super::opener::{OpenError, Opener};
use super::secret::ContentKey;

/// A sealed memory file whose header agrees with its size. Its content was not decrypted.
#[derive(Debug)]
pub struct CheckedEnvelope {
    fd: OwnedFd,
    header: Header,
    size: u64,
}

impl CheckedEnvelope {
    /// Checks that `fd` is a whole envelope around at most `limit` plaintext bytes.
    ///
    /// Six system calls at most, none of which waits. The order matters: asking for the seals never
    /// reaches a file system, which could be another process's (FUSE) and never answer; nothing is
    /// read before the file is known to be memory. The shared offset is neither used nor moved.
    pub fn check(fd: OwnedFd, limit: u64) -> Result<Self, Refusal> {
        check_readable(&fd)?;
        check_seals(&fd)?;
        let size = size(&fd)?;
        let header = Header::parse(&read_header(&fd, size)?)?;
        let holds = header.segment_size.plaintext_len(size);
        if holds != Some(header.plaintext_len) {
            return Err(Refusal::LengthMismatch {
                claimed: header.plaintext_len,
                size,
            });
        }
        if header.plaintext_len > limit {
            return Err(Refusal::TooLarge {
                size: header.plaintext_len,
                limit,
            });
        }
        Ok(Self { fd, header, size })
    }

    /// Plaintext bytes, as the header claims and the size of the file confirms.
    pub fn plaintext_len(&self) -> u64 {
        self.header.plaintext_len
    }

    /// Bytes of the file: what it costs in memory.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The envelope's bytes from the first to the last, whatever others do to the shared offset.
    pub fn reader(&self) -> PreadReader<BorrowedFd<'_>> {
        PreadReader::new(self.fd.as_fd(), self.size)
    }

    /// Begins to open the envelope.
    pub fn opener(
        &self,
        key: &ContentKey,
    ) -> Result<Opener<PreadReader<BorrowedFd<'_>>>, OpenError> {
        Opener::new(self.reader(), key)
    }
}

impl AsFd for CheckedEnvelope {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl From<CheckedEnvelope> for OwnedFd {
    fn from(envelope: CheckedEnvelope) -> Self {
        envelope.fd
    }
}

fn check_readable(fd: &OwnedFd) -> Result<(), Refusal> {
    let flags = fcntl_getfl(fd)?;
    if flags.contains(OFlags::PATH) {
        return Err(Refusal::NotReadable {
            opened: "as a path only (O_PATH)",
        });
    }
    match flags & OFlags::RWMODE {
        OFlags::WRONLY => Err(Refusal::NotReadable {
            opened: "for writing only (O_WRONLY)",
        }),
        _ => Ok(()),
    }
}

fn check_seals(fd: &OwnedFd) -> Result<(), Refusal> {
    let seals = match fcntl_get_seals(fd) {
        Ok(seals) => seals,
        Err(Errno::INVAL) => return Err(Refusal::NotAMemfd(FileKind::of(fd))),
        Err(error) => return Err(error.into()),
    };
    let missing = SEALS - seals;
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Refusal::MissingSeals(MissingSeals(missing)))
    }
}

fn size(fd: &OwnedFd) -> Result<u64, Refusal> {
    let size = u64::try_from(fstat(fd)?.st_size).unwrap_or(0);
    if size == 0 {
        Err(Refusal::Empty)
    } else {
        Ok(size)
    }
}

fn read_header(fd: &OwnedFd, size: u64) -> Result<[u8; HEADER_LEN], Refusal> {
    let mut header = [0; HEADER_LEN];
    let got = pread(fd, &mut header, 0)?;
    if got < HEADER_LEN {
        Err(Refusal::TooShort { size })
    } else {
        Ok(header)
    }
}

/// Why a file descriptor was not taken as an envelope, and what its sender should do.
#[derive(Debug, Error)]
pub enum Refusal {
    /// It cannot be read.
    #[error(
        "the descriptor is open {opened}: hand over the one from memfd_create, which can be read"
    )]
    NotReadable {
        /// How it was opened instead.
        opened: &'static str,
    },
    /// It is something else than memory.
    #[error(
        "the descriptor is {0}, not a memory file: write the envelope into one made by \
         memfd_create with MFD_ALLOW_SEALING"
    )]
    NotAMemfd(FileKind),
    /// It could still change.
    #[error(
        "the memory file lacks {0}: unmap it and add them with fcntl(F_ADD_SEALS); a file of \
         /dev/shm or /tmp can never have them"
    )]
    MissingSeals(MissingSeals),
    /// It holds nothing.
    #[error("the memory file is empty: write the envelope into it before sealing it")]
    Empty,
    /// It cannot even hold a header.
    #[error("the memory file has {size} bytes, less than the 32 of an envelope's header")]
    TooShort {
        /// Bytes of the file.
        size: u64,
    },
    /// The header is not one.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The file was cut or padded, or its sealer never finished.
    #[error(
        "the header claims {claimed} plaintext bytes, and a file of {size} bytes cannot hold \
         exactly that: the envelope was cut, padded or not finished"
    )]
    LengthMismatch {
        /// Plaintext bytes that the header claims.
        claimed: u64,
        /// Bytes of the file.
        size: u64,
    },
    /// The payload is larger than is accepted.
    #[error("the payload has {size} bytes, more than the {limit} that are accepted")]
    TooLarge {
        /// Plaintext bytes.
        size: u64,
        /// Plaintext bytes that are accepted.
        limit: u64,
    },
    /// The kernel would not answer about the descriptor.
    #[error("the descriptor could not be examined: {0}")]
    System(#[from] io::Error),
}

impl From<Errno> for Refusal {
    fn from(error: Errno) -> Self {
        Self::System(error.into())
    }
}

/// What a descriptor is that is no memory file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A file on a disk or network.
    RegularFile,
    /// A directory.
    Directory,
    /// A pipe or FIFO.
    Pipe,
    /// A socket.
    Socket,
    /// A character device, a terminal among them.
    CharacterDevice,
    /// A block device.
    BlockDevice,
    /// Anything else: an eventfd, a pidfd, a DMA buffer and so on.
    Other,
}

impl FileKind {
    /// Asks for the type alone and from the cache, so that no file system can make us wait.
    fn of(fd: &OwnedFd) -> Self {
        let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
        let mode = statx(fd, c"", flags, StatxFlags::TYPE).map(|found| found.stx_mode);
        match mode.map(|mode| FileType::from_raw_mode(mode.into())) {
            Ok(FileType::RegularFile) => Self::RegularFile,
            Ok(FileType::Directory) => Self::Directory,
            Ok(FileType::Fifo) => Self::Pipe,
            Ok(FileType::Socket) => Self::Socket,
            Ok(FileType::CharacterDevice) => Self::CharacterDevice,
            Ok(FileType::BlockDevice) => Self::BlockDevice,
            Ok(_) | Err(_) => Self::Other,
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RegularFile => "an ordinary file",
            Self::Directory => "a directory",
            Self::Pipe => "a pipe",
            Self::Socket => "a socket",
            Self::CharacterDevice => "a character device",
            Self::BlockDevice => "a block device",
            Self::Other => "a special file",
        })
    }
}

/// The seals that a memory file lacks; displays as their names in `fcntl(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingSeals(SealFlags);

impl MissingSeals {
    /// Their names in `fcntl(2)`.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let named = [
            (SealFlags::WRITE, "F_SEAL_WRITE"),
            (SealFlags::GROW, "F_SEAL_GROW"),
            (SealFlags::SHRINK, "F_SEAL_SHRINK"),
            (SealFlags::SEAL, "F_SEAL_SEAL"),
        ];
        let missing = self.0;
        named
            .into_iter()
            .filter(move |(seal, _)| missing.contains(*seal))
            .map(|(_, name)| name)
    }
}

impl fmt::Display for MissingSeals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(", "))
    }
}
