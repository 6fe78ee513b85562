//! The witness's own process: answers until the service has closed the other end. Serves design §5 and §6.
//!
//! It has no bus, no key and no credential, starts nothing and writes nothing. What it reads was written by whoever is
//! looked at, so it is confined as the service was that looked itself: by the same filter, and by its unit.

use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixDatagram as Socket;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::io::Interest;
use tokio::net::UnixDatagram;

use super::message::{Answer, Question, Reply};
use super::{Eyes, Witness};
use crate::caller::Surroundings;
use crate::launcher::packet::{MAX_MESSAGE, receive, send};
use crate::launcher::unit_socket;
use crate::{log, process};

/// Runs the witness, whose standard input is the socket that the service connects to.
#[must_use]
pub fn run_witness() -> ExitCode {
    log::start();
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let message = format!("credexd --witness (to be run by its unit only): {error}\n");
            let written = io::stderr().write_all(message.as_bytes());
            ExitCode::from(if written.is_ok() { 1 } else { 2 })
        }
    }
}

fn serve() -> io::Result<()> {
    // Nobody can say anything yet that this process would read.
    let socket = unit_socket::awaited()?;
    let unconfined = process::confine_witness()?.err();
    let eyes = Arc::new(Eyes::new(Surroundings::of_session()?));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let served = runtime.block_on(async {
        rustix::io::ioctl_fionbio(&socket, true)?;
        let line = UnixDatagram::from_std(Socket::from(socket))?;
        loop {
            let received = line.async_io(Interest::READABLE, || receive(line.as_fd()));
            let (question, fds) = match received.await {
                Ok(Some(question)) => question,
                Ok(None) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    tracing::warn!(%error, "a question cannot be read");
                    continue;
                }
                Err(error) => return Err(error),
            };
            tokio::spawn(reply(eyes.clone(), unconfined.clone(), question, fds));
        }
    });
    // Without waiting for a look at files that do not answer.
    runtime.shutdown_background();
    served
}

/// Answers one question on the socket beside it.
async fn reply(eyes: Arc<Eyes>, unconfined: Option<String>, question: Vec<u8>, fds: Vec<OwnedFd>) {
    let mut fds = fds.into_iter();
    let Some(to) = fds.next() else {
        tracing::warn!("a question came without a socket for its answer");
        return;
    };
    let reply = Reply {
        unconfined,
        answer: match serde_json::from_slice(&question) {
            Ok(question) => answer(&eyes, question, fds.next()).await,
            Err(error) => Err(format!("this witness does not understand: {error}")),
        },
    };
    let sent = serde_json::to_vec(&reply).map_err(io::Error::other);
    let sent = sent.and_then(|reply| match reply.len() > MAX_MESSAGE {
        true => Err(io::Error::other("the answer is too long")),
        false => send(to.as_fd(), &reply, &[]),
    });
    if let Err(error) = sent {
        tracing::debug!(%error, "a question goes without its answer");
    }
}

async fn answer(
    eyes: &Eyes,
    question: Question,
    beside: Option<OwnedFd>,
) -> Result<Answer, String> {
    match question {
        Question::Look { process, known } => eyes.look(process, known).await.map(Answer::Look),
        Question::Connections {
            process,
            bus,
            closely,
        } => {
            let counted = eyes.connections(process, &bus, closely).await;
            counted.map(Answer::Connections)
        }
        Question::Proxies { process, bus } => {
            let found = eyes.proxies(process, &bus).await;
            found.map(Answer::Proxies)
        }
        Question::Stayed { bus, proxies } => {
            let counted = eyes.stayed(&bus, &proxies).await;
            counted.map(Answer::Stayed)
        }
        Question::Owner => {
            let file = beside.ok_or("the file is missing")?;
            let stat = rustix::fs::fstat(file).map_err(|error| error.to_string())?;
            Ok(Answer::Owner(stat.st_uid))
        }
    }
}
