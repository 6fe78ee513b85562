//! Which files the service may change (Landlock): those in its own directories. Serves design §4.
//!
//! Under its unit only, where a witness looks at callers for it: whoever is so confined can look into no process that is
//! not. Elsewhere it must see its peers itself.
//!
//! Reading stays: whose apps lie where, is for the person and the system to say. So does writing to terminals, because a
//! dialog may be shown on one, which the service opens.

use std::fs::DirEntry;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetStatus,
};

/// What this is written for; an older kernel does what it can.
const NEWEST: ABI = ABI::V5;

/// Why files are not confined.
#[derive(Debug, thiserror::Error)]
pub enum LandlockError {
    /// The kernel refuses.
    #[error("the kernel refuses: {0}")]
    Refused(#[from] landlock::RulesetError),
    /// One of our directories cannot be opened.
    #[error("{path}: {source}")]
    Closed {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: landlock::PathFdError,
    },
    /// The kernel is old.
    #[error("this kernel's Landlock is older than ABI 5 (Linux 6.10): part of it is in force")]
    Partial,
    /// The kernel has none.
    #[error(
        "this kernel has no Landlock, or it is switched off: all of the person's files can be changed"
    )]
    Missing,
}

/// Confines this thread, and those that it starts, for good: it changes files in `directories`, which must exist, and
/// nowhere else, runs none, and has no TCP.
///
/// # Errors
/// Not all of that is in force.
pub fn enter(directories: &[PathBuf]) -> Result<(), LandlockError> {
    let changes = AccessFs::from_write(NEWEST);
    let device = AccessFs::WriteFile | AccessFs::IoctlDev;
    let mut rules = Vec::new();
    for terminal in terminals() {
        rules.push(PathBeneath::new(open(&terminal)?, device));
    }
    for directory in directories {
        rules.push(PathBeneath::new(open(directory)?, changes));
    }
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(changes | AccessFs::Execute)?
        .handle_access(AccessNet::from_all(NEWEST))?
        .create()?
        .add_rules(rules.into_iter().map(Ok::<_, landlock::RulesetError>))?
        .restrict_self()?;
    match status.ruleset {
        RulesetStatus::FullyEnforced => Ok(()),
        RulesetStatus::PartiallyEnforced => Err(LandlockError::Partial),
        RulesetStatus::NotEnforced => Err(LandlockError::Missing),
    }
}

/// Where a dialog may be shown: terminals in windows, and the consoles that are the person's.
fn terminals() -> Vec<PathBuf> {
    let us = rustix::process::getuid().as_raw();
    let is_console = |entry: &DirEntry| {
        let name = entry.file_name();
        let is_ours = entry.metadata().is_ok_and(|told| told.uid() == us);
        name.as_encoded_bytes().starts_with(b"tty") && is_ours
    };
    let devices = std::fs::read_dir("/dev").into_iter().flatten().flatten();
    let consoles = devices.filter(is_console).map(|entry| entry.path());
    let windows = Path::new("/dev/pts");
    let windows = windows.is_dir().then(|| windows.to_owned());
    consoles.chain(windows).collect()
}

fn open(directory: &Path) -> Result<PathFd, LandlockError> {
    PathFd::new(directory).map_err(|source| LandlockError::Closed {
        path: directory.to_owned(),
        source,
    })
}
