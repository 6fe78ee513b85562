//! A connection to a bus, made safe against what the D-Bus Specification tells us to
//! ignore. The library ends a connection at the first flag or message type that it does not know, and
//! the bus passes such flags on from anybody: one message would end every exchange.
//!
//! Only the first bytes of each message are looked at, on their way from the socket to the library.

use std::io;
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixStream as StdUnixStream};

use async_trait::async_trait;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use zbus::address::transport::{Transport, UnixSocket};
use zbus::connection::Builder;
use zbus::connection::socket::{ReadHalf, Socket, Split};
use zbus::fdo::ConnectionCredentials;

const TYPE: usize = 1;
const FLAGS: usize = 2;
const HEAD: usize = 16;

const KNOWN_TYPES: std::ops::RangeInclusive<u8> = 1..=4;
const SIGNAL: u8 = 4;
const KNOWN_FLAGS: u8 = 0b111;

/// A builder for the session bus of the environment.
///
/// # Errors
/// The address is not one, or nobody listens there.
pub(crate) fn session() -> zbus::Result<Builder<'static>> {
    let address = zbus::Address::session()?;
    let stream = match address.transport() {
        Transport::Unix(unix) => match unix.path() {
            UnixSocket::File(path) => StdUnixStream::connect(path)?,
            UnixSocket::Abstract(name) => {
                let address = SocketAddr::from_abstract_name(name.as_bytes())?;
                StdUnixStream::connect_addr(&address)?
            }
            _ => return Builder::address(address),
        },
        // Session buses of other kinds are for debugging.
        _ => return Builder::address(address),
    };
    stream.set_nonblocking(true)?;
    Ok(over(UnixStream::from_std(stream)?))
}

/// A builder for the bus at the other end of `stream`.
pub(crate) fn over(stream: UnixStream) -> Builder<'static> {
    Builder::socket(Lenient(stream))
}

/// A socket that the library reads mended messages from.
#[derive(Debug)]
struct Lenient(UnixStream);

#[derive(Debug)]
struct Reading {
    socket: OwnedReadHalf,
    position: Position,
}

/// Where in the stream the next byte is.
#[derive(Debug)]
enum Position {
    /// So many bytes into the fixed part of a message's header, which are these.
    Head(usize, [u8; HEAD]),
    /// So many bytes before the next message.
    Rest(u64),
    /// In a line of the authentication, which comes before all messages.
    Line,
}

impl Socket for Lenient {
    type ReadHalf = Reading;
    type WriteHalf = OwnedWriteHalf;

    fn split(self) -> Split<Reading, OwnedWriteHalf> {
        let (socket, write) = self.0.into_split();
        let position = Position::START;
        Split::new(Reading { socket, position }, write)
    }
}

#[async_trait]
impl ReadHalf for Reading {
    async fn recvmsg(&mut self, bytes: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        let (read, fds) = self.socket.recvmsg(bytes).await?;
        self.position.mend(&mut bytes[..read]);
        Ok((read, fds))
    }

    fn can_pass_unix_fd(&self) -> bool {
        self.socket.can_pass_unix_fd()
    }

    async fn peer_credentials(&mut self) -> io::Result<ConnectionCredentials> {
        self.socket.peer_credentials().await
    }
}

impl Position {
    const START: Position = Position::Head(0, [0; HEAD]);

    /// Takes out of `bytes`, which come next in the stream, what the library does not know: a flag is
    /// cleared, and a message of another type becomes a signal, which nobody waits for.
    fn mend(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            let taken = match self {
                Position::Rest(left) => {
                    let taken =
                        usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                    *left -= taken as u64;
                    if *left == 0 {
                        *self = Position::START;
                    }
                    taken
                }
                Position::Line => {
                    if bytes[0] == b'\n' {
                        *self = Position::START;
                    }
                    1
                }
                Position::Head(0, _) if !b"lB".contains(&bytes[0]) => {
                    *self = Position::Line;
                    0
                }
                Position::Head(at, head) => {
                    mend_byte(*at, &mut bytes[0]);
                    head[*at] = bytes[0];
                    *at += 1;
                    if *at == HEAD {
                        *self = Position::after(head);
                    }
                    1
                }
            };
            bytes = &mut bytes[taken..];
        }
    }

    /// What is left of a message behind this head: header fields, padding, and body.
    fn after(head: &[u8; HEAD]) -> Position {
        let number = |at: usize| {
            let bytes = [head[at], head[at + 1], head[at + 2], head[at + 3]];
            u64::from(match head[0] {
                b'B' => u32::from_be_bytes(bytes),
                _ => u32::from_le_bytes(bytes),
            })
        };
        let (body, fields) = (number(4), number(12));
        match fields.next_multiple_of(8) + body {
            0 => Position::START,
            left => Position::Rest(left),
        }
    }
}

fn mend_byte(at: usize, byte: &mut u8) {
    match at {
        TYPE if !KNOWN_TYPES.contains(byte) => *byte = SIGNAL,
        FLAGS => *byte &= KNOWN_FLAGS,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zbus::Message;

    fn message(body: &str) -> Vec<u8> {
        let message = Message::signal("/", "a.b", "C").unwrap();
        message.build(&body).unwrap().data().to_vec()
    }

    #[test]
    fn what_the_library_does_not_know_is_taken_out_wherever_the_stream_is_cut() {
        let mended = [message("one"), message(""), message("lllBBB\n")];
        let mut odd = mended.clone();
        odd[0][FLAGS] |= 0xf0;
        odd[1][TYPE] = 77;
        odd[2][FLAGS] |= 0x08;
        let login = b"OK 0123456789abcdef\r\nAGREE_UNIX_FD\r\n".to_vec();
        let sent = [login.clone(), odd.concat()].concat();
        let right = [login, mended.concat()].concat();
        for size in 1..sent.len() {
            let (mut position, mut bytes) = (Position::START, sent.clone());
            for piece in bytes.chunks_mut(size) {
                position.mend(piece);
            }
            assert_eq!(bytes, right, "in pieces of {size} bytes");
        }
    }
}
