//! A process of the demo's own: it ends with the demo, whatever becomes of that, and what it says on
//! standard error is kept for the case that something fails.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::process::{ExitCode, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, getppid, kill_process, kill_process_group,
    set_parent_process_death_signal, waitid,
};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;

use crate::exit::Exit;
use crate::failure::Failure;

/// How long a process may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(3);
/// How many lines of standard error are kept.
const LINES: usize = 20;

/// A running process.
pub(crate) struct Running {
    /// What it is, for people.
    pub(crate) what: &'static str,
    child: Child,
    said: Said,
    /// Fills `said`, and ends when nobody can say anything any more.
    listening: Option<JoinHandle<()>>,
}

/// The last lines of what a process said on standard error.
#[derive(Debug, Clone, Default)]
struct Said(Arc<Mutex<VecDeque<String>>>);

impl Running {
    /// Starts `program` as `name` in a group of its own, so that Ctrl-C reaches the demo alone,
    /// which then ends everything in order.
    pub(crate) fn start(
        what: &'static str,
        program: &OsStr,
        name: &str,
        arguments: &[&OsStr],
        environment: &[(&str, OsString)],
    ) -> Result<Running, Failure> {
        let failed =
            |error| Failure::new(Exit::Failed, format!("{what} cannot be started: {error}"));
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command.arg0(super::Role::Child.name());
        command
            .arg(std::process::id().to_string())
            .arg(program)
            .arg(name);
        command.args(arguments);
        for (variable, _) in std::env::vars_os() {
            let private = variable.as_encoded_bytes().starts_with(b"CREDEX_");
            if private && variable != "CREDEX_LOG" {
                command.env_remove(variable);
            }
        }
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command.process_group(0).kill_on_drop(true);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let said = Said::default();
        let stderr = child.stderr.take();
        let listening = stderr.map(|stderr| tokio::spawn(said.clone().listen(stderr)));
        Ok(Running {
            what,
            child,
            said,
            listening,
        })
    }

    /// What it says on standard output, a line at a time. Once.
    pub(super) fn lines(&mut self) -> Option<Lines<BufReader<ChildStdout>>> {
        self.child
            .stdout
            .take()
            .map(|stdout| BufReader::new(stdout).lines())
    }

    /// Waits until it has ended, which it should not by itself.
    pub(super) async fn ended(&mut self) -> Failure {
        let how = match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        self.hear_out().await;
        Failure::new(Exit::Failed, format!("{} ended: {how}", self.what))
    }

    /// Ends it, by force if it takes too long.
    pub(crate) async fn stop(&mut self) -> Result<(), Failure> {
        self.stop_by(kill_process).await
    }

    /// Ends it by what sends a signal to it; what it says meanwhile is heard.
    async fn stop_by(
        &mut self,
        send: impl FnOnce(Pid, Signal) -> rustix::io::Result<()>,
    ) -> Result<(), Failure> {
        if let Some(pid) = self.pid() {
            let what = self.what;
            let failed =
                |error| Failure::new(Exit::Failed, format!("{what} cannot be ended: {error}"));
            send(pid, Signal::TERM).map_err(|errno| failed(errno.into()))?;
            match tokio::time::timeout(PATIENCE, self.child.wait()).await {
                Ok(ended) => ended.map(drop).map_err(failed)?,
                Err(_late) => self.child.kill().await.map_err(failed)?,
            }
        }
        self.hear_out().await;
        Ok(())
    }

    /// Waits until everything that was said has arrived, once it has ended. Whoever it started may
    /// hold its standard error for as long as they like.
    async fn hear_out(&mut self) {
        if let Some(listening) = &mut self.listening {
            // That it was cancelled or that it takes too long is the same: that is all there is.
            tokio::time::timeout(PATIENCE, listening).await.ok();
            self.listening = None;
        }
    }

    /// Ends it without asking.
    pub(crate) async fn kill(&mut self) -> std::io::Result<()> {
        self.child.kill().await
    }

    /// Ends it and what it started, by force if it takes too long.
    pub(crate) async fn stop_group(&mut self) -> Result<(), Failure> {
        let group = self.pid();
        let stopped = self.stop_by(kill_process_group).await;
        if let Some(group) = group {
            // Whoever is left of the group: nobody, if all is well.
            kill_process_group(group, Signal::KILL).ok();
        }
        stopped
    }

    /// Sends a signal to it and to what it started; nothing if it has ended.
    pub(crate) fn signal_group(&self, signal: Signal) -> std::io::Result<()> {
        match self.pid() {
            Some(group) => Ok(kill_process_group(group, signal)?),
            None => Ok(()),
        }
    }

    /// Waits until it has ended, and says how.
    pub(crate) async fn status(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Whether it has ended. Its process ID is its own all the same, so that what it started can still
    /// be told to end.
    pub(crate) fn has_ended(&self) -> std::io::Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        match self.pid() {
            Some(pid) => Ok(waitid(WaitId::Pid(pid), options)?.is_some()),
            None => Ok(true),
        }
    }

    /// What it says on standard output is of no interest.
    pub(crate) fn drop_output(&mut self) {
        if let Some(mut lines) = self.lines() {
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        }
    }

    fn pid(&self) -> Option<Pid> {
        let id = self.child.id()?;
        Pid::from_raw(id.cast_signed())
    }

    /// The last that it said on standard error.
    pub(crate) fn said(&self) -> Vec<String> {
        self.said.lines().iter().cloned().collect()
    }
}

impl Said {
    fn lines(&self) -> std::sync::MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn listen(self, stderr: impl AsyncRead + Unpin) {
        let mut lines = BufReader::new(stderr).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut kept = self.lines();
            kept.push_back(line);
            if kept.len() > LINES {
                kept.pop_front();
            }
        }
    }
}

/// The role that every process of the demo plays first: arranges to end with the demo, and becomes
/// the program that it is to be. `arguments`: the demo's process ID, the program, its name, and its
/// arguments.
pub(super) fn become_child(mut arguments: std::vec::IntoIter<OsString>) -> ExitCode {
    let parent = arguments.next().and_then(|pid| pid.to_str()?.parse().ok());
    let (Some(program), Some(name)) = (arguments.next(), arguments.next()) else {
        return Exit::Usage.into();
    };
    let armed = set_parent_process_death_signal(Some(Signal::TERM));
    if armed.is_err() || getppid().map(Pid::as_raw_pid) != parent {
        return Exit::Failed.into();
    }
    let error = std::process::Command::new(&program)
        .arg0(name)
        .args(arguments)
        .exec();
    super::roles::complain(&format!("{}: {error}", program.to_string_lossy()));
    Exit::Failed.into()
}
