//! Stories of `credex doctor`, on a real bus that starts the real service.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod stage;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use stage::{code, credex, line_with, object, stderr, stdout};
use tempfile::TempDir;

/// A session with a bus that starts what is installed there.
struct Session {
    directory: TempDir,
    bus: Option<Child>,
    address: String,
}

impl Session {
    /// Without a bus yet.
    fn new() -> Session {
        let session = Session {
            directory: tempfile::tempdir().unwrap(),
            bus: None,
            address: "unix:path=/nonexistent/bus".to_owned(),
        };
        for directory in [
            "run",
            "config/credex",
            "data/dbus-1/services",
            "data/applications",
            "libexec",
        ] {
            fs::create_dir_all(session.path(directory)).unwrap();
        }
        fs::set_permissions(session.path("run"), PermissionsExt::from_mode(0o700)).unwrap();
        session
    }

    /// With everything installed, and the bus.
    fn open() -> Session {
        let mut session = Session::new();
        session.install();
        session.start_bus();
        session
    }

    fn install(&self) {
        for name in ["credexd", "credex-chooser", "credex-fetcher"] {
            symlink(
                env!("CARGO_BIN_EXE_credex"),
                self.path("libexec").join(name),
            )
            .unwrap();
        }
        let program = self.path("libexec/credexd");
        self.install_service("org.credex.Exchange1", &program);
    }

    fn install_service(&self, name: &str, program: &Path) {
        let text = format!("[D-BUS Service]\nName={name}\nExec={}\n", program.display());
        let file = format!("data/dbus-1/services/{name}.service");
        fs::write(self.path(&file), text).unwrap();
    }

    fn start_bus(&mut self) {
        let (config, socket) = (self.path("bus.conf"), self.path("bus"));
        let text = format!(
            "<busconfig><type>session</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>\
             <servicedir>{}</servicedir><policy context=\"default\"><allow send_destination=\"*\" \
             eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
            socket.display(),
            self.path("data/dbus-1/services").display()
        );
        fs::write(&config, text).unwrap();
        let mut command = Command::new("dbus-daemon");
        command
            .args([
                "--nofork",
                "--nopidfile",
                "--print-address=1",
                "--config-file",
            ])
            .arg(&config)
            .env_clear()
            .envs(self.environment())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut bus = command
            .spawn()
            .expect("dbus-daemon is installed (tests/install)");
        line_with(bus.stdout.take().unwrap(), "unix:path=");
        self.address = format!("unix:path={}", socket.display());
        self.bus = Some(bus);
    }

    fn examine(&self, arguments: &[&str]) -> Output {
        let mut command = credex(&["doctor"]);
        command.args(arguments).envs(self.environment());
        command.output().unwrap()
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let at = |name: &str| self.path(name).to_str().unwrap().to_owned();
        vec![
            ("PATH", "/usr/bin:/bin".to_owned()),
            ("DBUS_SESSION_BUS_ADDRESS", self.address.clone()),
            ("HOME", at("home")),
            ("XDG_CONFIG_HOME", at("config")),
            ("XDG_DATA_HOME", at("data")),
            ("XDG_DATA_DIRS", at("share")),
            ("XDG_RUNTIME_DIR", at("run")),
        ]
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The service ends with its bus.
        if let Some(mut bus) = self.bus.take() {
            bus.kill().ok();
            bus.wait().ok();
        }
    }
}

/// What was found of a part: mark and message of each, in their order.
fn found(told: &Value, part: &str) -> Vec<(String, String)> {
    let findings = told["findings"].as_array().unwrap().iter();
    let of_part = findings.filter(|finding| finding["part"] == part);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    of_part
        .map(|finding| (text(&finding["mark"]), text(&finding["message"])))
        .collect()
}

fn assert_found(told: &Value, part: &str, mark: &str, message: &str) {
    let found = found(told, part);
    let is_there = found
        .iter()
        .any(|(its, says)| its == mark && says.contains(message));
    assert!(
        is_there,
        "{part}, {mark}: {message:?} is missing from {found:?}"
    );
}

#[test]
fn without_a_bus_the_first_line_says_so_and_what_to_do() {
    let session = Session::new();
    let output = session.examine(&[]);
    assert_eq!(code(&output), 6, "{}", stderr(&output));
    let said = stdout(&output);
    let mut lines = said.lines();
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("bad  bus            there is no session bus"),
        "{said}"
    );
    assert!(
        lines.next().unwrap().contains("→ run this in the session"),
        "{said}"
    );
}

#[test]
fn where_everything_is_there_nothing_is_bad() {
    let mut session = Session::new();
    session.install();
    // Before the bus, which would hear of it only some time after.
    session.install_service("org.freedesktop.secrets", Path::new("/bin/false"));
    session.start_bus();
    let output = session.examine(&["--json"]);
    let told = object(&output);
    assert_eq!(code(&output), 0, "{told}");
    assert_eq!(told["command"], "doctor");
    assert_found(&told, "bus", "good", &session.address);
    let service = session.path("data/dbus-1/services/org.credex.Exchange1.service");
    assert_found(&told, "activation", "good", service.to_str().unwrap());
    assert_found(&told, "unit", "note", "no systemd manages this session");
    assert_found(&told, "configuration", "good", "there is no file");
    let version = format!("credexd {} answers", env!("CARGO_PKG_VERSION"));
    assert_found(&told, "service", "good", &version);
    assert_found(&told, "sandbox", "good", "seccomp");
    assert_found(
        &told,
        "chooser",
        "good",
        "libexec/credex-chooser asks in a terminal",
    );
    // Nothing is missing, and yet nobody could be asked from here.
    let nowhere = "there is no display here, and no terminal either";
    assert_found(&told, "chooser", "note", nowhere);
    assert_found(
        &told,
        "secret-service",
        "good",
        "it is started when it is needed",
    );
    assert_found(&told, "providers", "note", "no app takes credentials");
}

#[test]
fn what_is_missing_is_said_part_by_part() {
    let mut session = Session::new();
    session.start_bus();
    let told = object(&session.examine(&["--json"]));
    assert_found(
        &told,
        "activation",
        "bad",
        "no file tells the bus how to start org.credex.Exchange1",
    );
    assert_found(&told, "service", "bad", "it does not answer");
    assert_found(&told, "secret-service", "note", "there is none");

    let session = Session::open();
    fs::remove_file(session.path("libexec/credex-chooser")).unwrap();
    let output = session.examine(&["--json"]);
    assert_eq!(code(&output), 1);
    assert_found(
        &object(&output),
        "chooser",
        "bad",
        "libexec/credex-chooser cannot be started",
    );
}

#[test]
fn a_service_file_that_leads_nowhere_is_bad() {
    let session = Session::open();
    fs::remove_file(session.path("libexec/credexd")).unwrap();
    let output = session.examine(&["--json"]);
    assert_eq!(code(&output), 6);
    assert_found(
        &object(&output),
        "activation",
        "bad",
        "there is no such file",
    );
}

#[test]
fn a_configuration_with_which_nothing_starts_is_named_with_file_and_line() {
    let session = Session::open();
    let file = session.path("config/credex/credexd.conf");
    fs::write(&file, "[seconds]\nofer = 1\n").unwrap();
    let output = session.examine(&["--json"]);
    assert_eq!(code(&output), 1, "{}", stdout(&output));
    let told = object(&output);
    assert_found(&told, "configuration", "bad", file.to_str().unwrap());
    assert_found(&told, "configuration", "bad", "line 2");
    assert_found(&told, "service", "bad", "it does not answer");
}

#[test]
fn what_a_person_tries_in_vain_and_who_can_import_is_told() {
    let session = Session::open();
    let file = session.path("config/credex/credexd.conf");
    fs::write(&file, "[authentication]\nexport = \"waived\"\n").unwrap();
    let entry = "[Desktop Entry]\nType=Application\nName=Vault\nExec=/bin/true\n\
        Implements=org.credex.Importer1;\n\n[org.credex.Importer1]\nFormatVersions=1.0;\n";
    fs::write(
        session.path("data/applications/org.example.Vault.desktop"),
        entry,
    )
    .unwrap();
    let told = object(&session.examine(&["--json"]));
    assert_found(
        &told,
        "configuration",
        "note",
        "authentication.export is ignored",
    );
    assert_found(&told, "providers", "good", "1 app takes credentials");
}

#[test]
fn a_keyring_that_is_there_is_asked_whether_it_is_locked() {
    let daemon = "/usr/bin/gnome-keyring-daemon";
    if !Path::new(daemon).exists() {
        eprintln!("left out: there is no {daemon} (tests/install)");
        return;
    }
    let session = Session::open();
    fs::create_dir_all(session.path("home")).unwrap();
    let mut keyring = Command::new(daemon);
    keyring
        .args(["--unlock", "--components=secrets", "--foreground"])
        .env_clear()
        .envs(session.environment());
    let mut keyring = keyring
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut keyring.stdin.take().unwrap(), b"a long passphrase").unwrap();
    let mut wait = Command::new("gdbus");
    wait.args([
        "wait",
        "--session",
        "--timeout=30",
        "org.freedesktop.secrets",
    ]);
    let waited = wait.env_clear().envs(session.environment()).status();
    let told = object(&session.examine(&["--json"]));
    keyring.kill().ok();
    keyring.wait().unwrap();
    assert!(waited.unwrap().success(), "the keyring comes");
    assert_found(&told, "secret-service", "good", "it is there, and unlocked");
}
