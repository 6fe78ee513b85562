//! What the service and its witness say to one another, each one JSON document per packet
//! ([`crate::launcher::packet`]). Beside a question goes the socket on which it is answered, so that several may
//! be under way at once. Serves design §5 and §6.
//!
//! After an upgrade the service may be older than the witness that its unit gives it: what is added here must be
//! allowed to be missing.

use serde::{Deserialize, Serialize};

use super::{Connections, Known, Proxy, Seen};
use crate::caller::Process;
use crate::caller::sockets::Bus;

/// A question.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Question {
    Look {
        process: Process,
        known: Option<Known>,
    },
    Connections {
        process: Process,
        bus: Bus,
        closely: bool,
    },
    Proxies {
        process: Process,
        bus: Bus,
    },
    Stayed {
        bus: Bus,
        proxies: Vec<Proxy>,
    },
    /// To which user the file belongs whose descriptor is beside this, behind that of the socket.
    Owner,
}

/// The answer to the question of the same name.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Look(Seen),
    Connections(Connections),
    Proxies(Vec<Proxy>),
    Stayed(Vec<usize>),
    Owner(u32),
}

/// What comes back.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Reply {
    /// Why the witness is not confined; `None` if it is.
    pub(super) unconfined: Option<String>,
    /// The answer, or why there is none.
    pub(super) answer: Result<Answer, String>,
}
