//! The implementation under test: what was agreed on how to start it, and the process.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::Signal;

use super::check::{Finding, hold, trouble};
use super::scene::Scene;
use crate::demo::child::Running;
use crate::exit::Exit;
use crate::failure::Failure;

/// Where an importer writes what it keeps; in its arguments, `{out}`.
const OUT: &str = "CREDEX_CONFORMANCE_OUT";
/// What an exporter is to send; in its arguments, `{document}`.
const DOCUMENT: &str = "CREDEX_CONFORMANCE_DOCUMENT";
/// A directory with files that are named after their ids; in its arguments, `{attachments}`.
const ATTACHMENTS: &str = "CREDEX_CONFORMANCE_ATTACHMENTS";

/// How COMMAND is to be treated.
#[derive(Debug)]
pub(super) struct Contract {
    pub(super) command: Vec<OsString>,
    /// How long it may take for anything.
    pub(super) patience: Duration,
    /// The ID and the text of its desktop entry, if it has one.
    pub(super) desktop_entry: Option<(String, String)>,
    /// MiB of what is large.
    pub(super) large: u64,
}

/// What an exporter is to send.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) document: PathBuf,
    pub(super) attachments: PathBuf,
}

impl Contract {
    /// Whether the exporter wants to know where attachments are.
    pub(super) fn takes_attachments(&self) -> bool {
        let mut words = self.command.iter();
        words.any(|word| word.to_string_lossy().contains("{attachments}"))
    }

    /// Reads a desktop entry; the file's name is the app's ID.
    pub(super) fn read_entry(file: &Path) -> Result<(String, String), Failure> {
        let text =
            std::fs::read_to_string(file).map_err(|error| Failure::file("read", file, &error))?;
        let id = file.file_stem().and_then(OsStr::to_str).unwrap_or_default();
        match file.extension() == Some(OsStr::new("desktop")) && !id.is_empty() {
            true => Ok((id.to_owned(), text)),
            false => Err(Failure::new(
                Exit::Usage,
                format!("{} is not called APP-ID.desktop", file.display()),
            )),
        }
    }

    fn words(&self, places: &[(&str, &Path)]) -> Vec<OsString> {
        let replaced = |word: &OsString| match word.to_str() {
            Some(text) => {
                let mut text = text.to_owned();
                for (name, place) in places {
                    text = text.replace(name, &place.to_string_lossy());
                }
                OsString::from(text)
            }
            None => word.clone(),
        };
        self.command.iter().map(replaced).collect()
    }
}

/// COMMAND, started once.
pub(super) struct Candidate {
    process: Running,
}

impl Candidate {
    /// Starts COMMAND as an importer.
    pub(super) fn importer(scene: &Scene) -> Result<Candidate, Finding> {
        let out = scene.at("out");
        Candidate::start(scene, &[("{out}", OUT, &out)])
    }

    /// Starts COMMAND as an exporter, which sends `files`.
    pub(super) fn exporter(scene: &Scene, files: &Files) -> Result<Candidate, Finding> {
        Candidate::start(
            scene,
            &[
                ("{document}", DOCUMENT, &files.document),
                ("{attachments}", ATTACHMENTS, &files.attachments),
            ],
        )
    }

    fn start(scene: &Scene, places: &[(&str, &'static str, &Path)]) -> Result<Candidate, Finding> {
        let mut environment = scene.environment();
        let variables = places
            .iter()
            .map(|(_, variable, place)| (*variable, place.into()));
        environment.extend(variables);
        let places: Vec<_> = places
            .iter()
            .map(|(word, _, place)| (*word, *place))
            .collect();
        let words = scene.contract.words(&places);
        let Some((program, arguments)) = words.split_first() else {
            return Err(trouble("COMMAND is missing"));
        };
        let name = program.to_string_lossy();
        let arguments: Vec<&OsStr> = arguments.iter().map(OsString::as_os_str).collect();
        let mut process = Running::start(
            "the implementation",
            program,
            &name,
            &arguments,
            &environment,
        )?;
        process.drop_output();
        Ok(Candidate { process })
    }

    /// Whether it still runs.
    pub(super) fn lives(&self) -> Result<bool, Finding> {
        Ok(!self.process.has_ended()?)
    }

    /// Waits until it ends by itself.
    pub(super) async fn ends(&mut self, patience: Duration) -> Result<ExitStatus, Finding> {
        match tokio::time::timeout(patience, self.process.status()).await {
            Ok(status) => Ok(status?),
            Err(_late) => Err(super::check::failed(format!(
                "it did not end within {} s",
                patience.as_secs()
            ))),
        }
    }

    /// Sends a signal to it and to what it started.
    pub(super) fn signal(&self, signal: Signal) -> Result<(), Finding> {
        Ok(self.process.signal_group(signal)?)
    }

    /// Asks it to end, and sees that it does so in order.
    pub(super) async fn leaves(&mut self, patience: Duration) -> Result<ExitStatus, Finding> {
        use std::os::unix::process::ExitStatusExt;
        self.signal(Signal::TERM)?;
        let status = self.ends(patience).await?;
        let by = status.signal();
        let in_order = by.is_none() || by == Some(Signal::TERM.as_raw());
        hold(in_order, format!("it crashed on SIGTERM: {status}"))?;
        Ok(status)
    }

    pub(super) async fn stop(&mut self) -> Result<(), Failure> {
        self.process.signal_group(Signal::CONT).ok();
        self.process.stop_group().await
    }

    /// The last that it said on standard error.
    pub(super) fn said(&self) -> Vec<String> {
        self.process.said()
    }
}

impl Drop for Candidate {
    fn drop(&mut self) {
        // What it started must not outlive it; it may be gone already.
        self.process.signal_group(Signal::KILL).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_are_put_into_the_command() {
        let contract = Contract {
            command: ["export", "--in={document}", "{attachments}"]
                .map(OsString::from)
                .to_vec(),
            patience: Duration::ZERO,
            desktop_entry: None,
            large: 0,
        };
        let places = [
            ("{document}", Path::new("/a b/c.cxf")),
            ("{attachments}", Path::new("/d")),
        ];
        assert_eq!(contract.words(&places), ["export", "--in=/a b/c.cxf", "/d"]);
        assert!(contract.takes_attachments());
    }
}
