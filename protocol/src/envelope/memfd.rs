//! The memory file that carries an envelope, and the reader that trusts nothing of it but its
//! bytes (design §4).

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::io::{Errno, pread};

/// The seals that an envelope carries: nothing about it can change any more, the seals included.
///
/// The kernel grants `WRITE` only while nobody has the file mapped for writing.
pub const SEALS: SealFlags = SealFlags::WRITE
    .union(SealFlags::GROW)
    .union(SealFlags::SHRINK)
    .union(SealFlags::SEAL);

/// An empty memory file, close-on-exec, never executable where the kernel knows how (Linux 6.3,
/// where it then carries `F_SEAL_EXEC` too).
pub fn create() -> io::Result<File> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match memfd_create(c"credex-envelope", flags | MemfdFlags::NOEXEC_SEAL) {
        Err(Errno::INVAL) => memfd_create(c"credex-envelope", flags),
        created => created,
    }
    .map(File::from)
    .map_err(io::Error::from)
}

/// Seals a finished envelope with [`SEALS`]; it must not be mapped for writing.
pub fn seal(file: &File) -> io::Result<()> {
    Ok(fcntl_add_seals(file, SEALS)?)
}

/// Reads a file from its beginning to the size it was checked to have, with positions of its own.
///
/// Everybody who holds a duplicate of the descriptor, a bus monitor included, can move the offset
/// that plain reads share. This reader neither uses nor moves it.
#[derive(Debug)]
pub struct PreadReader<F> {
    file: F,
    position: u64,
    end: u64,
}

impl<F: AsFd> PreadReader<F> {
    /// Reads the first `size` bytes of `file`.
    pub fn new(file: F, size: u64) -> Self {
        Self {
            file,
            position: 0,
            end: size,
        }
    }
}

impl<F: AsFd> Read for PreadReader<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let got = pread(&self.file, &mut buffer[..wanted], self.position)?;
        self.position += got as u64;
        Ok(got)
    }
}
