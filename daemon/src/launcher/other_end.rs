//! Who is at the other end of a socket, as the kernel noted it when that was connected, or began to listen.
//! Serves design §5.
//!
//! Asked of the kernel here, because `rustix` 1.1 keeps the process ID in a type that cannot be 0, and 0 it is
//! where the other process is outside of our process namespace.

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use rustix::io::Errno;
use rustix::ioctl::{self, Opcode};
use rustix::process::{Pid, Uid};

/// The process that made the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OtherEnd {
    /// Its user. What has no number in our user namespace is `nobody`, as everybody there.
    pub(crate) uid: Uid,
    /// Its process ID; `None` if it is in a process namespace that is neither ours nor below ours.
    pub(crate) pid: Option<Pid>,
}

impl OtherEnd {
    /// The one of `socket`, a Unix socket.
    ///
    /// # Errors
    /// It is no such socket.
    pub(crate) fn of(socket: impl AsFd) -> io::Result<OtherEnd> {
        let told = peer_credentials(socket)?;
        Ok(OtherEnd {
            uid: Uid::from_raw(told.uid),
            pid: Pid::from_raw(told.pid),
        })
    }
}

/// The control group in which the process that made the other end of `socket` is, by the inode number of its directory.
/// `None` where the kernel cannot tell that without `/proc`: before Linux 6.13.
///
/// # Errors
/// That process has ended.
pub(super) fn control_group(socket: impl AsFd) -> io::Result<Option<u64>> {
    // SAFETY: the kernel writes one `int`.
    #[allow(unsafe_code)]
    let pidfd = unsafe { socket_option::<libc::c_int>(socket, SO_PEERPIDFD) };
    let pidfd = match pidfd {
        // SAFETY: the kernel has just opened it for us.
        #[allow(unsafe_code)]
        Ok(pidfd) => unsafe { OwnedFd::from_raw_fd(pidfd) },
        Err(error) if error.raw_os_error() == Some(libc::ENOPROTOOPT) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut told = PidfdInfo {
        mask: CONTROL_GROUP,
        ..PidfdInfo::default()
    };
    // SAFETY: the operation reads and writes a structure of that form, of whatever version the kernel is.
    #[allow(unsafe_code)]
    let asked = unsafe {
        let question = ioctl::Updater::<PIDFD_GET_INFO, PidfdInfo>::new(&mut told);
        ioctl::ioctl(&pidfd, question)
    };
    match asked {
        Ok(()) => Ok((told.mask & CONTROL_GROUP != 0).then_some(told.control_group)),
        Err(Errno::NOTTY | Errno::INVAL | Errno::OPNOTSUPP) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// `SO_PEERPIDFD` of `asm-generic/socket.h`.
const SO_PEERPIDFD: libc::c_int = 77;
const PIDFD_GET_INFO: Opcode = ioctl::opcode::read_write::<PidfdInfo>(0xff, 11);
/// `PIDFD_INFO_CGROUPID`.
const CONTROL_GROUP: u64 = 1 << 2;

/// `struct pidfd_info`, as it was at first.
#[derive(Debug, Default, Clone, Copy)]
#[repr(C)]
struct PidfdInfo {
    /// What is asked for, and then what was told.
    mask: u64,
    control_group: u64,
    /// Of the process, its parent and its users.
    numbers: [u32; 12],
}

fn peer_credentials(socket: impl AsFd) -> io::Result<libc::ucred> {
    // SAFETY: the kernel writes these three numbers.
    #[allow(unsafe_code)]
    unsafe {
        socket_option(socket, libc::SO_PEERCRED)
    }
}

/// # Safety
/// `T` is what the kernel writes for this option, and nothing but numbers.
#[allow(unsafe_code)]
unsafe fn socket_option<T>(socket: impl AsFd, option: libc::c_int) -> io::Result<T> {
    let mut told = MaybeUninit::<T>::zeroed();
    let mut length = libc::socklen_t::try_from(size_of::<T>()).map_err(io::Error::other)?;
    // SAFETY: the descriptor is open for as long as it is borrowed, and the kernel writes at most `length` bytes,
    // which is how many there are.
    let done = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            told.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if done != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: all of it was zero, and a number may be any.
    Ok(unsafe { told.assume_init() })
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::net::UnixStream;
    use std::path::Path;
    use std::process::{Command, Stdio};

    use rustix::process::{getpid, getuid};

    use super::*;

    const INSIDE: &str = "CREDEX_TEST_INSIDE";

    #[test]
    fn a_process_of_ours_is_known_by_its_number() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let us = OtherEnd {
            uid: getuid(),
            pid: Some(getpid()),
        };
        assert_eq!(OtherEnd::of(&ours).unwrap(), us);
        let file = File::open("/dev/null").unwrap();
        assert!(OtherEnd::of(&file).is_err(), "it has no other end");
    }

    #[test]
    fn the_control_group_of_a_process_is_told_without_looking_at_it() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let Some(group) = control_group(&ours).unwrap() else {
            eprintln!("not tried: this kernel is older than Linux 6.13");
            return;
        };
        let told = std::fs::read_to_string("/proc/self/cgroup").unwrap();
        let path = told.lines().find_map(|line| line.strip_prefix("0::"));
        let mounts = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];
        let directories = mounts.map(|mount| format!("{mount}{}", path.unwrap_or("/none")));
        let is_seen = |it: &&String| Path::new(it).join("cgroup.procs").exists();
        match directories.iter().find(is_seen) {
            Some(ours) => assert_eq!(std::fs::metadata(ours).unwrap().ino(), group),
            None => eprintln!("not tried: our control group cannot be seen here"),
        }
    }

    /// Plays itself once more in a process namespace of its own, and looks at this process from there.
    #[test]
    fn a_process_outside_of_our_process_namespace_has_no_number() {
        if std::env::var_os(INSIDE).is_some() {
            let other = OtherEnd::of(std::io::stdin()).unwrap();
            assert_eq!(other.pid, None);
            assert_eq!(other.uid, getuid());
            return;
        }
        let unshare = |words: &[&str]| {
            let mut command = Command::new("unshare");
            command.args(["--map-current-user", "--user", "--pid", "--fork"]);
            command.args(words).stdout(Stdio::null());
            command
        };
        if !unshare(&["true"]).status().is_ok_and(|end| end.success()) {
            eprintln!("not tried: a process namespace cannot be had here");
            return;
        }
        let (_ours, theirs) = UnixStream::pair().unwrap();
        let test = std::env::current_exe().unwrap();
        let name =
            "launcher::other_end::tests::a_process_outside_of_our_process_namespace_has_no_number";
        let played = unshare(&[test.to_str().unwrap(), "--exact", name])
            .env(INSIDE, "yes")
            .stdin(OwnedFd::from(theirs))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&played.stderr);
        assert!(played.status.success(), "{said}");
    }
}
