//! The private bus: `dbus-daemon` if it is installed, else the broker `busd`, which is built in. It
//! starts nothing by itself, and listens in the private directory only.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use super::child::Running;
use super::roles::{Role, complain};
use crate::arguments::on_runtime;
use crate::exit::Exit;
use crate::failure::Failure;

/// How long a bus may take to start.
const PATIENCE: Duration = Duration::from_secs(10);
const PROGRAM: &str = "dbus-daemon";

/// Which bus to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum BusChoice {
    /// dbus-daemon if it is installed, else the embedded one
    Auto,
    /// The bus that most systems use
    DbusDaemon,
    /// busd, which is a part of this program
    Embedded,
}

/// A bus that listens.
pub(crate) struct Bus {
    pub(crate) process: Running,
    pub(crate) address: String,
    /// What it is, for people.
    pub(crate) called: &'static str,
}

impl Bus {
    /// Starts a bus with its socket and configuration in `directory`.
    pub(crate) async fn start(choice: BusChoice, directory: &Path) -> Result<Bus, Failure> {
        match (choice, find(PROGRAM)) {
            (BusChoice::DbusDaemon, None) => {
                let what = format!("{PROGRAM} is not installed");
                Err(Failure::new(Exit::Usage, what).advise("try --bus embedded"))
            }
            (BusChoice::DbusDaemon, Some(program)) => {
                Bus::start_dbus_daemon(&program, directory).await
            }
            // It lets nobody in whose user has no name, as in some containers.
            (BusChoice::Auto, Some(program)) => {
                match Bus::start_dbus_daemon(&program, directory).await {
                    Ok(bus) => Ok(bus),
                    Err(_) => Bus::start_embedded(directory).await,
                }
            }
            (BusChoice::Auto, None) | (BusChoice::Embedded, _) => {
                Bus::start_embedded(directory).await
            }
        }
    }

    async fn start_dbus_daemon(program: &Path, directory: &Path) -> Result<Bus, Failure> {
        let file = directory.join("bus.conf");
        std::fs::write(&file, configuration(&address(directory, PROGRAM)))
            .map_err(|error| Failure::file("written", &file, &error))?;
        let mut config = OsString::from("--config-file=");
        config.push(&file);
        let arguments = [
            config.as_os_str(),
            "--nofork".as_ref(),
            "--print-address=1".as_ref(),
        ];
        let process = Running::start("the bus", program.as_os_str(), PROGRAM, &arguments, &[])?;
        Bus::listening(process, "dbus-daemon").await
    }

    async fn start_embedded(directory: &Path) -> Result<Bus, Failure> {
        let program = std::env::current_exe()?;
        let address = address(directory, Role::Bus.name());
        let arguments = [address.as_ref()];
        let name = Role::Bus.name();
        let process = Running::start("the bus", program.as_os_str(), name, &arguments, &[])?;
        Bus::listening(process, "busd, a part of this program").await
    }

    /// A bus tells its address once it listens. Whether it lets us in is tried then.
    async fn listening(mut process: Running, called: &'static str) -> Result<Bus, Failure> {
        let mut lines = process.lines();
        let joined = async {
            let address = lines.as_mut()?.next_line().await.ok()??;
            let builder = zbus::connection::Builder::address(address.as_str()).ok()?;
            builder.build().await.ok().map(|_connection| address)
        };
        let joined = tokio::time::timeout(PATIENCE, joined).await;
        if let Ok(Some(address)) = joined {
            return Ok(Bus {
                process,
                address,
                called,
            });
        }
        process.stop().await?;
        let what = format!("{called} does not work here: {}", process.said().join(" "));
        Err(Failure::new(Exit::Failed, what).advise("try another one with --bus"))
    }
}

/// The role of the embedded bus. `arguments`: the address to listen on.
pub(super) fn embedded(mut arguments: std::vec::IntoIter<OsString>) -> ExitCode {
    let address = arguments
        .next()
        .and_then(|address| address.into_string().ok());
    let served = on_runtime(async move {
        let failed = |error: String| Failure::new(Exit::Failed, error);
        let bus = busd::bus::Bus::for_address(address.as_deref()).await;
        let mut bus = bus.map_err(|error| failed(error.to_string()))?;
        writeln!(std::io::stdout(), "{}", bus.address())?;
        bus.run().await.map_err(|error| failed(error.to_string()))
    });
    match served {
        Ok(()) => Exit::Done.into(),
        Err(failure) => {
            complain(failure.what());
            failure.exit.into()
        }
    }
}

/// The address of a socket of this name, escaped as the D-Bus specification asks.
fn address(directory: &Path, name: &str) -> String {
    let mut address = String::from("unix:path=");
    for byte in directory.join(name).as_os_str().as_bytes() {
        match byte {
            b'-' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'/' | b'.' => {
                address.push(char::from(*byte));
            }
            byte => address.push_str(&format!("%{byte:02x}")),
        }
    }
    address
}

/// A bus without services to start, for one user.
fn configuration(address: &str) -> String {
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>{address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#
    )
}

/// The program of this name on PATH.
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut places = std::env::split_paths(&path).filter(|place| place.is_absolute());
    places.find_map(|place| {
        let program = place.join(name);
        let runs = rustix::fs::access(&program, rustix::fs::Access::EXEC_OK).is_ok();
        (runs && program.is_file()).then_some(program)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_an_odd_directory() {
        let odd = address(Path::new("/tmp/a b;c,d=é"), "bus");
        assert_eq!(odd, "unix:path=/tmp/a%20b%3bc%2cd%3d%c3%a9/bus");
        assert!(!configuration(&odd).contains("a b"));
    }
}
