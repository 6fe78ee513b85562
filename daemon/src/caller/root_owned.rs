//! Whether a file belongs to the system along its whole path, so that nobody but root can have put it
//! there or can replace it. Serves design §5 (`Installed`).

use std::fs::{Metadata, symlink_metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// How many names are looked at, those behind symbolic links counted.
const MAX_STEPS: usize = 128;
/// Write permission for the group and for others.
const WRITABLE: u32 = 0o022;

/// Where `path` leads, if every directory, symbolic link and file on the way there is root's, and
/// nobody else may write to it.
///
/// # Errors
/// `PermissionDenied`, with the name that somebody else can change; else it cannot be looked at.
/// Nothing behind such a name is touched.
pub(super) fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut reached = PathBuf::from("/");
    check(&reached)?;
    let mut waiting = parts(path)?;
    let mut steps = 0;
    while let Some(name) = waiting.pop() {
        steps += 1;
        if steps > MAX_STEPS {
            return Err(io::Error::other("it leads through too many links"));
        }
        if name == Path::new("..") {
            reached.pop();
            continue;
        }
        let next = reached.join(&name);
        if check(&next)?.is_symlink() {
            let target = std::fs::read_link(&next)?;
            if target.is_absolute() {
                reached = PathBuf::from("/");
            }
            let target = reached.join(&target);
            let rest = target.strip_prefix(&reached).unwrap_or(&target).to_owned();
            waiting.extend(names(&rest));
        } else {
            reached = next;
        }
    }
    Ok(reached)
}

/// The names of an absolute path, the last one first.
fn parts(path: &Path) -> io::Result<Vec<PathBuf>> {
    match path.is_absolute() {
        true => Ok(names(path)),
        false => Err(io::ErrorKind::InvalidInput.into()),
    }
}

fn names(path: &Path) -> Vec<PathBuf> {
    let names = path
        .components()
        .rev()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(PathBuf::from(name)),
            Component::ParentDir => Some(PathBuf::from("..")),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        });
    names.collect()
}

fn check(path: &Path) -> io::Result<Metadata> {
    let metadata = symlink_metadata(path)?;
    let changeable = metadata.uid() != 0
        // A symbolic link has no permissions of its own.
        || (!metadata.is_symlink() && metadata.mode() & WRITABLE != 0);
    if changeable {
        let problem = format!("{} can be changed by others than root", path.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, problem));
    }
    Ok(metadata)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_the_system_installed_is_roots_all_the_way() {
        let shell = resolve(Path::new("/bin/sh")).unwrap();
        assert_eq!(shell, std::fs::canonicalize("/bin/sh").unwrap());
        assert_eq!(
            resolve(Path::new("/usr/../usr/bin")).unwrap(),
            Path::new("/usr/bin")
        );
    }

    #[test]
    fn what_lies_where_anybody_may_write_is_not() {
        let directory = tempfile::tempdir_in("/tmp").unwrap();
        let link = directory.path().join("sh");
        symlink("/bin/sh", &link).unwrap();
        let error = resolve(&link).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}");
        assert!(error.to_string().contains("/tmp"), "{error}");
        assert!(resolve(Path::new("bin/sh")).is_err());
        assert!(resolve(Path::new("/nowhere/at/all")).is_err());
    }
}
