//! A session of its own: a bus on which nothing starts by itself, directories, keyrings, and a person
//! who answers their questions.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use credex_adapters::stores::secret_service::{Patience, SecretService};
use credex_adapters::{
    Access, Adapter, Ask, Attachment, Change, Fault, Quarantined, Question, Record, Store,
    read_document, write_document,
};
use tempfile::TempDir;
use zeroize::Zeroizing;

const BUS: &str = r#"<busconfig><type>session</type><listen>unix:dir=DIRECTORY</listen>
<auth>EXTERNAL</auth><policy context="default"><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"#;

/// How long anything may take on a machine under load.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const PASSPHRASE: &str = "of the keyring";

/// A session. Everything in it ends with it.
pub(crate) struct Session {
    home: TempDir,
    pub(crate) address: String,
    _daemon: Running,
}

/// A program, killed when it is dropped.
pub(crate) struct Running(pub(crate) Child);

/// Whether these programs are installed. If not, says that a test is left out.
pub(crate) fn have(programs: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |program: &&str| {
        std::env::split_paths(&path).any(|directory| directory.join(program).exists())
    };
    let missing: Vec<_> = programs
        .iter()
        .filter(|program| !is_there(program))
        .collect();
    for program in &missing {
        eprintln!("left out: {program} is not installed (tests/install installs it)");
    }
    missing.is_empty()
}

impl Session {
    pub(crate) fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        for name in ["run", "data", "config", "cache"] {
            let path = home.path().join(name);
            std::fs::create_dir(&path).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).unwrap();
        }
        let config = home.path().join("bus.conf");
        let directory = home.path().display().to_string();
        std::fs::write(&config, BUS.replace("DIRECTORY", &directory)).unwrap();
        let mut command = Command::new("dbus-daemon");
        let command = command.args(["--nofork", "--nopidfile", "--print-address=1"]);
        let command = command.arg(format!("--config-file={}", config.display()));
        let mut daemon = Running::start(command.stdout(Stdio::piped()));
        let address = first_line(&mut BufReader::new(daemon.0.stdout.take().unwrap()));
        Self {
            home,
            address,
            _daemon: daemon,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// `program`, with this session's environment.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .env("HOME", self.home.path())
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            // Where a second KeePassXC would find the first.
            .env("TMPDIR", self.path("run"))
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn open(&self, location: &str) -> Result<Box<dyn Store>, Fault> {
        open_at(&self.address, location, Access::Write)
    }

    /// Everything in the default collection.
    pub(crate) fn read(&self, location: &str) -> (Vec<Record>, Vec<Quarantined>) {
        let mut store = open_at(&self.address, location, Access::Read).unwrap();
        let (mut records, mut aside) = (Vec::new(), Vec::new());
        let read = store.read(&mut |told| {
            match told {
                Ok(record) => records.push(record),
                Err(quarantined) => aside.push(quarantined),
            }
            true
        });
        read.unwrap();
        (records, aside)
    }

    /// Runs `secret-tool`, which is `libsecret`'s own, and feeds it `input`.
    pub(crate) fn secret_tool(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command("secret-tool");
        let command = command.args(arguments).stdin(Stdio::piped());
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        child.wait_with_output().unwrap()
    }

    pub(crate) fn stores(&self, label: &str, attributes: &[&str], secret: &str) {
        let label = format!("--label={label}");
        let arguments = [&["store", &label], attributes].concat();
        let output = self.secret_tool(&arguments, secret);
        assert!(output.status.success(), "{output:?}");
    }

    /// What `secret-tool` tells of the items with `attributes`: its lines.
    pub(crate) fn told(&self, attributes: &[&str]) -> Vec<String> {
        let arguments = [&["search", "--all", "--unlock"], attributes].concat();
        let output = self.secret_tool(&arguments, "");
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits until the Secret Service is served by what `start` starts, and its default collection is
    /// open.
    pub(crate) fn served(&self, start: impl FnOnce() -> Running) -> Running {
        let mut command = self.command("gdbus");
        let command = command.args(["monitor", "--session", "--dest", "org.freedesktop.secrets"]);
        let mut monitor = Running::start(command.stdout(Stdio::piped()));
        let mut lines = BufReader::new(monitor.0.stdout.take().unwrap());
        // It says what it monitors once it does, and then every signal and every new owner.
        let mut running = None;
        let mut start = Some(start);
        loop {
            assert!(!first_line(&mut lines).is_empty(), "the monitor ended");
            if let Some(start) = start.take() {
                running = Some(start());
            }
            if self.is_open() {
                return running.unwrap();
            }
        }
    }

    fn is_open(&self) -> bool {
        let mut command = self.command("gdbus");
        let command = command
            .args(["call", "--session", "--dest", "org.freedesktop.secrets"])
            .args(["--object-path", "/org/freedesktop/secrets/aliases/default"])
            .args(["--method", "org.freedesktop.DBus.Properties.Get"])
            .args(["org.freedesktop.Secret.Collection", "Locked"]);
        let told = command.output().unwrap();
        told.stdout.starts_with(b"(<false>")
    }

    /// gnome-keyring, unlocked. It asks `person`.
    pub(crate) fn gnome_keyring(&self, person: Option<&Person>) -> Running {
        let mut command = self.command("gnome-keyring-daemon");
        let command = command.args(["--unlock", "--components=secrets", "--foreground"]);
        let prompter = person.map_or("org.no.One", |person| person.name.as_str());
        let command = command.env("GNOME_KEYRING_TEST_PROMPTER", prompter);
        let command = command.stdout(Stdio::null());
        let command = command.stderr(Stdio::null());
        self.served(|| Running::told(command, PASSPHRASE))
    }

    /// Locks the collection in which everything is.
    pub(crate) fn lock(&self) {
        let locked = self
            .command("gdbus")
            .args(["call", "--session", "--dest", "org.freedesktop.secrets"])
            .args(["--object-path", "/org/freedesktop/secrets"])
            .args(["--method", "org.freedesktop.Secret.Service.Lock"])
            .arg("['/org/freedesktop/secrets/aliases/default']")
            .stdout(Stdio::null())
            .status();
        assert!(locked.unwrap().success());
    }
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }

    /// Starts a program that is told something on its standard input.
    pub(crate) fn told(command: &mut Command, input: &str) -> Self {
        let mut running = Self::start(command.stdin(Stdio::piped()));
        let mut stdin = running.0.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn first_line(output: &mut impl BufRead) -> String {
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

/// gnome-keyring's own mock of its dialogs, which lives in a library of its dependencies.
const PERSON: &str = r#"
import ctypes, sys
gcr = ctypes.CDLL("libgcr-base-3.so.1")
gcr.gcr_mock_prompter_start.restype = ctypes.c_char_p
print(gcr.gcr_mock_prompter_start().decode(), flush=True)
for line in sys.stdin:
    if line.startswith("close"):
        gcr.gcr_mock_prompter_expect_password_cancel()
    else:
        gcr.gcr_mock_prompter_expect_password_ok(line.split(" ", 1)[1].rstrip("\n").encode(), None)
    print("ready", flush=True)
"#;

/// Answers the next questions of a keyring.
pub(crate) struct Person {
    name: String,
    says: ChildStdin,
    hears: BufReader<ChildStdout>,
    _running: Running,
}

impl Person {
    pub(crate) fn at(session: &Session) -> Self {
        let mut command = session.command("/usr/bin/python3");
        let command = command.args(["-c", PERSON]).stdin(Stdio::piped());
        let mut running = Running::start(command.stdout(Stdio::piped()));
        let says = running.0.stdin.take().unwrap();
        let mut hears = BufReader::new(running.0.stdout.take().unwrap());
        Self {
            name: first_line(&mut hears),
            says,
            hears,
            _running: running,
        }
    }

    /// Types the passphrase at the next question.
    pub(crate) fn unlocks(&mut self) {
        self.will(&format!("type {PASSPHRASE}"));
    }

    /// Closes the next question.
    pub(crate) fn closes_it(&mut self) {
        self.will("close");
    }

    fn will(&mut self, act: &str) {
        writeln!(self.says, "{act}").unwrap();
        assert_eq!(first_line(&mut self.hears), "ready");
    }
}

/// Whom no store of this kind asks: the service does that itself.
struct Nobody;

impl Ask for Nobody {
    fn ask(&mut self, question: &Question) -> Result<Zeroizing<String>, Fault> {
        panic!("asked {question:?}")
    }
}

pub(crate) fn open_at(
    address: &str,
    location: &str,
    access: Access,
) -> Result<Box<dyn Store>, Fault> {
    let patience = Patience {
        service: PATIENCE,
        person: PATIENCE,
    };
    open_with(address, location, access, patience)
}

pub(crate) fn open_with(
    address: &str,
    location: &str,
    access: Access,
    patience: Patience,
) -> Result<Box<dyn Store>, Fault> {
    let adapter = SecretService::at(address).waiting(patience);
    adapter.open(location, access, &mut Nobody)
}

/// The records of a document.
pub(crate) fn records(document: &[u8]) -> Vec<Record> {
    let attachments = credex::cxf::sample_attachments().iter();
    let attachments = attachments.map(|(id, content)| Attachment {
        id: (*id).to_owned(),
        content: Zeroizing::new(content.to_vec()),
    });
    let told = read_document(document, attachments).unwrap();
    told.into_iter().filter_map(Result::ok).collect()
}

pub(crate) fn add(records: &[Record]) -> Vec<Change> {
    records.iter().cloned().map(Change::Add).collect()
}

/// Writes the records of a document, reads them, and holds the two against one another.
pub(crate) fn comes_back(session: &Session, content: &[u8]) {
    let before = records(content);
    let mut store = session.open("").unwrap();
    let written = store.write(&add(&before), &mut |_| {}).unwrap();
    assert_eq!((written.records, written.refused), (before.len(), vec![]));
    let (mut after, aside) = session.read("");
    assert_eq!(aside, []);
    after.sort_by_key(|record| before.iter().position(|each| each.item == record.item));
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.attachments, after.attachments);
    }
    let document = |records| write_document(records, ("a.example", "A"), 1).unwrap();
    let (before, after) = (document(before), document(after));
    let differences = credex::cxf::diff(&before.content, &after.content).unwrap();
    assert!(differences.is_empty(), "{differences:?}");
}
