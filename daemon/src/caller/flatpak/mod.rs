//! Flatpak: whether a peer is one of its sandboxes, which, and whether that can be confirmed from
//! outside. Serves design §5 (`Sandboxed`).
//!
//! The sandbox of a peer says in `/.flatpak-info` which app it is. A sandboxed app cannot change that,
//! but any program of the person's can make a sandbox with such a file. So the file alone proves
//! nothing: [`confirm`] asks for everything that Flatpak's own sandboxes have and that can be seen.

mod beneath;
mod deployment;
mod file;
mod info;
mod instance;

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub(super) use deployment::own_installation;

use super::look::{Failed, Look};
use super::peer::{FileId, Peer};
use super::{Evidence, Origin, Surroundings, root_owned, sockets, unit};
use info::{Info, Instance};
use instance::Confined;

/// The program that stands between a sandbox and the bus.
const PROXY: &str = "xdg-dbus-proxy";

/// What a peer in the mount namespace `namespace`, which is not ours, is.
///
/// # Errors
/// There is a `/.flatpak-info`, and it cannot be believed.
pub(super) fn look(peer: &Peer, namespace: FileId, ours: &Surroundings) -> Result<Look, Failed> {
    let bytes = match read_info(peer) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Look::AnotherKind),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Ok(Look::unverified("what it sees as / is hidden"));
        }
        Err(error) => return Err(Failed(format!("its /.flatpak-info: {error}"))),
    };
    let info =
        Info::read(&bytes).map_err(|error| Failed(format!("its /.flatpak-info: {error}")))?;
    let evidence = match confirm(peer, namespace, &info, &bytes, ours) {
        Ok(origin) => Evidence::Sandboxed {
            app_id: info.app_id,
            origin,
        },
        Err(why) => Evidence::Unverified {
            why: format!("it looks like the Flatpak {}, but {why}", info.app_id),
            confined_as: Some(info.app_id),
        },
    };
    Ok(Look::Found(evidence))
}

fn read_info(peer: &Peer) -> io::Result<Vec<u8>> {
    file::read(peer.root()?, Path::new(".flatpak-info"))
}

/// Who installed the app that `info` names, if the peer really belongs to it.
fn confirm(
    peer: &Peer,
    namespace: FileId,
    info: &Info,
    bytes: &[u8],
    ours: &Surroundings,
) -> Result<Origin, String> {
    let instance = info.instance.as_ref();
    let instance = instance.ok_or("it does not say which run of it")?;
    let own = ours.own_flatpaks.as_deref();
    let origin = deployed(instance, &info.app_id, own)?;
    let confined = instance::confined(instance, bytes, ours)?;
    if !confined.contains(namespace) {
        is_proxy_of(peer, &confined)?;
    }
    let group = peer.read("cgroup").map_err(|error| error.to_string())?;
    match unit::flatpak_app(&group) {
        Some(other) if other != info.app_id => Err(format!("its unit is that of {other}")),
        _ => Ok(origin),
    }
}

/// An app is as trustworthy as the less trustworthy of its two parts.
fn deployed(instance: &Instance, app_id: &str, own: Option<&Path>) -> Result<Origin, String> {
    let app = deployment::origin(&instance.app, app_id, own)?;
    let runtime = deployment::runtime_origin(&instance.runtime, own)?;
    Ok(match runtime {
        Origin::FlatpakUser => runtime,
        _ => app,
    })
}

/// Whether the peer is the system's proxy, and the one at the other end of what the sandbox has as its
/// bus.
fn is_proxy_of(peer: &Peer, confined: &Confined) -> Result<(), String> {
    is_proxy(peer)?;
    let unseen = |error: io::Error| format!("its proxy cannot be looked at: {error}");
    let bus = confined.bus().map_err(unseen)?;
    match sockets::listens_at(peer, bus).map_err(unseen)? {
        true => Ok(()),
        false => Err("the sandbox has another bus than this one".to_owned()),
    }
}

/// Whether the peer runs the system's proxy.
pub(super) fn is_proxy(peer: &Peer) -> Result<(), String> {
    let unseen = |error: io::Error| format!("its proxy cannot be looked at: {error}");
    let path = peer.program_path().map_err(unseen)?;
    let path = Path::new(OsStr::from_bytes(&path));
    if path.file_name() != Some(OsStr::new(PROXY)) {
        return Err("it is neither in the sandbox nor the proxy of it".to_owned());
    }
    let program = root_owned::resolve(path).map_err(unseen)?;
    let installed = super::peer::identify(
        rustix::fs::CWD,
        &program.to_string_lossy(),
        rustix::fs::AtFlags::STATX_DONT_SYNC,
    );
    match installed.map_err(unseen)? == peer.program().map_err(unseen)? {
        true => Ok(()),
        false => Err(format!("its program is not {}", path.display())),
    }
}
