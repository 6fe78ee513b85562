//! The porter that asks the bus. Serves design §5.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{OnceCell, Semaphore};
use zbus::names::UniqueName;

use super::peer::Peer;
use super::sockets::Bus;
use super::witness::{Connections, Eyes, Known, Seen, Witness, WitnessUnit};
use super::{BusDriver, Caller, Denial, Evidence, Porter, Process, Surroundings, proxies, sockets};

/// How many callers are looked at at once; each takes a few file descriptors for that.
const AT_ONCE: usize = 8;
/// How often the connections of a process are counted: it, or somebody else, may be making one.
const ROUNDS: usize = 12;
/// How long to wait in between.
const MOMENT: Duration = Duration::from_millis(10);

/// Asks the bus for a peer's user and process, and a witness for what the kernel shows of that.
pub struct BusPorter {
    driver: BusDriver,
    served: u32,
    witness: Option<Box<dyn Witness>>,
    /// As what the socket of the bus is bound; `None` if it is of a kind on which nothing can be checked.
    bound_to: Option<Vec<u8>>,
    /// The bus, once somebody has called.
    bus: OnceCell<Bus>,
    places: Semaphore,
}

impl BusPorter {
    /// Serves the user as whom this process runs, in the session of the environment, and looks at processes itself.
    #[must_use]
    pub fn new(driver: BusDriver) -> BusPorter {
        let surroundings = Surroundings::of_session();
        if let Err(error) = &surroundings {
            tracing::error!(%error, "nobody can be identified, because /proc cannot be read");
        }
        let eyes = surroundings.ok().map(Eyes::new);
        BusPorter::asking(driver, eyes.map(|eyes| Box::new(eyes) as Box<dyn Witness>))
    }

    /// The same, and has `witness` look.
    pub(crate) fn with_witness(driver: BusDriver, witness: WitnessUnit) -> BusPorter {
        BusPorter::asking(driver, Some(Box::new(witness)))
    }

    fn asking(driver: BusDriver, witness: Option<Box<dyn Witness>>) -> BusPorter {
        let address = zbus::Address::session().ok();
        BusPorter {
            driver,
            served: rustix::process::getuid().as_raw(),
            witness,
            bound_to: address.as_ref().and_then(sockets::bound_name),
            bus: OnceCell::new(),
            places: Semaphore::new(AT_ONCE),
        }
    }

    fn witness(&self) -> Result<&dyn Witness, String> {
        let witness = self.witness.as_deref();
        witness.ok_or_else(|| "this service cannot see processes".to_owned())
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

    /// What `peer` is, and the program that it runs. `known` is what was found of the same process earlier.
    async fn found(&self, peer: &Peer, known: Option<Known>) -> Result<Seen, Unidentified> {
        let process = peer.process();
        let mut seen = self.witness()?.look(process, known).await?;
        if !matches!(seen.evidence, Evidence::Unverified { .. })
            && let Err(why) = self.holds_connection(process).await
        {
            seen.evidence = seen.evidence.doubted(why);
        }
        match peer.lives() {
            Ok(true) => Ok(seen),
            _ => Err("its process has ended".into()),
        }
    }

    async fn find_bus(&self) -> Result<Bus, String> {
        let name = self.bound_to.as_ref();
        let name = name.ok_or("on this kind of bus nobody's connections can be seen")?;
        let unseen = |error: io::Error| format!("our own connection cannot be seen: {error}");
        sockets::ours(name, self.driver.own_process().await?).map_err(unseen)
    }

    /// Whether every connection that `process` has made is still there, in its own hands, and younger than
    /// the program that it runs. One that is not may be in those of a child, of what the program was
    /// before, or of a process that had this number before.
    async fn holds_connection(&self, process: Process) -> Result<(), String> {
        let witness = self.witness()?;
        let bus = self.bus.get_or_try_init(|| self.find_bus()).await?;
        let mut why = String::new();
        let mut closely = false;
        for round in 0..ROUNDS {
            if round > 0 {
                tokio::time::sleep(MOMENT).await;
            }
            let proxies = match closely {
                true => witness.proxies(process, bus).await?,
                false => Vec::new(),
            };
            // What had a name before and after was there in between: nothing that came and went makes up for
            // one that has none.
            let earlier = self.driver.connections().await?;
            let Connections { held, all } = witness.connections(process, bus, closely).await?;
            let named = self.driver.still_named(&earlier).await?;
            let stayed = match closely {
                true => witness.stayed(bus, &proxies).await?,
                false => Vec::new(),
            };
            let behind = proxies::nameless(&proxies, &stayed, &named);
            let (made, named) = (named.made_by(process.pid), named.all);
            tracing::debug!(held, made, named, behind, all, "connections counted");
            // One that has no name yet would stand in for one that the process has given away.
            if all > named + behind {
                closely = true;
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
            let found = self.found(&peer, None).await?;
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
            let peer = Peer::again(caller.process).map_err(lost)?;
            let found = self.found(&peer, Some(Known::of(caller))).await?;
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

fn lost(error: impl Into<io::Error>) -> Unidentified {
    Unidentified::Unknown(format!("its process cannot be looked up: {}", error.into()))
}
