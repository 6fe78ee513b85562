//! What this process does to itself before the first key exists, and the few things it asks of the
//! kernel about processes and descriptors. Serves design §4.

use std::io;
use std::os::fd::OwnedFd;

use rustix::process::{
    DumpableBehavior, Pid, PidfdFlags, Resource, Rlimit, dumpable_behavior, getrlimit, pidfd_open,
    set_dumpable_behavior, setrlimit,
};
use tokio::io::unix::AsyncFd;

/// File descriptors that are never counted on for payloads: the bus, timers, choosers.
const RESERVED: u64 = 24;
/// File descriptors of one exchange: its payload, once more while it arrives, and its chooser.
const PER_EXCHANGE: u64 = 3;

/// Keeps other processes of the same user, debuggers and core dumps away from this one's memory.
///
/// # Errors
/// The kernel refuses; the service must not start then.
pub(crate) fn protect() -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    )?;
    Ok(())
}

/// Whether [`protect`] is in force.
#[must_use]
pub(crate) fn is_undumpable() -> bool {
    matches!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable))
}

/// Takes as many file descriptors as the system gives, and says for how many exchanges they do: a
/// message whose descriptor finds no room is the end of the whole connection, so that point must
/// never be reached.
#[must_use]
pub(crate) fn exchanges_that_fit() -> u32 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
    let Some(files) = getrlimit(Resource::Nofile).current else {
        return u32::MAX;
    };
    u32::try_from(files.saturating_sub(RESERVED) / PER_EXCHANGE).unwrap_or(u32::MAX)
}

/// Becomes readable when the process `pid` has ended.
pub(crate) fn ended(pid: u32) -> io::Result<AsyncFd<OwnedFd>> {
    let raw = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let pid = raw.ok_or(io::ErrorKind::InvalidInput)?;
    watched(pidfd_open(pid, PidfdFlags::NONBLOCK)?)
}

/// Lets the runtime wait for `fd`.
pub(crate) fn watched(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` keeps its number open for as long as it lives, and nothing here lets it
    // be replaced while it is registered.
    #[allow(unsafe_code)]
    unsafe {
        Ok(AsyncFd::register(fd)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protected_process_is_undumpable_and_leaves_no_core() {
        protect().unwrap();
        assert!(is_undumpable());
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
    }
}
