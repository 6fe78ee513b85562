//! A whole computer: the system of this one with its own systemd, logind, polkit and journal, a copy that
//! can be changed at will and is gone afterwards. Serves stories of what is installed.
//!
//! It is `systemd-nspawn` on a throw-away layer above `/`, without a network. Only root can set it up.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use rustix::process::{Signal, getuid, set_parent_process_death_signal};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::patience::{eventually, within};
use crate::process::{Peer, Process};

/// Where a computer sees the directory that it shares with the test.
pub const SHARED: &str = "/t";

/// Everything of the story happens in mounts of its own: control groups as systemd wants them, and `/` with
/// a layer on top of it that is in memory.
const BOOT: &str = r#"set -e
mount --make-rprivate /
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs /run
mkdir "/sys/fs/cgroup/$1"
echo $$ >"/sys/fs/cgroup/$1/cgroup.procs"
mount -t tmpfs tmpfs /mnt
mkdir /mnt/changes /mnt/work /mnt/machine
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/changes,workdir=/mnt/work /mnt/machine
: >/mnt/machine/etc/machine-id
[ "$2" != try ] || exit 0
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
exec systemd-nspawn --register=no --keep-unit --directory=/mnt/machine --machine="$1" --private-network \
    --bind-ro="$2:/t" --boot --console=pipe systemd.mask=postgresql.service systemd.mask=packagekit.service"#;

/// Ends whatever runs in the control groups of a computer, and takes these away.
const CLEAR: &str = r#"set -e
mount -t cgroup2 cgroup2 /mnt
cd "/mnt/$1"
echo 1 >cgroup.kill
until grep -q "populated 0" cgroup.events; do sleep .05; done
cd /
find "/mnt/$1" -depth -type d -exec rmdir {} +"#;

/// Runs a command at a new terminal, and is the person at it: `script` of util-linux 2.38, which does the same,
/// sometimes forgets to end.
const TERMINAL: &str = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(['sh', '-c', sys.argv[1]])))";

/// A computer that runs. Is switched off when dropped.
#[derive(Debug)]
pub struct Machine {
    name: String,
    /// Its first process, as we see it.
    init: Option<Peer>,
    container: Option<Process>,
    shared: TempDir,
}

/// What a program has said in the end.
#[derive(Debug)]
pub struct Said {
    /// How it ended.
    pub status: std::process::ExitStatus,
    /// On standard output.
    pub out: String,
    /// On standard error.
    pub err: String,
}

/// A person who is logged in until this is dropped.
#[derive(Debug)]
pub struct Login<'a> {
    machine: &'a Machine,
    user: String,
    session: Child,
}

/// A program of somebody's with a terminal, or at least somebody who reads what it says.
#[derive(Debug)]
pub struct Running {
    child: Child,
    input: Option<ChildStdin>,
    shown: watch::Receiver<String>,
    seen: usize,
}

impl Machine {
    /// Switches one on, with what `fill` puts into the directory that it sees as [`SHARED`]. `None`, and a
    /// sentence on standard error, where that cannot be had.
    pub async fn boot(fill: impl FnOnce(&Path)) -> Option<Machine> {
        let name = name();
        if let Some(why) = missing(&name) {
            eprintln!("left out, because it needs a computer of its own: {why}");
            return None;
        }
        let shared = tempfile::Builder::new().prefix("credex-machine-").tempdir();
        let mut machine = Machine {
            name,
            init: None,
            container: None,
            shared: shared.unwrap(),
        };
        let directory = machine.shared.path().join("shared");
        std::fs::create_dir(&directory).unwrap();
        fill(&directory);
        let mut command = script(BOOT, &[&machine.name, directory.to_str().unwrap()]);
        let container = Process::start(&mut command, &machine.console());
        let container = Peer::of_pid(machine.container.insert(container).pid());
        let container = container.expect("the container has just been started");
        let first = || container.children().pop();
        let is_up = |init: &Option<Peer>| {
            let Some(init) = init else { return false };
            let state = enter(init.pid(), &["systemctl", "is-system-running"]).output();
            let state = String::from_utf8(state.unwrap().stdout).unwrap();
            ["running\n", "degraded\n"].contains(&&*state)
        };
        machine.init = eventually("the computer to be up", first, is_up).await;
        Some(machine)
    }

    /// The files that there are here, and not on the computer that this is a copy of.
    pub async fn added_files(&self) -> BTreeSet<String> {
        // The layer, in the mounts of who runs the container; what was removed is a device there.
        let script = r#"cd /mnt/changes && find . ! -type c -printf '/%P\n' |
            while read -r file; do [ -e "$file" ] || echo "$file"; done"#;
        let container = self.container.as_ref().expect("the computer is up");
        let mut command = Command::new("nsenter");
        command.args(["--target", &container.pid().to_string(), "--mount"]);
        command.args(["sh", "-c", script]);
        let found = said(command, &["find"]).await.succeeded();
        found.lines().map(str::to_owned).collect()
    }

    /// Runs a program as root; returns what it says.
    pub async fn root(&self, words: &[&str]) -> Said {
        said(self.enter(words), words).await
    }

    /// Makes an account.
    pub async fn add_user(&self, user: &str, password: &str) {
        let add = &["useradd", "--create-home", "--shell", "/bin/bash", user];
        self.root(add).await.succeeded();
        let change = format!("echo '{user}:{password}' | chpasswd");
        self.root(&["sh", "-c", &change]).await.succeeded();
    }

    /// Logs somebody in.
    pub async fn log_in(&self, user: &str) -> Login<'_> {
        let mut command = self.as_user(user, &["cat"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let login = Login {
            machine: self,
            user: user.to_owned(),
            session: command.spawn().expect("somebody can be logged in"),
        };
        let id = login.run(&["id", "-u"]).await.succeeded();
        let unit = format!("user@{}.service", id.trim());
        self.root(&["systemctl", "is-active", &unit])
            .await
            .succeeded();
        // Their systemd comes to their bus only after that has started.
        let there = "gdbus wait --session --timeout 60 org.freedesktop.systemd1";
        login.run(&["sh", "-c", there]).await.succeeded();
        login
    }

    /// What it has said while it started.
    fn console(&self) -> std::path::PathBuf {
        self.shared.path().join("console")
    }

    fn enter(&self, words: &[&str]) -> Command {
        enter(self.init.as_ref().expect("the computer is up").pid(), words)
    }

    /// In a session of PAM's and logind's, as everybody who logs in has one.
    fn as_user(&self, user: &str, words: &[&str]) -> Command {
        let mut command = self.enter(&["systemd-run", "--quiet", "--pipe", "--wait", "--collect"]);
        command.args(["--property=PAMName=login", "--property=WorkingDirectory=~"]);
        command.arg(format!("--property=User={user}"));
        command.arg("--").args(words);
        command
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if thread::panicking() {
            let read = std::fs::read_to_string(self.console());
            eprintln!("--- the computer:\n{}", read.unwrap_or_default());
            if self.init.is_some() {
                let journal = self
                    .enter(&["journalctl", "--no-pager", "--lines=80"])
                    .output();
                let journal = journal.map(|output| output.stdout).unwrap_or_default();
                eprintln!("--- its journal:\n{}", String::from_utf8_lossy(&journal));
            }
        }
        let cleared = script(CLEAR, &[&self.name]).output();
        if let Ok(output) = cleared
            && !output.status.success()
        {
            eprintln!("left behind: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

impl Login<'_> {
    /// Runs a program in a session of this person; returns what it says.
    pub async fn run(&self, words: &[&str]) -> Said {
        said(self.machine.as_user(&self.user, words), words).await
    }

    /// Starts a command of the shell at a terminal of this person.
    pub fn at_terminal(&self, command: &str) -> Running {
        self.start(&["/usr/bin/python3", "-c", TERMINAL, command])
    }

    /// Starts a program in a session of this person.
    pub fn start(&self, words: &[&str]) -> Running {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut command = self.machine.as_user(&self.user, words);
        command.stdin(Stdio::piped());
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        let mut child = command.spawn().expect("a program can be started");
        drop(command);
        let (show, shown) = watch::channel(String::new());
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut chunk) {
                let text = String::from_utf8_lossy(&chunk[..n]);
                show.send_modify(|shown| shown.push_str(&text));
            }
        });
        let input = child.stdin.take();
        Running {
            child,
            input,
            shown,
            seen: 0,
        }
    }
}

impl Drop for Login<'_> {
    fn drop(&mut self) {
        // The session ends with its only program, whose standard input this closes.
        drop(self.session.stdin.take());
        self.session.wait().ok();
    }
}

impl Running {
    /// Waits until it shows `text`, after what was waited for before.
    pub async fn see(&mut self, text: &str) {
        let seen = self.seen;
        let is_there = |shown: &String| shown.get(seen..).is_some_and(|new| new.contains(text));
        let waiting = async { self.shown.wait_for(is_there).await.is_ok() };
        let found = within(&format!("{text:?} to be shown"), waiting).await;
        let shown = self.shown.borrow().clone();
        assert!(found, "{text:?} is missing from:\n{shown}");
        let new = shown.get(seen..).unwrap_or_default();
        self.seen = seen + new.find(text).unwrap_or_default() + text.len();
    }

    /// Types a line.
    pub fn type_line(&mut self, line: &str) {
        let input = self.input.as_mut().expect("its input is open");
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Types no more, and waits until it has ended well; returns all that it has shown.
    pub async fn succeeds(mut self) -> String {
        drop(self.input.take());
        let child = Peer::of_pid(self.child.id());
        if let Some(child) = child {
            child.ended().await;
        }
        let status = self.child.wait().unwrap();
        let closed = async { while self.shown.changed().await.is_ok() {} };
        within("the end of what it says", closed).await;
        let shown = self.shown.borrow().clone();
        assert!(status.success(), "it ended with {status}:\n{shown}");
        shown
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("--- shown at last:\n{}", *self.shown.borrow());
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Said {
    /// What it said on standard output, if it has succeeded.
    pub fn succeeded(self) -> String {
        assert!(self.status.success(), "{self:?}");
        self.out
    }
}

async fn said(mut command: Command, words: &[&str]) -> Said {
    let waited = tokio::task::spawn_blocking(move || command.stdin(Stdio::null()).output());
    let output = within(&format!("the end of {words:?}"), waited).await;
    let output = output.unwrap().expect("nsenter can be started");
    Said {
        status: output.status,
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A program in the computer of which `init` is the first process.
fn enter(init: u32, words: &[&str]) -> Command {
    let mut command = Command::new("nsenter");
    command
        .args(["--target", &init.to_string(), "--all", "--wd=/", "--"])
        .args(words)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LANG", "C.UTF-8")
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// A shell script in mounts of its own, which does not outlive the test.
fn script(text: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-c", text, "sh"])
        .args(arguments)
        .current_dir("/");
    let with_us = || set_parent_process_death_signal(Some(Signal::KILL)).map_err(Into::into);
    // SAFETY: it is one system call.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(with_us);
    }
    command
}

/// Of several tests at once, and of several threads of one.
fn name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("credex-{}-{number}", std::process::id())
}

/// What is missing here, if anything is.
fn missing(name: &str) -> Option<String> {
    if !getuid().is_root() {
        return Some("this is not root".to_owned());
    }
    let found = Command::new("systemd-nspawn").arg("--version").output();
    if let Err(error) = found {
        return Some(format!(
            "systemd-nspawn: {error}; install systemd-container"
        ));
    }
    let tried = script(BOOT, &[name, "try"]).output();
    script(CLEAR, &[name]).output().ok();
    match tried {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Some(format!("unshare: {error}")),
    }
}
