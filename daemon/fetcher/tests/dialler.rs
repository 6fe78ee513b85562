//! The real dialler: connects to the one host that it was told, hands the connection over, and ends.

#![allow(clippy::panic, clippy::unwrap_used)]

mod asked;

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener};

use asked::{Dialling, dialler};
use credexd::web_credentials::fetch::dial::Request;
use credexd::web_credentials::fetch::{Fault, Stage};

fn site() -> (TcpListener, u16) {
    let site = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = site.local_addr().unwrap().port();
    (site, port)
}

fn request(port: u16, loopback: bool) -> Request {
    Request {
        host: "localhost".to_owned(),
        port,
        timeout: 10_000,
        loopback,
    }
}

#[test]
fn a_connection_goes_on_working_when_the_dialler_that_made_it_has_ended() {
    let (site, port) = site();
    let (answer, connection) = Dialling::start(&mut dialler(), &request(port, true)).answer();
    let dialled = answer.outcome.unwrap();
    assert!(
        dialled
            .addresses
            .iter()
            .all(|address| address.port() == port)
    );
    let mut connection = connection.unwrap();
    let (mut other, _) = site.accept().unwrap();
    connection.write_all(b"hello").unwrap();
    drop(connection);
    let mut heard = String::new();
    other.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "hello");
}

/// Whoever holds its socket gets one connection, to what was asked first.
#[test]
fn a_dialler_serves_only_the_host_that_it_was_told() {
    let (told, port) = site();
    let (elsewhere, other_port) = site();
    let dialling = Dialling::start(&mut dialler(), &request(port, true));
    // It may have ended already.
    request(other_port, true).write(&dialling.socket).ok();
    let socket = dialling.socket.try_clone().unwrap();
    let (answer, connection) = dialling.answer();
    assert!(answer.outcome.is_ok());
    let peer = connection.unwrap().peer_addr().unwrap();
    assert_eq!(peer, told.local_addr().unwrap());
    for site in [&told, &elsewhere] {
        site.set_nonblocking(true).unwrap();
    }
    told.accept().unwrap();
    for site in [&told, &elsewhere] {
        assert_eq!(site.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    }
    let mut more = Vec::new();
    // What was not read when it ended may be told as a reset.
    (&socket).read_to_end(&mut more).ok();
    assert_eq!(more, b"");
}

#[test]
fn without_developer_mode_a_dialler_does_not_connect_to_this_computer() {
    let (site, port) = site();
    let (answer, connection) = Dialling::start(&mut dialler(), &request(port, false)).answer();
    let error = answer.outcome.unwrap_err();
    assert_eq!(
        (error.stage, error.fault),
        (Stage::Resolve, Fault::PrivateAddress)
    );
    assert!(connection.is_none());
    site.set_nonblocking(true).unwrap();
    assert_eq!(site.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}
