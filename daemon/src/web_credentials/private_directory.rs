//! A directory of ours that nobody else reads, and whose files are replaced whole. Two services of one user
//! (two sessions) take turns in it. Serves design §7.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use uuid::Uuid;

/// The directory, while it is ours alone.
#[derive(Debug)]
pub(super) struct Turn {
    path: PathBuf,
    directory: File,
}

/// Makes the directory if it is missing, for its owner alone.
///
/// # Errors
/// The system refuses.
pub(crate) fn make(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700).create(path)
}

impl Turn {
    /// Waits until the directory is free. Makes it if it is missing.
    pub(super) fn take(path: &Path) -> io::Result<Turn> {
        make(path)?;
        let directory = File::open(path)?;
        flock(&directory, FlockOperation::LockExclusive)?;
        Ok(Turn {
            path: path.to_owned(),
            directory,
        })
    }

    /// Replaces the file `name`, in such a way that there is always the old one or the new one.
    pub(super) fn replace(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let new = self.path.join(format!(".{name}.{}", Uuid::new_v4()));
        let written =
            write(&new, content).and_then(|()| std::fs::rename(&new, self.path.join(name)));
        if let Err(error) = written {
            // What is in the way of the first is told; what is left over is removed at the next turn.
            std::fs::remove_file(&new).or_else(absent)?;
            return Err(error);
        }
        self.keep()
    }

    /// Makes what was renamed here survive a loss of power.
    pub(super) fn keep(&self) -> io::Result<()> {
        self.directory.sync_all()
    }

    /// Removes what a writer that was killed has left: files whose name begins with `prefix`.
    pub(super) fn sweep(&self, prefix: &str) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(prefix) {
                std::fs::remove_file(entry.path()).or_else(absent)?;
            }
        }
        Ok(())
    }
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn absent(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_read_by_its_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("share/credex");
        let turn = Turn::take(&path).unwrap();
        turn.replace("a.json", b"old").unwrap();
        turn.replace("a.json", b"new").unwrap();
        assert_eq!(std::fs::read(path.join("a.json")).unwrap(), b"new");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&path.join("a.json")), 0o600);
        assert_eq!(std::fs::read_dir(&path).unwrap().count(), 1);
    }

    #[test]
    fn what_a_killed_writer_left_is_swept_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let turn = Turn::take(home.path()).unwrap();
        for name in [".a.json.1", ".a.json.2", "a.json"] {
            std::fs::write(home.path().join(name), "x").unwrap();
        }
        turn.sweep(".a.json.").unwrap();
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
        assert!(home.path().join("a.json").exists());
    }

    #[test]
    fn two_services_take_turns() {
        let home = tempfile::tempdir().unwrap();
        let turn = Turn::take(home.path()).unwrap();
        let path = home.path().to_owned();
        let (sender, taken) = std::sync::mpsc::channel();
        let other = std::thread::spawn(move || {
            let _turn = Turn::take(&path).unwrap();
            sender.send(std::fs::read(path.join("a")).unwrap()).unwrap();
        });
        turn.replace("a", b"done").unwrap();
        assert!(taken.try_recv().is_err());
        drop(turn);
        assert_eq!(taken.recv().unwrap(), b"done");
        other.join().unwrap();
    }
}
