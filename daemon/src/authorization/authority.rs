//! polkit's authority on the system bus, for the time of one question. Serves design §5.
//!
//! The D-Bus library takes any message with the right serial for the reply. The system bus lets nobody
//! send a reply that was not asked of them, unless its policy was changed; here it is checked in
//! addition that what is believed comes from polkit or from the bus itself.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use tokio::net::UnixStream;
use tokio::runtime::Handle;
use tokio::time::timeout;
use uuid::Uuid;
use zbus::Connection;
use zbus::message::Message;
use zbus::names::BusName;
use zbus::zvariant::DynamicType;
use zbus_polkit::policykit1::{
    ActionDescription, AuthorizationResult, CheckAuthorizationFlags, Subject,
};

use crate::bus::lenient;
use crate::caller::BusDriver;

const ACTION: &str = "org.credex.exchange.export";
const NAME: &str = "org.freedesktop.PolicyKit1";
const PATH: &str = "/org/freedesktop/PolicyKit1/Authority";
const INTERFACE: &str = "org.freedesktop.PolicyKit1.Authority";
const POLICY_FILE: &str = "org.credex.exchange.policy in /usr/share/polkit-1/actions";
const BUS: &str = "org.freedesktop.DBus";
const NO_REPLY: &str = "org.freedesktop.DBus.Error.NoReply";
const FAILED: &str = "org.freedesktop.PolicyKit1.Error.Failed";

/// How long taking a question back may take. After that the connection ends, which does the same.
const TAKING_BACK: Duration = Duration::from_secs(5);

/// Errors that say that there is no polkit on this computer, or none that may run.
const ABSENT: [&str; 4] = [
    "org.freedesktop.DBus.Error.ServiceUnknown",
    "org.freedesktop.DBus.Error.NameHasNoOwner",
    "org.freedesktop.systemd1.NoSuchUnit",
    "org.freedesktop.systemd1.UnitMasked",
];

/// Why there is no verdict.
#[derive(Debug)]
pub(super) enum Fault {
    /// Nothing on this computer can check: no polkit, or one that does not know the action.
    Absent(String),
    /// Something can, and did not.
    Broken(String),
}

/// What polkit says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may be done.
    Authorized,
    /// The person has to prove who they are first.
    Challenge,
    /// The person waved the question away.
    Dismissed,
    /// It may not be done.
    Refused,
}

/// A connection to polkit.
#[derive(Debug)]
pub(super) struct Authority {
    bus: Connection,
}

impl Authority {
    /// Connects to the system bus that listens at `socket`.
    pub(super) async fn connect(socket: &Path) -> Result<Authority, Fault> {
        let at = socket.display();
        let stream = UnixStream::connect(socket).await;
        let stream = stream.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                Fault::Absent(format!("there is no system bus at {at}"))
            }
            _ => Fault::Broken(format!("the system bus at {at} cannot be reached: {error}")),
        })?;
        let bus = lenient::over(stream).build().await;
        let bus = bus.map_err(|error| {
            Fault::Broken(format!("the system bus at {at} lets nobody in: {error}"))
        })?;
        Ok(Authority { bus })
    }

    /// What polkit says without asking the person.
    pub(super) async fn look(&self, subject: &Subject) -> Result<Verdict, Fault> {
        self.check(subject, false, "").await
    }

    /// Lets polkit ask the person. To drop the future takes the question back.
    pub(super) async fn ask(&self, subject: &Subject) -> Result<Verdict, Fault> {
        let mut question = Question {
            bus: self.bus.clone(),
            id: Uuid::new_v4().to_string(),
            is_answered: false,
        };
        let verdict = self.check(subject, true, &question.id).await;
        question.is_answered = true;
        verdict
    }

    /// Without details, which polkit takes from root alone.
    async fn check(&self, subject: &Subject, ask: bool, id: &str) -> Result<Verdict, Fault> {
        let details: HashMap<&str, &str> = HashMap::new();
        let flags = u32::from(ask) * CheckAuthorizationFlags::AllowUserInteraction as u32;
        let question = (subject, ACTION, details, flags, id);
        let reply = match self.call("CheckAuthorization", &question).await {
            Ok(reply) => reply,
            Err(error) => return Err(self.explain(error).await),
        };
        let result: AuthorizationResult = reply.body().deserialize().map_err(fault)?;
        Ok(if result.is_authorized {
            Verdict::Authorized
        } else if result.details.contains_key("polkit.dismissed") {
            Verdict::Dismissed
        } else if result.is_challenge {
            Verdict::Challenge
        } else {
            Verdict::Refused
        })
    }

    /// polkit has no error of its own for an action that is not installed.
    async fn explain(&self, error: zbus::Error) -> Fault {
        if is(&error, FAILED) {
            match self.knows_action().await {
                Ok(true) => {}
                Ok(false) => {
                    return Fault::Absent(format!(
                        "polkit does not know the action {ACTION}; install {POLICY_FILE}"
                    ));
                }
                Err(error) => return fault(error),
            }
        }
        fault(error)
    }

    async fn knows_action(&self) -> zbus::Result<bool> {
        let reply = self.call("EnumerateActions", &"").await?;
        let actions: Vec<ActionDescription> = reply.body().deserialize()?;
        Ok(actions.iter().any(|action| action.action_id == ACTION))
    }

    async fn call<B>(&self, member: &str, body: &B) -> zbus::Result<Message>
    where
        B: Serialize + DynamicType,
    {
        let answer = call(&self.bus, member, body).await;
        let reply = match &answer {
            Ok(reply) | Err(zbus::Error::MethodError(_, _, reply)) => reply.header(),
            Err(_) => return answer,
        };
        let sender = reply.sender().map(|sender| sender.as_str());
        let name = BusName::from_static_str(NAME)?;
        let owner = BusDriver::new(self.bus.clone()).owner(&name).await;
        let owner = owner.map_err(zbus::Error::Failure)?;
        let owner = owner.as_ref().map(|owner| owner.as_str());
        match sender {
            Some(BUS) if answer.is_err() => answer,
            Some(sender) if owner == Some(sender) => answer,
            _ => Err(zbus::Error::Failure(format!(
                "somebody else answered {member} in place of polkit"
            ))),
        }
    }
}

async fn call<B>(bus: &Connection, member: &str, body: &B) -> zbus::Result<Message>
where
    B: Serialize + DynamicType,
{
    let (name, interface) = (Some(NAME), Some(INTERFACE));
    bus.call_method(name, PATH, interface, member, body).await
}

fn is(error: &zbus::Error, name: &str) -> bool {
    matches!(error, zbus::Error::MethodError(kind, ..) if kind.as_str() == name)
}

fn fault(error: zbus::Error) -> Fault {
    if is(&error, NO_REPLY) {
        return Fault::Broken("polkit ended before it had answered; try again".to_owned());
    }
    let absent = ABSENT.into_iter().any(|name| is(&error, name));
    match error {
        zbus::Error::MethodError(_, text, _) if absent => {
            let text = text.unwrap_or_default();
            Fault::Absent(format!("there is no polkit here; install it ({text})"))
        }
        zbus::Error::MethodError(name, text, _) => {
            let text = text.unwrap_or_default();
            Fault::Broken(format!("polkit failed: {text} ({name})"))
        }
        error => Fault::Broken(format!(
            "polkit cannot be reached over the system bus: {error}; try again"
        )),
    }
}

/// A question that is before the person. Taken back when it is dropped without an answer.
struct Question {
    bus: Connection,
    id: String,
    is_answered: bool,
}

impl Drop for Question {
    fn drop(&mut self) {
        // Without a runtime the connection ends at once, which takes the question back as well.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        if self.is_answered {
            return;
        }
        let (bus, id) = (self.bus.clone(), std::mem::take(&mut self.id));
        runtime.spawn(async move {
            let taken_back = call(&bus, "CancelCheckAuthorization", &id);
            match timeout(TAKING_BACK, taken_back).await {
                Ok(Ok(_)) => tracing::debug!("took the question of polkit back"),
                Ok(Err(error)) => tracing::debug!(%error, "polkit did not take its question back"),
                Err(_) => tracing::debug!("polkit does not answer"),
            }
        });
    }
}
