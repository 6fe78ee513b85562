//! gnome-keyring, and the person whom it asks.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Stdio};

use crate::session::{Running, Session};

const PASSPHRASE: &str = "of the keyring";

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
    pub(crate) fn at(session: &Session) -> Person {
        let mut command = session.command("/usr/bin/python3");
        let command = command.args(["-c", PERSON]).stdin(Stdio::piped());
        let mut running = Running::start(command.stdout(Stdio::piped()));
        let says = running.stdin();
        let mut hears = BufReader::new(running.stdout());
        let mut name = String::new();
        hears.read_line(&mut name).unwrap();
        Person {
            name: name.trim_end().to_owned(),
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
        let mut ready = String::new();
        self.hears.read_line(&mut ready).unwrap();
        assert_eq!(ready, "ready\n");
    }
}

/// Starts gnome-keyring, unlocked. It asks `person`.
pub(crate) async fn keyring(session: &Session, person: Option<&Person>) -> Running {
    let start = || {
        let mut command = session.command("gnome-keyring-daemon");
        let command = command.args(["--unlock", "--components=secrets", "--foreground"]);
        let prompter = person.map(|person| person.name.as_str());
        let command = command.env(
            "GNOME_KEYRING_TEST_PROMPTER",
            prompter.unwrap_or("org.no.One"),
        );
        let command = command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut keyring = Running::start(command.stderr(Stdio::null()));
        keyring.stdin().write_all(PASSPHRASE.as_bytes()).unwrap();
        keyring
    };
    session.served(start).await
}

/// Locks the collection in which everything is.
pub(crate) async fn lock(session: &Session) {
    let collection = "/org/freedesktop/secrets/aliases/default";
    let paths = (vec![
        zbus::zvariant::ObjectPath::try_from(collection).unwrap(),
    ],);
    let reply = session.bus.call_method(
        Some("org.freedesktop.secrets"),
        "/org/freedesktop/secrets",
        Some("org.freedesktop.Secret.Service"),
        "Lock",
        &paths,
    );
    reply.await.unwrap();
}
