//! Writing what arrived: readable by its owner alone, whole or not at all, and never over something
//! else unless told to.

use std::ffi::OsString;
use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use tempfile::{NamedTempFile, TempDir};

use crate::attachments::file_name;
use crate::exit::Exit;
use crate::failure::Failure;

const PREFIX: &str = ".credex-";

/// Whether something is in the way, or the directory is missing.
pub(super) fn check(path: &Path, force: bool) -> Result<(), Failure> {
    let directory = parent(path);
    if !directory.is_dir() {
        let what = format!("{} is not a directory", directory.display());
        return Err(Failure::new(Exit::Usage, what));
    }
    if path.is_dir() {
        let what = format!("{} is a directory", path.display());
        return Err(Failure::new(Exit::Usage, what).advise("name a file"));
    }
    match [path.to_owned(), attachments(path)]
        .iter()
        .find(|path| path.symlink_metadata().is_ok())
    {
        Some(there) if !force => Err(in_the_way(there)),
        _ => Ok(()),
    }
}

/// Writes the document, and nothing else.
pub(super) fn write_to_output(import: &credex::Import) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    output.write_all(import.document())?;
    Ok(output.flush()?)
}

/// Writes the document to `path`, and the attachments beside it.
pub(super) fn write(path: &Path, force: bool, import: &credex::Import) -> Result<(), Failure> {
    let document = save(parent(path), import.document())
        .map_err(|error| Failure::file("written", path, &error))?;
    if import.attachments().len() > 0 {
        let directory = attachments(path);
        let failed = |error| Failure::file("written", &directory, &error);
        let saved = save_attachments(parent(path), import).map_err(failed)?;
        put_in_place(saved, &directory, force)?;
    }
    let kept = match force {
        true => document.persist(path),
        false => document.persist_noclobber(path),
    };
    kept.map_err(|refused| match refused.error.kind() {
        io::ErrorKind::AlreadyExists => in_the_way(path),
        _ => Failure::file("written", path, &refused.error),
    })?;
    let synced = File::open(parent(path)).and_then(|directory| directory.sync_all());
    synced.map_err(|error| Failure::file("written", path, &error))
}

/// A file for its owner alone, with `content` on the disk, that vanishes unless it is kept.
fn save(directory: &Path, content: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix(PREFIX)
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(directory)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn save_attachments(beside: &Path, import: &credex::Import) -> io::Result<TempDir> {
    let directory = tempfile::Builder::new()
        .prefix(PREFIX)
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(beside)?;
    for (id, content) in import.attachments() {
        let file = save(directory.path(), content)?;
        file.persist_noclobber(directory.path().join(file_name(id)))
            .map_err(|refused| refused.error)?;
    }
    File::open(directory.path())?.sync_all()?;
    Ok(directory)
}

/// Gives `saved` its name. With `force` it changes places with what is there, which then vanishes.
fn put_in_place(saved: TempDir, directory: &Path, force: bool) -> Result<(), Failure> {
    let exchange = force && directory.symlink_metadata().is_ok();
    let flags = match exchange {
        true => RenameFlags::EXCHANGE,
        false => RenameFlags::NOREPLACE,
    };
    match renameat_with(CWD, saved.path(), CWD, directory, flags) {
        Ok(()) if exchange => saved.close().map_err(Failure::from),
        Ok(()) => {
            // What was saved has another name now.
            let _moved: PathBuf = saved.keep();
            Ok(())
        }
        Err(rustix::io::Errno::EXIST) => Err(in_the_way(directory)),
        Err(errno) => Err(Failure::file("written", directory, &errno.into())),
    }
}

/// `FILE.attachments`.
fn attachments(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".attachments");
    name.into()
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn in_the_way(path: &Path) -> Failure {
    Failure::new(Exit::Usage, format!("{} exists already", path.display()))
        .advise("name another file, or add --force to replace it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_over_by_accident() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("vault.cxf");
        check(&path, false).unwrap();
        std::fs::create_dir(attachments(&path)).unwrap();
        assert_eq!(check(&path, false).unwrap_err().exit, Exit::Usage);
        check(&path, true).unwrap();
        assert_eq!(
            check(&place.path().join("no/vault.cxf"), true)
                .unwrap_err()
                .exit,
            Exit::Usage
        );
        assert_eq!(check(place.path(), true).unwrap_err().exit, Exit::Usage);
    }

    #[test]
    fn what_is_saved_is_its_owners_alone_and_vanishes_unless_it_is_kept() {
        let place = tempfile::tempdir().unwrap();
        let saved = save(place.path(), b"{}").unwrap();
        let mode = saved.as_file().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(saved);
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_forced_directory_takes_the_place_of_the_old_one() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("vault.cxf.attachments");
        std::fs::create_dir(&target).unwrap();
        std::fs::write(target.join("old"), "old").unwrap();
        let new = || {
            let saved = tempfile::tempdir_in(place.path()).unwrap();
            std::fs::write(saved.path().join("new"), "new").unwrap();
            saved
        };
        assert_eq!(
            put_in_place(new(), &target, false).unwrap_err().exit,
            Exit::Usage
        );
        assert!(target.join("old").exists());
        put_in_place(new(), &target, true).unwrap();
        assert!(target.join("new").exists() && !target.join("old").exists());
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
    }
}
