//! The socket over which the service speaks to the chooser that it started. Serves
//! `org.credex.Chooser1`: "whose number is in the environment variable CREDEX_CHOOSER_FD".

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use credex_protocol::names::CHOOSER_FD;
use rustix::fs::FileType;
use rustix::io::FdFlags;
use rustix::net::{AddressFamily, SocketType, sockopt};

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Not started by the service.
    #[error("{CHOOSER_FD} is not set: this program is started by credexd, not by hand")]
    Missing,
    /// The variable is no number of a file descriptor above standard error.
    #[error("{CHOOSER_FD} is {0:?}: it must be a number from 3 up")]
    NotANumber(String),
    /// There is no such file descriptor.
    #[error("{CHOOSER_FD} is {0}, but that file descriptor cannot be used: {1}")]
    Closed(RawFd, #[source] io::Error),
    /// It is something else.
    #[error("{CHOOSER_FD} is {0}, but that is not a Unix stream socket")]
    NotASocket(RawFd),
}

/// Takes the inherited socket, whose number `variable` gives, and keeps it from children.
/// To be called once, before anything else opens files.
///
/// # Errors
/// There is none, or it is something else.
pub fn inherited(variable: Option<&OsStr>) -> Result<UnixStream, SocketError> {
    let text = variable.ok_or(SocketError::Missing)?.to_string_lossy();
    let number: RawFd = match text.parse() {
        Ok(number) if number > 2 => number,
        _ => return Err(SocketError::NotANumber(text.into_owned())),
    };
    check(number)?;
    // SAFETY: it is open, as was just checked, and it was inherited for nobody else in this process:
    // the variable hands it over, and this function is called once.
    #[allow(unsafe_code)]
    let socket = unsafe { OwnedFd::from_raw_fd(number) };
    Ok(UnixStream::from(socket))
}

fn check(number: RawFd) -> Result<(), SocketError> {
    let closed = |errno: rustix::io::Errno| SocketError::Closed(number, errno.into());
    // `/proc/self/fd` tells what it is without touching a number that may not be ours to borrow.
    let stat = rustix::fs::stat(format!("/proc/self/fd/{number}")).map_err(closed)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Socket {
        return Err(SocketError::NotASocket(number));
    }
    // SAFETY: it is open, and borrowed only until the end of this function.
    #[allow(unsafe_code)]
    let socket = unsafe { std::os::fd::BorrowedFd::borrow_raw(number) };
    let is_unix_stream = sockopt::socket_domain(socket).map_err(closed)? == AddressFamily::UNIX
        && sockopt::socket_type(socket).map_err(closed)? == SocketType::STREAM;
    if !is_unix_stream {
        return Err(SocketError::NotASocket(number));
    }
    rustix::io::fcntl_setfd(socket.as_fd(), FdFlags::CLOEXEC).map_err(closed)
}

#[cfg(test)]
mod tests {
    use std::os::fd::{AsRawFd, IntoRawFd};

    use super::*;

    fn given(text: &str) -> Result<UnixStream, SocketError> {
        inherited(Some(OsStr::new(text)))
    }

    #[test]
    fn a_chooser_started_by_hand_says_so() {
        let error = inherited(None).unwrap_err().to_string();
        assert!(error.contains("started by credexd"), "{error}");
    }

    #[test]
    fn only_an_open_unix_stream_socket_will_do() {
        for text in ["", "x", "-1", "0", "2", "3.5"] {
            assert!(
                matches!(given(text), Err(SocketError::NotANumber(_))),
                "{text}"
            );
        }
        assert!(matches!(given("987654"), Err(SocketError::Closed(..))));
        let file = std::fs::File::open("/dev/null").unwrap();
        let number = file.as_raw_fd().to_string();
        assert!(matches!(given(&number), Err(SocketError::NotASocket(_))));
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let number = tcp.as_raw_fd().to_string();
        assert!(matches!(given(&number), Err(SocketError::NotASocket(_))));
    }

    #[test]
    fn the_socket_is_kept_from_children() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let number = ours.into_raw_fd();
        let socket = given(&number.to_string()).unwrap();
        assert!(
            rustix::io::fcntl_getfd(&socket)
                .unwrap()
                .contains(FdFlags::CLOEXEC)
        );
        drop(theirs);
    }
}
