//! What can be seen of a process: the kernel's part of the question who is calling. Serves design §5.
//!
//! Its unit confines the service in a user namespace, out of which the kernel shows it of others neither program nor
//! root directory, and of files not whether they are root's. Who looks is therefore behind a trait: `eyes` looks
//! from its own process; `unit` asks a process outside, in which `process` runs, and whose eyes those are;
//! `message` is what they say to one another.

mod eyes;
mod message;
mod process;
mod unit;

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::sockets::Bus;
use super::{Caller, Evidence, FileId, Process};

pub(super) use eyes::Eyes;
pub use process::run_witness;
pub(crate) use unit::WitnessUnit;

/// What was found of a process earlier.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Known {
    pub(super) program: Option<FileId>,
    pub(super) evidence: Evidence,
}

/// What a look at a process brought to light.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Seen {
    /// The program that it runs; `None` if it hides that.
    pub(super) program: Option<FileId>,
    pub(super) evidence: Evidence,
}

/// Connections to the bus, as the kernel knows them.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Connections {
    /// How many the process in question has that it can have made itself.
    pub(super) held: usize,
    /// How many there are, those counted that the bus does not know by name yet.
    pub(super) all: usize,
}

/// A process that stands between a sandbox and the bus.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Proxy {
    pub(super) process: Process,
    /// Its connections to the bus, all of them made for others.
    pub(super) connections: BTreeSet<u32>,
}

/// Looks at processes. That one cannot be looked at, because it has ended for example, is an error, in words for the log.
#[async_trait]
pub(super) trait Witness: Send + Sync {
    /// What `process` is, of which this was `known` before.
    async fn look(&self, process: Process, known: Option<Known>) -> Result<Seen, String>;

    /// Counts connections to `bus`; `closely`, which takes longer, without those to others of its name.
    async fn connections(
        &self,
        process: Process,
        bus: &Bus,
        closely: bool,
    ) -> Result<Connections, String>;

    /// The proxies other than `process` that are connected to `bus`.
    async fn proxies(&self, process: Process, bus: &Bus) -> Result<Vec<Proxy>, String>;

    /// How many of its connections each of `proxies` has still.
    async fn stayed(&self, bus: &Bus, proxies: &[Proxy]) -> Result<Vec<usize>, String>;
}

impl Known {
    pub(super) fn of(caller: &Caller) -> Known {
        Known {
            program: caller.program,
            evidence: caller.evidence.clone(),
        }
    }
}
