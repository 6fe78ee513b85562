//! Which desktop entries there are, without reading them, and the reading of one. Serves design §6.
//!
//! Anybody may have put anything there: directories that loop, FIFOs, files without end. Symbolic
//! links are followed, because Flatpak exports its entries as such.

use std::collections::BTreeSet;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, open};

use super::directories::Directories;
use super::entry::Origin;

/// The largest desktop entry, in bytes.
const MAX_FILE: u64 = 64 * 1024;
/// How much is looked at below one of the directories.
const MAX_ENTRIES: usize = 8192;

/// A desktop entry that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) id: String,
    pub(super) path: PathBuf,
    pub(super) origin: Origin,
    /// What changes when the file does; `None` if it cannot even be looked at.
    stamp: Option<[i128; 5]>,
}

/// All desktop entries, the best of each ID first. Equal listings mean that nothing has changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) found: Vec<Found>,
    pub(super) problems: Vec<String>,
}

impl Listing {
    pub(super) fn of(directories: &Directories) -> Listing {
        let mut listing = Listing::default();
        for root in &directories.system {
            listing.search(root, Origin::System);
        }
        for root in &directories.user {
            listing.search(root, Origin::User);
        }
        listing
    }

    /// Adds what lies below `root`, each real directory once.
    fn search(&mut self, root: &Path, origin: Origin) {
        let mut seen = BTreeSet::new();
        let mut budget = MAX_ENTRIES;
        let mut waiting = vec![root.to_owned()];
        while let Some(directory) = waiting.pop() {
            let Some(mut paths) = self.read_directory(&directory, root, &mut seen, &mut budget)
            else {
                continue;
            };
            paths.sort();
            for path in paths {
                let metadata = path.metadata();
                if metadata.as_ref().is_ok_and(Metadata::is_dir) {
                    waiting.push(path);
                } else if let Some(id) = id_of(&path, root) {
                    let stamp = metadata.ok().as_ref().map(stamp);
                    self.found.push(Found {
                        id,
                        path,
                        origin,
                        stamp,
                    });
                }
            }
        }
    }

    /// The paths in `directory`; `None` if there are none to look at.
    fn read_directory(
        &mut self,
        directory: &Path,
        root: &Path,
        seen: &mut BTreeSet<(u64, u64)>,
        budget: &mut usize,
    ) -> Option<Vec<PathBuf>> {
        let mut list = || -> io::Result<Option<Vec<PathBuf>>> {
            let metadata = directory.metadata()?;
            if !seen.insert((metadata.dev(), metadata.ino())) {
                return Ok(None);
            }
            let entries = directory.read_dir()?.take(*budget + 1);
            let paths: io::Result<Vec<_>> = entries.map(|entry| Ok(entry?.path())).collect();
            paths.map(Some)
        };
        let mut paths = match list() {
            Ok(paths) => paths?,
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) => {
                let problem = format!("{}: cannot be searched: {error}", directory.display());
                self.problems.push(problem);
                return None;
            }
        };
        if paths.len() > *budget {
            paths.truncate(*budget);
            let root = root.display();
            self.problems.push(format!(
                "{root}: holds more than {MAX_ENTRIES} files; the others are left out"
            ));
        }
        *budget -= paths.len();
        Some(paths)
    }
}

/// `ROOT/a/b.desktop` → `a-b`.
fn id_of(path: &Path, root: &Path) -> Option<String> {
    let name = path.strip_prefix(root).ok()?.to_string_lossy();
    Some(name.strip_suffix(".desktop")?.replace('/', "-"))
}

fn stamp(metadata: &Metadata) -> [i128; 5] {
    let nanoseconds = |s: i64, ns: i64| i128::from(s) * 1_000_000_000 + i128::from(ns);
    [
        metadata.dev().into(),
        metadata.ino().into(),
        metadata.size().into(),
        nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
        nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
    ]
}

/// The text of the entry at `path` if it speaks of Credex at all, else `None`.
///
/// # Errors
/// It cannot be read, is no regular file, too large, or no text.
pub(super) fn read(path: &Path) -> io::Result<Option<String>> {
    let bytes = bytes_of(path)?;
    match bytes.windows(11).any(|window| window == b"org.credex.") {
        true => text_of(bytes).map(Some),
        false => Ok(None),
    }
}

/// The text of the entry at `path`, whatever it speaks of.
///
/// # Errors
/// As [`read`].
pub(super) fn read_any(path: &Path) -> io::Result<String> {
    text_of(bytes_of(path)?)
}

fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    // A FIFO must neither hang us nor a terminal become ours.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(open(path, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("is no regular file; remove it"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        let problem = format!("is larger than {MAX_FILE} bytes; shorten it");
        return Err(io::Error::other(problem));
    }
    Ok(bytes)
}

fn text_of(bytes: Vec<u8>) -> io::Result<String> {
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text),
        _ => Err(io::Error::other(
            "is not UTF-8 text without NUL; correct it",
        )),
    }
}
