//! Who is at the other end of a socket, as the kernel noted it when that was connected, or began to listen.
//! Serves design §5.
//!
//! Asked of the kernel here, because `rustix` 1.1 keeps the process ID in a type that cannot be 0, and 0 it is
//! where the other process is outside of our process namespace.

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsFd, AsRawFd};

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

fn peer_credentials(socket: impl AsFd) -> io::Result<libc::ucred> {
    let mut told = MaybeUninit::<libc::ucred>::zeroed();
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the descriptor is open for as long as it is borrowed, and the kernel writes at most `length` bytes,
    // which is how many there are.
    #[allow(unsafe_code)]
    let done = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            told.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if done != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: all of it was zero, and each of its three numbers may be any.
    #[allow(unsafe_code)]
    let told = unsafe { told.assume_init() };
    Ok(told)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
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
