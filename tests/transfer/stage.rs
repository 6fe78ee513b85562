//! A desktop whose person sends everything to the store that waits for it, and the `credex` command
//! on it.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use command_fds::{CommandFdExt, FdMapping};
use credex::cxf;
use credex_adapters::transfer::Location;
use credex_adapters::{Access, Ask, Attachment, Change, Fault, Question, Record, read_document};
use credex_tests::chooser::Script;
use credex_tests::desktop::{Desktop, Plan};
use credex_tests::programs;
use serde_json::Value;
use zeroize::Zeroizing;

/// Who `credex` is on the bus, as exporter and as importer.
pub(crate) const CREDEX: &str = "org.credex.Cli";
/// What opens every store of the stories.
pub(crate) const PASSPHRASE: &str = "tin whistle under snow";

/// A desktop whose person chooses the store.
pub(crate) async fn desktop() -> Desktop {
    plan().open().await
}

pub(crate) fn plan() -> Plan {
    Desktop::plan().chooser(Script::choose(CREDEX))
}

/// The command, without a terminal, with the passphrase for both stores.
pub(crate) fn credex(desktop: &Desktop, arguments: &[&str]) -> Command {
    let mut command = Command::new(programs::credex());
    command
        .args(arguments)
        .env_clear()
        .envs(desktop.environment().iter().cloned())
        .current_dir(desktop.path("home"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A transfer that asks nothing here.
pub(crate) fn transfer(desktop: &Desktop, from: &str, to: &str, more: &[&str]) -> Command {
    let mut words = vec!["--json", "transfer", "--from", from, "--to", to, "--yes"];
    words.extend(["--from-passphrase-fd", "3", "--to-passphrase-fd", "4"]);
    words.extend(more);
    with_passphrases(credex(desktop, &words), 2)
}

/// Gives the passphrase to the descriptors 3 and on.
pub(crate) fn with_passphrases(mut command: Command, number: i32) -> Command {
    let mapping = |child_fd| FdMapping {
        parent_fd: line(PASSPHRASE),
        child_fd,
    };
    command
        .fd_mappings((3..3 + number).map(mapping).collect())
        .unwrap();
    command
}

/// A pipe with a line in it.
pub(crate) fn line(text: &str) -> OwnedFd {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut writer = writer;
    writeln!(writer, "{text}").unwrap();
    reader.into()
}

/// Runs a command to its end, while everything else goes on.
pub(crate) async fn run(mut command: Command) -> Ended {
    let ended = tokio::task::spawn_blocking(move || command.output().unwrap());
    Ended(ended.await.unwrap())
}

/// A command that has ended.
pub(crate) struct Ended(pub(crate) Output);

impl Ended {
    pub(crate) fn code(&self) -> i32 {
        self.0.status.code().expect("it ended by itself")
    }

    pub(crate) fn said(&self) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        text(&self.0.stdout) + &text(&self.0.stderr)
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        let lines = std::str::from_utf8(&self.0.stdout).unwrap().lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The one event of this name.
    pub(crate) fn event(&self, name: &str) -> Value {
        let mut events = self.events();
        events.retain(|event| event["event"] == name);
        assert_eq!(events.len(), 1, "one {name}: {}", self.said());
        events.remove(0)
    }

    /// The names of the events, in their order.
    pub(crate) fn names(&self) -> Vec<String> {
        let events = self.events();
        let names = events
            .iter()
            .map(|event| event["event"].as_str().unwrap_or_default());
        names
            .filter(|name| *name != "progress")
            .map(str::to_owned)
            .collect()
    }
}

struct Knows;

impl Ask for Knows {
    fn ask(&mut self, question: &Question) -> Result<Zeroizing<String>, Fault> {
        assert_eq!(question.again, None, "the passphrase is right");
        Ok(Zeroizing::new(PASSPHRASE.to_owned()))
    }
}

/// Puts `records` into the store at `location`.
pub(crate) fn put(location: &str, records: &[Record]) {
    let location = Location::parse(location, Access::Write).unwrap();
    let mut store = location.open(Access::Write, &mut Knows).unwrap();
    let changes: Vec<_> = records.iter().cloned().map(Change::Add).collect();
    let written = store.write(&changes, &mut |_| {}).unwrap();
    assert_eq!(written.refused, []);
}

/// What is in the store at `location`.
pub(crate) fn get(location: &str) -> Vec<Record> {
    let location = Location::parse(location, Access::Read).unwrap();
    let mut store = location.open(Access::Read, &mut Knows).unwrap();
    let mut records = Vec::new();
    let read = store.read(&mut |told| {
        records.push(told.unwrap());
        true
    });
    read.unwrap();
    records
}

/// The sample of the library: every type of credential.
pub(crate) fn sample() -> Vec<Record> {
    let attachments = cxf::sample_attachments()
        .iter()
        .map(|(id, body)| Attachment {
            id: (*id).to_owned(),
            content: Zeroizing::new(body.to_vec()),
        });
    let told = read_document(cxf::sample(), attachments).unwrap();
    let mut records: Vec<_> = told.into_iter().filter_map(Result::ok).collect();
    // One has an id that is none, and a transfer gives it one.
    for record in records
        .iter_mut()
        .filter(|record| record.item.id().is_empty())
    {
        record.item.members.set("id", "bm8taWQ");
    }
    records
}

/// An archive of this name in the desktop, as a location.
pub(crate) fn archive(desktop: &Desktop, name: &str) -> String {
    format!("archive:{}", desktop.path(name).display())
}

/// A KeePass database of this name in the desktop, as a location.
pub(crate) fn database(desktop: &Desktop, name: &str) -> String {
    format!("kdbx:{}", desktop.path(name).display())
}

/// The file of a location.
pub(crate) fn file(location: &str) -> &Path {
    Path::new(location.split_once(':').unwrap().1)
}
