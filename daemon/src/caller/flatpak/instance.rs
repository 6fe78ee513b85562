//! What Flatpak wrote outside a sandbox about it, and the process that is confined in it. Serves
//! design §5.

use std::io;
use std::path::Path;

use serde::Deserialize;

use super::beneath;
use super::file;
use super::info::Instance;
use crate::caller::Surroundings;
use crate::caller::peer::{FileId, Peer, identify};

/// Of `bwrapinfo.json`, as bubblewrap writes it (`--info-fd`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Record {
    child_pid: u32,
    mnt_namespace: u64,
    pid_namespace: u64,
}

/// The first process of a sandbox, which runs.
#[derive(Debug)]
pub(super) struct Confined {
    peer: Peer,
    root: std::os::fd::OwnedFd,
    mount_namespace: FileId,
}

/// The sandbox of `instance`, if it is recorded and confined as Flatpak does it. `info` is what its
/// member has as `/.flatpak-info`.
///
/// # Errors
/// It is not, with the reason.
pub(super) fn confined(
    instance: &Instance,
    info: &[u8],
    ours: &Surroundings,
) -> Result<Confined, String> {
    let record = record(instance, info, ours)?;
    let unseen = |error: io::Error| format!("its sandbox cannot be looked at: {error}");
    let peer = Peer::of_pid(record.child_pid).map_err(unseen)?;
    let mount_namespace = peer.namespace("mnt").map_err(unseen)?;
    let process_namespace = peer.namespace("pid").map_err(unseen)?;
    let same = mount_namespace.inode() == record.mnt_namespace
        && process_namespace.inode() == record.pid_namespace;
    let apart =
        mount_namespace != ours.mount_namespace && process_namespace != ours.process_namespace;
    if !same || !apart {
        return Err("the recorded process is in no sandbox of its own".to_owned());
    }
    for (field, value) in [("NoNewPrivs:", "1"), ("Seccomp:", "2")] {
        if peer.status(field).map_err(unseen)? != value {
            return Err(format!(
                "its sandbox does not confine it ({field} is not {value})"
            ));
        }
    }
    let root = peer.root().map_err(unseen)?;
    let told = file::read(&root, Path::new(".flatpak-info")).map_err(unseen)?;
    if told != info {
        return Err("its sandbox says something else of itself".to_owned());
    }
    let confined = Confined {
        peer,
        root,
        mount_namespace,
    };
    for (mounted, deployed) in [("app", &instance.app), ("usr", &instance.runtime)] {
        confined.runs_from(mounted, deployed)?;
    }
    match confined.peer.lives() {
        Ok(true) => Ok(confined),
        _ => Err("its sandbox has ended".to_owned()),
    }
}

fn record(instance: &Instance, info: &[u8], ours: &Surroundings) -> Result<Record, String> {
    let unread = |error: &dyn std::fmt::Display| {
        format!(
            "Flatpak's record of instance {} cannot be read: {error}",
            instance.id
        )
    };
    let directory = ours.runtime_directory.as_ref();
    let directory = directory.ok_or_else(|| unread(&"XDG_RUNTIME_DIR is not set"))?;
    let directory = directory.join(".flatpak").join(&instance.id);
    let directory = file::directory(&directory).map_err(|error| unread(&error))?;
    let read = |name| file::read(&directory, Path::new(name)).map_err(|error| unread(&error));
    if read("info")? != info {
        return Err(format!(
            "Flatpak recorded something else of instance {}",
            instance.id
        ));
    }
    serde_json::from_slice(&read("bwrapinfo.json")?).map_err(|error| unread(&error))
}

impl Confined {
    /// Whether it sees the directory `deployed` of ours as `mounted`.
    fn runs_from(&self, mounted: &str, deployed: &Path) -> Result<(), String> {
        use rustix::fs::{AtFlags, CWD};
        let unseen = |error: io::Error| format!("/{mounted} cannot be looked at: {error}");
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::STATX_DONT_SYNC;
        let theirs = identify(&self.root, mounted, flags).map_err(unseen)?;
        let deployed_path = deployed.to_string_lossy();
        let real = identify(CWD, &deployed_path, AtFlags::STATX_DONT_SYNC).map_err(unseen)?;
        match theirs == real {
            true => Ok(()),
            false => Err(format!("/{mounted} of its sandbox is not {deployed_path}")),
        }
    }

    /// Whether `mount_namespace` is that of the sandbox.
    pub(super) fn contains(&self, mount_namespace: FileId) -> bool {
        self.mount_namespace == mount_namespace
    }

    /// The socket that it sees as the session bus.
    pub(super) fn bus(&self) -> io::Result<FileId> {
        let path = Path::new("run/flatpak/bus");
        let socket = beneath::open(&self.root, path, rustix::fs::OFlags::PATH)?;
        crate::caller::peer::identify_fd(socket)
    }
}
