//! Which of a process's sockets lead where: the kernel's table of Unix sockets. Serves design §5.
//!
//! The kernel is asked for one socket at a time, over netlink (sock_diag(7)). The messages are written
//! here because `netlink-packet-sock-diag` 0.5 keeps the fields of `UNIX_DIAG_VFS` to itself.

use std::collections::{BTreeSet, HashSet};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with,
};
use serde::{Deserialize, Serialize};
use zbus::address::transport::{Transport, UnixSocket};

use super::Process;
use super::peer::{FileId, Peer, identify_fd};

const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const SHOW_NAME_VFS_PEER: u32 = 1 | 2 | 4;
const DIAG_NAME: u16 = 0;
const DIAG_VFS: u16 = 1;
const DIAG_PEER: u16 = 2;
/// `TCP_LISTEN`, by which the kernel also means other families' sockets.
const LISTENING: u8 = 10;
const NLMSG_HEADER: usize = 16;
const UNIX_DIAG_MESSAGE: usize = 16;

/// What the kernel tells of one Unix socket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Told {
    listening: bool,
    /// As bound: a path, or a name that starts with NUL; without the NUL that ends a path.
    name: Vec<u8>,
    /// The file that it is bound to: device and inode.
    file: Option<(u32, u32)>,
    peer: Option<u32>,
}

/// A listening socket, as those that were accepted from it show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listener {
    name: Vec<u8>,
    file: Option<(u32, u32)>,
}

/// The bus that we are connected to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Bus {
    listener: Listener,
    /// Its end of our connection.
    accepted: FileId,
    /// The process that it says to be, if it says.
    process: Option<Process>,
}

/// Whether `peer` listens on the socket file `file`.
pub(super) fn listens_at(peer: &Peer, file: FileId) -> io::Result<bool> {
    let table = Table::open()?;
    for socket in peer.sockets()? {
        if let Some(told) = table.look(socket.inode)?
            && told.listening
            && told.file == Some(file.in_socket_tables())
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The sockets of `peer` that are connected to `bus` and were not there before it last executed a
/// program: an `exec` would close them.
pub(super) fn connections(peer: &Peer, bus: &Bus) -> io::Result<Vec<u32>> {
    let table = Table::open()?;
    let mut found = Vec::new();
    for socket in peer.sockets()?.iter().filter(|s| s.closes_on_exec) {
        if table.other_end(socket.inode)?.as_ref() == Some(&bus.listener) {
            found.push(socket.inode);
        }
    }
    Ok(found)
}

/// The sockets of `peer`, a proxy, that are connected to `bus`, if each of its connections to anywhere is made for one
/// that was accepted. `None` if it has more, one of which it may keep for somebody.
pub(super) fn made_for_others(peer: &Peer, bus: &Bus) -> io::Result<Option<BTreeSet<u32>>> {
    let table = Table::open()?;
    let (mut to_bus, mut made, mut accepted) = (BTreeSet::new(), 0, 0);
    for socket in peer.sockets()?.iter().filter(|s| s.closes_on_exec) {
        match table.look(socket.inode)? {
            Some(told) if told.listening => {}
            Some(told) if !told.name.is_empty() => accepted += 1,
            // What is accepted lies in the network namespace of who connected, and may be out of sight.
            None => accepted += 1,
            Some(_) => {
                let Some(other_end) = table.other_end(socket.inode)? else {
                    continue;
                };
                made += 1;
                if other_end == bus.listener {
                    to_bus.insert(socket.inode);
                }
            }
        }
    }
    Ok((made <= accepted).then_some(to_bus))
}

/// The name to which the socket of a bus at `address` is bound.
pub(super) fn bound_name(address: &zbus::Address) -> Option<Vec<u8>> {
    let Transport::Unix(unix) = address.transport() else {
        return None;
    };
    match unix.path() {
        UnixSocket::File(path) => Some(path.as_os_str().as_bytes().to_vec()),
        UnixSocket::Abstract(name) => Some([0].iter().chain(name.as_bytes()).copied().collect()),
        _ => None,
    }
}

/// The bus of which we ourselves have connected to the listener called `name`, and that says to be the process `pid`.
///
/// # Errors
/// `NotFound`: there is none, or that process has ended.
pub(super) fn ours(name: &[u8], pid: Option<u32>) -> io::Result<Bus> {
    let table = Table::open()?;
    for socket in Peer::of_pid(std::process::id())?.sockets()? {
        let Some(accepted) = table.peer(socket.inode)? else {
            continue;
        };
        match table.bound(accepted)? {
            Some(listener) if listener.name == name => {
                return Ok(Bus {
                    listener,
                    accepted: identify_fd(&table.0)?.beside(accepted.into()),
                    process: pid.map(Process::of_pid).transpose()?,
                });
            }
            _ => {}
        }
    }
    Err(ErrorKind::NotFound.into())
}

/// How many connections `bus` has, those counted that it does not know by name yet.
///
/// A connection that was made with a socket of another network namespace is in the kernel's table of that
/// one, at both ends, and has a name all the same. Without it, another that has no name would hide behind its
/// name. So what the bus waits for counts, too, if it is out of sight: not what it only passes on, or anybody
/// could send it such a socket, and have it keep it.
///
/// `closely`, which takes longer, leaves out connections to other buses of the same name.
pub(super) fn all_connections(bus: &Bus, closely: bool) -> io::Result<usize> {
    let waited_for = bus.waits_for()?;
    let table = std::fs::read("/proc/self/net/unix")?;
    let lines = || table.split(|&b| b == b'\n');
    let named_so = lines().filter(|line| is_connection(line, &bus.listener.name));
    let in_sight = match closely {
        true => bus.own(named_so.filter_map(inode))?,
        false => named_so.count(),
    };
    let known: HashSet<u64> = lines().filter_map(inode).collect();
    let out_of_sight = waited_for.iter().filter(|socket| !known.contains(socket));
    Ok(in_sight + out_of_sight.count())
}

impl Bus {
    /// How many of these sockets are connections to this bus, and not to another whose socket has the same name in another
    /// mount namespace. One that was not accepted yet has no number, and counts.
    fn own(&self, sockets: impl Iterator<Item = u64>) -> io::Result<usize> {
        let table = Table::open()?;
        let mut own = 0;
        for socket in sockets {
            let of_another = match u32::try_from(socket) {
                Ok(socket) if socket != 0 => {
                    let listener = table.bound(socket)?;
                    listener.is_some_and(|listener| listener != self.listener)
                }
                _ => false,
            };
            own += usize::from(!of_another);
        }
        Ok(own)
    }

    /// The sockets that it waits for, by their inode numbers. None are known where it cannot be looked at: nobody but
    /// the system can bring that about, and it is no reason to take everybody for anybody.
    fn waits_for(&self) -> io::Result<Vec<u64>> {
        let Some(process) = self.process else {
            return Ok(Vec::new());
        };
        let Some(told) = unless_out_of_sight(Peer::again(process))? else {
            return Ok(Vec::new());
        };
        let waits_for = match unless_out_of_sight(told.waits_for(self.accepted))? {
            // Of dbus-broker it is the process that started it.
            None => self.waits_for_through(unless_out_of_sight(told.children())?)?,
            found => found,
        };
        let files = waits_for.unwrap_or_default().into_iter();
        let sockets = files.filter(|file| self.accepted.beside(file.inode()) == *file);
        Ok(sockets.map(FileId::inode).collect())
    }

    fn waits_for_through(&self, children: Option<Vec<Peer>>) -> io::Result<Option<Vec<FileId>>> {
        for child in children.into_iter().flatten() {
            if let Some(found) = unless_out_of_sight(child.waits_for(self.accepted))? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

fn unless_out_of_sight<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::PermissionDenied => Ok(None),
            _ => Err(error),
        },
    }
}

/// The socket of a line of `/proc/net/unix`.
fn inode(line: &[u8]) -> Option<u64> {
    let mut fields = line.split(|&b| b == b' ').filter(|field| !field.is_empty());
    std::str::from_utf8(fields.nth(6)?).ok()?.parse().ok()
}

/// Whether a line of `/proc/net/unix` is of a socket that was accepted at `name`.
fn is_connection(line: &[u8], name: &[u8]) -> bool {
    let mut fields = line.split(|&b| b == b' ').filter(|field| !field.is_empty());
    let connected = fields.nth(5).is_some_and(|state| state == b"03");
    let path = fields.nth(1).unwrap_or_default();
    let bound = match name.split_first() {
        Some((0, rest)) => path.strip_prefix(b"@").is_some_and(|path| path == rest),
        _ => path == name,
    };
    connected && bound
}

struct Table(OwnedFd);

impl Table {
    fn open() -> io::Result<Table> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC,
            Some(netlink::SOCK_DIAG),
        )?;
        Ok(Table(socket))
    }

    /// Where the socket `inode` is connected to.
    fn other_end(&self, inode: u32) -> io::Result<Option<Listener>> {
        match self.peer(inode)? {
            Some(peer) => self.bound(peer),
            None => Ok(None),
        }
    }

    /// The socket that the socket `inode` is connected to.
    fn peer(&self, inode: u32) -> io::Result<Option<u32>> {
        let peer = self.look(inode)?.and_then(|told| told.peer);
        Ok(peer.filter(|&peer| peer != 0))
    }

    /// To what the socket `inode` is bound.
    fn bound(&self, inode: u32) -> io::Result<Option<Listener>> {
        let told = self.look(inode)?.filter(|told| !told.name.is_empty());
        Ok(told.map(|Told { name, file, .. }| Listener { name, file }))
    }

    /// What there is to tell of the socket `inode`; `None` if it is no Unix socket here.
    fn look(&self, inode: u32) -> io::Result<Option<Told>> {
        let kernel = SocketAddrNetlink::new(0, 0);
        sendto(&self.0, &request(inode), SendFlags::empty(), &kernel)?;
        let mut answer = [0; 4096];
        let (length, _) = recv(&self.0, &mut answer[..], RecvFlags::empty())?;
        match read(answer.get(..length).unwrap_or_default()) {
            Some(Ok(told)) => Ok(Some(told)),
            Some(Err(error)) if error.kind() == ErrorKind::NotFound => Ok(None),
            Some(Err(error)) => Err(error),
            None => Err(ErrorKind::InvalidData.into()),
        }
    }
}

/// `struct nlmsghdr` and `struct unix_diag_req`, with the cookie that stands for any.
fn request(inode: u32) -> Vec<u8> {
    let mut message = Vec::with_capacity(40);
    message.extend(40_u32.to_ne_bytes());
    message.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    message.extend(NLM_F_REQUEST.to_ne_bytes());
    message.extend([0; 8]); // Sequence and port: there is one question at a time.
    message.extend([1, 0, 0, 0]); // AF_UNIX
    message.extend(u32::MAX.to_ne_bytes()); // In whatever state.
    message.extend(inode.to_ne_bytes());
    message.extend(SHOW_NAME_VFS_PEER.to_ne_bytes());
    message.extend([0xff; 8]);
    message
}

/// `None` if the answer is no such message; an error if the kernel answers with one.
fn read(answer: &[u8]) -> Option<io::Result<Told>> {
    let kind = u16_at(answer, 4)?;
    if kind != SOCK_DIAG_BY_FAMILY {
        let code = i32::from_ne_bytes(answer.get(16..20)?.try_into().ok()?);
        return Some(Err(io::Error::from_raw_os_error(code.checked_neg()?)));
    }
    let length = usize::try_from(u32_at(answer, 0)?).ok()?;
    let message = answer.get(NLMSG_HEADER..length)?;
    let mut told = Told {
        listening: *message.get(2)? == LISTENING,
        ..Told::default()
    };
    let mut rest = message.get(UNIX_DIAG_MESSAGE..)?;
    while rest.len() >= 4 {
        let length = usize::from(u16_at(rest, 0)?);
        let value = rest.get(4..length)?;
        match u16_at(rest, 2)? {
            DIAG_NAME => told.name = bound(value),
            DIAG_VFS => told.file = Some((u32_at(value, 4)?, u32_at(value, 0)?)),
            DIAG_PEER => told.peer = Some(u32_at(value, 0)?),
            _ => {}
        }
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Some(Ok(told))
}

fn bound(name: &[u8]) -> Vec<u8> {
    match name {
        [first, .., 0] if *first != 0 => name[..name.len() - 1].to_vec(),
        name => name.to_vec(),
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::peer::identify;
    use rustix::fs::{AtFlags, CWD};
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{UnixListener, UnixStream};

    fn us() -> Peer {
        Peer::of_pid(std::process::id()).unwrap()
    }

    #[test]
    fn a_connection_is_found_with_where_it_leads_and_lost_when_it_is_closed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bus");
        let name = path.as_os_str().as_bytes();
        let listener = UnixListener::bind(&path).unwrap();
        assert_eq!(ours(name, None).unwrap_err().kind(), ErrorKind::NotFound);
        let stream = UnixStream::connect(&path).unwrap();
        let _accepted = listener.accept().unwrap();
        let bus = ours(name, None).unwrap();
        assert_eq!(connections(&us(), &bus).unwrap().len(), 1);
        // As if it had come through an exec.
        rustix::io::fcntl_setfd(&stream, rustix::io::FdFlags::empty()).unwrap();
        assert_eq!(connections(&us(), &bus).unwrap(), [0_u32; 0]);
        drop(stream);
        assert_eq!(ours(name, None).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn a_proxy_that_has_a_connection_more_than_it_accepted_keeps_it_for_somebody() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let bus = UnixListener::bind(at("bus")).unwrap();
        let proxy = UnixListener::bind(at("proxy")).unwrap();
        // What others accept is theirs: not closed on exec, it does not count here.
        let elsewhere = |listener: &UnixListener| {
            let (stream, _) = listener.accept().unwrap();
            rustix::io::fcntl_setfd(&stream, rustix::io::FdFlags::empty()).unwrap();
            stream
        };
        let client = UnixStream::connect(at("proxy")).unwrap();
        rustix::io::fcntl_setfd(&client, rustix::io::FdFlags::empty()).unwrap();
        let _accepted = proxy.accept().unwrap();
        let _made = UnixStream::connect(at("bus")).unwrap();
        let _there = elsewhere(&bus);
        let name = at("bus");
        let listener = ours(name.as_os_str().as_bytes(), None).unwrap();
        let made = made_for_others(&us(), &listener).unwrap();
        assert_eq!(made.map(|sockets| sockets.len()), Some(1));
        // One more than there are sockets that may have been accepted: the other is the one to the kernel's table.
        let _kept = [(); 2].map(|()| UnixStream::connect(at("bus")).unwrap());
        let _there = [(); 2].map(|()| elsewhere(&bus));
        assert_eq!(made_for_others(&us(), &listener).unwrap(), None);
    }

    #[test]
    fn a_listener_is_known_by_its_file_and_not_by_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let file = |name: &str| {
            let path = at(name);
            identify(CWD, path.to_str().unwrap(), AtFlags::empty()).unwrap()
        };
        let one = UnixListener::bind(at("one")).unwrap();
        std::fs::write(at("other"), "").unwrap();
        assert!(listens_at(&us(), file("one")).unwrap());
        assert!(!listens_at(&us(), file("other")).unwrap());
        std::fs::rename(at("one"), at("moved")).unwrap();
        let _two = UnixListener::bind(at("one")).unwrap();
        let bound = {
            let _stream = UnixStream::connect(at("moved")).unwrap();
            let _accepted = one.accept().unwrap();
            ours(at("one").as_os_str().as_bytes(), None)
                .unwrap()
                .listener
                .file
        };
        assert_eq!(bound, Some(file("moved").in_socket_tables()));
    }

    #[test]
    fn the_connections_of_a_listener_are_counted() {
        let line = b"0000000000000000: 00000003 00000000 00000000 0001 03 4711 /run/user/1000/bus";
        assert!(is_connection(line, b"/run/user/1000/bus"));
        assert_eq!(inode(line), Some(4711));
        assert!(!is_connection(line, b"/run/user/1000/bus2"));
        let line = b"0000000000000000: 00000002 00000000 00010000 0001 01 4711 @/tmp/x";
        assert!(!is_connection(line, b"\0/tmp/x"), "it listens");
        let line = b"0000000000000000: 00000003 00000000 00000000 0001 03 4711 @/tmp/x";
        assert!(is_connection(line, b"\0/tmp/x"));
        assert!(!is_connection(b"", b""));
    }

    #[test]
    fn an_answer_that_is_cut_short_is_none() {
        for length in 0..40 {
            let mut answer = request(7);
            answer.truncate(length);
            if let Some(Ok(told)) = read(&answer) {
                panic!("{length}: {told:?}");
            }
        }
    }
}
