//! Names by real DNS, from inside the sandbox: the fetcher with an `/etc/resolv.conf` of its own, and a server
//! of the test's that says what somebody hostile would.

#![allow(clippy::panic, clippy::print_stderr, clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Command;

use credex_tests::website::Authority;
use credexd::web_credentials::fetch::wire::Answer;
use credexd::web_credentials::fetch::{Fault, FetchError, Request, Stage};

const SERVER: (Ipv4Addr, u16) = (Ipv4Addr::new(127, 0, 0, 54), 53);

/// Answers every question for an IPv4 address with the next of `addresses`, and others with none.
fn serve(socket: &UdpSocket, addresses: &[Ipv4Addr]) {
    let mut addresses = addresses.iter();
    let mut question = [0; 1500];
    while let Ok((length, from)) = socket.recv_from(&mut question) {
        if length == 0 {
            return;
        }
        let name = 12 + question[12..].iter().position(|byte| *byte == 0).unwrap();
        let end = name + 5;
        let is_ipv4 = question[name + 1..name + 3] == [0, 1];
        let address = if is_ipv4 { addresses.next() } else { None };
        let mut answer = question[..2].to_vec();
        let found = u8::from(address.is_some());
        answer.extend([0x81, 0x80, 0, 1, 0, found, 0, 0, 0, 0]);
        answer.extend(&question[12..end]);
        if let Some(address) = address {
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
            answer.extend(address.octets());
        }
        socket.send_to(&answer, from).unwrap();
    }
}

/// What comes of fetching from a name that resolves to `addresses` in turn; `None` where that cannot be set up.
fn fetch(host: &str, addresses: &'static [Ipv4Addr]) -> Option<FetchError> {
    let socket = match UdpSocket::bind(SERVER) {
        Ok(socket) if rustix::process::geteuid().is_root() => socket,
        _ => {
            eprintln!("left out: only root can serve names and change where they are asked for");
            return None;
        }
    };
    let stop = socket.try_clone().unwrap();
    let serving = std::thread::spawn(move || serve(&socket, addresses));
    let configuration = tempfile::NamedTempFile::new().unwrap();
    writeln!(&configuration, "nameserver {}", SERVER.0).unwrap();
    let authority = Authority::new();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let script = "mount --bind \"$1\" /etc/resolv.conf && exec \"$2\"";
    let mut fetcher = Command::new("unshare")
        .args(["-m", "sh", "-c", script, "sh"])
        .arg(configuration.path())
        .arg(env!("CARGO_BIN_EXE_credex-fetcher"))
        .env("SSL_CERT_FILE", authority.file())
        .stdin(OwnedFd::from(theirs))
        .spawn()
        .unwrap();
    let request = Request {
        url: format!("https://{host}:9/x"),
        timeout: 3_000,
        developer: None,
    };
    request.write(&ours).unwrap();
    ours.shutdown(Shutdown::Write).unwrap();
    let mut message = Vec::new();
    (&ours).read_to_end(&mut message).unwrap();
    let status = fetcher.wait().unwrap();
    stop.send_to(&[], SERVER).unwrap();
    serving.join().unwrap();
    if message.is_empty() && !status.success() {
        eprintln!("left out: there is no namespace to be had for an /etc/resolv.conf");
        return None;
    }
    Some(Answer::parse(&message).unwrap().outcome.unwrap_err())
}

#[test]
fn names_are_resolved_once_inside_the_sandbox_and_judged_by_what_they_resolve_to() {
    let (public, loopback) = (Ipv4Addr::new(8, 8, 8, 8), Ipv4Addr::LOCALHOST);
    // Rebound after the first answer: by then it has been asked for the last time.
    let rebound: &[_] = Box::leak(Box::new([public, loopback]));
    let Some(error) = fetch("rebound.example.org", rebound) else {
        return;
    };
    // Whatever answers there from here, if anything: it is not this computer.
    assert_ne!(error.stage, Stage::Resolve, "{error}");
    assert_eq!(error.addresses, [SocketAddr::from((public, 9))]);

    let private: &[_] = Box::leak(Box::new([Ipv4Addr::new(192, 168, 1, 1)]));
    let error = fetch("inside.example.org", private).unwrap();
    assert_eq!(
        (error.stage, &error.fault),
        (Stage::Resolve, &Fault::PrivateAddress),
        "{error}"
    );

    let error = fetch("nowhere.example.org", &[]).unwrap();
    assert_eq!(
        (error.stage, &error.fault),
        (Stage::Resolve, &Fault::NoSuchName),
        "{error}"
    );
}
