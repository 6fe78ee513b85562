//! Which apps the desktop entries of the system start with a given program. Serves design §5
//! (`Installed`): here all apps count, also those that declare nothing to us.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::directories::Directories;
use super::entry::{self, Origin};
use super::exec::find_program;
use super::listing::{self, Listing};

/// The programs of the system's entries. Read again only after an entry has changed.
#[derive(Debug)]
pub struct Programs {
    directories: Directories,
    latest: Mutex<Option<(Listing, Vec<Started>)>>,
}

/// What one entry starts.
#[derive(Debug, Clone)]
struct Started {
    id: String,
    path: PathBuf,
    program: OsString,
}

impl Programs {
    /// Those of the system's part of `directories`; nothing is read yet.
    #[must_use]
    pub fn open(directories: &Directories) -> Programs {
        let directories = Directories {
            user: Vec::new(),
            ..directories.clone()
        };
        Programs {
            directories,
            latest: Mutex::default(),
        }
    }

    /// The IDs of the apps that are started with `program`, a path without symbolic links. Entries and
    /// programs count as far as `resolve` gives them a place.
    pub fn started_with(
        &self,
        program: &Path,
        resolve: impl Fn(&Path) -> Option<PathBuf>,
    ) -> Vec<String> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let listing = Listing::of(&self.directories);
        if latest.as_ref().is_none_or(|(known, _)| *known != listing) {
            let started = read(&listing);
            *latest = Some((listing, started));
        }
        let started = latest.iter().flat_map(|(_, started)| started);
        let search_path = &self.directories.search_path;
        let is_it = |started: &&Started| {
            let found = find_program(&started.program, search_path);
            let found = found.and_then(|found| resolve(&found));
            found.as_deref() == Some(program) && resolve(&started.path).is_some()
        };
        let ids: BTreeSet<_> = started.filter(is_it).map(|s| s.id.clone()).collect();
        ids.into_iter().collect()
    }
}

/// The first entry of each ID counts, also if it starts nothing.
fn read(listing: &Listing) -> Vec<Started> {
    let mut seen = BTreeSet::new();
    let mut started = Vec::new();
    for found in &listing.found {
        if found.origin != Origin::System || !seen.insert(&found.id) {
            continue;
        }
        let text = match listing::read_any(&found.path) {
            Ok(text) => text,
            Err(error) => {
                tracing::debug!(path = %found.path.display(), %error, "an entry names no program");
                continue;
            }
        };
        started.extend(
            entry::program(&text, &found.id, &found.path).map(|program| Started {
                id: found.id.clone(),
                path: found.path.clone(),
                program: OsStr::to_owned(&program),
            }),
        );
    }
    started
}
