//! The witness that looks itself, from this process. Serves design §5.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::{Connections, Known, Proxy, Seen, Witness};
use crate::caller::look::{Namespaces, look};
use crate::caller::peer::Peer;
use crate::caller::sockets::{self, Bus};
use crate::caller::{Evidence, Process, Surroundings, proxies, snap};

/// How many looks at file systems of others may be under way. One that never answers keeps its place.
const FOREIGN_AT_ONCE: usize = 4;
/// How long a look may take. It takes less than a millisecond, but for files that do not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sees what this process may see.
#[derive(Debug)]
pub(in crate::caller) struct Eyes {
    ours: Arc<Surroundings>,
    foreign_places: Arc<Semaphore>,
}

impl Eyes {
    /// Holds what it sees against `ours`.
    pub(in crate::caller) fn new(ours: Surroundings) -> Eyes {
        Eyes {
            ours: Arc::new(ours),
            foreign_places: Arc::new(Semaphore::new(FOREIGN_AT_ONCE)),
        }
    }

    /// Looks on a thread of its own, because a file system of somebody else's may never answer.
    async fn look_elsewhere(
        &self,
        peer: Peer,
        namespaces: Namespaces,
    ) -> Result<(Peer, Evidence), String> {
        let places = Arc::clone(&self.foreign_places);
        let ours = Arc::clone(&self.ours);
        let looked = async move {
            let place = places.acquire_owned().await;
            let looking = tokio::task::spawn_blocking(move || {
                // What an upgrade takes away lies in our own file system.
                let evidence = look(&peer, namespaces, &ours, None);
                drop(place);
                evidence.map(|evidence| (peer, evidence))
            });
            looking.await
        };
        match tokio::time::timeout(PATIENCE, looked).await {
            Ok(Ok(looked)) => looked.map_err(|failed| failed.to_string()),
            Ok(Err(broken)) => Err(format!("the look at it broke: {broken}")),
            Err(_) => Err("its files do not answer".to_owned()),
        }
    }
}

#[async_trait]
impl Witness for Eyes {
    async fn look(&self, process: Process, known: Option<Known>) -> Result<Seen, String> {
        let peer = Peer::again(process).map_err(lost)?;
        let namespaces = Namespaces::of(&peer).map_err(|failed| failed.to_string())?;
        let Some(namespaces) = namespaces else {
            let evidence = Evidence::Unverified {
                why: "it does not let itself be looked at".to_owned(),
                confined_as: snap::confined_as(&peer),
            };
            return Ok(Seen {
                program: None,
                evidence,
            });
        };
        let (peer, evidence) = if namespaces.are_foreign(&self.ours) {
            self.look_elsewhere(peer, namespaces).await?
        } else {
            let evidence = look(&peer, namespaces, &self.ours, known.as_ref());
            (peer, evidence.map_err(|failed| failed.to_string())?)
        };
        let program = match peer.program() {
            Ok(program) => Some(program),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => None,
            Err(error) => return Err(lost(error)),
        };
        Ok(Seen { program, evidence })
    }

    async fn connections(
        &self,
        process: Process,
        bus: &Bus,
        closely: bool,
    ) -> Result<Connections, String> {
        let count = || -> io::Result<Connections> {
            Ok(Connections {
                held: sockets::connections(&Peer::again(process)?, bus)?.len(),
                all: sockets::all_connections(bus, closely)?,
            })
        };
        count().map_err(unseen)
    }

    async fn proxies(&self, process: Process, bus: &Bus) -> Result<Vec<Proxy>, String> {
        proxies::but(process, bus).map_err(unseen)
    }

    async fn stayed(&self, bus: &Bus, proxies: &[Proxy]) -> Result<Vec<usize>, String> {
        Ok(proxies.iter().map(|proxy| proxy.stayed(bus)).collect())
    }
}

fn lost(error: impl Into<io::Error>) -> String {
    format!("its process cannot be looked up: {}", error.into())
}

fn unseen(error: io::Error) -> String {
    format!("its connections cannot be seen: {error}")
}
