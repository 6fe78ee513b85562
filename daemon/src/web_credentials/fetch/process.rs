//! Fetching by a process of its own for each file. Serves design §7 ("a separate process without bus
//! access").

use std::io;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;

use super::Fetch;
use super::wire::{Answer, FetchError, Fetched, Request};
use crate::launcher::{Launcher, Program};

/// How much longer than the fetch itself the fetcher may take, to start and to say what came of it.
const GRACE: Duration = Duration::from_secs(5);
/// How many fetchers may run. Each is a process, and a file descriptor of ours: enough for the files of all
/// domains of an app, and no more than a service can bear that must be there for others, too.
const AT_ONCE: usize = 64;

/// Has files fetched by the program `credex-fetcher`.
pub struct ProcessFetch {
    program: PathBuf,
    launcher: Arc<dyn Launcher>,
    /// What the kernel lacks is worth one warning, not one for each file.
    warned: AtomicBool,
    /// For the fetchers that run.
    places: Arc<Semaphore>,
}

impl ProcessFetch {
    /// `program` is `credex-fetcher`, which lies beside `credexd`; `launcher` starts it.
    #[must_use]
    pub fn new(program: PathBuf, launcher: Arc<dyn Launcher>) -> ProcessFetch {
        ProcessFetch {
            program,
            launcher,
            warned: AtomicBool::new(false),
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Has a fetcher asked as soon as there is a place for it. Whoever gives up waiting does not end a
    /// fetcher that runs, and so does not free its place either.
    async fn ask(&self, request: &Request, limit: Duration) -> Result<Answer, String> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let (launcher, request) = (Arc::clone(&self.launcher), request.clone());
        let program = self.program.clone();
        let asking = tokio::spawn(async move {
            let answer = tokio::time::timeout(limit, ask(&*launcher, program, &request)).await;
            drop(place);
            answer.unwrap_or_else(|_| Err(silent(limit)))
        });
        let answer = asking.await;
        answer.unwrap_or_else(|broken| Err(format!("the fetcher was not heard: {broken}")))
    }
}

async fn ask(
    launcher: &dyn Launcher,
    program: PathBuf,
    request: &Request,
) -> Result<Answer, String> {
    let failed = |error: io::Error| format!("the fetcher cannot be asked: {error}");
    let (ours, theirs) = UnixStream::pair().map_err(failed)?;
    ours.set_nonblocking(true).map_err(failed)?;
    let program = Program {
        argv: vec![program.into_os_string()],
        environment: Vec::new(),
        fds: vec![(theirs.into(), 0)],
        // It cannot reach the bus.
        is_forgotten: true,
    };
    let started = launcher.start(program).await;
    started.map_err(|error| error.to_string())?;
    let mut socket = tokio::net::UnixStream::from_std(ours).map_err(failed)?;
    let mut message = Vec::new();
    request.write(&mut message).map_err(failed)?;
    unless_ended(socket.write_all(&message).await).map_err(failed)?;
    unless_ended(socket.shutdown().await).map_err(failed)?;
    let mut answer = Vec::new();
    let longest = u64::try_from(Answer::MAX_LEN).unwrap_or(u64::MAX);
    let reading = socket.take(longest).read_to_end(&mut answer).await;
    unless_ended(reading.map(drop)).map_err(failed)?;
    Answer::parse(&answer).map_err(|error| format!("the fetcher's answer is none: {error}"))
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
        for problem in &answer.unconfined {
            if !self.warned.swap(true, Ordering::Relaxed) {
                tracing::warn!("{problem}");
            }
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

        fn descends(&self, _: u32, _: Started) -> bool {
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
