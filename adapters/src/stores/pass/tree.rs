//! The files of a store: which are entries, for whom they are encrypted, and whether something has
//! changed.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::gpg::{Gpg, GpgError, LARGEST};
use super::name::SUFFIX;
use crate::{Fault, Quarantined};

/// Files of a store, those of git's objects not counted.
const MOST: usize = 200_000;
/// Folders within one another: four times what we write.
const DEEPEST: usize = 128;
/// Bytes of a list of recipients, and how many of them.
const LONGEST_LIST: usize = 64 << 10;
const MOST_RECIPIENTS: usize = 200;
const RECIPIENTS: &str = ".gpg-id";
pub(super) const GIT: &str = ".git";

/// What is in a store.
pub(super) struct Tree {
    /// The files of the entries, in their order.
    pub(super) entries: Vec<PathBuf>,
    /// What might be entries, and is not read.
    pub(super) set_aside: Vec<Quarantined>,
    pub(super) print: Print,
}

/// What changes when somebody else changes a store: every file's path, number, size and time, and
/// of git the branches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Print(Vec<(PathBuf, u64, u64, i64, i64)>);

/// Looks at everything in the store, and follows no link.
pub(super) fn scan(root: &Path) -> Result<Tree, Fault> {
    let mut tree = Tree {
        entries: Vec::new(),
        set_aside: Vec::new(),
        print: Print::default(),
    };
    tree.folder(root, Path::new(""), 0)?;
    tree.entries.sort();
    tree.print.0.sort();
    Ok(tree)
}

impl Tree {
    fn folder(&mut self, root: &Path, inner: &Path, depth: usize) -> Result<(), Fault> {
        if depth > DEEPEST {
            return Err(too_large(
                root,
                "folders lie too deep within one another",
                DEEPEST,
            ));
        }
        let path = root.join(inner);
        for found in fs::read_dir(&path).map_err(|error| io_fault(&path, error))? {
            let found = found.map_err(|error| io_fault(&path, error))?;
            let file = inner.join(found.file_name());
            let metadata = found.metadata().map_err(|error| io_fault(&path, error))?;
            if is_passing(&file) {
                continue;
            }
            self.print.0.push(print(&file, &metadata));
            if self.print.0.len() > MOST {
                return Err(too_large(root, "there are more files", MOST));
            }
            match metadata.is_dir() {
                true => self.folder(root, &file, depth + 1)?,
                false => self.file(file, &metadata),
            }
        }
        Ok(())
    }

    fn file(&mut self, file: PathBuf, metadata: &Metadata) {
        if file
            .iter()
            .any(|name| name.as_encoded_bytes().starts_with(b"."))
        {
            return;
        }
        let name = file.to_string_lossy();
        let aside = |reason: &str| Quarantined::new(format!("“{name}”"), reason);
        if metadata.is_symlink() {
            let reason =
                "it is a link; what it leads to is read where it is, if that is in the store";
            self.set_aside.push(aside(reason));
        } else if name.ends_with(".age") {
            self.set_aside
                .push(aside("it is encrypted with age, not with gpg"));
        } else if !name.ends_with(SUFFIX) {
        } else if !metadata.is_file() {
            self.set_aside.push(aside("it is no file"));
        } else if metadata.len() > LARGEST as u64 {
            self.set_aside.push(aside("it is too large for an entry"));
        } else {
            self.entries.push(file);
        }
    }
}

/// What git changes without anybody having changed anything.
fn is_passing(file: &Path) -> bool {
    let mut names = file.iter().skip_while(|name| *name != GIT).skip(1);
    let Some(first) = names.next() else {
        return false;
    };
    !["HEAD", "refs", "packed-refs"]
        .iter()
        .any(|kept| first == *kept)
}

fn print(file: &Path, metadata: &Metadata) -> (PathBuf, u64, u64, i64, i64) {
    match metadata.is_dir() {
        // Of a folder only that it is there: what is in it stands for itself.
        true => (file.to_owned(), 0, 0, 0, 0),
        false => (
            file.to_owned(),
            metadata.ino(),
            metadata.len(),
            metadata.mtime(),
            metadata.mtime_nsec(),
        ),
    }
}

/// What a folder on the way to `file` is that it should not be: new entries go into folders only.
pub(super) fn obstacle(root: &Path, file: &Path) -> Option<String> {
    let mut folders: Vec<_> = file
        .ancestors()
        .skip(1)
        .filter(|path| *path != Path::new(""))
        .collect();
    folders.reverse();
    folders.into_iter().find_map(|folder| {
        let metadata = root.join(folder).symlink_metadata().ok()?;
        (!metadata.is_dir()).then(|| {
            let what = if metadata.is_symlink() {
                "a link"
            } else {
                "no folder"
            };
            format!("“{}” in the store is {what}", folder.display())
        })
    })
}

/// Whose keys decide.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys {
    /// For whom everything is encrypted, whatever the store says (`PASSWORD_STORE_KEY`).
    pub(super) instead: Vec<String>,
    /// Who must have signed what the store says (`PASSWORD_STORE_SIGNING_KEY`).
    pub(super) signers: Vec<String>,
}

impl Keys {
    /// For whom a file is encrypted: what the next list says in its folder or above.
    pub(super) fn recipients(
        &self,
        gpg: &Gpg,
        root: &Path,
        file: &Path,
    ) -> Result<Vec<String>, Fault> {
        if !self.instead.is_empty() {
            return Ok(self.instead.clone());
        }
        for folder in file.ancestors().skip(1) {
            let path = root.join(folder).join(RECIPIENTS);
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_file() => return self.list(gpg, &path),
                Ok(_) => return Err(malformed(&path, "it is no file")),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                // A component that is to be a folder and is none yet, or no more.
                Err(error) if error.kind() == io::ErrorKind::NotADirectory => {}
                Err(error) => return Err(io_fault(&path, error)),
            }
        }
        Err(Fault::Missing {
            place: root.display().to_string(),
            advice: "Say for which key it is, with: pass init KEY".to_owned(),
        })
    }

    fn list(&self, gpg: &Gpg, path: &Path) -> Result<Vec<String>, Fault> {
        let fault = |error| io_fault(path, error);
        let mut text = String::new();
        let file = File::open(path).map_err(fault)?;
        file.take(LONGEST_LIST as u64)
            .read_to_string(&mut text)
            .map_err(fault)?;
        self.check(gpg, path, &text)?;
        let recipients: Vec<_> = parse(&text).collect();
        match recipients.len() {
            0 => Err(malformed(path, "it names no key")),
            1..=MOST_RECIPIENTS => Ok(recipients),
            _ => Err(malformed(path, "it names more than 200 keys")),
        }
    }

    /// As `pass` does: the list is what one of the signers has signed.
    fn check(&self, gpg: &Gpg, path: &Path, text: &str) -> Result<(), Fault> {
        if self.signers.is_empty() {
            return Ok(());
        }
        let mut signature = path.as_os_str().to_owned();
        signature.push(".sig");
        let found = match gpg.signers(signature.as_ref(), text.as_bytes()) {
            Ok(found) => found,
            Err(GpgError::Fault(fault)) => return Err(fault),
            Err(GpgError::File(what)) => return Err(malformed(path, &what)),
        };
        match found.iter().any(|signer| self.signers.contains(signer)) {
            true => Ok(()),
            false => Err(malformed(
                path,
                "no key of PASSWORD_STORE_SIGNING_KEY has signed it",
            )),
        }
    }
}

fn parse(text: &str) -> impl Iterator<Item = String> {
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty()).map(str::to_owned)
}

pub(super) fn io_fault(path: &Path, source: io::Error) -> Fault {
    Fault::Io {
        place: path.display().to_string(),
        source,
    }
}

fn malformed(path: &Path, what: &str) -> Fault {
    Fault::Malformed {
        place: path.display().to_string(),
        what: what.to_owned(),
        advice: "See pass init".to_owned(),
    }
}

fn too_large(root: &Path, what: &str, limit: usize) -> Fault {
    Fault::TooLarge {
        place: root.display().to_string(),
        what: what.to_owned(),
        limit: limit.to_string(),
        advice: "See whether it is the right folder".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_recipients_may_have_comments() {
        let text = "0xABCD # ann\n# old: bob\n\n  carol@example.org \n";
        let parsed: Vec<_> = parse(text).collect();
        assert_eq!(parsed, ["0xABCD", "carol@example.org"]);
    }

    #[test]
    fn of_git_only_the_branches_count() {
        for (file, passing) in [
            (".git/index", true),
            (".git/objects/ab/cdef", true),
            (".git/refs/heads/main", false),
            (".git/HEAD", false),
            ("team/.git/logs/HEAD", true),
            ("team/.git", false),
            ("x.gpg", false),
        ] {
            assert_eq!(is_passing(Path::new(file)), passing, "{file}");
        }
    }

    #[test]
    fn links_and_folders_that_are_named_like_entries_are_told_and_not_read() {
        let store = tempfile::tempdir().unwrap();
        let outside = tempfile::NamedTempFile::new().unwrap();
        std::os::unix::fs::symlink(outside.path(), store.path().join("out.gpg")).unwrap();
        std::os::unix::fs::symlink("/", store.path().join("root")).unwrap();
        fs::create_dir_all(store.path().join("a/folder.gpg")).unwrap();
        fs::write(store.path().join("a/folder.gpg/b.gpg"), "").unwrap();
        fs::write(store.path().join("README"), "").unwrap();
        let tree = scan(store.path()).unwrap();
        assert_eq!(tree.entries, [Path::new("a/folder.gpg/b.gpg")]);
        let mut aside: Vec<_> = tree
            .set_aside
            .iter()
            .map(|each| each.origin.as_str())
            .collect();
        aside.sort_unstable();
        assert_eq!(aside, ["“out.gpg”", "“root”"]);
        let obstacle = obstacle(store.path(), Path::new("root/etc/x.gpg"));
        assert_eq!(obstacle.unwrap(), "“root” in the store is a link");
    }

    #[test]
    fn folders_without_end_are_not_gone_down_to_their_end() {
        let store = tempfile::tempdir().unwrap();
        let deep: PathBuf = std::iter::repeat_n("d", 1000).collect();
        fs::create_dir_all(store.path().join(deep)).unwrap();
        assert!(matches!(scan(store.path()), Err(Fault::TooLarge { .. })));
    }
}
