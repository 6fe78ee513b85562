//! The porter that asks the bus. Serves design §5.

use async_trait::async_trait;
use zbus::fdo::DBusProxy;
use zbus::names::{BusName, UniqueName};

use super::{Assurance, Caller, Denial, Porter, Process};

/// Asks the bus for a peer's user and process, and the kernel for the process.
#[derive(Debug)]
pub struct BusPorter {
    bus: DBusProxy<'static>,
    served: u32,
}

impl BusPorter {
    /// Serves the user as whom this process runs.
    #[must_use]
    pub fn new(bus: DBusProxy<'static>) -> BusPorter {
        BusPorter {
            bus,
            served: rustix::process::getuid().as_raw(),
        }
    }
}

#[async_trait]
impl Porter for BusPorter {
    async fn identify(&self, name: &UniqueName<'_>) -> Result<Caller, Denial> {
        let unknown = |why: String| Denial::Unknown {
            name: name.to_string(),
            why,
        };
        let peer = BusName::Unique(name.clone());
        let credentials = self.bus.get_connection_credentials(peer).await;
        let credentials = credentials.map_err(|error| unknown(error.to_string()))?;
        let uid = credentials.unix_user_id();
        let uid = uid.ok_or_else(|| unknown("the bus does not tell its user".into()))?;
        if uid != self.served {
            let name = name.to_string();
            return Err(Denial::AnotherUser {
                name,
                uid,
                served: self.served,
            });
        }
        let pid = credentials.process_id();
        let pid = pid.ok_or_else(|| unknown("the bus does not tell its process".into()))?;
        let process = Process::of_pid(pid)
            .map_err(|error| unknown(format!("process {pid} cannot be looked up: {error}")))?;
        let unique_name = name.to_owned().into();
        Ok(Caller {
            unique_name,
            process,
            assurance: Assurance::Unverified,
        })
    }
}
