//! Programs of the system: whether a peer runs one, and which desktop entries of the system start it.
//! Serves design §5 (`Installed`).
//!
//! That is provenance, not proof: the same program does what its environment (`LD_PRELOAD`), its
//! arguments and a debugger tell it, and all three are the person's.
//!
//! An upgrade takes the file away from a process that runs it. What was known of the process then holds
//! on: that it was the system's program when it began to run, no upgrade changes.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD};

use super::look::{Failed, Look};
use super::peer::{FileId, Peer, identify};
use super::witness::Known;
use super::{Evidence, Surroundings, interpreter, root_owned, unit};

/// What starts more apps than this is no app.
const MAX_APPS: usize = 8;
const DELETED: &[u8] = b" (deleted)";

/// What `peer`, which is in our mount namespace, is. `before` is what was found of the same process earlier.
///
/// # Errors
/// It cannot be told, for another reason than that it hides.
pub(super) fn look(
    peer: &Peer,
    ours: &Surroundings,
    before: Option<&Known>,
) -> Result<Look, Failed> {
    let failed = |error: io::Error| Failed(format!("its executable: {error}"));
    let path = match peer.program_path() {
        Ok(path) => path,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Ok(Look::unverified("its executable is hidden"));
        }
        Err(error) => return Err(failed(error)),
    };
    let cgroup = peer.read("cgroup").map_err(failed)?;
    let program = Path::new(OsStr::from_bytes(&path));
    let found = match upgraded(peer, program, before) {
        Some(app_ids) => of_unit(app_ids, &cgroup),
        None => installed(peer, program, &cgroup, ours),
    };
    Ok(Look::Found(match found {
        Ok(app_ids) => Evidence::Installed { app_ids },
        Err(why) => Evidence::Unverified {
            why: format!("its program is {}, but {why}", program.display()),
            confined_as: None,
        },
    }))
}

/// The apps that `peer` was found to be `before`, if its program at `path` was taken away since, and it runs
/// that very file still.
fn upgraded(peer: &Peer, path: &Path, before: Option<&Known>) -> Option<Vec<String>> {
    let before = before?;
    let Evidence::Installed { app_ids } = &before.evidence else {
        return None;
    };
    let runs: Option<FileId> = peer.program().ok();
    let is_same = runs.is_some() && runs == before.program;
    (is_deleted(path) && is_same).then(|| app_ids.clone())
}

fn is_deleted(path: &Path) -> bool {
    path.as_os_str().as_bytes().ends_with(DELETED)
}

/// The apps that the system starts with the program at `path`.
fn installed(
    peer: &Peer,
    path: &Path,
    cgroup: &str,
    ours: &Surroundings,
) -> Result<Vec<String>, String> {
    if is_deleted(path) {
        return Err("that is no longer installed".to_owned());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if interpreter::is(&name) {
        return Err("that runs whatever it is told to".to_owned());
    }
    let real = root_owned::resolve(path).map_err(|error| error.to_string())?;
    let there = identify(CWD, &real.to_string_lossy(), AtFlags::STATX_DONT_SYNC);
    let same = there.and_then(|there| Ok(there == peer.program()?));
    if !same.map_err(|error| error.to_string())? {
        return Err("that is another file by now".to_owned());
    }
    let app_ids = ours
        .programs
        .started_with(&real, |path| root_owned::resolve(path).ok());
    if app_ids.is_empty() {
        return Err("no desktop entry of the system starts that".to_owned());
    }
    if app_ids.len() > MAX_APPS {
        return Err(format!("that is started as {} apps", app_ids.len()));
    }
    of_unit(app_ids, cgroup)
}

/// `app_ids`, unless the process is in the unit of none of them.
fn of_unit(app_ids: Vec<String>, cgroup: &str) -> Result<Vec<String>, String> {
    match unit::names_another(cgroup, &app_ids) {
        true => Err("it runs in the unit of another app".to_owned()),
        false => Ok(app_ids),
    }
}
