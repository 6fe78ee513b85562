//! Fetching by a process of its own for each file: in a unit, which systemd starts when its socket is
//! connected to, or one that our launcher starts. Serves design §7 ("a separate process without bus access").

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use rustix::net::SocketType;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;

use super::Fetch;
use super::wire::{Answer, FetchError, Fetched, Request, Stage};
use crate::launcher::{Launcher, Program, unit_socket};
use crate::protections::{FETCHER, FETCHER_UNIT, Protections};

/// How much longer than the fetch itself the fetcher may take, to start and to say what came of it.
const GRACE: Duration = Duration::from_secs(5);
/// How many fetchers may run. Each is a process, and a file descriptor of ours: enough for the files of all
/// domains of an app, and no more than a service can bear that must be there for others, too.
const AT_ONCE: usize = 64;

/// Has files fetched by the program `credex-fetcher`.
pub struct ProcessFetch {
    ways: Ways,
    protections: Protections,
    /// For the fetchers that run.
    places: Arc<Semaphore>,
}

/// How a fetcher comes to be.
#[derive(Clone)]
struct Ways {
    /// The socket of its unit, where there is one.
    unit: Option<PathBuf>,
    /// Whether the unit has failed, so that it is not tried again.
    unit_failed: Arc<AtomicBool>,
    program: PathBuf,
    launcher: Arc<dyn Launcher>,
}

impl ProcessFetch {
    /// `program` is `credex-fetcher`, which lies beside `credexd`; `launcher` starts it.
    #[must_use]
    pub fn new(program: PathBuf, launcher: Arc<dyn Launcher>) -> ProcessFetch {
        ProcessFetch {
            ways: Ways {
                unit: None,
                unit_failed: Arc::default(),
                program,
                launcher,
            },
            protections: Protections::default(),
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Has it started by the unit that listens at `socket`, as long as that works.
    #[must_use]
    pub fn in_unit(mut self, socket: PathBuf) -> ProcessFetch {
        self.ways.unit = Some(socket);
        self
    }

    /// Says in `protections` how it is confined.
    #[must_use]
    pub fn telling(mut self, protections: Protections) -> ProcessFetch {
        self.protections = protections;
        self
    }

    /// Has a fetcher asked as soon as there is a place for it. Whoever gives up waiting does not end a
    /// fetcher that runs, and so does not free its place either.
    async fn ask(&self, request: &Request, limit: Duration) -> Result<Answer, String> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let (ways, request) = (self.ways.clone(), request.clone());
        let protections = self.protections.clone();
        let asking = tokio::spawn(async move {
            let asked = ways.ask(&request, &protections);
            let answer = tokio::time::timeout(limit, asked).await;
            drop(place);
            answer.unwrap_or_else(|_| Err(silent(limit)))
        });
        let answer = asking.await;
        answer.unwrap_or_else(|broken| Err(format!("the fetcher was not heard: {broken}")))
    }
}

impl Ways {
    /// Asks the unit, or else a process of our own, which is confined by itself alone.
    async fn ask(&self, request: &Request, protections: &Protections) -> Result<Answer, String> {
        let unit = self.unit.as_ref();
        let unit = unit.filter(|_| !self.unit_failed.load(Ordering::Relaxed));
        if let Some(socket) = unit {
            match self.ask_unit(socket, request).await {
                Ok(answer) if !answer.is_empty() => {
                    protections.hold(FETCHER_UNIT);
                    return parse(&answer);
                }
                // It did not come as far as to look at what it was asked.
                Ok(_) => protections.lack(FETCHER_UNIT, "its unit does not start; see its log"),
                Err(error) => protections.lack(FETCHER_UNIT, &error.to_string()),
            }
            self.unit_failed.store(true, Ordering::Relaxed);
        }
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        self.start(theirs).await?;
        parse(&converse(ours, request).await.map_err(failed)?)
    }

    async fn ask_unit(&self, socket: &Path, request: &Request) -> io::Result<Vec<u8>> {
        let socket = unit_socket::reach(socket, SocketType::STREAM)?;
        converse(socket.into(), request).await
    }

    async fn start(&self, socket: UnixStream) -> Result<(), String> {
        let program = Program {
            argv: vec![self.program.clone().into_os_string()],
            environment: Vec::new(),
            fds: vec![(socket.into(), 0)],
            app: None,
            // It cannot reach the bus.
            is_forgotten: true,
        };
        let started = self.launcher.start(program).await;
        started.map(drop).map_err(|error| error.to_string())
    }
}

/// Asks over `socket`, and returns what the fetcher answered until it ended.
async fn converse(socket: UnixStream, request: &Request) -> io::Result<Vec<u8>> {
    socket.set_nonblocking(true)?;
    let mut socket = tokio::net::UnixStream::from_std(socket)?;
    let mut message = Vec::new();
    request.write(&mut message)?;
    unless_ended(socket.write_all(&message).await)?;
    unless_ended(socket.shutdown().await)?;
    let mut answer = Vec::new();
    let longest = u64::try_from(Answer::MAX_LEN).unwrap_or(u64::MAX);
    let reading = socket.take(longest).read_to_end(&mut answer).await;
    unless_ended(reading.map(drop))?;
    Ok(answer)
}

fn is_of_start(outcome: &Result<Fetched, FetchError>) -> bool {
    matches!(outcome, Err(error) if error.stage == Stage::Start)
}

fn parse(answer: &[u8]) -> Result<Answer, String> {
    Answer::parse(answer).map_err(|error| format!("the fetcher's answer is none: {error}"))
}

fn failed(error: io::Error) -> String {
    format!("the fetcher cannot be asked: {error}")
}

fn silent(limit: Duration) -> String {
    format!("the fetcher is silent for {} s", limit.as_secs())
}

/// That the fetcher has ended is no error of its own: what it said before is judged.
fn unless_ended(result: io::Result<()>) -> io::Result<()> {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, NotConnected};
    match result {
        Err(error) if matches!(error.kind(), BrokenPipe | ConnectionReset | NotConnected) => Ok(()),
        result => result,
    }
}

#[async_trait]
impl Fetch for ProcessFetch {
    async fn fetch(&self, request: Request) -> Result<Fetched, FetchError> {
        let limit = Duration::from_millis(request.timeout.into()) + GRACE;
        let here = |problem: String| FetchError::here(&request.url, problem);
        let answer = tokio::time::timeout(limit, self.ask(&request, limit)).await;
        let answer = answer.unwrap_or_else(|_| Err(silent(limit)));
        let answer = answer.map_err(here)?;
        match answer.unconfined.as_slice() {
            // It had not come to confine itself; without seccomp it goes no further.
            [] if is_of_start(&answer.outcome) => {}
            [] => self.protections.hold(FETCHER),
            problems => self.protections.lack(FETCHER, &problems.join("; ")),
        }
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
    use crate::launcher::{LaunchError, Started};

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

    async fn next(started: &mut UnboundedReceiver<Program>) -> OwnedFd {
        let mut program = tokio::time::timeout(LONG, started.recv())
            .await
            .expect("a fetcher starts")
            .unwrap();
        assert!(program.is_forgotten);
        program.fds.remove(0).0
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
        assert!(started.try_recv().is_err(), "there is no place");
        running.pop();
        drop(next(&mut started).await);
        waits.await.unwrap();
    }
}
