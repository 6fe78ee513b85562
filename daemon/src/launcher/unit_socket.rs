//! The sockets of the units beside ours: whom a connection really leads to. Serves design §6.
//!
//! Under its hardened unit the service starts nothing itself, because whatever it starts would inherit the
//! hardening. It connects to a socket instead, and systemd starts the unit behind that. The socket lies
//! in a directory that is the person's alone, and both ends look at who is at the other.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, fcntl_dupfd_cloexec, retry_on_intr};
use rustix::net::sockopt::{socket_acceptconn, socket_type};
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, connect, socket_with,
};
use rustix::process::{Pid, getppid, getuid};
use tokio::time::Instant;

use super::lineage;
use super::other_end::{OtherEnd, control_group};
use crate::caller::unit;

/// The unit of the service.
const SERVICE: &str = "credexd.service";
/// How long after the service a socket may come.
const A_MOMENT: Duration = Duration::from_secs(2);
/// How often it is looked for meanwhile.
const A_GLANCE: Duration = Duration::from_millis(2);

/// Connects to the socket of a unit at `path`, without ever waiting.
///
/// # Errors
/// Nobody listens there, or somebody else than the service manager that started this process.
pub(crate) fn reach(path: &Path, kind: SocketType) -> io::Result<OwnedFd> {
    let at = |error: io::Error| {
        let problem = format!("the unit's socket {}: {error}", path.display());
        io::Error::new(error.kind(), problem)
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let connected = || -> io::Result<OwnedFd> {
        let socket = socket_with(AddressFamily::UNIX, kind, flags, None)?;
        connect(&socket, &SocketAddrUnix::new(path)?)?;
        let listener = OtherEnd::of(&socket)?;
        if listener.uid == getuid() && listener.pid.is_some() && listener.pid == getppid() {
            return Ok(socket);
        }
        let problem = "somebody else listens there than the service manager that started credexd";
        Err(io::Error::new(ErrorKind::PermissionDenied, problem))
    };
    connected().map_err(at)
}

/// The same for a socket that comes a moment after the service, as those do that it does not need at once.
///
/// # Errors
/// As above, and nobody has begun to listen in time.
pub(crate) async fn reach_soon(path: &Path, kind: SocketType) -> io::Result<OwnedFd> {
    let deadline = Instant::now() + A_MOMENT;
    loop {
        match reach(path, kind) {
            Err(error)
                if [ErrorKind::NotFound, ErrorKind::ConnectionRefused].contains(&error.kind())
                    && Instant::now() < deadline => {}
            reached => return reached,
        }
        tokio::time::sleep(A_GLANCE).await;
    }
}

/// Standard input, which is the socket to the service, and nothing from now on. For a process that is started for
/// the service, and for nobody else.
///
/// # Errors
/// It is something else, or leads to somebody else.
pub(crate) fn handed_over() -> io::Result<OwnedFd> {
    let socket = fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    if socket_type(&socket)? != SocketType::SEQPACKET {
        let problem = "standard input is not a socket of credexd";
        return Err(io::Error::other(problem));
    }
    check_daemon(&socket)?;
    forget_input()?;
    Ok(socket)
}

/// The service's connection to standard input, on which its unit listens, and which is nothing from now on. Waits for
/// it as long as it takes; whoever else comes before is not served.
///
/// # Errors
/// Nobody can come there.
pub(crate) fn awaited() -> io::Result<OwnedFd> {
    let listening = fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    if socket_type(&listening)? != SocketType::SEQPACKET || !socket_acceptconn(&listening)? {
        let problem = "standard input is not a socket on which the unit listens";
        return Err(io::Error::other(problem));
    }
    let socket = loop {
        let mut waiting = [PollFd::new(&listening, PollFlags::IN)];
        retry_on_intr(|| poll(&mut waiting, None))?;
        let socket = match accept_with(&listening, SocketFlags::CLOEXEC) {
            Err(Errno::AGAIN | Errno::CONNABORTED | Errno::INTR) => continue,
            accepted => accepted?,
        };
        match check_daemon(&socket) {
            Ok(()) => break socket,
            Err(error) => tracing::warn!(%error, "who connects is not served"),
        }
    };
    forget_input()?;
    Ok(socket)
}

fn forget_input() -> io::Result<()> {
    Ok(rustix::stdio::dup2_stdin(File::open("/dev/null")?)?)
}

/// Checks that `socket` leads to the service: to our parent, which made us and it; or, where a service
/// manager made us, to what the same one runs as the unit of the service. Without that, whoever reaches the
/// socket from inside a sandbox could have programs started outside of it.
///
/// # Errors
/// It is somebody else.
fn check_daemon(socket: impl AsFd) -> io::Result<()> {
    let peer = OtherEnd::of(socket)?;
    let refused = |problem| Err(io::Error::new(ErrorKind::PermissionDenied, problem));
    let Some(pid) = peer.pid else {
        return refused(format!("a process that is out of sight is not {SERVICE}"));
    };
    if peer.uid == getuid() && (getppid() == Some(pid) || is_service_beside_us(pid)) {
        return Ok(());
    }
    refused(format!("process {pid} is not {SERVICE}"))
}

/// Checks, as far as that can be seen, that `socket` leads to the person's own service, for a program that may live in
/// the unit `ours` (`credex-fetcher`). There it sees no process but itself. So the kernel is asked for the control
/// group of the other, and where it cannot tell, any process of the person's is let in that is in
/// sight of our process namespace. Elsewhere the program was started by who holds the socket, and
/// does nothing for them that they could not do themselves.
///
/// # Errors
/// It is somebody else.
pub fn check_caller(socket: impl AsFd, ours: &str) -> io::Result<()> {
    let peer = OtherEnd::of(&socket)?;
    let refused = |problem| Err(io::Error::new(ErrorKind::PermissionDenied, problem));
    let Some(pid) = peer.pid.filter(|_| peer.uid == getuid()) else {
        return refused(format!("who calls is not {SERVICE}"));
    };
    let cgroup = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let is_in_unit = |unit: &str| {
        unit.strip_prefix(ours)
            .is_some_and(|id| id.starts_with('@'))
    };
    if !unit::of(&cgroup).is_some_and(is_in_unit) {
        return Ok(());
    }
    match (control_group(socket)?, groups_of_service(&cgroup)) {
        (Some(group), Some(services)) if !services.contains(&group) => {
            refused(format!("process {pid}, which calls, is not {SERVICE}"))
        }
        _ => Ok(()),
    }
}

/// The control groups of the service beside us, or beside a slice that we are in: there is one at most. `None`
/// where control groups cannot be seen.
fn groups_of_service(cgroup: &str) -> Option<Vec<u64>> {
    let ours = cgroup.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let root = Path::new("/sys/fs/cgroup");
    let ours = root.join(ours);
    fs::metadata(&ours).ok()?;
    let slices = ours.ancestors().take_while(|slice| slice.starts_with(root));
    let services = slices.filter_map(|slice| fs::metadata(slice.join(SERVICE)).ok());
    Some(services.map(|group| group.ino()).collect())
}

fn is_service_beside_us(pid: Pid) -> bool {
    let parent = getppid().and_then(|pid| u32::try_from(pid.as_raw_pid()).ok());
    let pid = pid.as_raw_pid().unsigned_abs();
    let of_peer = lineage::look(pid).map(|stat| stat.parent);
    let cgroup = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    parent.is_some() && of_peer == parent && unit::of(&cgroup) == Some(SERVICE)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    #[test]
    fn a_socket_that_is_not_the_service_managers_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("launcher");
        let missing = reach(&path, SocketType::STREAM).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
        assert!(missing.to_string().contains("launcher"), "{missing}");
        // This process is not its own parent.
        let _listener = UnixListener::bind(&path).unwrap();
        let foreign = reach(&path, SocketType::STREAM).unwrap_err();
        assert_eq!(foreign.kind(), ErrorKind::PermissionDenied, "{foreign}");
    }

    #[tokio::test]
    async fn a_socket_that_comes_after_the_service_is_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("fetcher");
        let reaching = reach_soon(&path, SocketType::STREAM);
        let opening = async { UnixListener::bind(&path).unwrap() };
        // It has looked in vain before there is a socket, which is ours, and not the service manager's.
        let (reached, _listener) = tokio::join!(biased; reaching, opening);
        let foreign = reached.unwrap_err();
        assert_eq!(foreign.kind(), ErrorKind::PermissionDenied, "{foreign}");
    }

    #[test]
    fn whoever_is_not_the_service_gets_nothing_started() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let refusal = check_daemon(&ours).unwrap_err().to_string();
        assert!(refusal.contains("is not credexd.service"), "{refusal}");
    }
}
