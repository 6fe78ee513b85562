//! The porter that asks the bus. Serves design §5.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use zbus::names::UniqueName;

use super::look::{Failed, Namespaces, look};
use super::peer::Peer;
use super::proxies::Proxies;
use super::{BusDriver, Caller, Denial, Evidence, Porter, Surroundings, snap, sockets};

/// How many callers are looked at at once; each takes a few file descriptors for that.
const AT_ONCE: usize = 8;
/// How many looks at file systems of others may be under way. One that never answers keeps its place.
const FOREIGN_AT_ONCE: usize = 4;
/// How long a look may take. It takes less than a millisecond, but for files that do not answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often the connections of a process are counted: it, or somebody else, may be making one.
const ROUNDS: usize = 12;
/// How long to wait in between.
const MOMENT: Duration = Duration::from_millis(10);

/// Asks the bus for a peer's user and process, and the kernel for the process.
#[derive(Debug)]
pub struct BusPorter {
    driver: BusDriver,
    served: u32,
    surroundings: Option<Arc<Surroundings>>,
    places: Semaphore,
    foreign_places: Arc<Semaphore>,
}

impl BusPorter {
    /// Serves the user as whom this process runs, in the session of the environment.
    #[must_use]
    pub fn new(driver: BusDriver) -> BusPorter {
        let surroundings = Surroundings::of_session();
        if let Err(error) = &surroundings {
            tracing::error!(%error, "nobody can be identified, because /proc cannot be read");
        }
        BusPorter::build(driver, surroundings.ok())
    }

    /// The same in other surroundings.
    #[must_use]
    pub fn within(driver: BusDriver, surroundings: Surroundings) -> BusPorter {
        BusPorter::build(driver, Some(surroundings))
    }

    fn build(driver: BusDriver, surroundings: Option<Surroundings>) -> BusPorter {
        BusPorter {
            driver,
            served: rustix::process::getuid().as_raw(),
            surroundings: surroundings.map(Arc::new),
            places: Semaphore::new(AT_ONCE),
            foreign_places: Arc::new(Semaphore::new(FOREIGN_AT_ONCE)),
        }
    }

    /// The process that made the connection `name`.
    async fn process_of(&self, name: &UniqueName<'_>) -> Result<Peer, Unidentified> {
        let credentials = self.driver.credentials(name).await?;
        let uid = credentials.unix_user_id();
        let uid = uid.ok_or("the bus does not tell its user")?;
        if uid != self.served {
            return Err(Unidentified::AnotherUser(uid));
        }
        let pid = credentials.process_id();
        if let Some(pidfd) = credentials.process_fd() {
            let pidfd = pidfd.as_fd().try_clone_to_owned().map_err(lost)?;
            let peer = Peer::of_pidfd(pidfd).map_err(lost)?;
            return match pid {
                Some(pid) if pid != peer.process().pid => Err("the bus names two processes".into()),
                _ => Ok(peer),
            };
        }
        let pid = pid.ok_or("the bus does not tell its process")?;
        let peer = Peer::of_pid(pid).map_err(lost)?;
        // If the connection is there now, its process was there when ours was opened, or has left a
        // child with the connection and its number to another: `holds_connection` tells these apart.
        let again = self.driver.credentials(name).await?;
        match (again.process_id(), again.unix_user_id()) {
            (Some(now), Some(user)) if now == pid && user == uid => Ok(peer),
            _ => Err("its process changed while it was looked up".into()),
        }
    }

    /// What `peer` is, and the program that it runs. `before` is what was found of the same process earlier.
    async fn found(&self, peer: Peer, before: Option<&Caller>) -> Result<Found, Unidentified> {
        let ours = self.surroundings.clone();
        let ours = ours.ok_or("this service cannot see processes")?;
        let Some(namespaces) = Namespaces::of(&peer)? else {
            let evidence = Evidence::Unverified {
                why: "it does not let itself be looked at".to_owned(),
                confined_as: snap::confined_as(&peer),
            };
            return Ok(Found {
                peer,
                program: None,
                evidence,
            });
        };
        let (peer, evidence) = if namespaces.are_foreign(&ours) {
            self.look_elsewhere(peer, namespaces, ours).await?
        } else {
            let evidence = look(&peer, namespaces, &ours, before);
            (peer, evidence?)
        };
        let program = match peer.program() {
            Ok(program) => Some(program),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => None,
            Err(error) => return Err(lost(error)),
        };
        let mut found = Found {
            peer,
            program,
            evidence,
        };
        if !matches!(found.evidence, Evidence::Unverified { .. })
            && let Err(why) = self.holds_connection(&found.peer).await
        {
            found.evidence = found.evidence.doubted(why);
        }
        match found.peer.lives() {
            Ok(true) => Ok(found),
            _ => Err("its process has ended".into()),
        }
    }

    /// Looks on a thread of its own, because a file system of somebody else's may never answer.
    async fn look_elsewhere(
        &self,
        peer: Peer,
        namespaces: Namespaces,
        ours: Arc<Surroundings>,
    ) -> Result<(Peer, Evidence), Unidentified> {
        let places = Arc::clone(&self.foreign_places);
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
            Ok(Ok(looked)) => Ok(looked?),
            Ok(Err(broken)) => Err(format!("the look at it broke: {broken}").into()),
            Err(_) => Err("its files do not answer".into()),
        }
    }

    /// Whether every connection that `peer` has made is still there, in its own hands, and younger than
    /// the program that it runs. One that is not may be in those of a child, of what the program was
    /// before, or of a process that had this number before.
    async fn holds_connection(&self, peer: &Peer) -> Result<(), String> {
        let bus = self
            .surroundings
            .as_ref()
            .and_then(|ours| ours.bus.as_ref());
        let bus = bus.ok_or("on this kind of bus nobody's connections can be seen")?;
        let unseen = |error: io::Error| format!("its connections cannot be seen: {error}");
        let bus = sockets::ours(bus).map_err(unseen)?;
        let mut why = String::new();
        let mut is_one_nameless = false;
        for round in 0..ROUNDS {
            if round > 0 {
                tokio::time::sleep(MOMENT).await;
            }
            let proxies = match is_one_nameless {
                true => Proxies::but(peer, &bus).map_err(unseen)?,
                false => Proxies::default(),
            };
            let held = sockets::connections(peer, &bus).map_err(unseen)?.len();
            let before = sockets::all_connections(&bus).map_err(unseen)?;
            let named = self.driver.named_connections().await?;
            let after = sockets::all_connections(&bus).map_err(unseen)?;
            let (made, named, behind) = (
                named.made_by(peer.process().pid),
                named.all,
                proxies.nameless(&bus, &named),
            );
            tracing::debug!(
                held,
                made,
                named,
                behind,
                before,
                after,
                "connections counted"
            );
            // One that has no name yet would stand in for one that the process has given away.
            if before.max(after) > named + behind {
                is_one_nameless = true;
                why = "a connection to the bus has no name".to_owned();
            } else if made == 0 || held < made {
                why = format!(
                    "it has {held} of the {made} connections that it made: another process may have the rest"
                );
            } else {
                return Ok(());
            }
        }
        Err(why)
    }
}

#[async_trait]
impl Porter for BusPorter {
    async fn identify(&self, name: &UniqueName<'_>) -> Result<Caller, Denial> {
        let look = async {
            let _place = self.places.acquire().await;
            let peer = self.process_of(name).await?;
            let process = peer.process();
            let found = self.found(peer, None).await?;
            Ok(Caller {
                unique_name: name.to_owned().into(),
                process,
                program: found.program,
                evidence: found.evidence,
            })
        };
        let caller = look.await;
        let caller = caller.map_err(|why: Unidentified| why.into_denial(name, self.served))?;
        tracing::debug!(%name, pid = caller.process.pid, evidence = ?caller.evidence, "identified");
        Ok(caller)
    }

    /// Looks at the process alone. What the bus says of a connection was settled when that was made,
    /// its name is never given to another, and that it has left, the bus tells us by itself.
    async fn identify_again(&self, caller: &Caller) -> Result<(), Denial> {
        let look = async {
            let _place = self.places.acquire().await;
            let peer = Peer::of_pid(caller.process.pid).map_err(lost)?;
            if peer.process() != caller.process {
                return Err("its process is no longer the one that asked".into());
            }
            let found = self.found(peer, Some(caller)).await?;
            // What was visible may hide by now, and is worth less then; what hid and shows itself has
            // become another program.
            if found.program.is_some() && found.program != caller.program {
                return Err("it runs another program by now".into());
            }
            match found.evidence.is_worth(&caller.evidence) {
                true => Ok(()),
                false => Err("what was found of it holds no longer".into()),
            }
        };
        let name = &caller.unique_name;
        look.await
            .map_err(|why: Unidentified| why.into_denial(name, self.served))
    }
}

/// What came of a look.
struct Found {
    peer: Peer,
    program: Option<super::FileId>,
    evidence: Evidence,
}

/// Why there is no [`Caller`].
enum Unidentified {
    AnotherUser(u32),
    Unknown(String),
}

impl Unidentified {
    fn into_denial(self, name: &UniqueName<'_>, served: u32) -> Denial {
        let name = name.to_string();
        match self {
            Unidentified::AnotherUser(uid) => Denial::AnotherUser { name, uid, served },
            Unidentified::Unknown(why) => Denial::Unknown { name, why },
        }
    }
}

impl From<String> for Unidentified {
    fn from(why: String) -> Unidentified {
        Unidentified::Unknown(why)
    }
}

impl From<&str> for Unidentified {
    fn from(why: &str) -> Unidentified {
        Unidentified::Unknown(why.to_owned())
    }
}

impl From<Failed> for Unidentified {
    fn from(failed: Failed) -> Unidentified {
        Unidentified::Unknown(failed.to_string())
    }
}

fn lost(error: impl Into<io::Error>) -> Unidentified {
    Unidentified::Unknown(format!("its process cannot be looked up: {}", error.into()))
}
