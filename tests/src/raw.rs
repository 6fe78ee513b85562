//! A peer on the bus that writes its messages byte for byte, and so can send what no D-Bus library
//! would.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;

use zbus::Message;

use crate::desktop::Desktop;

const TYPE: usize = 1;
const FLAGS: usize = 2;
const FIELDS_LENGTH: usize = 12;
const FIELDS: usize = 16;

/// A connection without a library. Nobody reads what it is sent.
#[derive(Debug)]
pub struct RawPeer(BufReader<UnixStream>);

impl RawPeer {
    /// A new peer on the bus of `desktop`.
    pub fn join(desktop: &Desktop) -> RawPeer {
        RawPeer::at(desktop.bus.address())
    }

    /// A new peer on the bus at `address`.
    pub fn at(address: &str) -> RawPeer {
        let mut peer = RawPeer::mute(address);
        let hello = Message::method_call("/org/freedesktop/DBus", "Hello").unwrap();
        let hello = hello.destination("org.freedesktop.DBus").unwrap();
        peer.send(&hello.build(&()).unwrap());
        peer
    }

    /// A connection to the bus at `address` that does not introduce itself, and so has no name.
    pub fn mute(address: &str) -> RawPeer {
        let path = address.trim_start_matches("unix:path=");
        let path = path.split(',').next().unwrap_or_default();
        let stream = UnixStream::connect(path).expect("the bus listens");
        let mut peer = RawPeer(BufReader::new(stream));
        let user = rustix::process::getuid().as_raw().to_string();
        let user = data_encoding::HEXLOWER.encode(user.as_bytes());
        peer.write(format!("\0AUTH EXTERNAL {user}\r\n").as_bytes());
        let mut answer = String::new();
        peer.0.read_line(&mut answer).expect("the bus answers");
        assert!(answer.starts_with("OK "), "{answer}");
        // Or it would be sent none.
        peer.write(b"NEGOTIATE_UNIX_FD\r\n");
        answer.clear();
        peer.0.read_line(&mut answer).expect("the bus answers");
        assert!(answer.starts_with("AGREE_UNIX_FD"), "{answer}");
        peer.write(b"BEGIN\r\n");
        peer
    }

    /// A peer that somebody else has made, and that the bus knows already.
    pub fn on(stream: UnixStream) -> RawPeer {
        RawPeer(BufReader::new(stream))
    }

    /// Its socket.
    pub fn stream(&self) -> &UnixStream {
        self.0.get_ref()
    }

    /// Reads whatever comes, until the bus hangs up.
    pub fn is_read_out(&mut self) {
        std::io::copy(&mut self.0, &mut std::io::sink()).ok();
    }

    /// Sends a message as it is.
    pub fn send(&mut self, message: &Message) {
        self.write(message.data());
    }

    /// Sends bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        let stream = self.0.get_mut();
        stream.write_all(bytes).expect("the bus reads");
    }

    /// Waits until the bus has hung up, or has dealt with everything that was sent; which of the two.
    pub fn is_let_go(mut self) -> bool {
        let ping = Message::method_call("/org/freedesktop/DBus", "GetId").unwrap();
        let ping = ping.destination("org.freedesktop.DBus").unwrap();
        let ping = ping.build(&()).unwrap();
        let serial = ping.primary_header().serial_num().get().to_le_bytes();
        if self.0.get_mut().write_all(ping.data()).is_err() {
            return true;
        }
        // The answer names the serial of the call: field 5, of type u.
        let reply = [&[5, 1, b'u', 0][..], &serial].concat();
        let mut seen = Vec::new();
        let mut chunk = [0; 4096];
        while memchr::memmem::find(&seen, &reply).is_none() {
            match self.0.read(&mut chunk) {
                Ok(0) | Err(_) => return true,
                Ok(read) => seen.extend_from_slice(&chunk[..read]),
            }
        }
        false
    }
}

/// `message`, of a type of its own.
pub fn of_type(message: &Message, number: u8) -> Vec<u8> {
    let mut bytes = message.data().to_vec();
    bytes[TYPE] = number;
    bytes
}

/// `message`, with these flags.
pub fn with_flags(message: &Message, flags: u8) -> Vec<u8> {
    let mut bytes = message.data().to_vec();
    bytes[FLAGS] = flags;
    bytes
}

/// `message`, with one header field more, of this number and with a word in it.
pub fn with_field(message: &Message, number: u8) -> Vec<u8> {
    let bytes = message.data();
    let length = u32::from_le_bytes(bytes[FIELDS_LENGTH..FIELDS].try_into().unwrap());
    let padded = |length: usize| length.next_multiple_of(8);
    let end = FIELDS + length as usize;
    let mut fields = bytes[..end].to_vec();
    fields.resize(padded(end), 0);
    fields.extend([number, 1, b's', 0, 4, 0, 0, 0, b'w', b'o', b'r', b'd', 0]);
    let length = u32::try_from(fields.len() - FIELDS).unwrap();
    fields[FIELDS_LENGTH..FIELDS].copy_from_slice(&length.to_le_bytes());
    fields.resize(padded(fields.len()), 0);
    [&fields, &bytes[padded(end)..]].concat()
}
