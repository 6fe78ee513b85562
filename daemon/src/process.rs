//! What this process does to itself before the first key exists, and the few things it asks of the
//! kernel about processes and descriptors. Serves design §4 and §5.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use rustix::process::{
    DumpableBehavior, Pid, PidfdFlags, Resource, Rlimit, dumpable_behavior, getrlimit, pidfd_open,
    set_dumpable_behavior, setrlimit,
};
use rustix::thread::set_no_new_privs;
use tokio::io::unix::AsyncFd;

use crate::protections::{self, Protections};
use crate::{landlock, sandbox};

/// File descriptors that are never counted on for payloads: the bus, timers, choosers.
const RESERVED: u64 = 24;
/// File descriptors of one exchange: its payload, once more while it arrives, and its chooser.
const PER_EXCHANGE: u64 = 3;

/// Keeps other processes of the same user, debuggers and core dumps away from this one's memory.
///
/// # Errors
/// The kernel refuses; the service must not start then.
pub(crate) fn protect(protections: &Protections) -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    protections.hold(protections::UNDUMPABLE);
    setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    )?;
    protections.hold(protections::CORE_LIMIT);
    Ok(())
}

/// Gives up what this process, which must have one thread, will not need. What the kernel does not
/// offer is no reason not to start, but is told. Where a unit runs it, which has others start programs and look at
/// callers, `own` are the directories in which it keeps something.
pub(crate) fn confine(protections: &Protections, own: Option<&[PathBuf]>) {
    let before = status();
    protections.note(protections::UNIT, by_unit(&before, own.is_none()));
    protections.note(protections::NO_NEW_PRIVILEGES, set_no_new_privs(true));
    if let Some(own) = own {
        let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        protections.note(protections::USER_NAMESPACE, alone(&map));
        protections.note(protections::LANDLOCK, landlock::enter(own));
    }
    protections.note(protections::SECCOMP, sandbox::enter());
}

/// The same of the process that looks at callers for the service: why it is not confined by its unit and itself.
///
/// # Errors
/// The kernel refuses what [`protect`] asks for.
pub(crate) fn confine_witness() -> io::Result<Result<(), String>> {
    let before = status();
    protect(&Protections::default())?;
    set_no_new_privs(true)?;
    let own = sandbox::enter().map_err(|error| error.to_string());
    Ok(own.and_then(|()| by_unit(&before, false).map_err(str::to_owned)))
}

/// That this process is alone in its user namespace, as its unit has it: the person, and nobody else.
fn alone(map: &str) -> Result<(), &'static str> {
    let mut lines = map.lines();
    let length = lines.next().and_then(|line| line.split_whitespace().nth(2));
    match (length, lines.next()) {
        (Some("1"), None) => Ok(()),
        _ => Err("its systemd unit gives it none, or this system allows ordinary programs none"),
    }
}

/// That whoever started this process has put it under a filter already, as the unit does, which has others
/// start programs.
fn by_unit(status: &str, starts_others: bool) -> Result<(), &'static str> {
    let has = |line: &str| {
        let mut lines = status.lines();
        lines.any(|each| each.split_whitespace().eq(line.split(' ')))
    };
    match (has("Seccomp: 2") && has("NoNewPrivs: 1"), starts_others) {
        (true, false) => Ok(()),
        (true, true) => Err(
            "not started by its systemd unit, but confined by somebody else: so is every app that it \
             starts, which may not work",
        ),
        (false, false) => Err("its systemd unit was changed and confines nothing"),
        (false, true) => Err("not started by its systemd unit"),
    }
}

/// What the kernel says of this process; nothing if `/proc` is not there, which shows soon enough.
fn status() -> String {
    std::fs::read_to_string("/proc/self/status").unwrap_or_default()
}

/// As whom all those are seen who have no number in our user namespace (`user_namespaces(7)`).
pub(crate) fn nobody() -> u32 {
    let told = std::fs::read_to_string("/proc/sys/kernel/overflowuid");
    let told = told.ok().and_then(|uid| uid.trim().parse().ok());
    told.unwrap_or(65534)
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
        let protections = Protections::default();
        protect(&protections).unwrap();
        assert!(is_undumpable());
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
        assert_eq!(protections.to_wire()["undumpable"], "in-force");
        assert_eq!(protections.to_wire()["core-limit"], "in-force");
    }

    #[test]
    fn only_who_is_alone_in_it_has_a_user_namespace_of_its_own() {
        assert_eq!(alone("      1000       1000          1\n"), Ok(()));
        for shared in [
            "         0          0 4294967295\n",
            "         0       1000          1\n         1     100000      65536\n",
            "",
        ] {
            assert!(alone(shared).is_err(), "{shared}");
        }
    }

    #[test]
    fn only_a_filter_that_is_there_before_ours_is_the_units() {
        let confined = "Name:\tcredexd\nNoNewPrivs:\t1\nSeccomp:\t2\n";
        assert_eq!(by_unit(confined, false), Ok(()));
        let inherited = by_unit(confined, true).unwrap_err();
        assert!(
            inherited.contains("every app that it starts"),
            "{inherited}"
        );
        for status in [
            "",
            "Name:\tSeccomp: 2\nNoNewPrivs:\t1\nSeccomp:\t0\n",
            "NoNewPrivs:\t0\nSeccomp:\t2\n",
        ] {
            for starts_others in [false, true] {
                assert!(by_unit(status, starts_others).is_err(), "{status}");
            }
        }
    }
}
