//! What the fetcher and its dialler cannot do once they are confined. Each test confines threads of its own.

#![allow(clippy::panic, clippy::unwrap_used)]

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use credex_fetcher::sandbox::{self, Part};
use rustix::net::sockopt::set_socket_reuseaddr;
use rustix::net::{AddressFamily, SocketType};

/// What `attempt` comes to inside the sandbox of `part`.
fn inside<T: Send + 'static>(
    part: Part,
    attempt: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let thread = std::thread::spawn(move || {
        sandbox::confine_thread(part).unwrap();
        attempt()
    });
    thread.join().unwrap()
}

/// To both.
#[track_caller]
fn refused<T: Send + 'static>(attempt: impl Fn() -> io::Result<T> + Clone + Send + 'static) {
    for part in [Part::Fetcher, Part::Dialler(443)] {
        refused_to(part, attempt.clone());
    }
}

#[track_caller]
fn refused_to<T: Send + 'static>(
    part: Part,
    attempt: impl FnOnce() -> io::Result<T> + Send + 'static,
) {
    match inside(part, attempt) {
        Ok(_) => panic!("it was possible for {part:?}"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}"),
    }
}

/// A connection, and the other end of it.
fn connected() -> (TcpStream, TcpStream) {
    let site = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let connection = TcpStream::connect(site.local_addr().unwrap()).unwrap();
    (connection, site.accept().unwrap().0)
}

#[test]
fn no_file_can_be_opened_made_or_looked_at() {
    refused(|| File::open("/etc/passwd"));
    refused(|| File::open("/proc/self/status"));
    refused(|| File::create("/tmp/credex-fetcher-was-here"));
    refused(|| std::fs::metadata("/etc/passwd"));
    refused(|| std::fs::read_dir("/"));
    refused(|| std::fs::remove_file("/tmp/credex-fetcher-was-never-here"));
}

#[test]
fn no_program_can_be_started() {
    refused(|| Command::new("/bin/true").spawn());
    refused(|| -> io::Result<()> { Err(Command::new("/bin/true").exec()) });
}

#[test]
fn no_unix_socket_can_be_reached_by_path_or_abstract_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bus");
    let _bus = UnixListener::bind(&path).unwrap();
    UnixStream::connect(&path).unwrap();
    refused(move || UnixStream::connect(&path));
    refused(UnixStream::pair);
}

#[test]
fn nothing_can_be_listened_to_and_no_memory_made_executable() {
    refused(|| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    refused(|| {
        let wanted = rustix::mm::ProtFlags::READ | rustix::mm::ProtFlags::EXEC;
        let flags = rustix::mm::MapFlags::PRIVATE;
        // SAFETY: nothing else is mapped where the kernel puts it, and nobody uses it.
        #[allow(unsafe_code)]
        let mapped =
            unsafe { rustix::mm::mmap_anonymous(std::ptr::null_mut(), 4096, wanted, flags) };
        mapped.map(|_| ()).map_err(io::Error::from)
    });
}

#[test]
fn the_fetcher_makes_no_socket_of_any_family() {
    for family in [
        AddressFamily::INET,
        AddressFamily::INET6,
        AddressFamily::UNIX,
        AddressFamily::NETLINK,
        AddressFamily::PACKET,
        AddressFamily::VSOCK,
    ] {
        for kind in [SocketType::STREAM, SocketType::DGRAM, SocketType::RAW] {
            refused_to(Part::Fetcher, move || {
                Ok(rustix::net::socket(family, kind, None)?)
            });
        }
    }
    refused_to(Part::Fetcher, || {
        TcpStream::connect((Ipv4Addr::LOCALHOST, 443))
    });
    refused_to(Part::Fetcher, || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)));
}

#[test]
fn the_fetcher_speaks_over_the_connection_that_it_is_handed() {
    let (mut connection, mut site) = connected();
    site.write_all(b"hello").unwrap();
    let heard = inside(Part::Fetcher, move || {
        connection.set_read_timeout(Some(Duration::from_secs(60)))?;
        let mut heard = [0; 5];
        connection.read_exact(&mut heard)?;
        connection.write_all(&heard)?;
        Ok(heard)
    });
    assert_eq!(&heard.unwrap(), b"hello");
    let mut echo = String::new();
    site.read_to_string(&mut echo).unwrap();
    assert_eq!(echo, "hello");
}

/// TCP can be told to forget whom it is connected to, and be connected anew, in more than one way.
#[test]
fn the_fetcher_turns_no_connection_to_another_address() {
    let elsewhere = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = elsewhere.local_addr().unwrap();
    let SocketAddr::V4(v4) = address else {
        panic!("{address}")
    };
    let (connection, _site) = connected();
    let other = connection.try_clone().unwrap();
    refused_to(Part::Fetcher, move || {
        Ok(rustix::net::connect_unspec(&other)?)
    });
    let other = connection.try_clone().unwrap();
    refused_to(Part::Fetcher, move || {
        Ok(rustix::net::connect(&other, &v4)?)
    });
    // Also one that has no peer any more, or none yet.
    let fresh = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    refused_to(Part::Fetcher, move || {
        let fast_open = rustix::net::SendFlags::from_bits_retain(0x2000_0000);
        Ok(rustix::net::sendto(&fresh, b"x", fast_open, &v4)?)
    });
    let other = connection.try_clone().unwrap();
    refused_to(Part::Fetcher, move || {
        Ok(set_socket_reuseaddr(&other, true)?)
    });
    refused_to(Part::Fetcher, move || {
        let parts = [io::IoSlice::new(b"x")];
        let mut nothing = rustix::net::SendAncillaryBuffer::default();
        let flags = rustix::net::SendFlags::empty();
        Ok(rustix::net::sendmsg(
            &connection,
            &parts,
            &mut nothing,
            flags,
        )?)
    });
    elsewhere.set_nonblocking(true).unwrap();
    assert_eq!(
        elsewhere.accept().unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
}

#[test]
fn the_dialler_reaches_the_site_and_a_server_of_names() {
    let site = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = site.local_addr().unwrap();
    let served = std::thread::spawn(move || {
        let (mut socket, _) = site.accept().unwrap();
        socket.write_all(b"hello").unwrap();
    });
    let heard = inside(Part::Dialler(address.port()), move || {
        let mut text = String::new();
        TcpStream::connect(address)?.read_to_string(&mut text)?;
        Ok(text)
    });
    assert_eq!(heard.unwrap(), "hello");
    served.join().unwrap();
    inside(Part::Dialler(443), || {
        UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
    })
    .unwrap();
}

#[test]
fn another_port_than_the_sites_cannot_be_reached_where_landlock_knows_of_ports() {
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = other.local_addr().unwrap();
    let confining = || sandbox::confine_thread(Part::Dialler(443)).unwrap();
    let missing = std::thread::spawn(confining).join().unwrap();
    if missing.is_empty() {
        refused_to(Part::Dialler(443), move || TcpStream::connect(address));
    } else {
        eprintln!("left out: {}", missing.concat());
    }
}

#[test]
fn a_process_with_threads_is_not_confined_by_halves() {
    // The harness of this test is another thread.
    let error = sandbox::enter(Part::Fetcher).unwrap_err();
    assert!(error.to_string().contains("threads"), "{error}");
}
