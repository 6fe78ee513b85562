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

use super::Fetch;
use super::wire::{Answer, FetchError, Fetched, Request};
use crate::launcher::{Launcher, Program};

/// How much longer than the fetch itself the fetcher may take, to start and to say what came of it.
const GRACE: Duration = Duration::from_secs(5);

/// Has files fetched by the program `credex-fetcher`.
pub struct ProcessFetch {
    program: PathBuf,
    launcher: Arc<dyn Launcher>,
    /// What the kernel lacks is worth one warning, not one for each file.
    warned: AtomicBool,
}

impl ProcessFetch {
    /// `program` is `credex-fetcher`, which lies beside `credexd`; `launcher` starts it.
    #[must_use]
    pub fn new(program: PathBuf, launcher: Arc<dyn Launcher>) -> ProcessFetch {
        ProcessFetch {
            program,
            launcher,
            warned: AtomicBool::new(false),
        }
    }

    async fn ask(&self, request: &Request) -> Result<Answer, String> {
        let failed = |error: io::Error| format!("the fetcher cannot be asked: {error}");
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        ours.set_nonblocking(true).map_err(failed)?;
        let program = Program {
            argv: vec![self.program.clone().into_os_string()],
            environment: Vec::new(),
            fds: vec![(theirs.into(), 0)],
        };
        let started = self.launcher.start(program).await;
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
        let answer = match tokio::time::timeout(limit, self.ask(&request)).await {
            Ok(answer) => answer.map_err(here)?,
            Err(_) => {
                return Err(here(format!(
                    "the fetcher is silent for {} s",
                    limit.as_secs()
                )));
            }
        };
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
