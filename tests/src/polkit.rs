//! A computer with a system bus and the real polkit on it, and a program that asks for the password.
//! Serves design §5.
//!
//! polkit reads its actions and rules from fixed directories, so it gets a mount namespace in which
//! ours lie there. The bus has the policy of the real system bus, at an address of its own. Only root
//! can set this up.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use futures_util::StreamExt;
use rustix::process::getuid;
use tempfile::TempDir;
use zbus::Connection;
use zbus::fdo::DBusProxy;

use crate::bus::listening;
use crate::patience::within;
use crate::process::{Peer, Process};
use crate::stranger::NOBODY;

/// The action that protects exports, as it is installed.
pub const ACTION_FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../systemd/org.credex.exchange.policy"
);

const NAME: &str = "org.freedesktop.PolicyKit1";
const PLAYED: &str = "CREDEX_TESTS_PLAYED";
const POLKITD: &str = "/usr/lib/polkit-1/polkitd";
const SYSTEM_CONF: &str = "/usr/share/dbus-1/system.conf";

/// A computer with a system bus, and perhaps with polkit. Ends when it is dropped.
#[derive(Debug)]
pub struct System {
    polkitd: Option<Process>,
    bus: Option<Process>,
    directory: TempDir,
}

impl System {
    /// A computer with a system bus, without polkit. `None`, and a sentence on standard error, where
    /// that cannot be had.
    pub fn open() -> Option<System> {
        if let Some(why) = missing() {
            eprintln!("left out, because it needs a polkit of its own: {why}");
            return None;
        }
        let directory = tempfile::Builder::new().prefix("credex-system-").tempdir();
        let mut system = System {
            polkitd: None,
            bus: None,
            directory: directory.unwrap(),
        };
        open_to_all(system.directory.path());
        fs::create_dir(system.path("bus")).unwrap();
        fs::create_dir(system.path("actions")).unwrap();
        fs::create_dir(system.path("rules")).unwrap();
        let config = system.path("system.conf");
        fs::write(&config, configuration(&system.socket())).unwrap();
        let (log, address) = (system.path("bus.log"), system.address());
        system.bus = Some(listening(&config, &log, &address, &[]));
        Some(system)
    }

    /// The same with polkit, which knows the action, and has these rules in JavaScript.
    pub async fn with_polkit(rules: &str) -> Option<System> {
        let mut system = System::open()?;
        system.install_action();
        system.add_rules(rules);
        system.start_polkit().await;
        Some(system)
    }

    /// Installs the action for polkit to find when it starts.
    pub fn install_action(&self) {
        let file = self.path("actions/org.credex.exchange.policy");
        fs::copy(ACTION_FILE, file).unwrap();
    }

    fn add_rules(&self, rules: &str) {
        fs::write(self.path("rules/10-story.rules"), rules).unwrap();
    }

    /// Starts polkit, and waits until it serves.
    pub async fn start_polkit(&mut self) {
        let connection = self.connect().await;
        let bus = DBusProxy::new(&connection).await.unwrap();
        let changes = bus.receive_name_owner_changed_with_args(&[(0, NAME)]);
        let mut changes = changes.await.unwrap();
        let mut command = Command::new("unshare");
        let script = r#"mount --bind "$0/actions" /usr/share/polkit-1/actions &&
            mount --bind "$0/rules" /etc/polkit-1/rules.d && exec "$1" --no-debug"#;
        command
            .args(["--mount", "sh", "-c", script])
            .arg(self.directory.path())
            .arg(POLKITD)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("DBUS_SYSTEM_BUS_ADDRESS", self.address());
        let log = self.path("polkitd.log");
        let process = self.polkitd.insert(Process::start(&mut command, &log));
        let early = tokio::select! {
            _ = within("polkit to serve", changes.next()) => None,
            status = process.ended() => Some(status),
        };
        if let Some(status) = early {
            let log = fs::read_to_string(log).unwrap_or_default();
            panic!("polkitd ended with {status} before it served:\n{log}");
        }
    }

    /// polkit's process.
    pub fn polkit(&self) -> Peer {
        let process = self.polkitd.as_ref().expect("polkit was started");
        Peer::of_pid(process.pid()).expect("polkit runs")
    }

    /// Kills polkit.
    pub fn kill_polkit(&mut self) {
        self.polkitd = None;
    }

    /// Kills the system bus.
    pub fn kill_bus(&mut self) {
        self.bus = None;
    }

    /// Where the system bus listens.
    pub fn socket(&self) -> PathBuf {
        self.path("bus/system_bus_socket")
    }

    /// A connection to the system bus.
    pub async fn connect(&self) -> Connection {
        let address = self.address();
        let builder = zbus::connection::Builder::address(address.as_str()).unwrap();
        builder.build().await.expect("the system bus lets root in")
    }

    /// A program of the user `nobody`, who is not root: root may do everything.
    pub fn program(&self) -> Process {
        let mut command = Command::new("setpriv");
        command.args(as_nobody()).args(["sleep", "infinity"]);
        Process::start(&mut command, &self.path("program.log"))
    }

    /// Has `nobody` run `program`, where this system bus is at its usual place. It is told to go on, by
    /// the end of its standard input, when [`Played::ends`] is waited for.
    pub fn play(&self, program: &Path, arguments: &[&str]) -> Played {
        let program = program.canonicalize().expect("the program is there");
        // Its directory, and that of the programs beside it, may be closed to others.
        let target = program
            .ancestors()
            .nth(2)
            .expect("cargo's target directory");
        let inside = self.path("target");
        fs::create_dir_all(&inside).unwrap();
        let script = r#"[ -d /run/dbus ] || { mount -t tmpfs tmpfs /run && mkdir /run/dbus; } &&
            mount --bind "$0" "$1" && mount --bind "$2" /run/dbus && shift 2 && exec setpriv "$@""#;
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "sh", "-c", script])
            .args([target, &inside, &self.path("bus")])
            .args(as_nobody())
            .arg(inside.join(program.strip_prefix(target).unwrap()))
            .args(arguments)
            .env(PLAYED, "1")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command.spawn().expect("unshare can be started");
        Played { child }
    }

    fn address(&self) -> String {
        format!("unix:path={}", self.socket().display())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// A program that `nobody` runs on this computer.
#[derive(Debug)]
pub struct Played {
    child: Child,
}

impl Played {
    /// Its process ID, from the start.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets it go on, waits until it has succeeded, and returns what it said.
    pub async fn ends(self) -> String {
        // Closes its standard input.
        let waited = tokio::task::spawn_blocking(|| self.child.wait_with_output());
        let output = within("the end of what nobody runs", waited).await;
        let output = output.unwrap().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        let status = output.status;
        assert!(status.success(), "it ended with {status}:\n{said}");
        said
    }
}

/// Whether this program is one that [`System::play`] runs. Waits then until it may go on.
pub fn is_played() -> bool {
    let played = std::env::var_os(PLAYED).is_some();
    if played {
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
    }
    played
}

/// What is missing here, if anything is.
fn missing() -> Option<String> {
    if !getuid().is_root() {
        return Some("this is not root".to_owned());
    }
    for file in [POLKITD, SYSTEM_CONF] {
        if !Path::new(file).exists() {
            return Some(format!("there is no {file}; install polkitd and dbus"));
        }
    }
    let script = "mount -t tmpfs tmpfs /mnt";
    let mut command = Command::new("unshare");
    let output = command.args(["--mount", "sh", "-c", script]).output();
    match output {
        Ok(output) if output.status.success() => None,
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            Some(format!("the system gives no mount namespace: {said}"))
        }
        Err(error) => Some(format!("unshare cannot be started: {error}")),
    }
}

/// The configuration of the real system bus, at another address, and without what it would start.
fn configuration(socket: &Path) -> String {
    let mut text = fs::read_to_string(SYSTEM_CONF).unwrap();
    for (from, to, by) in [
        ("<user>", "</user>", String::new()),
        ("<fork", "/>", String::new()),
        ("<pidfile>", "</pidfile>", String::new()),
        ("<syslog", "/>", String::new()),
        ("<standard_system_servicedirs", "/>", String::new()),
        ("<servicehelper>", "</servicehelper>", String::new()),
        (
            "<listen>",
            "</listen>",
            format!("<listen>unix:path={}</listen>", socket.display()),
        ),
        (
            "<includedir>system.d",
            "</includedir>",
            "<includedir>/usr/share/dbus-1/system.d</includedir>".to_owned(),
        ),
    ] {
        let missing = || panic!("{from} is not in {SYSTEM_CONF}");
        let begin = text.find(from).unwrap_or_else(missing);
        let end = begin + text[begin..].find(to).unwrap_or_else(missing) + to.len();
        text.replace_range(begin..end, &by);
    }
    text
}

fn as_nobody() -> [String; 3] {
    let user = format!("--reuid={NOBODY}");
    let group = format!("--regid={NOBODY}");
    [user, group, "--clear-groups".to_owned()]
}

fn open_to_all(directory: &Path) {
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
}
