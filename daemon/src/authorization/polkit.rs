//! The person proves who they are to polkit: with the password of the session, a fingerprint, or what
//! else the system asks for. Serves design §5 and "Proving who you are" of `daemon/README.md`.
//!
//! A connection to the system bus lives as long as one question: none is held while nothing goes on.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;
use zbus_polkit::policykit1::Subject;

use super::authority::{Authority, Fault, Verdict};
use super::{Authorization, Prospect, Refusal};
use crate::caller::Process;
use crate::config::WithoutPolkit;

/// Where the system bus listens. The environment is not asked: whoever can set a variable of the
/// session would send us to a polkit of their own.
pub const SYSTEM_BUS: &str = "/run/dbus/system_bus_socket";

/// How long polkit may take where it asks nobody, as is usual on D-Bus.
const PATIENCE: Duration = Duration::from_secs(25);

/// Has polkit ask.
#[derive(Debug)]
pub struct Polkit {
    socket: PathBuf,
    user: u32,
    without: WithoutPolkit,
    patience: Duration,
}

impl Polkit {
    /// Asks over the system bus at `socket`, for programs of the user with the ID `user`.
    #[must_use]
    pub fn new(socket: impl Into<PathBuf>, user: u32, without: WithoutPolkit) -> Polkit {
        Polkit {
            socket: socket.into(),
            user,
            without,
            patience: PATIENCE,
        }
    }

    /// Waits so long for what polkit says without asking anybody.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Polkit {
        Polkit { patience, ..self }
    }

    async fn connect(&self) -> Result<Authority, Fault> {
        self.in_time(Authority::connect(&self.socket)).await
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        timeout(self.patience, work).await.unwrap_or_else(|_| {
            let seconds = self.patience.as_secs_f32();
            Err(Fault::Broken(format!(
                "polkit, or the system bus, has not answered for {seconds} s; \
                 look at `systemctl status polkit`"
            )))
        })
    }

    /// With the start time, which tells the process from later ones of its number, and under which
    /// agents register for a process.
    fn subject(&self, process: Process) -> Result<Subject, Fault> {
        Subject::new_for_owner(process.pid, Some(process.started), Some(self.user))
            .map_err(|error| Fault::Broken(error.to_string()))
    }

    async fn look(&self, process: Process) -> Result<Verdict, Fault> {
        let subject = self.subject(process)?;
        let authority = self.connect().await?;
        self.in_time(authority.look(&subject)).await
    }

    /// Without a time limit: how long the person may take is the exchange's to say.
    async fn ask(&self, process: Process) -> Result<Verdict, Fault> {
        let subject = self.subject(process)?;
        self.connect().await?.ask(&subject).await
    }
}

#[async_trait]
impl Authorization for Polkit {
    async fn prospect(&self, subject: Process) -> Result<Prospect, Refusal> {
        match (self.look(subject).await, self.without) {
            (Ok(Verdict::Challenge), _) => Ok(Prospect::Asked),
            (Ok(Verdict::Authorized), _) => Ok(Prospect::Waived),
            (Ok(Verdict::Refused | Verdict::Dismissed), _) => Err(forbidden()),
            (Err(Fault::Absent(why)), WithoutPolkit::Ask) => {
                tracing::info!(why, "nothing can check who the person is");
                Ok(Prospect::Unchecked)
            }
            (Err(Fault::Absent(why)), WithoutPolkit::Refuse) => Err(Refusal::Failed(format!(
                "{why}; this computer is set up to let nothing leave unchecked"
            ))),
            (Err(Fault::Broken(why)), _) => Err(Refusal::Failed(why)),
        }
    }

    /// Asks polkit also where it would have let it pass before: that may have changed.
    async fn authorize(&self, subject: Process, told: Prospect) -> Result<(), Refusal> {
        if told == Prospect::Unchecked && self.without == WithoutPolkit::Ask {
            return Ok(());
        }
        match self.ask(subject).await {
            Ok(Verdict::Authorized) => Ok(()),
            Ok(Verdict::Challenge) => Err(no_agent(subject.pid)),
            Ok(Verdict::Dismissed) => {
                Err(Refusal::Denied("they dismissed the question".to_owned()))
            }
            Ok(Verdict::Refused) => Err(Refusal::Denied(
                "the proof was wrong, or polkit's rules forbid it".to_owned(),
            )),
            Err(Fault::Absent(why) | Fault::Broken(why)) => Err(Refusal::Failed(why)),
        }
    }
}

fn forbidden() -> Refusal {
    Refusal::Denied("polkit's rules forbid exports to this person or session".to_owned())
}

fn no_agent(pid: u32) -> Refusal {
    Refusal::Failed(format!(
        "this session has no program that asks for the password; run `pkttyagent --process {pid}` in a \
         terminal, leave it open, and export again from the same program"
    ))
}
