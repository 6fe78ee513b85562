//! Which files there are, in their order, and whether they may be believed. Serves "Files" of
//! `daemon/README.md`, and the UAPI Configuration Files Specification (UAPI.6).

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FileType, Mode, OFlags};

use super::error::{ConfigError, Flaw};

/// The name of the main file; that of the directory of drop-ins has `.d` behind it.
const NAME: &str = "credexd.conf";

/// The most that is read of one file, in bytes.
const LONGEST: u64 = 256 * 1024;

/// Who speaks in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Author {
    /// May say anything.
    Administrator,
    /// May tighten what the administrator said.
    Person,
}

/// A file that was read.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) author: Author,
    pub(super) file: Arc<Path>,
    pub(super) text: String,
}

/// Tells to which user an open file belongs, given to whom it seems to.
pub type OwnerOf<'a> = &'a dyn Fn(BorrowedFd<'_>, u32) -> io::Result<u32>;

/// Where the files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Directories of the administrator, the best first.
    pub system: Vec<PathBuf>,
    /// To whom the files there must belong.
    pub system_owner: u32,
    /// The directory of the person.
    pub person: Option<PathBuf>,
    /// To whom the files there must belong, unless they belong to the former.
    pub person_owner: u32,
}

impl Places {
    /// Those of this session: `/etc/credex`, `/usr/lib/credex` and `$XDG_CONFIG_HOME/credex`.
    #[must_use]
    pub fn of_session() -> Places {
        Places::from_environment(|name| std::env::var_os(name))
    }

    fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Places {
        let absolute = |name| {
            variable(name)
                .map(PathBuf::from)
                .filter(|p| p.is_absolute())
        };
        let home = absolute("HOME").filter(|home| home != Path::new("/"));
        let at_home = home.map(|home| home.join(".config"));
        Places {
            system: vec!["/etc/credex".into(), "/usr/lib/credex".into()],
            system_owner: 0,
            person: absolute("XDG_CONFIG_HOME")
                .or(at_home)
                .map(|path| path.join("credex")),
            person_owner: rustix::process::getuid().as_raw(),
        }
    }

    /// Every file there is, in the order in which they are to be applied.
    pub(super) fn read(&self, owner_of: OwnerOf<'_>) -> Result<Vec<Source>, ConfigError> {
        let mut sources = Vec::new();
        let person: Vec<PathBuf> = self.person.iter().cloned().collect();
        let both = [self.system_owner, self.person_owner];
        for (author, directories, owners) in [
            (Author::Administrator, &self.system, &both[..1]),
            (Author::Person, &person, &both[..]),
        ] {
            for file in files(directories)? {
                let text = read(&file, Some((owners, owner_of)))?;
                sources.extend(text.map(|text| Source {
                    author,
                    file: file.into(),
                    text,
                }));
            }
        }
        Ok(sources)
    }
}

/// The one file that the command line names, as an administrator's and whoever it belongs to.
pub(super) fn named(file: &Path) -> Result<Source, ConfigError> {
    let missing = || ConfigError::Read {
        path: file.into(),
        source: ErrorKind::NotFound.into(),
    };
    Ok(Source {
        author: Author::Administrator,
        file: file.into(),
        text: read(file, None)?.ok_or_else(missing)?,
    })
}

/// The main file, then the drop-ins in byte order. A file in one of `directories` takes the place of
/// the file of the same name in a later one.
fn files(directories: &[PathBuf]) -> Result<Vec<PathBuf>, ConfigError> {
    let mut main = None;
    let mut drop_ins: BTreeMap<OsString, PathBuf> = BTreeMap::new();
    for directory in directories {
        let file = directory.join(NAME);
        if main.is_none() && is_there(&file)? {
            main = Some(file);
        }
        for path in listed(&directory.join(format!("{NAME}.d")))? {
            let name = path.file_name().unwrap_or_default().to_owned();
            drop_ins.entry(name).or_insert(path);
        }
    }
    Ok(main.into_iter().chain(drop_ins.into_values()).collect())
}

/// Whether there is something, a dangling link included: that is a mistake to be told of.
fn is_there(file: &Path) -> Result<bool, ConfigError> {
    match std::fs::symlink_metadata(file) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(ConfigError::Read {
            path: file.into(),
            source,
        }),
    }
}

/// The `*.conf` of a directory of drop-ins, without hidden ones.
fn listed(directory: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let unreadable = |source| ConfigError::Read {
        path: directory.into(),
        source,
    };
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unreadable)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().map_or(&b""[..], OsStr::as_bytes);
        if name.ends_with(b".conf") && !name.starts_with(b".") {
            found.push(path);
        }
    }
    Ok(found)
}

/// The text of `file`, which must belong to one of those in `owners` if there are such, and be writable by
/// nobody else. `None` for a file that masks another and says nothing itself: a link to `/dev/null`.
fn read(file: &Path, owners: Option<(&[u32], OwnerOf<'_>)>) -> Result<Option<String>, ConfigError> {
    let unreadable = |source| ConfigError::Read {
        path: file.into(),
        source,
    };
    let refused = |flaw| {
        Err(ConfigError::Refused {
            file: file.into(),
            flaw,
        })
    };
    // Without blocking: at the other end of a pipe there may be nobody.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let fd =
        rustix::fs::open(file, flags, Mode::empty()).map_err(|error| unreadable(error.into()))?;
    let stat = rustix::fs::fstat(&fd).map_err(|error| unreadable(error.into()))?;
    if is_null_device(&stat) {
        return Ok(None);
    }
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return refused(Flaw::NotRegular);
    }
    if let Some((owners, owner_of)) = owners {
        let found = owner_of(fd.as_fd(), stat.st_uid).map_err(unreadable)?;
        if !owners.contains(&found) {
            let expected = owners.last().copied().unwrap_or_default();
            return refused(Flaw::Owner { found, expected });
        }
        if Mode::from_raw_mode(stat.st_mode).intersects(Mode::WGRP | Mode::WOTH) {
            return refused(Flaw::Writable);
        }
    }
    let mut bytes = Vec::new();
    let mut bounded = File::from(fd).take(LONGEST + 1);
    bounded.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LONGEST {
        return refused(Flaw::TooLong { limit: LONGEST });
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = line_of(good, good.len());
            refused(Flaw::NotText { line })
        }
    }
}

/// `/dev/null` has this number everywhere (Documentation/admin-guide/devices.txt of Linux).
fn is_null_device(stat: &rustix::fs::Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice
        && stat.st_rdev == rustix::fs::makedev(1, 3)
}

/// The line, from 1, in which the byte at `offset` is.
pub(super) fn line_of(text: &[u8], offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    before.iter().filter(|&&byte| byte == b'\n').count() + 1
}
