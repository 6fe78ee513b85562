//! Programs of the system: whether a peer runs one, and which desktop entries of the system start it.
//! Serves design §5 (`Installed`).
//!
//! That is provenance, not proof: the same program does what its environment (`LD_PRELOAD`), its
//! arguments and a debugger tell it, and all three are the person's.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD};

use super::look::{Failed, Look};
use super::peer::{Peer, identify};
use super::{Evidence, Surroundings, interpreter, root_owned, unit};

/// What starts more apps than this is no app.
const MAX_APPS: usize = 8;
const DELETED: &[u8] = b" (deleted)";

/// What `peer`, which is in our mount namespace, is.
///
/// # Errors
/// It cannot be told, for another reason than that it hides.
pub(super) fn look(peer: &Peer, ours: &Surroundings) -> Result<Look, Failed> {
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
    Ok(Look::Found(match installed(peer, program, &cgroup, ours) {
        Ok(app_ids) => Evidence::Installed { app_ids },
        Err(why) => Evidence::Unverified {
            why: format!("its program is {}, but {why}", program.display()),
            confined_as: None,
        },
    }))
}

/// The apps that the system starts with the program at `path`.
fn installed(
    peer: &Peer,
    path: &Path,
    cgroup: &str,
    ours: &Surroundings,
) -> Result<Vec<String>, String> {
    if path.as_os_str().as_bytes().ends_with(DELETED) {
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
    if unit::names_another(cgroup, &app_ids) {
        return Err("it runs in the unit of another app".to_owned());
    }
    Ok(app_ids)
}
