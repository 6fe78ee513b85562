//! Fetching by processes of their own for each file: a dialler, which connects to the site and sees nothing of
//! what that says, and a fetcher, which speaks with the site and has no network. Serves design §7 ("a separate
//! process without bus access").

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::Semaphore;

use super::Fetch;
use super::dial::{self, DialError};
use super::passing::{is_end, receive_all, send_async};
use super::ways::{Heard, Ways};
use super::wire::{Answer, FetchError, Fetched, Request, Stage};
use crate::launcher::Launcher;
use crate::protections::{DIALLER, DIALLER_UNIT, FETCHER, FETCHER_UNIT, Protections};

/// How much longer than what it has to do each of the two may take, to start and to say what came of it.
const GRACE: Duration = Duration::from_secs(5);
/// How many fetchers may run, each with a dialler. They are processes, and file descriptors of ours: enough for
/// the files of all domains of an app, and no more than a service can bear that must be there for others, too.
const AT_ONCE: usize = 64;

/// Has files fetched by the program `credex-fetcher`.
pub struct ProcessFetch {
    programs: Programs,
    /// For the fetchers that run.
    places: Arc<Semaphore>,
}

/// The program in both its parts.
#[derive(Clone)]
struct Programs {
    fetcher: Ways,
    dialler: Ways,
    protections: Protections,
}

impl ProcessFetch {
    /// `program` is `credex-fetcher`, which lies beside `credexd`; `launcher` starts it.
    #[must_use]
    pub fn new(program: PathBuf, launcher: Arc<dyn Launcher>) -> ProcessFetch {
        let program = program.into_os_string();
        let dial = vec![program.clone(), OsString::from("--dial")];
        ProcessFetch {
            programs: Programs {
                fetcher: Ways::new("fetcher", FETCHER_UNIT, vec![program], launcher.clone()),
                dialler: Ways::new("dialler", DIALLER_UNIT, dial, launcher),
                protections: Protections::default(),
            },
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Has it started by the units that listen in the directory `sockets`, as long as that works.
    #[must_use]
    pub fn in_units(mut self, sockets: &Path) -> ProcessFetch {
        self.programs.fetcher.in_unit(sockets.join("fetcher"));
        self.programs.dialler.in_unit(sockets.join("dialler"));
        self
    }

    /// Says in `protections` how it is confined.
    #[must_use]
    pub fn telling(mut self, protections: Protections) -> ProcessFetch {
        self.programs.protections = protections;
        self
    }

    /// Has a fetcher asked as soon as there is a place for it. Whoever gives up waiting does not end a
    /// fetcher that runs, and so does not free its place either.
    async fn ask(&self, request: &Request, limit: Duration) -> Result<Answer, String> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let (programs, request) = (self.programs.clone(), request.clone());
        let asking = tokio::spawn(async move {
            let answer = tokio::time::timeout(limit, programs.fetch(&request)).await;
            drop(place);
            answer.unwrap_or_else(|_| Err(silent("fetcher", limit)))
        });
        let answer = asking.await;
        answer.unwrap_or_else(|broken| Err(format!("the fetcher was not heard: {broken}")))
    }
}

impl Programs {
    /// Asks a fetcher. While it gets ready, a dialler connects.
    async fn fetch(&self, request: &Request) -> Result<Answer, String> {
        let conversation = |socket| self.with_fetcher(socket, request).boxed();
        let fetched = self.fetcher.converse(&self.protections, conversation);
        let (answer, _) = fetched.await?;
        Answer::parse(&answer).map_err(|error| format!("the fetcher's answer is none: {error}"))
    }

    /// What a fetcher answers until it ends. It has no file descriptor to give, and none would be taken.
    async fn with_fetcher(&self, mut socket: UnixStream, request: &Request) -> io::Result<Heard> {
        let (mut from, mut to) = socket.split();
        let asking = async {
            let mut line = Vec::new();
            request.write(&mut line)?;
            send_async(to.as_ref(), &line, None).await?;
            let (dialled, connection) = self.dial(request).await;
            let connection = connection.as_ref().map(AsFd::as_fd);
            send_async(to.as_ref(), &dialled.to_line()?, connection).await?;
            to.shutdown().await
        };
        let hearing = hear(&mut from);
        tokio::pin!(hearing);
        tokio::select! {
            // It needs no connection to say that there is something wrong here.
            answer = &mut hearing => return answer,
            asked = asking => unless_ended(asked)?,
        }
        hearing.await
    }

    /// Has a dialler connect. It is the daemon who says to what: the fetcher may be somebody else's by then.
    async fn dial(&self, request: &Request) -> (dial::Answer, Option<OwnedFd>) {
        let limit = Duration::from_millis(request.timeout.into()) + GRACE;
        let asked = tokio::time::timeout(limit, self.ask_dialler(request)).await;
        let answer = asked.unwrap_or_else(|_| Err(silent("dialler", limit)));
        let (answer, connection) = answer.unwrap_or_else(|problem| {
            let answer = dial::Answer {
                outcome: Err(DialError::here(problem)),
                unconfined: Vec::new(),
            };
            (answer, None)
        });
        let is_of_start = matches!(&answer.outcome, Err(error) if error.stage == Stage::Start);
        confined(&self.protections, DIALLER, &answer.unconfined, is_of_start);
        (answer, connection)
    }

    async fn ask_dialler(
        &self,
        request: &Request,
    ) -> Result<(dial::Answer, Option<OwnedFd>), String> {
        let line = dial::Request::of(request)?.to_line();
        let line = line.map_err(|error| error.to_string())?;
        let conversation = |socket| with_dialler(socket, line.clone()).boxed();
        let dialled = self.dialler.converse(&self.protections, conversation);
        let (text, connection) = dialled.await?;
        let answer = dial::Answer::parse(&text, connection);
        answer.map_err(|error| format!("the dialler's answer is none: {error}"))
    }
}

/// What a dialler answers until it ends, and its connection.
async fn with_dialler(socket: UnixStream, request: Vec<u8>) -> io::Result<Heard> {
    unless_ended(send_async(&socket, &request, None).await)?;
    receive_all(&socket, dial::Answer::MAX_LEN).await
}

/// What the fetcher says until it ends.
async fn hear(from: impl AsyncRead + Unpin) -> io::Result<Heard> {
    let mut answer = Vec::new();
    let longest = u64::try_from(Answer::MAX_LEN).unwrap_or(u64::MAX);
    let hearing = from.take(longest).read_to_end(&mut answer).await;
    unless_ended(hearing.map(drop))?;
    Ok((answer, None))
}

/// Notes how one of the two is confined. At the start it has not come to confine itself; without seccomp it goes
/// no further.
fn confined(
    protections: &Protections,
    name: &'static str,
    unconfined: &[String],
    is_at_start: bool,
) {
    match unconfined {
        [] if is_at_start => {}
        [] => protections.hold(name),
        problems => protections.lack(name, &problems.join("; ")),
    }
}

fn silent(name: &str, limit: Duration) -> String {
    format!("the {name} is silent for {} s", limit.as_secs())
}

/// That the other side has ended is no error of its own: what it said before is judged.
fn unless_ended(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if is_end(&error) => Ok(()),
        result => result,
    }
}

#[async_trait]
impl Fetch for ProcessFetch {
    async fn fetch(&self, request: Request) -> Result<Fetched, FetchError> {
        let limit = Duration::from_millis(request.timeout.into()) + 2 * GRACE;
        let here = |problem: String| FetchError::here(&request.url, problem);
        let answer = tokio::time::timeout(limit, self.ask(&request, limit)).await;
        let answer = answer.unwrap_or_else(|_| Err(silent("fetcher", limit)));
        let answer = answer.map_err(here)?;
        let is_of_start = matches!(&answer.outcome, Err(error) if error.stage == Stage::Start);
        let protections = &self.programs.protections;
        confined(protections, FETCHER, &answer.unconfined, is_of_start);
        let mut outcome = answer.outcome;
        // It has spoken with the network: what it was asked is for us to say.
        match &mut outcome {
            Ok(fetched) => fetched.url.clone_from(&request.url),
            Err(error) => error.url.clone_from(&request.url),
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;

    use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

    use super::*;
    use crate::caller::Process;
    use crate::launcher::{LaunchError, Program, Started};

    const LONG: Duration = Duration::from_secs(60);

    /// Starts nothing, and keeps the other end: a fetcher that says nothing until it is dropped.
    struct Mute(UnboundedSender<Program>);

    #[async_trait]
    impl Launcher for Mute {
        async fn start(&self, program: Program) -> Result<Started, LaunchError> {
            self.0.send(program).unwrap();
            Ok(Started { pid: 1 })
        }

        fn descends(&self, _: Process, _: Started) -> bool {
            false
        }
    }

    fn fetching(fetch: &Arc<ProcessFetch>) -> tokio::task::JoinHandle<()> {
        let fetch = Arc::clone(fetch);
        tokio::spawn(async move {
            let asked = fetch.fetch(Request {
                url: "https://example.org/".to_owned(),
                timeout: 60_000,
                developer: None,
            });
            asked.await.unwrap_err();
        })
    }

    /// The next fetcher that was started. Its dialler ends at once.
    async fn next(started: &mut UnboundedReceiver<Program>) -> OwnedFd {
        loop {
            let started = tokio::time::timeout(LONG, started.recv()).await;
            let mut program = started.expect("a fetcher starts").unwrap();
            assert!(program.is_forgotten);
            if program.argv.len() == 1 {
                return program.fds.remove(0).0;
            }
            assert_eq!(program.argv, ["fetcher", "--dial"]);
        }
    }

    #[tokio::test]
    async fn only_so_many_fetchers_run_and_giving_up_makes_no_room_for_more() {
        let (sender, mut started) = unbounded_channel();
        let fetch = Arc::new(ProcessFetch::new("fetcher".into(), Arc::new(Mute(sender))));
        let mut running = Vec::new();
        for _ in 0..AT_ONCE {
            let asked = fetching(&fetch);
            running.push(next(&mut started).await);
            asked.abort();
            asked.await.unwrap_err();
        }
        let waits = fetching(&fetch);
        while Arc::strong_count(&fetch) < 2 {
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        while let Ok(program) = started.try_recv() {
            assert_eq!(program.argv, ["fetcher", "--dial"], "there is no place");
        }
        running.pop();
        drop(next(&mut started).await);
        waits.await.unwrap();
    }
}
