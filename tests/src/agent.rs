//! A program that asks for the password on polkit's behalf, and does as it is told instead: an
//! authentication agent. It runs as root, so that polkit takes its word. Serves design §5.

use std::collections::HashMap;

use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, DBusError};

use crate::mailbox::Mailbox;
use crate::polkit::System;
use crate::process::Peer;
use crate::stranger::NOBODY;

const NAME: &str = "org.freedesktop.PolicyKit1";
const AUTHORITY: &str = "/org/freedesktop/PolicyKit1/Authority";
const INTERFACE: &str = "org.freedesktop.PolicyKit1.Authority";
const PATH: &str = "/org/example/Agent";

/// What the person at the agent does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manners {
    /// Types the right password.
    Prove,
    /// Types a wrong one.
    Fail,
    /// Waves the question away.
    Dismiss,
    /// Does nothing.
    Hang,
}

/// What the agent hears of polkit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A question.
    Asked {
        /// About which action.
        action: String,
        /// In these words.
        message: String,
        /// Names the question.
        cookie: String,
    },
    /// A question was taken back.
    TakenBack {
        /// Its name.
        cookie: String,
    },
}

/// An agent. Ends when it is dropped.
#[derive(Debug)]
pub struct Agent {
    heard: Mailbox<Heard>,
    _connection: Connection,
}

/// How an agent tells polkit that the person waved the question away.
#[derive(Debug, DBusError)]
#[zbus(prefix = "org.freedesktop.PolicyKit1.Error")]
enum Unproven {
    #[zbus(error)]
    ZBus(zbus::Error),
    Cancelled(String),
}

struct Served {
    manners: Manners,
    heard: Mailbox<Heard>,
    system: Connection,
}

impl Agent {
    /// An agent that serves the process `pid` of `nobody`.
    pub async fn of(system: &System, pid: u32, manners: Manners) -> Agent {
        let heard = Mailbox::default();
        let connection = system.connect().await;
        let served = Served {
            manners,
            heard: heard.clone(),
            // Of the same user, which is what polkit looks at.
            system: system.connect().await,
        };
        connection.object_server().at(PATH, served).await.unwrap();
        let peer = Peer::of_pid(pid).expect("the process runs");
        let details: HashMap<&str, Value<'_>> = HashMap::from([
            ("pid", pid.into()),
            ("start-time", peer.start_time().into()),
            ("uid", NOBODY.cast_signed().into()),
        ]);
        let registration = (("unix-process", details), "C.UTF-8", PATH);
        connection
            .call_method(
                Some(NAME),
                AUTHORITY,
                Some(INTERFACE),
                "RegisterAuthenticationAgent",
                &registration,
            )
            .await
            .expect("polkit takes the agent");
        Agent {
            heard,
            _connection: connection,
        }
    }

    /// Waits for polkit to ask, or to take a question back.
    pub async fn hears(&self) -> Heard {
        let heard = |heard: &Heard| Some(heard.clone());
        self.heard.take("polkit to turn to the agent", heard).await
    }
}

#[zbus::interface(name = "org.freedesktop.PolicyKit1.AuthenticationAgent")]
impl Served {
    async fn begin_authentication(
        &self,
        action: String,
        message: String,
        _icon: String,
        _details: HashMap<String, String>,
        cookie: String,
        identities: Vec<(String, HashMap<String, OwnedValue>)>,
    ) -> Result<(), Unproven> {
        self.heard.put(Heard::Asked {
            action,
            message,
            cookie: cookie.clone(),
        });
        match self.manners {
            Manners::Prove => {
                let answer = (0_u32, &cookie, &identities[0]);
                let (name, interface) = (Some(NAME), Some(INTERFACE));
                let member = "AuthenticationAgentResponse2";
                let told = self
                    .system
                    .call_method(name, AUTHORITY, interface, member, &answer);
                told.await.expect("polkit takes the word of root");
                Ok(())
            }
            Manners::Fail => Ok(()),
            Manners::Dismiss => Err(Unproven::Cancelled("waved away".to_owned())),
            Manners::Hang => std::future::pending().await,
        }
    }

    fn cancel_authentication(&self, cookie: String) {
        self.heard.put(Heard::TakenBack { cookie });
    }
}
