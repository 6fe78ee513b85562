//! The launcher that has programs started by a small process of our own, which is our child, or which
//! systemd has started for us. Serves design §6.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixDatagram as Socket;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use tokio::io::Interest;
use tokio::net::UnixDatagram;

use super::lineage::{self, Birth};
use super::message::{Reply, Request};
use super::packet::{receive, send};
use super::{LaunchError, Launcher, Program, Started, fork, unit_socket, zygote};
use crate::caller::Process;

/// Of how many programs we remember that we started them.
const MAX_BIRTHS: usize = 256;

/// Starts programs through the process that [`run_zygote`](super::run_zygote) runs in.
#[derive(Debug)]
pub struct ProcessLauncher {
    origin: Origin,
    line: tokio::sync::Mutex<Line>,
    births: Mutex<Births>,
}

/// Where the launching process comes from.
#[derive(Debug)]
enum Origin {
    /// Our child. Never waited for while we live, so that its process ID stays its own.
    Child(u32),
    /// A unit, which systemd starts when somebody connects to this socket.
    Unit(PathBuf),
}

/// What was started.
#[derive(Debug, Clone, Default)]
struct Births {
    /// The process ID of the launching process that started the latest.
    launcher: u32,
    latest_first: VecDeque<Birth>,
}

/// The socket to the launching process.
#[derive(Debug)]
struct Line {
    serial: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nobody has needed it yet.
    Unconnected,
    /// Not yet in the hands of the runtime, which starts after the launching process.
    New(Socket),
    /// Carries messages like a datagram socket, and unlike it ends when the other side does.
    Open(UnixDatagram),
    Cut(String),
}

impl ProcessLauncher {
    /// Makes the launching process out of this one, which it is a copy of: it shares our pages, and there is
    /// no program to load. Call it before anything else, so that it gets no fd and no memory that
    /// is not its own business. In the new process it does not return.
    ///
    /// # Errors
    /// This process has more than one thread, or the system makes no other.
    pub fn fork() -> io::Result<ProcessLauncher> {
        let (ours, theirs) = line()?;
        let Some(zygote) = fork::fork()? else {
            drop(ours);
            std::process::exit(zygote::run_forked(theirs).into());
        };
        Ok(ProcessLauncher::of_child(zygote, ours))
    }

    /// The same where there are threads already: `command` must run
    /// [`run_zygote`](super::run_zygote); its standard input becomes the socket, and its standard
    /// output and error are those of the programs. Call it before any fd can arrive.
    ///
    /// # Errors
    /// The process cannot be started.
    // The child is never waited for; see `Origin::Child`.
    #[allow(clippy::zombie_processes)]
    pub fn start(mut command: Command) -> io::Result<ProcessLauncher> {
        let (ours, theirs) = line()?;
        let zygote = command.stdin(Stdio::from(theirs)).spawn()?;
        Ok(ProcessLauncher::of_child(zygote.id(), ours))
    }

    /// Starts programs through the unit behind `socket`, which begins when it is needed, and again if it
    /// has ended.
    #[must_use]
    pub fn in_unit(socket: PathBuf) -> ProcessLauncher {
        ProcessLauncher::new(Origin::Unit(socket), State::Unconnected)
    }

    fn of_child(zygote: u32, line: OwnedFd) -> ProcessLauncher {
        ProcessLauncher::new(Origin::Child(zygote), State::New(line.into()))
    }

    fn new(origin: Origin, state: State) -> ProcessLauncher {
        ProcessLauncher {
            origin,
            line: tokio::sync::Mutex::new(Line { serial: 0, state }),
            births: Mutex::default(),
        }
    }

    /// The process ID of the launching process, if it is our child.
    #[must_use]
    pub fn zygote(&self) -> Option<u32> {
        match &self.origin {
            Origin::Child(zygote) => Some(*zygote),
            Origin::Unit(_) => None,
        }
    }

    fn births(&self) -> std::sync::MutexGuard<'_, Births> {
        self.births.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, birth: Birth, launcher: u32) -> Started {
        let mut births = self.births();
        births.launcher = launcher;
        births.latest_first.truncate(MAX_BIRTHS - 1);
        births.latest_first.push_front(birth);
        Started { pid: birth.pid }
    }
}

/// Our end of a new line, which never waits, and that of the launching process.
fn line() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SocketFlags::CLOEXEC;
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    rustix::io::ioctl_fionbio(&ours, true)?;
    Ok((ours, theirs))
}

#[async_trait]
impl Launcher for ProcessLauncher {
    async fn start(&self, program: Program) -> Result<Started, LaunchError> {
        let name = program.argv.first().cloned().unwrap_or_default();
        let failed = |source| LaunchError::Spawn {
            program: name.to_string_lossy().into_owned(),
            source,
        };
        let is_forgotten = program.is_forgotten;
        let mut line = self.line.lock().await;
        line.serial += 1;
        let (message, fds) = Request::encode(line.serial, program).map_err(failed)?;
        let reply = line.ask(&self.origin, &message, &fds).await;
        let reply = reply.map_err(LaunchError::Gone)?;
        let birth = reply.outcome.map_err(|refusal| failed(refusal.into()))?;
        Ok(match is_forgotten {
            true => Started { pid: birth.pid },
            false => self.remember(birth, reply.launcher),
        })
    }

    fn descends(&self, process: Process, ancestor: Started) -> bool {
        let now = lineage::look(process.pid);
        if now.is_none_or(|now| now.start_time != process.started) {
            return false; // It has ended, and its ID may have been given out again.
        }
        let births = self.births().clone();
        let mut latest_first = births.latest_first.iter().copied();
        let Some(ancestor) = latest_first.find(|birth| birth.pid == ancestor.pid) else {
            return false;
        };
        lineage::descends(process.pid, ancestor, births.launcher, lineage::look)
    }
}

impl Line {
    /// Sends a request and waits for its reply. After any error the line stays cut; to a unit there is
    /// another.
    async fn ask(&mut self, origin: &Origin, message: &[u8], fds: &[OwnedFd]) -> io::Result<Reply> {
        let result = self.exchange(origin, message, fds).await;
        if let Err(error) = &result
            && !matches!(self.state, State::Cut(_))
        {
            self.state = State::Cut(error.to_string());
        }
        result
    }

    async fn exchange(
        &mut self,
        origin: &Origin,
        message: &[u8],
        fds: &[OwnedFd],
    ) -> io::Result<Reply> {
        let serial = self.serial;
        let socket = self.open(origin).await?;
        socket
            .async_io(Interest::WRITABLE, || send(socket.as_fd(), message, fds))
            .await?;
        loop {
            let received = socket
                .async_io(Interest::READABLE, || receive(socket.as_fd()))
                .await?;
            let (bytes, _) = received.ok_or(io::ErrorKind::UnexpectedEof)?;
            let reply: Reply = serde_json::from_slice(&bytes)?;
            // An earlier serial is the answer to somebody who did not wait for it.
            if reply.serial == serial {
                return Ok(reply);
            }
        }
    }

    async fn open(&mut self, origin: &Origin) -> io::Result<&UnixDatagram> {
        if let (State::Unconnected | State::Cut(_), Origin::Unit(path)) = (&self.state, origin) {
            let socket = unit_socket::reach_soon(path, SocketType::SEQPACKET).await?;
            self.state = State::New(socket.into());
        }
        if let State::New(_) = &self.state {
            let unusable = State::Cut("it could not be watched".to_owned());
            if let State::New(socket) = std::mem::replace(&mut self.state, unusable) {
                self.state = State::Open(UnixDatagram::from_std(socket)?);
            }
        }
        match &self.state {
            State::Open(socket) => Ok(socket),
            State::Cut(why) => Err(io::Error::new(io::ErrorKind::BrokenPipe, why.clone())),
            State::New(_) | State::Unconnected => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}
