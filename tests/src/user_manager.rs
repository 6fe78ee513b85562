//! A real systemd that manages the session of an ordinary user, in a mount namespace of its own: what is
//! installed here is installed as a package would install it, and nobody else sees it. Serves design §6.
//!
//! It has the user's bus, socket activation, transient units and control groups. Only root can set it up.
//! A story is a test that plays itself once more inside, as that user:
//!
//! ```no_run
//! # use credex_tests::{desktop::Desktop, user_manager::{UserManager, is_played}};
//! # async fn story() {
//! if !is_played() {
//!     if let Some(manager) = UserManager::open().await {
//!         manager.install_service("").await;
//!         manager.play("user_unit::story").await;
//!     }
//!     return;
//! }
//! let desktop = Desktop::in_session(); // The service is started by the bus, as its unit.
//! # }
//! ```

use std::fs;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Signal, getuid};
use tempfile::TempDir;

use crate::chooser;
use crate::desktop;
use crate::patience::{eventually, within};
use crate::process::{Peer, Process};
use crate::programs;

/// The user, who is nobody outside.
pub const USER: u32 = 4242;
/// The directory of the units.
pub const UNITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../systemd");

const SYSTEMD: &str = "/lib/systemd/systemd";
const BUS_SOCKET_UNIT: &str = "/usr/lib/systemd/user/dbus.socket";
const PLAYED: &str = "CREDEX_TESTS_PLAYED";
const DIRECTORY: &str = "CREDEX_TESTS_DIRECTORY";
/// Where cargo's target directory is inside.
const TARGET: &str = "/run/story/target";

/// Makes the namespace, says so, and keeps it. `$0` is the user, `$1` cargo's target directory.
const PREPARE: &str = r#"
set -e
mount --make-rprivate /
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/systemd/system /run/systemd/unit-root /run/systemd/inaccessible /run/systemd/journal
mkdir -p /run/user/$0 /run/story/target
for tree in usr etc; do
    mkdir -p /run/story/$tree/upper /run/story/$tree/work
    mount -t overlay overlay -o lowerdir=/$tree,upperdir=/run/story/$tree/upper,workdir=/run/story/$tree/work /$tree
done
mount --bind "$1" /run/story/target
chown $0:$0 /run/user/$0
chmod 700 /run/user/$0
group=/sys/fs/cgroup/credex-story-$$/user@$0.service
mkdir -p $group/story
chown $0:$0 ${group%/*}
chown -R $0:$0 $group
echo ready
exec sleep infinity
"#;

/// A user's manager. Ends when it is dropped, with all that it has started.
#[derive(Debug)]
pub struct UserManager {
    manager: Option<Process>,
    /// Holds the namespace.
    keeper: Child,
    directory: TempDir,
}

impl UserManager {
    /// A session in which nothing is installed that is not installed outside, too. `None`, and a
    /// sentence on standard error, where that cannot be had.
    pub async fn open() -> Option<UserManager> {
        match UserManager::try_open() {
            Ok(mut manager) => {
                manager.start().await;
                Some(manager)
            }
            Err(why) => {
                eprintln!("left out, because it needs a user's systemd of its own: {why}");
                None
            }
        }
    }

    fn try_open() -> Result<UserManager, String> {
        if !getuid().is_root() {
            return Err("this is not root".to_owned());
        }
        for file in [SYSTEMD, BUS_SOCKET_UNIT] {
            if !Path::new(file).exists() {
                return Err(format!("there is no {file}; run tests/install"));
            }
        }
        let directory = tempfile::Builder::new().prefix("credex-session-").tempdir();
        let directory = directory.map_err(|error| error.to_string())?;
        chown(directory.path(), Some(USER), Some(USER)).map_err(|error| error.to_string())?;
        let mut keeper = Command::new("unshare")
            .args(["--mount", "bash", "-c", PREPARE, &USER.to_string()])
            .arg(target())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("unshare: {error}"))?;
        let mut said = String::new();
        if let Some(output) = keeper.stdout.take() {
            BufReader::new(output).read_line(&mut said).ok();
        }
        let manager = UserManager {
            manager: None,
            keeper,
            directory,
        };
        match said.trim() {
            "ready" => Ok(manager),
            _ => Err(manager.complaint()),
        }
    }

    fn complaint(mut self) -> String {
        let mut text = String::new();
        if let Some(mut errors) = self.keeper.stderr.take() {
            errors.read_to_string(&mut text).ok();
        }
        format!("the system gives no namespace for it: {}", text.trim())
    }

    /// Where `path` of the inside is from the outside.
    pub fn outside(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{path}", self.keeper.id()))
    }

    /// Puts a copy of `from` at `to`, as a package would.
    pub fn install(&self, from: &Path, to: &str) {
        let to = self.outside(to);
        fs::create_dir_all(to.parent().expect("a file is in a directory")).unwrap();
        fs::copy(from, &to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        let mode = fs::metadata(&to).unwrap().permissions().mode();
        fs::set_permissions(&to, PermissionsExt::from_mode(mode | 0o444)).unwrap();
    }

    /// Writes `text` to `to`, as root.
    pub fn write(&self, to: &str, text: &str) {
        let to = self.outside(to);
        fs::create_dir_all(to.parent().expect("a file is in a directory")).unwrap();
        fs::write(to, text).unwrap();
    }

    /// Installs the service from cargo's target directory, with its units, and a person who answers by script
    /// (see [`Desktop::in_session`](desktop::Desktop::in_session)). `configured` are tables of the
    /// administrator's configuration.
    pub async fn install_service(&self, configured: &str) {
        for program in ["credexd", "credex-fetcher", "credex-chooser"] {
            self.install(
                &programs::beside(program),
                &format!("/usr/libexec/{program}"),
            );
        }
        for entry in fs::read_dir(UNITS).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            let to = match name.as_str() {
                "org.credex.Exchange1.service" => "/usr/share/dbus-1/services",
                _ if name.ends_with(".service") || name.ends_with(".socket") => {
                    "/usr/lib/systemd/user"
                }
                _ => continue,
            };
            self.install(&entry.path(), &format!("{to}/{name}"));
        }
        let chooser = chooser::argv(&inside(&programs::scripted_chooser()), &self.desktop());
        let config = format!(
            "[chooser]\ngraphical = {chooser:?}\n[authentication]\nexport = \"waived\"\n{configured}\n"
        );
        self.write("/etc/credex/credexd.conf", &config);
        // The bus and systemd have read their directories already.
        self.run(&["systemctl", "--user", "daemon-reload"]).await;
        self.run(&[
            "busctl",
            "--user",
            "call",
            "org.freedesktop.DBus",
            "/",
            "org.freedesktop.DBus",
            "ReloadConfig",
        ])
        .await;
    }

    /// Runs a command as the user, and returns what it said.
    pub async fn run(&self, words: &[&str]) -> String {
        // Into a file: what the command leaves behind may keep a pipe open for as long as the session lasts.
        let mut said = tempfile::tempfile().unwrap();
        let mut command = self.as_user(words);
        command.stdout(said.try_clone().unwrap());
        command.stderr(said.try_clone().unwrap());
        let mut child = command.spawn().expect("nsenter can be started");
        let waited = tokio::task::spawn_blocking(move || child.wait());
        let status = within(&format!("the end of {words:?}"), waited).await;
        let status = status.unwrap().expect("a child can be waited for");
        let mut text = Vec::new();
        said.rewind().unwrap();
        said.read_to_end(&mut text).unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(status.success(), "{words:?}: {text}");
        text
    }

    /// Has the user play the test of this name in the program that runs now, with [`is_played`].
    pub async fn play(&self, test: &str) {
        let program = std::env::current_exe().expect("the test knows its own program");
        let program = inside(&program).display().to_string();
        let said = self.run(&[&program, test, "--exact", "--nocapture"]).await;
        eprintln!("{said}");
        assert!(said.contains("1 passed"), "{test} is no test:\n{said}");
    }

    /// What systemd and its units have logged.
    pub fn log(&self) -> String {
        let log = fs::read(self.directory.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// The processes of the units whose names begin with `prefix`.
    pub fn processes_of(&self, prefix: &str) -> Vec<u32> {
        let group = format!("/sys/fs/cgroup/credex-story-{}", self.keeper.id());
        let mut groups = vec![self.outside(&group)];
        let mut found = Vec::new();
        while let Some(group) = groups.pop() {
            // A unit may end while it is looked at.
            let entries = fs::read_dir(&group).into_iter().flatten().flatten();
            groups.extend(
                entries
                    .map(|entry| entry.path())
                    .filter(|path| path.is_dir()),
            );
            let name = group.file_name().unwrap_or_default();
            if name.as_encoded_bytes().starts_with(prefix.as_bytes()) {
                let listed = fs::read_to_string(group.join("cgroup.procs"));
                let listed = listed.unwrap_or_default();
                found.extend(listed.lines().filter_map(|pid| pid.parse::<u32>().ok()));
            }
        }
        found
    }

    /// The directory of the desktop inside.
    fn desktop(&self) -> PathBuf {
        desktop_in(self.directory.path())
    }

    async fn start(&mut self) {
        for file in ["passwd", "group"] {
            let entry = match file {
                "passwd" => format!("credex-story:x:{USER}:{USER}::/nonexistent:/bin/sh\n"),
                _ => format!("credex-story:x:{USER}:\n"),
            };
            let path = self.outside(&format!("/etc/{file}"));
            let mut file = fs::File::options().append(true).open(path).unwrap();
            file.write_all(entry.as_bytes()).unwrap();
        }
        self.listen_as_journal();
        let mut manager = self.as_user_in(".", &[SYSTEMD, "--user"]);
        let log = self.directory.path().join("manager.log");
        self.manager = Some(Process::start(&mut manager, &log));
        let ready = || {
            let at = |name: &str| self.outside(&format!("/run/user/{USER}/{name}")).exists();
            at("systemd/private") && at("bus")
        };
        eventually("a user's systemd with a bus", ready, |&ready| ready).await;
    }

    /// Keeps what is said to the journal, structured or in lines.
    fn listen_as_journal(&self) {
        let log = self.directory.path().join("log");
        let log = move || fs::File::options().create(true).append(true).open(&log);
        let open_to_all = |path: &Path| {
            fs::set_permissions(path, PermissionsExt::from_mode(0o666)).unwrap();
        };
        let path = self.outside("/run/systemd/journal/socket");
        let entries = UnixDatagram::bind(&path).unwrap();
        open_to_all(&path);
        let mut to = log().unwrap();
        std::thread::spawn(move || {
            let mut entry = vec![0; 1 << 17];
            while let Ok(length) = entries.recv(&mut entry) {
                to.write_all(&entry[..length])
                    .and_then(|()| to.write_all(b"\n"))
                    .ok();
            }
        });
        let path = self.outside("/run/systemd/journal/stdout");
        let streams = UnixListener::bind(&path).unwrap();
        open_to_all(&path);
        std::thread::spawn(move || {
            for mut stream in streams.incoming().flatten() {
                let to = log();
                std::thread::spawn(move || std::io::copy(&mut stream, &mut to.unwrap()));
            }
        });
    }

    fn as_user(&self, words: &[&str]) -> Command {
        self.as_user_in("story", words)
    }

    /// The command that runs `words` as the user, in this control group of the session.
    fn as_user_in(&self, group: &str, words: &[&str]) -> Command {
        let keeper = self.keeper.id();
        let group = format!(
            "/sys/fs/cgroup/credex-story-{keeper}/user@{USER}.service/{group}/cgroup.procs"
        );
        let script = r#"echo $$ >"$0" && exec setpriv --reuid=$1 --regid=$1 --clear-groups --inh-caps=-all "${@:2}""#;
        let mut command = Command::new("nsenter");
        command
            .args([
                "--mount",
                "--target",
                &keeper.to_string(),
                "bash",
                "-c",
                script,
            ])
            .args([&group, &USER.to_string()])
            .args(words)
            .env_clear()
            .envs(session_environment(&self.desktop()))
            .env(PLAYED, "1")
            .env(DIRECTORY, self.directory.path())
            .current_dir("/")
            .stdin(Stdio::null());
        command
    }
}

impl Drop for UserManager {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the session:\n{}", self.log());
        }
        let group = format!("/sys/fs/cgroup/credex-story-{}", self.keeper.id());
        let group = self.outside(&group);
        if let Some(mut manager) = self.manager.take() {
            if let Some(peer) = Peer::of_pid(manager.pid()) {
                peer.signal(Signal::KILL);
            }
            manager.kill();
        }
        fs::write(group.join("cgroup.kill"), "1").ok();
        // A control group goes once what was in it has gone.
        for _ in 0..100 {
            if remove_groups(&group).is_ok() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        self.keeper.kill().ok();
        self.keeper.wait().ok();
    }
}

fn remove_groups(group: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(group)?.flatten() {
        if entry.file_type()?.is_dir() {
            remove_groups(&entry.path())?;
        }
    }
    fs::remove_dir(group)
}

/// Whether this test is played by the user inside.
pub fn is_played() -> bool {
    std::env::var_os(PLAYED).is_some()
}

/// The directory of the desktop, inside.
pub(crate) fn desktop_of_session() -> PathBuf {
    let directory = std::env::var_os(DIRECTORY).expect("this is played in a session");
    desktop_in(Path::new(&directory))
}

fn desktop_in(directory: &Path) -> PathBuf {
    directory.join("desktop")
}

/// The environment of the session, and of the story.
pub(crate) fn session_environment(desktop: &Path) -> Vec<(String, String)> {
    let mut environment = desktop::environment(desktop);
    for (name, value) in &mut environment {
        match name.as_str() {
            "XDG_RUNTIME_DIR" => *value = format!("/run/user/{USER}"),
            "DBUS_SESSION_BUS_ADDRESS" => *value = format!("unix:path=/run/user/{USER}/bus"),
            "XDG_DATA_DIRS" => value.push_str(":/usr/local/share:/usr/share"),
            _ => {}
        }
    }
    environment
}

/// Cargo's target directory.
fn target() -> PathBuf {
    let program = programs::credexd();
    let target = program.ancestors().nth(2);
    target
        .expect("a program of cargo's is deep enough")
        .to_owned()
}

/// Where a program of cargo's is inside, where the user can reach it.
fn inside(program: &Path) -> PathBuf {
    let program = program.strip_prefix(target());
    Path::new(TARGET).join(program.expect("it is in cargo's target directory"))
}
