//! A session of its own: a bus on which nothing starts by itself, directories, and a person who answers
//! the questions of the keyring.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use credexd::web_credentials::store::{Patience, SecretService};
use futures_util::StreamExt;
use tempfile::TempDir;

const BUS: &str = r#"<busconfig><type>session</type><listen>unix:dir=DIRECTORY</listen>
<auth>EXTERNAL</auth><policy context="default"><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"#;

/// How long anything may take on a machine under load.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A session. Everything in it ends with it.
pub(crate) struct Session {
    home: TempDir,
    address: String,
    /// Connected to its bus.
    pub(crate) bus: zbus::Connection,
    _daemon: Running,
}

/// A program, killed when it is dropped.
pub(crate) struct Running(Child);

/// Whether `program` is installed. If not, says that the test is left out.
pub(crate) fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = std::env::split_paths(&path).any(|directory| directory.join(program).exists());
    if !there {
        eprintln!("left out: {program} is not installed (tests/run installs it)");
    }
    there
}

impl Session {
    pub(crate) async fn start() -> Session {
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
        let address = first_line(daemon.0.stdout.take().unwrap());
        let builder = zbus::connection::Builder::address(address.as_str()).unwrap();
        let bus = builder.build().await.unwrap();
        Session {
            home,
            address,
            bus,
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
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::null());
        command
    }

    /// Our store, with some patience for a person.
    pub(crate) fn store(&self) -> SecretService {
        SecretService::new(
            self.bus.clone(),
            Patience {
                answer: PATIENCE,
                person: PATIENCE,
            },
        )
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

    /// Waits until somebody owns the name of the Secret Service, after `start` was called.
    pub(crate) async fn served(&self, start: impl FnOnce() -> Running) -> Running {
        const NAME: &str = "org.freedesktop.secrets";
        let driver = zbus::fdo::DBusProxy::new(&self.bus).await.unwrap();
        let mut changes = driver
            .receive_name_owner_changed_with_args(&[(0, NAME)])
            .await
            .unwrap();
        let running = start();
        while !driver
            .name_has_owner(NAME.try_into().unwrap())
            .await
            .unwrap()
        {
            let change = tokio::time::timeout(PATIENCE, changes.next()).await;
            change.expect("the Secret Service starts");
        }
        running
    }
}

impl Session {
    /// Ends the Secret Service that is `running`, and waits until the bus knows.
    pub(crate) async fn unserved(&self, running: Running) {
        let driver = zbus::fdo::DBusProxy::new(&self.bus).await.unwrap();
        let mut changes = driver
            .receive_name_owner_changed_with_args(&[(0, "org.freedesktop.secrets"), (2, "")])
            .await
            .unwrap();
        drop(running);
        let gone = tokio::time::timeout(PATIENCE, changes.next()).await;
        gone.expect("the bus notices that the Secret Service has ended");
    }
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Running {
        Running(command.spawn().unwrap())
    }

    pub(crate) fn stdin(&mut self) -> ChildStdin {
        self.0.stdin.take().unwrap()
    }

    pub(crate) fn stdout(&mut self) -> ChildStdout {
        self.0.stdout.take().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

pub(crate) fn first_line(output: ChildStdout) -> String {
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}
