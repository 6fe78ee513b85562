//! The program that asks for the password at this terminal, where the session has none that would:
//! polkit's own `pkttyagent`. Serves "Proving who you are" of `daemon/README.md`.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

use crate::demo::Role;
use crate::terminal;

const PROGRAM: &str = "pkttyagent";
/// How long it may take to register. Longer, and the export goes on without it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks on behalf of polkit while it lives. Ends with this process, whatever becomes of that.
pub(crate) struct Agent(Child);

impl Agent {
    /// An agent for this process alone, which leaves the word to one that the session has. None
    /// without a terminal to type at, for root, who need not prove anything, and where there is no
    /// polkit: the export says then what is missing.
    pub(crate) async fn start() -> Option<Agent> {
        if geteuid().is_root() || !terminal::reads_input() {
            return None;
        }
        let this = std::process::id().to_string();
        let mut command = Command::new(std::env::current_exe().ok()?);
        command
            .arg0(Role::Child.name())
            .args([this.as_str(), PROGRAM, PROGRAM])
            .args(["--process", this.as_str(), "--notify-fd", "1"])
            .args(has_session().then_some("--fallback"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut agent = Agent(command.spawn().ok()?);
        let mut registered = agent.0.stdout.take()?;
        // It says nothing, and closes this when it has registered or ends.
        let mut nothing = Vec::new();
        let closed = registered.read_to_end(&mut nothing);
        let in_time = tokio::time::timeout(PATIENCE, closed).await;
        in_time.is_ok().then_some(agent)
    }
}

/// Whether logind knows the person. polkit turns to an agent that leaves the word to the session's
/// only where there is a session.
fn has_session() -> bool {
    let user = geteuid().as_raw();
    Path::new(&format!("/run/systemd/users/{user}")).exists()
}

impl Drop for Agent {
    /// By the signal at which it turns the echo of the terminal on again.
    fn drop(&mut self) {
        let pid = self.0.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(pid) = pid {
            // An error says that it has ended by itself.
            kill_process(pid, Signal::TERM).ok();
        }
    }
}
