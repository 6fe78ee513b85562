//! The reading of a file that an app may have put there. Serves design §5.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fstat};

use super::beneath;
use crate::caller::peer::read_bounded;

/// The largest file of Flatpak's that is read, in bytes.
const MAX_FILE: usize = 64 * 1024;

/// What is in the regular file at `path` below `directory`. No symbolic link is followed, and no FIFO
/// waited for.
///
/// # Errors
/// It cannot be read, is no regular file, or too large.
pub(super) fn read(directory: impl AsFd, path: &Path) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = beneath::open(directory, path, flags)?;
    let told = fstat(&file)?;
    if FileType::from_raw_mode(told.st_mode) != FileType::RegularFile {
        return Err(io::Error::other("it is no regular file"));
    }
    if u64::try_from(told.st_size).map_or(true, |size| size > MAX_FILE as u64) {
        return Err(io::Error::other(format!(
            "it is larger than {MAX_FILE} bytes"
        )));
    }
    read_bounded(File::from(file), MAX_FILE)
}

/// The directory at `path`, which must be one.
pub(super) fn directory(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, mkfifoat};
    use std::os::unix::fs::symlink;

    #[test]
    fn only_a_regular_file_of_bounded_size_is_read_and_nothing_is_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::write(at("good"), "text").unwrap();
        std::fs::create_dir(at("directory")).unwrap();
        symlink("good", at("link")).unwrap();
        symlink(".", at("here")).unwrap();
        mkfifoat(CWD, at("fifo"), Mode::RUSR).unwrap();
        let large = File::create(at("large")).unwrap();
        large.set_len(1 << 30).unwrap();
        let handle = File::open(directory.path()).unwrap();
        let read = |name: &str| read(&handle, Path::new(name));
        assert_eq!(read("good").unwrap(), b"text");
        let others = [
            "directory",
            "link",
            "here/good",
            "fifo",
            "large",
            "missing",
            "/etc/passwd",
        ];
        for name in others {
            assert!(read(name).is_err(), "{name}");
        }
        let device = File::open("/dev").unwrap();
        assert!(super::read(&device, Path::new("zero")).is_err());
    }
}
