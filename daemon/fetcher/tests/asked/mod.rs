//! A fetcher and its dialler, started and asked as the daemon does it.

#![allow(dead_code, reason = "not every binary of tests needs all of it")]

use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use credexd::web_credentials::fetch::passing::Lines;
use credexd::web_credentials::fetch::wire::Answer;
use credexd::web_credentials::fetch::{Request, dial};

const PATIENCE: Duration = Duration::from_secs(60);

/// A fetcher that was started and asked.
pub(crate) struct Asked {
    pub(crate) fetcher: Child,
    /// What the kernel could not do to confine the dialler.
    pub(crate) undialled: Vec<String>,
    socket: UnixStream,
}

impl Asked {
    /// The system's authorities are those of the machine.
    pub(crate) fn new(request: &Request) -> Asked {
        Asked::on_a_system_with(&[], request)
    }

    pub(crate) fn on_a_system_with(variables: &[(&str, &Path)], request: &Request) -> Asked {
        let mut fetcher = Command::new(env!("CARGO_BIN_EXE_credex-fetcher"));
        fetcher.envs(variables.iter().copied());
        let dialled = match dial::Request::of(request) {
            Ok(asked) => Dialling::start(&mut dialler(), &asked).answer(),
            Err(problem) => (refused(problem), None),
        };
        Asked::with(&mut fetcher, request, dialled)
    }

    /// Starts `fetcher`, and hands over to it what a dialler has `dialled`.
    pub(crate) fn with(
        fetcher: &mut Command,
        request: &Request,
        dialled: (dial::Answer, Option<TcpStream>),
    ) -> Asked {
        let (socket, theirs) = UnixStream::pair().unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let fetcher = fetcher.stdin(OwnedFd::from(theirs)).spawn().unwrap();
        request.write(&socket).unwrap();
        let (answer, connection) = dialled;
        // A fetcher that cannot begin has ended already.
        answer.write(&socket, connection.as_ref()).ok();
        socket.shutdown(Shutdown::Write).ok();
        Asked {
            fetcher,
            undialled: answer.unconfined,
            socket,
        }
    }

    pub(crate) fn answer(mut self) -> Answer {
        let mut message = Vec::new();
        match self.socket.read_to_end(&mut message) {
            // It has answered before it was handed a connection, and did not take that.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            read => drop(read.unwrap()),
        }
        assert!(self.fetcher.wait().unwrap().success());
        Answer::parse(&message).unwrap()
    }
}

/// The command that starts a dialler.
pub(crate) fn dialler() -> Command {
    let mut dialler = Command::new(env!("CARGO_BIN_EXE_credex-fetcher"));
    dialler.arg("--dial");
    dialler
}

/// A dialler that was started and asked.
pub(crate) struct Dialling {
    pub(crate) dialler: Child,
    pub(crate) socket: UnixStream,
}

impl Dialling {
    pub(crate) fn start(dialler: &mut Command, request: &dial::Request) -> Dialling {
        let (socket, theirs) = UnixStream::pair().unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let dialler = dialler.stdin(OwnedFd::from(theirs)).spawn().unwrap();
        request.write(&socket).unwrap();
        Dialling { dialler, socket }
    }

    pub(crate) fn answer(self) -> (dial::Answer, Option<TcpStream>) {
        let (answer, status) = self.told();
        assert!(status.success());
        answer.unwrap()
    }

    /// What it said, and how it ended.
    pub(crate) fn told(mut self) -> (io::Result<(dial::Answer, Option<TcpStream>)>, ExitStatus) {
        let answer = dial::Answer::read(&mut Lines::new(&self.socket));
        let answer = answer.map(|(answer, connection)| (answer, connection.map(TcpStream::from)));
        (answer, self.dialler.wait().unwrap())
    }
}

fn refused(problem: String) -> dial::Answer {
    dial::Answer {
        outcome: Err(dial::DialError::here(problem)),
        unconfined: Vec::new(),
    }
}
