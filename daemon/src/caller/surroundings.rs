//! Where we are ourselves, against which a caller is held. The environment is read here. Serves
//! design §5.

use std::io;
use std::path::PathBuf;

use super::flatpak;
use super::peer::{FileId, Peer};
use crate::providers::{Directories, Programs};

/// The session in which this process runs.
#[derive(Debug)]
pub(super) struct Surroundings {
    pub(super) mount_namespace: FileId,
    pub(super) user_namespace: FileId,
    pub(super) process_namespace: FileId,
    /// `XDG_RUNTIME_DIR`, where Flatpak keeps its records.
    pub(super) runtime_directory: Option<PathBuf>,
    /// Where the person's own Flatpaks are.
    pub(super) own_flatpaks: Option<PathBuf>,
    /// What the desktop entries of the system start.
    pub(super) programs: Programs,
}

impl Surroundings {
    /// Those of this process.
    ///
    /// # Errors
    /// `/proc` is not there, or hides ourselves.
    pub(super) fn of_session() -> io::Result<Surroundings> {
        let us = Peer::of_pid(std::process::id())?;
        let runtime_directory = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        Ok(Surroundings {
            mount_namespace: us.namespace("mnt")?,
            user_namespace: us.namespace("user")?,
            process_namespace: us.namespace("pid")?,
            runtime_directory: runtime_directory.filter(|path| path.is_absolute()),
            own_flatpaks: flatpak::own_installation(|name| std::env::var_os(name)),
            programs: Programs::open(&Directories::of_session()),
        })
    }
}
