//! `credex status`: whether the service runs, and how it is.

use std::collections::BTreeMap;

use credex_protocol::wire::{NoOptions, ServiceStatus};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, counted, harmless};
use crate::service;

/// Tells whether the service runs, and how it is
///
/// JSON: {"command", "program_version", "exchanges", "states": {state: number}, "memory_locked",
/// "undumpable", "payload_limit": bytes, "session_limit", "idle_exit": seconds,
/// "configuration": ["file"], "protections": {name: "in-force" or what is missing}}. In a sandbox only
/// {"command", "payload_limit"}.
#[derive(Debug, clap::Args)]
pub(crate) struct Status {}

#[derive(Serialize)]
struct Told {
    program_version: String,
    exchanges: u32,
    states: BTreeMap<String, u32>,
    memory_locked: bool,
    undumpable: bool,
    payload_limit: u64,
    session_limit: u32,
    idle_exit: u32,
    configuration: Vec<String>,
    protections: BTreeMap<String, String>,
}

impl Status {
    pub(crate) async fn run(self, output: Output) -> Result<Exit, Failure> {
        let status = service::connect().await?;
        let answer = status.get_status(NoOptions {}).await;
        let status = answer.map_err(service::failed)?;
        if status.program_version.is_none() {
            return in_sandbox(&status, output);
        }
        let told = Told::from(status);
        for line in told.lines() {
            output.line(line)?;
        }
        output.object(told)?;
        Ok(Exit::Done)
    }
}

/// What an app in a sandbox is told, and this program may be in one.
#[derive(Serialize)]
struct ToldInSandbox {
    payload_limit: u64,
}

fn in_sandbox(status: &ServiceStatus, output: Output) -> Result<Exit, Failure> {
    let payload_limit = status.payload_limit.unwrap_or_default();
    output.line("credexd is running. From inside a sandbox no more can be seen than")?;
    output.line(format!("  payloads   {} MiB at most", payload_limit >> 20))?;
    output.object(ToldInSandbox { payload_limit })?;
    Ok(Exit::Done)
}

impl From<ServiceStatus> for Told {
    fn from(status: ServiceStatus) -> Told {
        Told {
            program_version: status.program_version.unwrap_or_default(),
            exchanges: status.exchanges.unwrap_or_default(),
            states: status.states.unwrap_or_default(),
            memory_locked: status.memory_locked.unwrap_or_default(),
            undumpable: status.undumpable.unwrap_or_default(),
            payload_limit: status.payload_limit.unwrap_or_default(),
            session_limit: status.session_limit.unwrap_or_default(),
            idle_exit: status.idle_exit.unwrap_or_default(),
            configuration: status.configuration.unwrap_or_default(),
            protections: status.protections.unwrap_or_default(),
        }
    }
}

impl Told {
    fn lines(&self) -> Vec<String> {
        let states = self.states.iter().filter(|(_, number)| **number > 0);
        let states: Vec<String> = states
            .map(|(state, number)| format!("{number} {}", harmless(state)))
            .collect();
        let live = match states.is_empty() {
            true => String::new(),
            false => format!(" ({})", states.join(", ")),
        };
        let yes = |is: bool, yes: &str, no: &str| if is { yes } else { no }.to_owned();
        let mut lines = vec![
            format!("credexd {} is running.", harmless(&self.program_version)),
            format!(
                "  exchanges  {}{live}, {} at most",
                self.exchanges, self.session_limit
            ),
            format!(
                "  keys       {}, {}",
                yes(
                    self.memory_locked,
                    "locked into memory",
                    "NOT locked into memory: may be swapped out"
                ),
                yes(
                    self.undumpable,
                    "kept out of core dumps",
                    "NOT kept out of core dumps"
                ),
            ),
            format!("  payloads   {} MiB at most", self.payload_limit >> 20),
            match self.idle_exit {
                0 => "  stays      until it is stopped".to_owned(),
                idle => format!(
                    "  stays      {} without anything to do",
                    counted(idle, "second")
                ),
            },
        ];
        let files = self.configuration.iter();
        lines.extend(files.map(|file| format!("  reads      {}", harmless(file))));
        lines.extend(self.protected());
        lines
    }

    /// What is in force, and a line for each that is not.
    fn protected(&self) -> Vec<String> {
        let (there, missing): (Vec<_>, Vec<_>) = self
            .protections
            .iter()
            .partition(|(_, state)| *state == "in-force");
        let names: Vec<String> = there.iter().map(|(name, _)| harmless(name)).collect();
        let mut lines = match names.is_empty() {
            true => vec!["  protected  by nothing that is known".to_owned()],
            false => vec![format!("  protected  {}", names.join(", "))],
        };
        let missing = missing.iter();
        lines.extend(
            missing
                .map(|(name, why)| format!("  NOT        {}: {}", harmless(name), harmless(why))),
        );
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_in_force_are_named_in_their_order() {
        let told = Told::from(ServiceStatus {
            configuration: Some(vec!["/etc/a.conf".into(), "/home/\x1b.conf".into()]),
            ..ServiceStatus::default()
        });
        let lines = told.lines().join("\n");
        assert!(
            lines.contains("\n  reads      /etc/a.conf\n  reads      /home/�.conf\n"),
            "{lines}"
        );
    }

    #[test]
    fn what_this_system_does_not_offer_is_told_apart_from_what_is_in_force() {
        let protections = [
            ("seccomp", "in-force"),
            ("undumpable", "in-force"),
            ("unit", "not started by its systemd unit"),
        ];
        let told = Told::from(ServiceStatus {
            protections: Some(
                protections
                    .map(|(a, b)| (a.to_owned(), b.to_owned()))
                    .into(),
            ),
            ..ServiceStatus::default()
        });
        let lines = told.lines().join("\n");
        assert!(
            lines.ends_with(
                "\n  protected  seccomp, undumpable\
                 \n  NOT        unit: not started by its systemd unit"
            ),
            "{lines}"
        );
    }

    #[test]
    fn a_service_whose_keys_can_be_swapped_out_says_so() {
        let told = Told::from(ServiceStatus::default());
        assert!(told.lines().join("\n").contains("NOT locked into memory"));
    }
}
