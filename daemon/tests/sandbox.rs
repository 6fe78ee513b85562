//! What the daemon cannot do once it is confined, and that it can still do its work. Each test confines a
//! thread of its own; what the whole daemon needs is held by all other stories, which it plays confined.

#![allow(clippy::panic, clippy::unwrap_used)]

use std::fs::OpenOptions;
use std::io::{self, ErrorKind};
use std::net::{TcpStream, UdpSocket};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::process::Command;

use credexd::sandbox;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

const PAGE: usize = 4096;

/// What `attempt` comes to inside the sandbox.
fn inside<T: Send + 'static>(attempt: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::spawn(move || {
        sandbox::enter().unwrap();
        attempt()
    });
    thread.join().unwrap()
}

#[track_caller]
fn refused<T: Send + 'static>(attempt: impl FnOnce() -> io::Result<T> + Send + 'static) {
    match inside(attempt) {
        Ok(_) => panic!("it was possible"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}"),
    }
}

/// Makes a system call whose arguments are all nonsense.
fn call(number: libc::c_long) -> io::Error {
    let nonsense = usize::MAX;
    // SAFETY: no call can do anything with these arguments; a filter refuses those that need none.
    #[allow(unsafe_code)]
    let result = unsafe {
        libc::syscall(
            number, nonsense, nonsense, nonsense, nonsense, nonsense, nonsense,
        )
    };
    assert_eq!(result, -1, "the system call {number} was possible");
    io::Error::last_os_error()
}

#[test]
fn everything_that_is_forbidden_by_name_is_refused_and_nothing_kills() {
    inside(|| {
        for (name, number) in sandbox::FORBIDDEN {
            assert_eq!(call(*number).raw_os_error(), Some(libc::EPERM), "{name}");
        }
    });
}

#[test]
fn a_system_call_of_tomorrow_is_not_there_so_that_a_library_falls_back() {
    inside(|| {
        for number in [
            libc::SYS_clone3,
            libc::SYS_openat2,
            libc::SYS_quotactl,
            4_000,
        ] {
            assert_eq!(call(number).raw_os_error(), Some(libc::ENOSYS), "{number}");
        }
    });
}

#[test]
fn no_program_can_be_started_and_no_process_made() {
    refused(|| Command::new("/bin/true").spawn());
    refused(|| -> io::Result<()> { Err(Command::new("/bin/true").exec()) });
    // A thread that came later is confined, too.
    refused(|| {
        std::thread::spawn(|| Command::new("/bin/true").spawn())
            .join()
            .unwrap()
    });
}

#[test]
fn there_are_no_sockets_but_unixs_and_nothing_listens() {
    refused(|| TcpStream::connect("127.0.0.1:1"));
    refused(|| UdpSocket::bind("127.0.0.1:0"));
    for (family, protocol) in [
        (libc::AF_INET6, 0),
        (libc::AF_NETLINK, libc::NETLINK_ROUTE),
        (libc::AF_NETLINK, libc::NETLINK_KOBJECT_UEVENT),
        (libc::AF_PACKET, 0),
        (libc::AF_VSOCK, 0),
        (libc::AF_ALG, 0),
    ] {
        refused(move || socket(family, protocol));
    }
    inside(|| socket(libc::AF_NETLINK, libc::NETLINK_SOCK_DIAG)).unwrap();
    inside(UnixStream::pair).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bus");
    let _bus = UnixListener::bind(&path).unwrap();
    inside(move || UnixStream::connect(path)).unwrap();
    let own = directory.path().join("own");
    refused(move || UnixListener::bind(own));
}

fn socket(family: libc::c_int, protocol: libc::c_int) -> io::Result<()> {
    // SAFETY: a socket is made of numbers; it stays open until the test ends.
    #[allow(unsafe_code)]
    match unsafe { libc::socket(family, libc::SOCK_RAW, protocol) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

#[test]
fn memory_can_be_had_but_none_with_code_in_it() {
    let wanted = ProtFlags::READ | ProtFlags::WRITE;
    let map = |wanted| {
        // SAFETY: the kernel chooses a place where nothing is, and nobody uses it.
        #[allow(unsafe_code)]
        let mapped =
            unsafe { mmap_anonymous(std::ptr::null_mut(), PAGE, wanted, MapFlags::PRIVATE) };
        mapped.map_err(io::Error::from)
    };
    refused(move || map(wanted | ProtFlags::EXEC).map(drop_page));
    refused(move || map(ProtFlags::READ | ProtFlags::EXEC).map(drop_page));
    refused(move || {
        let page = map(wanted)?;
        // SAFETY: the page is ours alone.
        #[allow(unsafe_code)]
        let made = unsafe { mprotect(page, PAGE, MprotectFlags::READ | MprotectFlags::EXEC) };
        drop_page(page);
        made.map_err(io::Error::from)
    });
    inside(|| drop(vec![1_u8; 64 << 20]));
}

fn drop_page(page: *mut std::ffi::c_void) {
    // SAFETY: it was mapped by the caller, who does not use it any more.
    #[allow(unsafe_code)]
    unsafe { munmap(page, PAGE) }.unwrap();
}

#[test]
fn no_file_is_made_by_which_others_become_the_person() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("program");
    std::fs::write(&path, "").unwrap();
    for mode in [0o4700, 0o2700, 0o6755] {
        let (program, made) = (path.clone(), directory.path().join("made"));
        refused(move || std::fs::set_permissions(program, PermissionsExt::from_mode(mode)));
        refused(move || {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(mode).open(made)
        });
    }
    inside(move || {
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::read(&path).unwrap();
    });
}

#[test]
fn nothing_is_undone_that_keeps_others_from_looking_in() {
    // SAFETY: these calls change a flag of the process, or are refused.
    #[allow(unsafe_code)]
    let prctl = |option, value: libc::c_ulong| match unsafe { libc::prctl(option, value, 0, 0, 0) }
    {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    };
    refused(move || prctl(libc::PR_SET_DUMPABLE, 1));
    refused(move || prctl(libc::PR_SET_PTRACER, libc::c_ulong::MAX));
    inside(move || prctl(libc::PR_SET_DUMPABLE, 0)).unwrap();
}
