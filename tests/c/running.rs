//! Programs of a story while they run, and what they have to come to.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use credex_tests::desktop::Desktop;
use credex_tests::exporter::Exporter;
use rustix::process::{Pid, Signal, kill_process};

/// Long enough for valgrind on a busy machine. It only ends a story that has failed.
const DEADLINE: Duration = Duration::from_secs(180);

/// A program that ends with the story.
pub struct Running(Child);

impl Running {
    /// Starts one whose words nobody hears, unless it complains.
    pub fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Self(command.spawn().unwrap())
    }

    /// Starts one that is spoken to and listened to.
    pub fn start_listening(command: &mut Command) -> (Self, Lines) {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        (Self(child), Lines(Some(said)))
    }

    /// Its process ID.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// What it reads.
    pub fn input(&mut self) -> &mut impl std::io::Write {
        self.0.stdin.as_mut().unwrap()
    }

    /// Its exit code.
    pub async fn ended(mut self) -> Option<i32> {
        let wait = tokio::task::spawn_blocking(move || self.0.wait());
        wait.await.unwrap().unwrap().code()
    }

    /// Its exit code once there is no more to read, and what it has complained of.
    pub async fn ended_saying(mut self) -> (Option<i32>, String) {
        let ended = tokio::task::spawn_blocking(move || {
            drop(self.0.stdin.take());
            let mut said = String::new();
            let mut errors = self.0.stderr.take().unwrap();
            errors.read_to_string(&mut said).unwrap();
            (self.0.wait().unwrap().code(), said)
        });
        ended.await.unwrap()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// What a program says, line by line.
pub struct Lines(Option<BufReader<ChildStdout>>);

impl Lines {
    /// The next line; `None` at the end.
    pub async fn next(&mut self) -> Option<String> {
        let mut said = self.0.take().unwrap();
        let read = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            said.read_line(&mut line).unwrap();
            (said, line)
        });
        let (said, line) = read.await.unwrap();
        self.0 = Some(said);
        Some(line.trim_end().to_owned()).filter(|_| !line.is_empty())
    }
}

/// Waits until `importer` can be chosen.
pub async fn announced(desktop: &Desktop, importer: &str) {
    let observer = Exporter::join(desktop).await;
    let began = Instant::now();
    loop {
        let (providers, _) = observer.providers().await;
        let mut ids = providers.into_iter().filter_map(|it| it.id);
        if ids.any(|id| id.starts_with(importer)) {
            return;
        }
        assert!(
            began.elapsed() < DEADLINE,
            "the importer does not announce itself"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
