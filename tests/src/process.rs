//! Processes of a test: ended when dropped, waited for by event, looked at through `/proc`.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::patience::{eventually, within};

/// A child of the test.
#[derive(Debug)]
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts `command`. What it says on standard output and error is appended to `log`.
    pub fn start(command: &mut Command, log: &Path) -> Process {
        Process::start_with_input(command, log, Stdio::null())
    }

    /// Starts `command` with this standard input.
    pub(crate) fn start_with_input(command: &mut Command, log: &Path, input: Stdio) -> Process {
        let open = || {
            let file = File::options().create(true).append(true).open(log);
            Stdio::from(file.expect("a log can be opened"))
        };
        let child = command.stdin(input).stdout(open()).stderr(open());
        let child = child.spawn();
        let child = child.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        Process { child }
    }

    /// Its process ID.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end (SIGTERM), and waits until it has.
    pub async fn stop(&mut self) -> ExitStatus {
        if let Some(peer) = Peer::of_pid(self.pid()) {
            peer.signal(Signal::TERM);
        }
        self.ended().await
    }

    /// Ends it at once (SIGKILL).
    pub fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        if let Some(peer) = Peer::of_pid(self.pid()) {
            peer.ended().await;
        }
        self.child.wait().expect("a child can be waited for")
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Any process, also one that somebody else started.
#[derive(Debug)]
pub struct Peer {
    pid: u32,
    pidfd: OwnedFd,
}

impl Peer {
    /// The process that has `pid` now, if there is one.
    pub fn of_pid(pid: u32) -> Option<Peer> {
        let raw = Pid::from_raw(i32::try_from(pid).ok()?)?;
        let pidfd = pidfd_open(raw, PidfdFlags::NONBLOCK).ok()?;
        Some(Peer { pid, pidfd })
    }

    /// Its process ID.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends it a signal, unless it has ended.
    pub fn signal(&self, signal: Signal) {
        pidfd_send_signal(&self.pidfd, signal).ok();
    }

    /// Waits until it has ended.
    pub async fn ended(&self) {
        let pidfd = self.pidfd.try_clone().expect("a pidfd can be doubled");
        // SAFETY: an `OwnedFd` keeps its number open for as long as it lives, and nothing here lets it
        // be replaced while it is registered.
        #[allow(unsafe_code)]
        let watched = unsafe { AsyncFd::register_with_interest(pidfd, Interest::READABLE) };
        let watched = watched.expect("a pidfd can be watched");
        let ended = async { watched.readable().await.map(drop) };
        within(&format!("the end of process {}", self.pid), ended)
            .await
            .expect("a pidfd is watched");
    }

    /// The processes that it has started and that run.
    pub fn children(&self) -> Vec<Peer> {
        let processes = std::fs::read_dir("/proc").expect("the kernel tells of processes");
        let names = processes.flatten().map(|entry| entry.file_name());
        let pids = names.filter_map(|name| name.to_str()?.parse().ok());
        let peers = pids.filter_map(Peer::of_pid);
        peers
            .filter(|peer| peer.parent() == Some(self.pid))
            .collect()
    }

    /// Makes it stand still (SIGSTOP), and waits until it does.
    pub async fn freeze(&self) {
        self.signal(Signal::STOP);
        let frozen = |state: &Option<String>| is_in(state, 'T');
        eventually("the process to stand still", || self.told("State:"), frozen).await;
    }

    /// Lets it go on (SIGCONT), and waits until it has done what there was to do and sleeps.
    pub async fn thaw(&self) {
        self.signal(Signal::CONT);
        let asleep = |state: &Option<String>| is_in(state, 'S');
        eventually("the process to sleep", || self.told("State:"), asleep).await;
    }

    fn parent(&self) -> Option<u32> {
        self.told("PPid:")?.parse().ok()
    }

    /// What the kernel tells of it; `None` if it has ended meanwhile.
    fn told(&self, field: &str) -> Option<String> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(field))?;
        Some(line.trim().to_owned())
    }

    /// Its arguments, as everybody on the machine can read them.
    pub fn arguments(&self) -> Vec<u8> {
        self.read("cmdline")
    }

    /// Its environment, as every process of the same user can read it.
    pub fn environment(&self) -> Vec<u8> {
        self.read("environ")
    }

    /// When it started, in clock ticks since the computer did.
    pub fn start_time(&self) -> u64 {
        let stat = String::from_utf8_lossy(&self.read("stat")).into_owned();
        // The name, in parentheses, may itself hold anything.
        let (_, fields) = stat.rsplit_once(')').expect("the kernel names it");
        let started = fields.split_ascii_whitespace().nth(19);
        let started = started.and_then(|ticks| ticks.parse().ok());
        started.expect("the kernel tells when it started")
    }

    /// Its own memory that is in RAM, in KiB (`RssAnon`).
    pub fn anonymous_kib(&self) -> u64 {
        self.status("RssAnon:")
    }

    /// What it has open, by the names that the kernel gives; `None` if we may not know.
    pub fn open_files(&self) -> Option<Vec<String>> {
        let entries = std::fs::read_dir(format!("/proc/{}/fd", self.pid)).ok()?;
        let links = entries
            .flatten()
            .map(|entry| std::fs::read_link(entry.path()));
        // One that was closed meanwhile has no name.
        let mut names: Vec<String> = links
            .flatten()
            .map(|name| name.display().to_string())
            .collect();
        names.sort();
        Some(names)
    }

    fn status(&self, field: &str) -> u64 {
        let status = String::from_utf8(self.read("status")).expect("the kernel writes text");
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.unwrap_or_else(|| panic!("no {field} in {status}"))
    }

    fn read(&self, what: &str) -> Vec<u8> {
        let path = format!("/proc/{}/{what}", self.pid);
        std::fs::read(&path).unwrap_or_else(|error| panic!("cannot read {path}: {error}"))
    }
}

fn is_in(state: &Option<String>, letter: char) -> bool {
    state
        .as_ref()
        .is_some_and(|state| state.starts_with(letter))
}
