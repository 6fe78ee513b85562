//! The real `credexd`, with a configuration of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::patience::within;
use crate::process::{Peer, Process};
use crate::programs;
use credex_protocol::names;
use futures_util::StreamExt;
use zbus::fdo::DBusProxy;

/// How to start it.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) config: PathBuf,
    pub(crate) log: PathBuf,
    /// A program with its arguments that starts it in its place, if any.
    pub(crate) by: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
}

/// A running daemon that the test started itself.
#[derive(Debug)]
pub struct Daemon {
    /// Its process.
    pub process: Process,
}

impl Start {
    /// Starts it, and waits until it serves on the bus of `connection`.
    pub(crate) async fn run(&self, connection: &zbus::Connection) -> Daemon {
        let bus = DBusProxy::new(connection).await.unwrap();
        let mut changes = bus
            .receive_name_owner_changed_with_args(&[(0, names::BUS_NAME)])
            .await
            .unwrap();
        let mut process = Process::start(&mut self.command(), &self.log);
        let serves = async {
            while let Some(change) = changes.next().await {
                if change.args().is_ok_and(|args| args.new_owner().is_some()) {
                    return;
                }
            }
        };
        let early = tokio::select! {
            () = within("credexd to take its name", serves) => None,
            status = process.ended() => Some(status),
        };
        if let Some(status) = early {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            panic!("credexd ended with {status} before it served:\n{log}");
        }
        Daemon { process }
    }

    /// In a session of its own, so that it has no terminal to ask at.
    fn command(&self) -> Command {
        let mut command = Command::new("setsid");
        command
            .args(&self.by)
            .arg(programs::credexd())
            .arg("--config")
            .arg(&self.config)
            .env_clear()
            .envs(self.environment.iter().cloned());
        command
    }
}

impl Daemon {
    /// Its process, to be looked at.
    pub fn peer(&self) -> Peer {
        Peer::of_pid(self.process.pid()).expect("the daemon runs")
    }
}

/// Installs the daemon for activation by the bus.
pub(crate) fn install(services: &Path, config: &Path) {
    let (name, program) = (names::BUS_NAME, programs::credexd());
    let text = format!(
        "[D-BUS Service]\nName={name}\nExec={} --config {}\n",
        program.display(),
        config.display()
    );
    std::fs::write(services.join(format!("{name}.service")), text).unwrap();
}
