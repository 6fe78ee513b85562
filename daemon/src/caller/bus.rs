//! The porter that asks the bus. Serves design §5.

use async_trait::async_trait;
use zbus::names::UniqueName;

use super::{BusDriver, Caller, Denial, Evidence, Porter, Process};

/// Asks the bus for a peer's user and process, and the kernel for the process.
#[derive(Debug)]
pub struct BusPorter {
    driver: BusDriver,
    served: u32,
}

impl BusPorter {
    /// Serves the user as whom this process runs.
    #[must_use]
    pub fn new(driver: BusDriver) -> BusPorter {
        BusPorter {
            driver,
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
        let credentials = self.driver.credentials(name).await.map_err(unknown)?;
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
        let process = Process::of_pid(pid).map_err(|error| unknown(lost(pid, &error)))?;
        Ok(Caller {
            unique_name: name.to_owned().into(),
            process,
            evidence: Evidence::Unverified {
                why: "nothing was looked at".to_owned(),
            },
        })
    }

    /// Looks at the process alone. What the bus says of a connection was settled when that was made,
    /// its name is never given to another, and that it has left, the bus tells us by itself.
    async fn identify_again(&self, caller: &Caller) -> Result<(), Denial> {
        let Process { pid, .. } = caller.process;
        let why = match Process::of_pid(pid) {
            Ok(process) if process == caller.process => return Ok(()),
            Ok(_) => "its process is no longer the one that asked".to_owned(),
            Err(error) => lost(pid, &error),
        };
        Err(Denial::Unknown {
            name: caller.unique_name.to_string(),
            why,
        })
    }
}

fn lost(pid: u32, error: &std::io::Error) -> String {
    format!("process {pid} cannot be looked up: {error}")
}
