//! Text over a Unix stream socket, and beside it at most one file descriptor: the connection to a site, on its
//! way from the process that made it to the one that speaks over it. Serves "Fetching" of section "Shared web
//! credentials: association" of `protocol/README.md`.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use tokio::io::Interest;

/// How much is read at once, in bytes.
const CHUNK: usize = 16 * 1024;

/// Sends all of `text`, and a copy of `fd` with its first byte.
///
/// # Errors
/// The other side is gone.
pub fn send(socket: impl AsFd, text: &[u8], fd: Option<BorrowedFd<'_>>) -> io::Result<()> {
    let mut left = Outgoing { text, fd };
    while !left.text.is_empty() {
        left.send_some(socket.as_fd())?;
    }
    Ok(())
}

/// [`send`], for the daemon, which does not wait.
pub(super) async fn send_async(
    socket: &tokio::net::UnixStream,
    text: &[u8],
    fd: Option<BorrowedFd<'_>>,
) -> io::Result<()> {
    let mut left = Outgoing { text, fd };
    while !left.text.is_empty() {
        let sending = socket.async_io(Interest::WRITABLE, || left.send_some(socket.as_fd()));
        sending.await?;
    }
    Ok(())
}

/// Receives everything until the other side has said all or has ended, and the file descriptor beside it.
///
/// # Errors
/// It says more than `longest` bytes, or gives more than one.
pub(super) async fn receive_all(
    socket: &tokio::net::UnixStream,
    longest: usize,
) -> io::Result<(Vec<u8>, Option<OwnedFd>)> {
    let mut incoming = Incoming::default();
    loop {
        let receiving =
            socket.async_io(Interest::READABLE, || incoming.receive_some(socket.as_fd()));
        match receiving.await {
            Ok(0) => return Ok((incoming.text, incoming.fd)),
            Ok(_) if incoming.text.len() > longest => return Err(too_long(longest)),
            Ok(_) => {}
            Err(error) if is_end(&error) => return Ok((incoming.text, incoming.fd)),
            Err(error) => return Err(error),
        }
    }
}

/// Whether the other side has ended, perhaps before it had heard everything. That is no error of its own: what
/// it said before is judged.
pub(super) fn is_end(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionReset, NotConnected};
    matches!(error.kind(), BrokenPipe | ConnectionReset | NotConnected)
}

/// What comes in over a socket, line by line.
#[derive(Debug)]
pub struct Lines<S> {
    socket: S,
    incoming: Incoming,
}

impl<S: AsFd> Lines<S> {
    /// Reads from `socket`.
    #[must_use]
    pub fn new(socket: S) -> Lines<S> {
        Lines {
            socket,
            incoming: Incoming::default(),
        }
    }

    /// The next line, without its end.
    ///
    /// # Errors
    /// The other side is gone, or its line is longer than `longest` bytes.
    pub fn next(&mut self, longest: usize) -> io::Result<Vec<u8>> {
        loop {
            let text = &mut self.incoming.text;
            if let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                let rest = text.split_off(end + 1);
                let mut line = std::mem::replace(text, rest);
                line.truncate(end);
                return Ok(line);
            }
            if text.len() > longest {
                return Err(too_long(longest));
            }
            if self.incoming.receive_some(self.socket.as_fd())? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// The file descriptor that came beside the lines so far.
    pub fn take_fd(&mut self) -> Option<OwnedFd> {
        self.incoming.fd.take()
    }
}

/// What is still to be sent.
struct Outgoing<'a> {
    text: &'a [u8],
    fd: Option<BorrowedFd<'a>>,
}

impl Outgoing<'_> {
    fn send_some(&mut self, socket: BorrowedFd<'_>) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let fds = self.fd.as_slice();
        if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
            let problem = "there is no room for a file descriptor";
            return Err(io::Error::new(ErrorKind::InvalidInput, problem));
        }
        let parts = [IoSlice::new(self.text)];
        let sent = sendmsg(socket, &parts, &mut control, SendFlags::NOSIGNAL)?;
        self.text = self.text.get(sent..).unwrap_or_default();
        self.fd = None;
        Ok(())
    }
}

/// What has been received, and was not looked at yet.
#[derive(Debug, Default)]
struct Incoming {
    text: Vec<u8>,
    fd: Option<OwnedFd>,
}

impl Incoming {
    /// Receives what is there, or waits for more. Returns how many bytes came; none after the last.
    fn receive_some(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        let mut chunk = [0; CHUNK];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut chunk)];
        let received = recvmsg(socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)?;
        let more = |part| match part {
            RecvAncillaryMessage::ScmRights(rights) => rights.collect(),
            _ => Vec::new(),
        };
        let fds: Vec<OwnedFd> = control.drain().flat_map(more).collect();
        // What finds no room is closed by the kernel.
        let too_many = received.flags.contains(ReturnFlags::CTRUNC);
        if too_many || fds.len() + usize::from(self.fd.is_some()) > 1 {
            let problem = "more than one file descriptor came";
            return Err(io::Error::new(ErrorKind::InvalidData, problem));
        }
        self.fd = fds.into_iter().next().or(self.fd.take());
        self.text
            .extend_from_slice(chunk.get(..received.bytes).unwrap_or_default());
        Ok(received.bytes)
    }
}

fn too_long(longest: usize) -> io::Error {
    let problem = format!("it is longer than {longest} bytes");
    io::Error::new(ErrorKind::InvalidData, problem)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn lines_arrive_one_by_one_and_the_descriptor_with_that_beside_which_it_was_sent() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"it").unwrap();
        std::io::Seek::rewind(&mut file).unwrap();
        send(&ours, b"one\n", None).unwrap();
        send(&ours, b"two\nthr", Some(file.as_fd())).unwrap();
        drop(ours);
        let mut lines = Lines::new(&theirs);
        assert_eq!(lines.next(10).unwrap(), b"one");
        assert_eq!(lines.next(10).unwrap(), b"two");
        let mut text = String::new();
        let came = lines.take_fd().unwrap();
        File::from(came).read_to_string(&mut text).unwrap();
        assert_eq!(text, "it");
        let cut_off = lines.next(10).unwrap_err();
        assert_eq!(cut_off.kind(), ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_line_without_an_end_and_a_second_descriptor_are_refused() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        send(&ours, &[b'x'; 100], None).unwrap();
        let endless = Lines::new(&theirs).next(50).unwrap_err();
        assert_eq!(endless.kind(), ErrorKind::InvalidData);
        let file = tempfile::tempfile().unwrap();
        for line in [&b"one\n"[..], b"two\n"] {
            send(&ours, line, Some(file.as_fd())).unwrap();
        }
        let mut lines = Lines::new(&theirs);
        let refused = (0..2).map(|_| lines.next(50)).find_map(Result::err);
        assert_eq!(refused.unwrap().kind(), ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn what_was_said_by_somebody_who_did_not_listen_arrives() {
        let (ours, theirs) = tokio::net::UnixStream::pair().unwrap();
        send_async(&ours, b"never read", None).await.unwrap();
        send_async(&theirs, b"an answer", None).await.unwrap();
        // Of this end, which still has something to read, the other hears as of a broken connection.
        drop(theirs);
        let (text, _) = receive_all(&ours, 100).await.unwrap();
        assert_eq!(text, b"an answer");
    }

    #[tokio::test]
    async fn more_than_fits_into_a_socket_arrives_whole_without_anybody_waiting() {
        let (ours, theirs) = tokio::net::UnixStream::pair().unwrap();
        let text = vec![b'x'; 1 << 20];
        let file = tempfile::tempfile().unwrap();
        let sending = async {
            send_async(&ours, &text, Some(file.as_fd())).await.unwrap();
            drop(ours);
        };
        let receiving = receive_all(&theirs, 1 << 20);
        let ((), received) = tokio::join!(sending, receiving);
        let (received, fd) = received.unwrap();
        assert_eq!(received.len(), text.len());
        assert!(fd.is_some());
    }
}
