//! Where we are ourselves, against which a caller is held. The environment is read here. Serves
//! design §5.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use zbus::address::transport::{Transport, UnixSocket};

use super::flatpak;
use super::peer::{FileId, Peer};
use crate::providers::{Directories, Programs};

/// The session in which the daemon runs.
#[derive(Debug)]
pub struct Surroundings {
    pub(super) mount_namespace: FileId,
    pub(super) user_namespace: FileId,
    pub(super) process_namespace: FileId,
    /// `XDG_RUNTIME_DIR`, where Flatpak keeps its records.
    pub(super) runtime_directory: Option<PathBuf>,
    /// Where the person's own Flatpaks are.
    pub(super) own_flatpaks: Option<PathBuf>,
    /// What the desktop entries of the system start.
    pub(super) programs: Programs,
    /// The bus, as its socket is bound; `None` if it is of a kind on which nothing can be checked.
    pub(super) bus: Option<Vec<u8>>,
}

impl Surroundings {
    /// Those of this process.
    ///
    /// # Errors
    /// `/proc` is not there, or hides ourselves.
    pub fn of_session() -> io::Result<Surroundings> {
        let address = zbus::Address::session().ok();
        Surroundings::from_environment(|name| std::env::var_os(name), address.as_ref())
    }

    /// Those of this process, with these environment variables and on the bus at `address`.
    ///
    /// # Errors
    /// `/proc` is not there, or hides ourselves.
    pub fn from_environment(
        variable: impl Fn(&str) -> Option<OsString>,
        address: Option<&zbus::Address>,
    ) -> io::Result<Surroundings> {
        let us = Peer::of_pid(std::process::id())?;
        let runtime_directory = variable("XDG_RUNTIME_DIR").map(PathBuf::from);
        Ok(Surroundings {
            mount_namespace: us.namespace("mnt")?,
            user_namespace: us.namespace("user")?,
            process_namespace: us.namespace("pid")?,
            runtime_directory: runtime_directory.filter(|path| path.is_absolute()),
            own_flatpaks: flatpak::own_installation(&variable),
            programs: Programs::open(&Directories::from_environment(&variable)),
            bus: address.and_then(bound_name),
        })
    }
}

/// The name to which the socket of a bus at `address` is bound.
fn bound_name(address: &zbus::Address) -> Option<Vec<u8>> {
    let Transport::Unix(unix) = address.transport() else {
        return None;
    };
    match unix.path() {
        UnixSocket::File(path) => Some(path.as_os_str().as_bytes().to_vec()),
        UnixSocket::Abstract(name) => Some([0].iter().chain(name.as_bytes()).copied().collect()),
        _ => None,
    }
}
