//! What the fetcher cannot do once it is confined. Each test confines a thread of its own.

#![allow(clippy::panic, clippy::unwrap_used)]

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::process::Command;

use credex_fetcher::sandbox;

/// What `attempt` comes to inside the sandbox, where TCP may go to `port`.
fn inside<T: Send + 'static>(
    port: u16,
    attempt: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let thread = std::thread::spawn(move || {
        sandbox::confine_thread(port).unwrap();
        attempt()
    });
    thread.join().unwrap()
}

#[track_caller]
fn refused<T: Send + 'static>(attempt: impl FnOnce() -> io::Result<T> + Send + 'static) {
    match inside(443, attempt) {
        Ok(_) => panic!("it was possible"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}"),
    }
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
fn the_site_and_a_server_of_names_can_be_reached() {
    let site = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = site.local_addr().unwrap();
    let served = std::thread::spawn(move || {
        let (mut socket, _) = site.accept().unwrap();
        socket.write_all(b"hello").unwrap();
    });
    let heard = inside(address.port(), move || {
        let mut text = String::new();
        TcpStream::connect(address)?.read_to_string(&mut text)?;
        Ok(text)
    });
    assert_eq!(heard.unwrap(), "hello");
    served.join().unwrap();
    inside(443, || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
}

#[test]
fn another_port_than_the_sites_cannot_be_reached_where_landlock_knows_of_ports() {
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = other.local_addr().unwrap();
    let missing = inside(443, || Ok(())).map(|()| {
        std::thread::spawn(|| sandbox::confine_thread(443).unwrap())
            .join()
            .unwrap()
    });
    let missing = missing.unwrap();
    if missing.is_empty() {
        refused(move || TcpStream::connect(address));
    } else {
        eprintln!("left out: {}", missing.concat());
    }
}

#[test]
fn a_process_with_threads_is_not_confined_by_halves() {
    // The harness of this test is another thread.
    let error = sandbox::enter(443).unwrap_err();
    assert!(error.to_string().contains("threads"), "{error}");
}
