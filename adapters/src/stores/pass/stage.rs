//! A copy of the whole store beside it, which takes its place in one step.
//!
//! The copy is made of hard links where files are only ever replaced (entries, git's objects), and
//! of copies where they are written into (the rest of git's folder). `renameat2(RENAME_EXCHANGE)` swaps
//! the two; what is left over then is the old store, and before it an unfinished copy: either way
//! ciphertext that nobody needs, which is removed, by the next writing if not by this one.

use std::fs::{self, DirBuilder, File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with, syncfs};
use rustix::io::Errno;

use super::tree::{GIT, Print, io_fault, scan};
use crate::Fault;

/// An unfinished copy of a store.
pub(super) struct Stage<'s> {
    root: &'s Path,
    copy: PathBuf,
    /// Whether what was the copy is now the only place where something of somebody else is.
    is_theirs: bool,
    /// Keeps other writings of ours away.
    _lock: File,
}

impl<'s> Stage<'s> {
    /// Copies the store, of which `print` was taken.
    pub(super) fn begin(root: &'s Path, print: &Print) -> Result<Self, Fault> {
        let lock = lock(root)?;
        if scan(root)?.print != *print {
            return Err(changed(root));
        }
        let copy = beside(root).ok_or_else(|| {
            io_fault(
                root,
                io::Error::other("the root of the file system cannot be a store"),
            )
        })?;
        remove(&copy)?;
        let stage = Self {
            root,
            copy,
            is_theirs: false,
            _lock: lock,
        };
        stage.duplicate(Path::new(""))?;
        Ok(stage)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.copy
    }

    /// Writes a file, in the place of the one that is there.
    pub(super) fn put(&self, file: &Path, content: &[u8]) -> Result<PathBuf, Fault> {
        let path = self.copy.join(file);
        let fault = |error| io_fault(&self.root.join(file), error);
        if let Some(folder) = path.parent() {
            let mut builder = DirBuilder::new();
            builder
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(fault)?;
        }
        // What is there is also in the store: it is not written into.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fault(error)),
            _ => {}
        }
        let mut options = File::options();
        let options = options.write(true).create_new(true).mode(0o600);
        let mut new = options.open(&path).map_err(fault)?;
        new.write_all(content).map_err(fault)?;
        Ok(path)
    }

    /// Puts the copy into the place of the store, if that is still what `print` was taken of.
    pub(super) fn swap(mut self, print: &Print) -> Result<(), Fault> {
        let fault = |error: Errno| io_fault(self.root, error.into());
        syncfs(File::open(&self.copy).map_err(|error| io_fault(&self.copy, error))?)
            .map_err(fault)?;
        if scan(self.root)?.print != *print {
            return Err(changed(self.root));
        }
        self.exchange()?;
        // Once more: what came in between is in the copy now, and goes back to its place.
        if scan(&self.copy)?.print != *print {
            if let Err(fault) = self.exchange() {
                self.is_theirs = true;
                return Err(fault);
            }
            return Err(changed(self.root));
        }
        if let Some(folder) = self.root.parent() {
            let synced = File::open(folder).and_then(|folder| folder.sync_all());
            synced.map_err(|error| io_fault(folder, error))?;
        }
        Ok(())
    }

    fn exchange(&self) -> Result<(), Fault> {
        let done = renameat_with(CWD, &self.copy, CWD, self.root, RenameFlags::EXCHANGE);
        done.map_err(|error| {
            let why = match error {
                Errno::INVAL | Errno::NOSYS => {
                    "the file system cannot replace a whole folder at once"
                }
                Errno::BUSY | Errno::XDEV => {
                    "it is a mount point, which cannot be replaced at once; use a folder in it"
                }
                other => return io_fault(self.root, other.into()),
            };
            io_fault(
                self.root,
                io::Error::new(io::Error::from(error).kind(), why),
            )
        })
    }

    fn duplicate(&self, inner: &Path) -> Result<(), Fault> {
        let (from, to) = (self.root.join(inner), self.copy.join(inner));
        let fault = |error| io_fault(&from, error);
        let mode = fs::metadata(&from).map_err(fault)?.permissions();
        DirBuilder::new().mode(0o700).create(&to).map_err(fault)?;
        for found in fs::read_dir(&from).map_err(fault)? {
            let found = found.map_err(fault)?;
            let metadata = found.metadata().map_err(fault)?;
            let file = inner.join(found.file_name());
            match metadata.is_dir() {
                true => self.duplicate(&file)?,
                false => self
                    .copy(&file, &metadata)
                    .map_err(|error| io_fault(&self.root.join(&file), error))?,
            }
        }
        fs::set_permissions(&to, mode).map_err(fault)
    }

    fn copy(&self, file: &Path, metadata: &Metadata) -> io::Result<()> {
        let (from, to) = (self.root.join(file), self.copy.join(file));
        if metadata.is_symlink() {
            return std::os::unix::fs::symlink(fs::read_link(&from)?, &to);
        }
        if !metadata.is_file() {
            // A socket of a program that is running: it makes another.
            return Ok(());
        }
        // Not every file system has them, and not for files of others.
        if !is_written_into(file) && fs::hard_link(&from, &to).is_ok() {
            return Ok(());
        }
        fs::copy(&from, &to)?;
        let written = File::options().write(true).open(&to);
        match written.and_then(|copy| copy.set_modified(metadata.modified()?)) {
            // A read-only copy keeps the time of its making.
            Err(error) if error.kind() != io::ErrorKind::PermissionDenied => Err(error),
            _ => Ok(()),
        }
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        if !self.is_theirs {
            // What cannot be removed now is removed before the next writing.
            remove(&self.copy).ok();
        }
    }
}

/// Whether programs write into this file, instead of another in its place.
fn is_written_into(file: &Path) -> bool {
    let mut names = file
        .iter()
        .skip_while(|name| *name != GIT)
        .skip(1)
        .peekable();
    names.peek().is_some() && !names.any(|name| name == "objects")
}

/// Where the copy of a store is made.
fn beside(root: &Path) -> Option<PathBuf> {
    let mut name = std::ffi::OsString::from(".");
    name.push(root.file_name()?);
    name.push(".credex-new");
    Some(root.with_file_name(name))
}

fn lock(root: &Path) -> Result<File, Fault> {
    let fault = |error| io_fault(root, error);
    let folder = File::open(root).map_err(fault)?;
    match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => {
            let busy = "another transfer writes to it at this moment";
            return Err(fault(io::Error::new(io::ErrorKind::WouldBlock, busy)));
        }
        Err(error) => return Err(fault(error.into())),
    }
    // It may have been replaced before it was locked.
    let (locked, there) = (
        folder.metadata().map_err(fault)?,
        fs::metadata(root).map_err(fault)?,
    );
    match (locked.dev(), locked.ino()) == (there.dev(), there.ino()) {
        true => Ok(folder),
        false => Err(changed(root)),
    }
}

fn remove(copy: &Path) -> Result<(), Fault> {
    match copy.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_fault(copy, error)),
        Ok(metadata) if !metadata.is_dir() => {
            let what = "it is in the way, and not what Credex puts there: move it away";
            return Err(io_fault(copy, io::Error::other(what)));
        }
        Ok(_) => {}
    }
    // Folders of a store may be read-only, and would keep what is in them.
    open_folders(copy).map_err(|error| io_fault(copy, error))?;
    fs::remove_dir_all(copy).map_err(|error| io_fault(copy, error))
}

fn open_folders(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    for found in fs::read_dir(folder)? {
        let found = found?;
        if found.file_type()?.is_dir() {
            open_folders(&found.path())?;
        }
    }
    Ok(())
}

fn changed(root: &Path) -> Fault {
    Fault::Changed {
        place: root.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("store");
        fs::create_dir_all(root.join(".git/objects/ab")).unwrap();
        fs::create_dir(root.join("a")).unwrap();
        for (file, content) in [
            ("a/x.gpg", "old"),
            (".git/HEAD", "ref: refs/heads/main"),
            (".git/index", "an index"),
            (".git/objects/ab/cd", "an object"),
        ] {
            fs::write(root.join(file), content).unwrap();
        }
        std::os::unix::fs::symlink("a", root.join("link")).unwrap();
        (folder, root)
    }

    #[test]
    fn nothing_changes_until_everything_does() {
        let (folder, root) = store();
        let print = scan(&root).unwrap().print;
        let stage = Stage::begin(&root, &print).unwrap();
        stage.put(Path::new("a/x.gpg"), b"new").unwrap();
        stage.put(Path::new("b/c/y.gpg"), b"more").unwrap();
        fs::write(stage.path().join(".git/index"), "another").unwrap();
        assert_eq!(fs::read(root.join("a/x.gpg")).unwrap(), b"old");
        assert_eq!(fs::read(root.join(".git/index")).unwrap(), b"an index");
        stage.swap(&print).unwrap();
        assert_eq!(fs::read(root.join("a/x.gpg")).unwrap(), b"new");
        assert_eq!(fs::read(root.join("b/c/y.gpg")).unwrap(), b"more");
        assert_eq!(fs::read(root.join(".git/index")).unwrap(), b"another");
        assert_eq!(fs::read_link(root.join("link")).unwrap(), Path::new("a"));
        let left = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 1, "the old one is gone");
    }

    #[test]
    fn a_store_that_somebody_changes_meanwhile_stays_as_they_left_it() {
        let (_folder, root) = store();
        let print = scan(&root).unwrap().print;
        let stage = Stage::begin(&root, &print).unwrap();
        stage.put(Path::new("a/x.gpg"), b"new").unwrap();
        fs::write(root.join("a/z.gpg"), "theirs").unwrap();
        assert!(matches!(stage.swap(&print), Err(Fault::Changed { .. })));
        assert_eq!(fs::read(root.join("a/x.gpg")).unwrap(), b"old");
        assert_eq!(fs::read(root.join("a/z.gpg")).unwrap(), b"theirs");
        assert!(matches!(
            Stage::begin(&root, &print),
            Err(Fault::Changed { .. })
        ));
    }

    #[test]
    fn two_writings_at_once_are_one_too_many() {
        let (_folder, root) = store();
        let print = scan(&root).unwrap().print;
        let _stage = Stage::begin(&root, &print).unwrap();
        let second = Stage::begin(&root, &print);
        assert!(
            second
                .err()
                .unwrap()
                .to_string()
                .contains("another transfer")
        );
    }

    #[test]
    fn what_a_crash_left_is_gone_with_the_next_writing() {
        let (folder, root) = store();
        let left = beside(&root).unwrap();
        fs::create_dir_all(left.join("half")).unwrap();
        fs::set_permissions(left.join("half"), fs::Permissions::from_mode(0o500)).unwrap();
        let print = scan(&root).unwrap().print;
        Stage::begin(&root, &print).unwrap().swap(&print).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
