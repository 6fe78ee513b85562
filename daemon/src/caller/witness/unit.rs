//! The witness in a process of its own, outside of the user namespace that confines the service. Serves design §5
//! and §6.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixDatagram as Socket;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use tokio::io::Interest;
use tokio::net::UnixDatagram;
use tokio::sync::Mutex;

use super::message::{Answer, Question, Reply};
use super::{Connections, Known, Proxy, Seen, Witness};
use crate::caller::Process;
use crate::caller::sockets::Bus;
use crate::launcher::packet::{MAX_MESSAGE, receive, send};
use crate::launcher::unit_socket;
use crate::protections::{self, Protections};

/// How long an answer may take, the start of the unit included: longer than a look waits for files.
const PATIENCE: Duration = Duration::from_secs(15);

/// Asks the unit behind a socket, which ends with the connection.
pub(crate) struct WitnessUnit {
    socket: PathBuf,
    line: Mutex<Line>,
    protections: Protections,
}

/// The connection to the witness.
enum Line {
    Cut,
    /// Not yet in the hands of the runtime.
    New(OwnedFd),
    /// Keeps messages apart like a datagram socket, and unlike it ends when the other side does.
    Open(UnixDatagram),
}

impl WitnessUnit {
    /// The unit behind `socket`, which starts while we do. Tells `protections` how it is confined.
    pub(crate) fn start(socket: PathBuf, protections: Protections) -> WitnessUnit {
        let line = connect(&socket).unwrap_or_else(|error| {
            tracing::warn!(%error, "no witness of who is calling; it is tried again with the first call");
            Line::Cut
        });
        WitnessUnit {
            socket,
            line: Mutex::new(line),
            protections,
        }
    }

    /// To which user `file` belongs. Waits for the answer, so there must be no runtime yet.
    ///
    /// # Errors
    /// There is no witness, or it does not know.
    pub(crate) fn owner(&self, file: BorrowedFd<'_>) -> io::Result<u32> {
        let mut line = self.line.blocking_lock();
        if matches!(*line, Line::Cut) {
            *line = connect(&self.socket)?;
        }
        let Line::New(line) = &*line else {
            return Err(io::ErrorKind::AlreadyExists.into());
        };
        let (ours, theirs) = reply_socket()?;
        let question = serde_json::to_vec(&Question::Owner)?;
        send(
            line.as_fd(),
            &question,
            &[theirs, file.try_clone_to_owned()?],
        )?;
        let mut waiting = [PollFd::new(&ours, PollFlags::IN)];
        let patience = Timespec::try_from(PATIENCE).map_err(io::Error::other)?;
        if poll(&mut waiting, Some(&patience))? == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match read(receive(ours.as_fd())?)?.answer {
            Ok(Answer::Owner(uid)) => Ok(uid),
            Ok(_) => Err(io::Error::other(ANOTHER)),
            Err(why) => Err(io::Error::other(why)),
        }
    }

    async fn ask(&self, question: &Question) -> Result<Answer, String> {
        let asked = tokio::time::timeout(PATIENCE, self.exchange(question)).await;
        let asked = asked.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let reply = asked.map_err(|error| {
            let why = format!("the witness does not answer: {error}");
            self.protections.lack(protections::WITNESS, &why);
            why
        })?;
        let confined = reply.unconfined.map_or(Ok(()), Err);
        self.protections.note(protections::WITNESS, confined);
        reply.answer
    }

    async fn exchange(&self, question: &Question) -> io::Result<Reply> {
        let (ours, theirs) = reply_socket()?;
        let ours = UnixDatagram::from_std(Socket::from(ours))?;
        let question = serde_json::to_vec(question)?;
        if question.len() > MAX_MESSAGE {
            return Err(io::Error::other("the question is too long"));
        }
        self.send(&question, &[theirs]).await?;
        let received = ours.async_io(Interest::READABLE, || receive(ours.as_fd()));
        read(received.await?)
    }

    /// Sends a question. A witness that has ended has another begin.
    async fn send(&self, question: &[u8], fds: &[OwnedFd]) -> io::Result<()> {
        let mut line = self.line.lock().await;
        match line.send(question, fds).await {
            Ok(()) => Ok(()),
            Err(error) => {
                tracing::info!(%error, "the witness is gone: another begins");
                *line = connect(&self.socket)?;
                line.send(question, fds).await
            }
        }
    }
}

impl Line {
    async fn send(&mut self, question: &[u8], fds: &[OwnedFd]) -> io::Result<()> {
        if let Line::New(_) = self
            && let Line::New(line) = std::mem::replace(self, Line::Cut)
        {
            *self = Line::Open(UnixDatagram::from_std(Socket::from(line))?);
        }
        let Line::Open(open) = self else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let write = || send(open.as_fd(), question, fds);
        open.async_io(Interest::WRITABLE, write).await
    }
}

fn connect(socket: &Path) -> io::Result<Line> {
    unit_socket::reach(socket, SocketType::SEQPACKET).map(Line::New)
}

fn reply_socket() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let pair = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    Ok(pair)
}

fn read(received: Option<(Vec<u8>, Vec<OwnedFd>)>) -> io::Result<Reply> {
    let gone = || io::Error::new(io::ErrorKind::UnexpectedEof, "it ended without an answer");
    let (bytes, _) = received.ok_or_else(gone)?;
    Ok(serde_json::from_slice(&bytes)?)
}

const ANOTHER: &str = "the witness has answered another question";

#[async_trait]
impl Witness for WitnessUnit {
    async fn look(&self, process: Process, known: Option<Known>) -> Result<Seen, String> {
        match self.ask(&Question::Look { process, known }).await? {
            Answer::Look(seen) => Ok(seen),
            _ => Err(ANOTHER.to_owned()),
        }
    }

    async fn connections(
        &self,
        process: Process,
        bus: &Bus,
        closely: bool,
    ) -> Result<Connections, String> {
        let question = Question::Connections {
            process,
            bus: bus.clone(),
            closely,
        };
        match self.ask(&question).await? {
            Answer::Connections(connections) => Ok(connections),
            _ => Err(ANOTHER.to_owned()),
        }
    }

    async fn proxies(&self, process: Process, bus: &Bus) -> Result<Vec<Proxy>, String> {
        let bus = bus.clone();
        match self.ask(&Question::Proxies { process, bus }).await? {
            Answer::Proxies(proxies) => Ok(proxies),
            _ => Err(ANOTHER.to_owned()),
        }
    }

    async fn stayed(&self, bus: &Bus, proxies: &[Proxy]) -> Result<Vec<usize>, String> {
        let question = Question::Stayed {
            bus: bus.clone(),
            proxies: proxies.to_vec(),
        };
        match self.ask(&question).await? {
            Answer::Stayed(stayed) => Ok(stayed),
            _ => Err(ANOTHER.to_owned()),
        }
    }
}
