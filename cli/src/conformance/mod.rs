//! `credex conformance`: holds somebody's importer or exporter to the protocol.
//!
//! `scene` puts up a private bus, the real service and a scripted person, anew for each check, and
//! starts the implementation as `candidate` says. `sender` and `receiver` are the other app, `stand_in`
//! the service where the real one would not do; `document` and `parcel` make what is sent. `importer`
//! and `exporter` are the checks, each with the sentence of the protocol that it is about.

mod candidate;
mod check;
mod document;
mod exporter;
mod exporting;
mod importer;
mod importing;
mod mailbox;
mod parcel;
mod person;
mod receiver;
mod report;
mod scene;
mod sender;
mod stand_in;
mod wire;

pub(crate) use person::{CHOOSER, chooser};

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{Access, access};

use candidate::Contract;
use check::{Check, Finding, Seen};
use report::Report;
use scene::Scene;

use crate::demo::bus::BusChoice;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::Output;

/// Holds an implementation of the protocol to what the protocol says, on a bus of its own
///
/// For every check there is a new private bus with the real service and a person who answers by
/// script, and COMMAND is started in it. The documents are made up. HOME and the XDG directories of
/// COMMAND are empty ones.
///
/// An importer announces itself, or owns the ID of its desktop entry as a bus name (--desktop-entry),
/// takes every offer without asking anybody, takes the type basic-auth, and runs until it gets SIGTERM.
/// If it writes what it keeps into the directory {out}, before it reports, that is looked at, too: a
/// document to a file, its attachments to a directory of that name with .attachments behind it, each
/// under its id.
///
/// An exporter is started once for each export, sends the document in the file {document}, with the
/// files in the directory {attachments}, which are named after their ids, and exits: with 0 once the
/// receipt is there, with something else if it came to nothing.
///
/// {out}, {document} and {attachments} are replaced in the arguments of COMMAND, and are also in the
/// environment, as CREDEX_CONFORMANCE_OUT, CREDEX_CONFORMANCE_DOCUMENT and
/// CREDEX_CONFORMANCE_ATTACHMENTS.
///
/// JSON: {"command", "role", "checks": [{"check", "result": "passed", "failed" or "skipped", "expects",
/// "anchor", "sentence", "seen", "said"}], "passed", "failed", "skipped"}
#[derive(Debug, clap::Args)]
pub(crate) struct Conformance {
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, clap::Subcommand)]
enum Role {
    /// An app to which credentials can be sent
    Importer(Asked),
    /// An app that sends credentials
    Exporter(Asked),
}

/// What is to be checked.
#[derive(Debug, clap::Args)]
struct Asked {
    /// Only these checks, by their names
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,

    /// List the checks, and start nothing
    #[arg(long)]
    list: bool,

    /// Seconds that COMMAND may take for anything
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    patience: u64,

    /// MiB of a large document or attachment
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=900))]
    large: u64,

    /// The app's desktop entry, APP-ID.desktop: COMMAND owns APP-ID on the bus
    #[arg(long, value_name = "FILE")]
    desktop_entry: Option<PathBuf>,

    /// Which bus to use: dbus-daemon if it is installed, else one that is built in
    #[arg(long, value_name = "BUS", default_value = "auto")]
    bus: BusChoice,

    /// The implementation, and its arguments
    #[arg(last = true, required_unless_present = "list", value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Conformance {
    pub(crate) async fn run(self, output: Output) -> Result<Exit, Failure> {
        match self.role {
            Role::Importer(asked) => asked.run("importer", importer::CHECKS, output).await,
            Role::Exporter(asked) => asked.run("exporter", exporter::CHECKS, output).await,
        }
    }
}

impl Asked {
    async fn run(
        self,
        role: &'static str,
        checks: &'static [Check],
        output: Output,
    ) -> Result<Exit, Failure> {
        let checks = self.chosen(checks)?;
        if self.list {
            return list(&checks, output);
        }
        startable(&self.command)?;
        let desktop_entry = self.desktop_entry.as_deref().map(Contract::read_entry);
        let contract = Arc::new(Contract {
            command: self.command,
            patience: Duration::from_secs(self.patience),
            desktop_entry: desktop_entry.transpose()?,
            large: self.large,
        });
        let mut interrupt = Interrupt::catch()?;
        let mut report = Report::of(role);
        let mut checks = checks.into_iter();
        while let Some(check) = checks.next() {
            let played = async { Ok::<_, Failure>(play(&contract, self.bus, role, check).await) };
            let played = interrupt.or(played).await?;
            report.tell(output, check, played.seen, played.said)?;
            // Whoever was not there for the first check would have us wait for every other one, too.
            if report.is_first() && !played.reached {
                report.skip(output, checks.by_ref(), "it could not be chosen")?;
            }
        }
        report.end(output)
    }

    fn chosen(&self, checks: &'static [Check]) -> Result<Vec<&'static Check>, Failure> {
        for name in &self.only {
            if checks.iter().all(|check| check.name != name) {
                let what = format!("there is no check {}", crate::output::quoted(name));
                return Err(Failure::new(Exit::Usage, what).advise("--list tells their names"));
            }
        }
        let wanted = |check: &&Check| {
            self.only.is_empty() || self.only.iter().any(|name| name == check.name)
        };
        Ok(checks.iter().filter(wanted).collect())
    }
}

/// Looks for COMMAND as a shell would, so that a slip of the hand is not told as a failed check.
fn startable(command: &[OsString]) -> Result<(), Failure> {
    let Some(program) = command.first() else {
        return Ok(());
    };
    let named = Path::new(program);
    let places = match named.components().count() {
        1 => std::env::var_os("PATH").unwrap_or_default(),
        _ => OsString::from("."),
    };
    let starts = |path: PathBuf| path.is_file() && access(path, Access::EXEC_OK).is_ok();
    match std::env::split_paths(&places).any(|place| starts(place.join(named))) {
        true => Ok(()),
        false => {
            let what = format!("there is no program {} to start", named.display());
            Err(Failure::new(Exit::Usage, what)
                .advise("behind -- stand your program and its arguments"))
        }
    }
}

/// A check that was played.
struct Outcome {
    seen: Seen,
    /// What the implementation said.
    said: Vec<String>,
    /// Whether the implementation was there at all.
    reached: bool,
}

/// Plays a check on a stage of its own.
async fn play(contract: &Arc<Contract>, bus: BusChoice, role: &str, check: &Check) -> Outcome {
    let set = Scene::set(Arc::clone(contract), bus, check.setting).await;
    let mut scene = match set {
        Ok(scene) => scene,
        Err(finding) => {
            return Outcome {
                seen: Err(finding),
                said: Vec::new(),
                reached: false,
            };
        }
    };
    let started = match role {
        "importer" => scene.start_importer().await,
        _ => Ok(()),
    };
    let reached = started.is_ok();
    let seen = match started {
        Ok(()) => (check.play)(&mut scene).await,
        Err(finding) => Err(finding),
    };
    let (seen, said) = match scene.clear().await {
        Ok(said) => (seen, said),
        Err(failure) => (seen.and(Err(Finding::Trouble(failure))), Vec::new()),
    };
    Outcome {
        seen,
        said,
        reached,
    }
}

fn list(checks: &[&Check], output: Output) -> Result<Exit, Failure> {
    for check in checks {
        output.line(format!("{:<24}{}", check.name, check.expects))?;
    }
    let names: Vec<_> = checks.iter().map(|check| check.name).collect();
    output.object(std::collections::BTreeMap::from([("checks", names)]))?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `protocol/README.md`, a heading's anchor to the text below it.
    fn sections() -> Vec<(String, String)> {
        let readme = include_str!("../../../protocol/README.md");
        let mut sections = vec![(String::new(), String::new())];
        for line in readme.lines() {
            match line.trim_start_matches('#') {
                heading if heading.len() < line.len() => {
                    let heading = heading.trim().to_lowercase();
                    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
                    let anchor: String = heading.chars().filter(kept).collect();
                    sections.push((anchor.replace(' ', "-"), String::new()));
                }
                _ => {
                    let (_, text) = sections.last_mut().unwrap();
                    text.push_str(line.trim());
                    text.push(' ');
                }
            }
        }
        sections
    }

    #[test]
    fn every_check_quotes_a_sentence_that_is_in_the_protocol() {
        let sections = sections();
        for check in importer::CHECKS.iter().chain(exporter::CHECKS) {
            let says = check.says;
            let section = sections.iter().find(|(anchor, _)| anchor == says.anchor);
            let (_, text) = section.unwrap_or_else(|| panic!("no heading #{}", says.anchor));
            assert!(
                text.contains(says.sentence),
                "{}: below #{} there is no “{}”",
                check.name,
                says.anchor,
                says.sentence
            );
        }
    }

    #[test]
    fn no_two_checks_of_a_role_have_the_same_name() {
        for checks in [importer::CHECKS, exporter::CHECKS] {
            let names: std::collections::BTreeSet<_> = checks.iter().map(|it| it.name).collect();
            assert_eq!(names.len(), checks.len());
        }
    }
}
