//! Stores that are one file: read as a whole within bounds, and replaced as a whole or not at all.
//!
//! A new file is written without a name (`O_TMPFILE`, open(2)), flushed, read back and verified, and
//! only then gets one, so that a process that dies at any moment leaves nothing of its own behind.
//! The kernel cannot give a name that is taken, so in the place of an old file it gets a name beside
//! it first: whoever dies between the two leaves a complete and verified file of that name, which
//! the next writing removes. Where the file system has no nameless files (FAT, NFS) the whole
//! writing happens under that name.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags, RenameFlags};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::Fault;

/// What a file was when it was read, to tell whether it is still that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// There was no file.
    Nothing,
    /// A file whose content has this SHA-256.
    Content([u8; 32]),
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// [`Fault::Missing`]; [`Fault::Malformed`] if it is no regular file; [`Fault::TooLarge`];
/// [`Fault::Changed`] if it grows meanwhile; [`Fault::Io`].
pub fn read(path: &Path, limit: u64) -> Result<(Zeroizing<Vec<u8>>, Seen), Fault> {
    match read_if_there(path, limit)? {
        Some(content) => {
            let seen = Seen::of(&content);
            Ok((content, seen))
        }
        None => Err(Fault::Missing {
            place: path.display().to_string(),
            advice: "Check the spelling".to_owned(),
        }),
    }
}

/// Reads a file as [`read`] does; `None` if there is none, and one can be made.
///
/// # Errors
/// As [`read`]; [`Fault::Missing`] is said of the directory.
pub fn try_read(path: &Path, limit: u64) -> Result<Option<Zeroizing<Vec<u8>>>, Fault> {
    let content = read_if_there(path, limit)?;
    if content.is_none() {
        has_directory(path)?;
    }
    Ok(content)
}

/// Whether there is a directory for the file at `path`, which is to be made: better said before a
/// person types passphrases than after they have agreed to everything.
///
/// # Errors
/// [`Fault::Missing`] if there is none.
pub fn has_directory(path: &Path) -> Result<(), Fault> {
    let directory = parent(path);
    match directory.is_dir() {
        true => Ok(()),
        false => Err(Fault::Missing {
            place: directory.display().to_string(),
            advice: "Check the spelling, or make this directory first".to_owned(),
        }),
    }
}

fn read_if_there(path: &Path, limit: u64) -> Result<Option<Zeroizing<Vec<u8>>>, Fault> {
    match open(path) {
        Ok(mut file) => read_open(&mut file, path, limit).map(Some),
        Err(error) if error == rustix::io::Errno::NOENT => Ok(None),
        Err(error) => Err(io_fault(path, error)),
    }
}

/// Does not wait for anybody, as opening a pipe would.
fn open(path: &Path) -> rustix::io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    rustix::fs::open(path, flags, Mode::empty()).map(File::from)
}

fn read_open(file: &mut File, path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let told = file.metadata().map_err(|error| io_fault(path, error))?;
    if !told.is_file() {
        return Err(Fault::Malformed {
            place: path.display().to_string(),
            what: "it is not a file".to_owned(),
            advice: "Give the file itself".to_owned(),
        });
    }
    if told.len() > limit {
        return Err(Fault::TooLarge {
            place: path.display().to_string(),
            what: format!("it has {} MiB", told.len() >> 20),
            limit: format!("{} MiB", limit >> 20),
            advice: "It is probably no such store".to_owned(),
        });
    }
    let size = usize::try_from(told.len()).unwrap_or(usize::MAX);
    // One more, to see the end without growing: a vector that moves leaves its content behind.
    let mut content = Zeroizing::new(Vec::with_capacity(size.saturating_add(1)));
    let within = u64::try_from(size).unwrap_or(u64::MAX).saturating_add(1);
    let read = (&*file).take(within).read_to_end(&mut content);
    read.map_err(|error| io_fault(path, error))?;
    match content.len() == size {
        true => Ok(content),
        false => Err(changed(path)),
    }
}

impl Seen {
    /// A file with this content.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        Self::Content(Sha256::digest(content).into())
    }
}

/// Puts `content` in the place of the file that was `seen` there, or makes a new one that only its
/// owner may read. `verify` looks at what can be read back from the disk before it takes that place.
///
/// A link is followed, and the file that it leads to is replaced; permissions stay.
///
/// # Errors
/// What `verify` says; [`Fault::Changed`] if the file is not what was `seen` any more; [`Fault::Io`].
/// The file is as it was then.
pub fn replace(
    path: &Path,
    seen: &Seen,
    content: &[u8],
    verify: &mut dyn FnMut(&[u8]) -> Result<(), Fault>,
) -> Result<Seen, Fault> {
    let path = resolve(path)?;
    let fault = |error: rustix::io::Errno| io_fault(&path, error);
    let _lock = lock(&path, seen)?;
    let mut draft = Draft::create(&path).map_err(|error| io_fault(&path, error))?;
    draft
        .write(content)
        .map_err(|error| io_fault(&path, error))?;
    let limit = u64::try_from(content.len()).unwrap_or(u64::MAX);
    draft
        .file
        .rewind()
        .map_err(|error| io_fault(&path, error))?;
    let back = read_open(&mut draft.file, &path, limit)?;
    if back.as_slice() != content {
        return Err(Fault::ReadBack {
            place: path.display().to_string(),
            what: "the disk returns other bytes".to_owned(),
        });
    }
    verify(&back)?;
    check(&path, seen)?;
    match seen {
        Seen::Nothing => draft.create_at(&path).map_err(|error| match error {
            rustix::io::Errno::EXIST => changed(&path),
            error => fault(error),
        })?,
        Seen::Content(_) => draft.replace_at(&path).map_err(fault)?,
    }
    let directory = rustix::fs::open(
        parent(&path),
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    );
    directory.and_then(rustix::fs::fsync).map_err(fault)?;
    Ok(Seen::of(content))
}

/// The path without links, as far as there is something.
fn resolve(path: &Path) -> Result<PathBuf, Fault> {
    match path.canonicalize() {
        Ok(path) => Ok(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let directory = parent(path)
                .canonicalize()
                .map_err(|error| io_fault(parent(path), error))?;
            match path.file_name() {
                Some(name) => Ok(directory.join(name)),
                None => Err(io_fault(path, error)),
            }
        }
        Err(error) => Err(io_fault(path, error)),
    }
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Keeps another Credex from replacing the same file at the same time.
fn lock(path: &Path, seen: &Seen) -> Result<Option<File>, Fault> {
    if *seen == Seen::Nothing {
        return Ok(None);
    }
    let file = match open(path) {
        Ok(file) => file,
        Err(rustix::io::Errno::NOENT) => return Err(changed(path)),
        Err(error) => return Err(io_fault(path, error)),
    };
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(changed(path)),
        // A file system without locks.
        Err(_) => Ok(None),
    }
}

/// Looks whether the file is still what was seen, however large it has become.
fn check(path: &Path, seen: &Seen) -> Result<(), Fault> {
    let now = match open(path) {
        Ok(file) => hash(file).map_err(|error| io_fault(path, error))?,
        Err(rustix::io::Errno::NOENT) => Seen::Nothing,
        Err(error) => return Err(io_fault(path, error)),
    };
    match now == *seen {
        true => Ok(()),
        false => Err(changed(path)),
    }
}

fn hash(mut file: File) -> io::Result<Seen> {
    let mut digest = Sha256::new();
    let mut buffer = Zeroizing::new([0; 1 << 16]);
    loop {
        let length = file.read(buffer.as_mut_slice())?;
        match buffer.get(..length) {
            Some(bytes) if !bytes.is_empty() => digest.update(bytes),
            _ => return Ok(Seen::Content(digest.finalize().into())),
        }
    }
}

/// A file that is being written, and has no name, or one that goes with it.
struct Draft {
    file: File,
    name: Option<PathBuf>,
}

impl Draft {
    fn create(path: &Path) -> io::Result<Self> {
        let (directory, mode) = (parent(path), Mode::RUSR | Mode::WUSR);
        let flags = OFlags::RDWR | OFlags::CLOEXEC;
        if let Ok(file) = rustix::fs::open(directory, flags | OFlags::TMPFILE, mode) {
            let file = File::from(file);
            return Ok(Self { file, name: None });
        }
        let name = beside(path);
        remove(&name)?;
        let file = rustix::fs::open(&name, flags | OFlags::CREATE | OFlags::EXCL, mode)?;
        Ok(Self {
            file: File::from(file),
            name: Some(name),
        })
    }

    fn write(&mut self, content: &[u8]) -> io::Result<()> {
        self.file.write_all(content)?;
        self.file.sync_all()
    }

    /// Gives it this name, if nobody has that.
    fn create_at(mut self, path: &Path) -> rustix::io::Result<()> {
        match &self.name {
            None => self.link(path),
            Some(name) => {
                let cwd = rustix::fs::CWD;
                rustix::fs::renameat_with(cwd, name, cwd, path, RenameFlags::NOREPLACE)?;
                self.name = None;
                Ok(())
            }
        }
    }

    /// Puts it in the place of the file of this name, with the permissions of that.
    fn replace_at(mut self, path: &Path) -> rustix::io::Result<()> {
        let old = rustix::fs::stat(path)?;
        rustix::fs::fchmod(&self.file, Mode::from_raw_mode(old.st_mode & 0o777))?;
        let name = match self.name.clone() {
            Some(name) => name,
            None => {
                let name = beside(path);
                remove(&name).map_err(|error| errno(&error))?;
                self.link(&name)?;
                self.name = Some(name.clone());
                name
            }
        };
        rustix::fs::rename(&name, path)?;
        self.name = None;
        Ok(())
    }

    /// As open(2) has it for those who are not allowed to link a descriptor by itself.
    fn link(&self, path: &Path) -> rustix::io::Result<()> {
        let cwd = rustix::fs::CWD;
        let nameless = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        rustix::fs::linkat(cwd, nameless, cwd, path, AtFlags::SYMLINK_FOLLOW)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(name) = &self.name
            && let Err(error) = remove(name)
        {
            // What is there is complete or empty, and the next writing tries again.
            drop(error);
        }
    }
}

/// The name beside a file under which its successor waits.
fn beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_else(|| "store".as_ref()));
    // Names have at most 255 bytes (NAME_MAX).
    let fitting = name.as_bytes().get(..240).unwrap_or(name.as_bytes());
    let mut name = std::ffi::OsStr::from_bytes(fitting).to_owned();
    name.push(".credex");
    path.with_file_name(name)
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn errno(error: &io::Error) -> rustix::io::Errno {
    rustix::io::Errno::from_io_error(error).unwrap_or(rustix::io::Errno::IO)
}

fn changed(path: &Path) -> Fault {
    Fault::Changed {
        place: path.display().to_string(),
    }
}

fn io_fault(path: &Path, source: impl Into<io::Error>) -> Fault {
    Fault::Io {
        place: path.display().to_string(),
        source: source.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn directory() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_file_is_for_its_owner_only_and_a_second_one_does_not_take_its_place() {
        let directory = directory();
        let path = directory.path().join("new.kdbx");
        let seen = replace(&path, &Seen::Nothing, b"one", &mut |_| Ok(())).unwrap();
        assert_eq!(seen, Seen::of(b"one"));
        assert_eq!(mode(&path), 0o600);
        let again = replace(&path, &Seen::Nothing, b"two", &mut |_| Ok(()));
        assert!(matches!(again, Err(Fault::Changed { .. })), "{again:?}");
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        assert_eq!(names(directory.path()), ["new.kdbx"]);
    }

    #[test]
    fn a_file_is_replaced_with_its_permissions_where_the_link_leads() {
        let directory = directory();
        let (path, link) = (directory.path().join("a"), directory.path().join("link"));
        std::fs::write(&path, b"old").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        symlink(&path, &link).unwrap();
        let (content, seen) = read(&link, 10).unwrap();
        assert_eq!(content.as_slice(), b"old");
        std::fs::write(
            directory.path().join(".a.credex"),
            b"left by somebody who died",
        )
        .unwrap();
        replace(&link, &seen, b"new", &mut |_| Ok(())).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(mode(&path), 0o640);
        assert_eq!(names(directory.path()), ["a", "link"]);
    }

    #[test]
    fn what_does_not_verify_leaves_the_old_file_and_nothing_else() {
        let directory = directory();
        let path = directory.path().join("a");
        std::fs::write(&path, b"old").unwrap();
        let seen = Seen::of(b"old");
        let told = replace(&path, &seen, b"new", &mut |_| Err(Fault::Cancelled));
        assert!(matches!(told, Err(Fault::Cancelled)));
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(names(directory.path()), ["a"]);
    }

    #[test]
    fn what_somebody_else_wrote_meanwhile_stays() {
        let directory = directory();
        let path = directory.path().join("a");
        std::fs::write(&path, b"old").unwrap();
        let seen = Seen::of(b"old");
        let mut meanwhile = |_: &[u8]| {
            std::fs::write(&path, b"theirs").unwrap();
            Ok(())
        };
        let told = replace(&path, &seen, b"ours", &mut meanwhile);
        assert!(matches!(told, Err(Fault::Changed { .. })), "{told:?}");
        assert_eq!(std::fs::read(&path).unwrap(), b"theirs");
        std::fs::remove_file(&path).unwrap();
        let told = replace(&path, &seen, b"ours", &mut |_| Ok(()));
        assert!(matches!(told, Err(Fault::Changed { .. })), "{told:?}");
    }

    #[test]
    fn a_new_file_in_no_directory_is_refused_before_it_is_written() {
        let directory = directory();
        assert!(
            try_read(&directory.path().join("new"), 3)
                .unwrap()
                .is_none()
        );
        let nowhere = directory.path().join("nowhere");
        let told = try_read(&nowhere.join("new"), 3).unwrap_err().to_string();
        assert!(told.starts_with(&nowhere.display().to_string()), "{told}");
        assert!(told.contains("directory"), "{told}");
    }

    #[test]
    fn what_is_no_file_or_too_large_or_not_there_is_told_apart() {
        let directory = directory();
        let path = directory.path().join("a");
        assert!(matches!(read(&path, 3), Err(Fault::Missing { .. })));
        std::fs::write(&path, b"four").unwrap();
        assert!(matches!(read(&path, 3), Err(Fault::TooLarge { .. })));
        let told = read(directory.path(), 3);
        assert!(matches!(told, Err(Fault::Malformed { .. })), "{told:?}");
        let pipe = directory.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, Mode::RUSR).unwrap();
        assert!(matches!(read(&pipe, 3), Err(Fault::Malformed { .. })));
        // Of no size, by what it says of itself.
        let told = read(Path::new("/proc/self/status"), 3);
        assert!(matches!(told, Err(Fault::Changed { .. })), "{told:?}");
    }
}
