//! Names by real DNS, from inside the sandbox: the dialler with an `/etc/resolv.conf` of its own, and a server
//! of the test's that says what somebody hostile would.

#![allow(clippy::panic, clippy::print_stderr, clippy::unwrap_used)]

mod asked;

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::Command;

use asked::Dialling;
use credexd::web_credentials::fetch::dial::{DialError, Dialled, Request};
use credexd::web_credentials::fetch::{Fault, Stage};

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

/// What comes of connecting to a name that resolves to `addresses` in turn; `None` where that cannot be set up.
fn dial(host: &str, addresses: &'static [Ipv4Addr]) -> Option<Result<Dialled, DialError>> {
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
    let script = "mount --bind \"$1\" /etc/resolv.conf && exec \"$2\" --dial";
    let mut dialler = Command::new("unshare");
    dialler
        .args(["-m", "sh", "-c", script, "sh"])
        .arg(configuration.path())
        .arg(env!("CARGO_BIN_EXE_credex-fetcher"));
    let request = Request {
        host: host.to_owned(),
        port: 9,
        timeout: 3_000,
        loopback: false,
    };
    let (told, status) = Dialling::start(&mut dialler, &request).told();
    stop.send_to(&[], SERVER).unwrap();
    serving.join().unwrap();
    if told.is_err() && !status.success() {
        eprintln!("left out: there is no namespace to be had for an /etc/resolv.conf");
        return None;
    }
    let (answer, _) = told.unwrap();
    Some(answer.outcome)
}

#[test]
fn names_are_resolved_once_inside_the_sandbox_and_judged_by_what_they_resolve_to() {
    let (public, loopback) = (Ipv4Addr::new(8, 8, 8, 8), Ipv4Addr::LOCALHOST);
    // Rebound after the first answer: by then it has been asked for the last time.
    let rebound: &[_] = Box::leak(Box::new([public, loopback]));
    let Some(outcome) = dial("rebound.example.org", rebound) else {
        return;
    };
    // Whatever answers there from here, if anything: it is not this computer.
    let addresses = match outcome {
        Ok(dialled) => dialled.addresses,
        Err(error) => {
            assert_ne!(error.stage, Stage::Resolve, "{error}");
            error.addresses
        }
    };
    assert_eq!(addresses, [SocketAddr::from((public, 9))]);

    let private: &[_] = Box::leak(Box::new([Ipv4Addr::new(192, 168, 1, 1)]));
    let error = dial("inside.example.org", private).unwrap().unwrap_err();
    assert_eq!(
        (error.stage, &error.fault),
        (Stage::Resolve, &Fault::PrivateAddress),
        "{error}"
    );

    let error = dial("nowhere.example.org", &[]).unwrap().unwrap_err();
    assert_eq!(
        (error.stage, &error.fault),
        (Stage::Resolve, &Fault::NoSuchName),
        "{error}"
    );
}
