//! A stage for the real command: a directory of its own, a terminal with somebody at it, and for an
//! exchange a session with a bus and the service, both of which the program plays itself.

// Each story uses a part of the stage, which may panic as a story may.
#![allow(dead_code, missing_docs, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;
use tempfile::TempDir;

/// Long enough for a busy machine. It only ends a story that has failed.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// The command, with an environment that leads nowhere.
pub fn credex(arguments: &[&str]) -> Command {
    let mut command = cleared(Command::new(env!("CARGO_BIN_EXE_credex")));
    command.args(arguments);
    command
}

/// The command, with an environment that leads nowhere.
fn cleared(mut command: Command) -> Command {
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
        .env("TERM", "xterm")
        .stdin(Stdio::null());
    command
}

pub fn run(arguments: &[&str]) -> Output {
    credex(arguments).output().unwrap()
}

pub fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The one JSON object on standard output.
pub fn object(output: &Output) -> Value {
    let text = stdout(output);
    assert_eq!(text.lines().count(), 1, "{text}{}", stderr(output));
    serde_json::from_str(&text).unwrap()
}

pub fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Waits until `child` has ended, and returns its exit code.
pub fn end(child: &mut Child) -> i32 {
    assert!(has_ended(child.id()), "process {} does not end", child.id());
    child.wait().unwrap().code().expect("it ended by itself")
}

/// Whether the process ends before the deadline.
pub fn has_ended(pid: u32) -> bool {
    let Ok(pidfd) = pidfd_open(
        Pid::from_raw(pid.cast_signed()).unwrap(),
        PidfdFlags::empty(),
    ) else {
        return true;
    };
    wait_readable(&pidfd, DEADLINE)
}

fn wait_readable(fd: &OwnedFd, limit: Duration) -> bool {
    let limit = Timespec::try_from(limit).unwrap();
    let mut fds = [PollFd::new(fd, PollFlags::IN)];
    poll(&mut fds, Some(&limit)).unwrap() > 0
}

/// The processes that have `path` in their command lines.
pub fn processes_with(path: &Path) -> Vec<u32> {
    let needle = path.to_str().unwrap().as_bytes();
    let entries = std::fs::read_dir("/proc").unwrap();
    let pids = entries.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    let mentions = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.windows(needle.len()).any(|part| part == needle)
    };
    pids.filter(mentions).collect()
}

/// A terminal of 80 columns, seen by the person at it.
pub struct Terminal {
    master: OwnedFd,
    line: OwnedFd,
    seen: Vec<u8>,
    read: usize,
}

impl Terminal {
    pub fn new() -> Terminal {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let line = rustix::fs::open(name.as_c_str(), flags, Mode::empty()).unwrap();
        let mut size = rustix::termios::tcgetwinsize(&line).unwrap();
        (size.ws_col, size.ws_row) = (80, 24);
        rustix::termios::tcsetwinsize(&line, size).unwrap();
        Terminal {
            master,
            line,
            seen: Vec::new(),
            read: 0,
        }
    }

    /// The terminal as one of the three standard streams.
    pub fn stream(&self) -> Stdio {
        Stdio::from(self.line.try_clone().unwrap())
    }

    /// Starts `command` at this terminal.
    pub fn start(&self, mut command: Command) -> Child {
        command.stdin(self.stream());
        command.stdout(self.stream()).stderr(self.stream());
        command.spawn().unwrap()
    }

    /// Waits until `text` appears below what was waited for before.
    pub fn see(&mut self, text: &str) {
        let began = Instant::now();
        loop {
            let new = &self.seen[self.read..];
            if let Some(at) = new.windows(text.len()).position(|w| w == text.as_bytes()) {
                self.read += at + text.len();
                return;
            }
            let left = DEADLINE.saturating_sub(began.elapsed());
            if !wait_readable(&self.master, left) {
                panic!("{text:?} is missing from:\n{}", self.text());
            }
            self.look();
        }
    }

    fn look(&mut self) {
        let mut chunk = [0; 4096];
        let n = rustix::io::read(&self.master, &mut chunk).unwrap();
        self.seen.extend(&chunk[..n]);
    }

    pub fn type_line(&self, line: &str) {
        rustix::io::write(&self.master, format!("{line}\n").as_bytes()).unwrap();
    }

    /// All that was shown until now, without the returns of the lines.
    pub fn text(&mut self) -> String {
        while wait_readable(&self.master, Duration::ZERO) {
            self.look();
        }
        String::from_utf8_lossy(&self.seen).replace('\r', "")
    }
}

/// Where a service says that it is ready (sd_notify(3)).
pub struct Readiness(UnixDatagram);

impl Readiness {
    pub fn awaited_at(path: impl AsRef<Path>) -> Readiness {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        Readiness(socket)
    }

    pub fn wait(self) {
        let mut message = [0; 256];
        loop {
            let length = self.0.recv(&mut message).expect("the service gets ready");
            if String::from_utf8_lossy(&message[..length]).contains("READY=1") {
                return;
            }
        }
    }
}

/// A session of its own: a bus and the service.
pub struct Session {
    pub directory: TempDir,
    address: String,
    bus: Child,
    service: Child,
}

impl Session {
    /// A session in which the person sends everything to the app of this name, or is asked.
    pub fn open(choose: Option<&str>) -> Session {
        Session::open_under(&["env"], choose)
    }

    /// The same, where the program and arguments in `words` start the service.
    pub fn open_under(words: &[&str], choose: Option<&str>) -> Session {
        let (starter, arguments) = words.split_first().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let mut bus = played(
            "credex-demo-bus",
            &[&format!("unix:path={}", at("bus").display())],
        );
        let mut bus = bus.stdout(Stdio::piped()).spawn().unwrap();
        let address = line_with(bus.stdout.take().unwrap(), "unix:path=");

        let program = env!("CARGO_BIN_EXE_credex");
        std::os::unix::fs::symlink(program, at("credex-chooser")).unwrap();
        let mut words = vec![at("credex-chooser").to_str().unwrap().to_owned()];
        words.extend(
            choose
                .iter()
                .flat_map(|name| ["--choose".to_owned(), (*name).to_owned()]),
        );
        std::fs::write(at("conf"), format!("[chooser]\nterminal = {words:?}\n")).unwrap();

        std::os::unix::fs::symlink(program, at("credexd")).unwrap();
        let ready = Readiness::awaited_at(at("ready"));
        let mut service = cleared(Command::new(starter));
        service.args(arguments).arg(at("credexd"));
        service.arg("--config").arg(at("conf"));
        service.envs(environment(directory.path(), &address));
        service
            .env("CREDEX_LOG", "warn")
            .env("NOTIFY_SOCKET", at("ready"));
        let service = service.spawn().unwrap();
        ready.wait();
        Session {
            directory,
            address,
            bus,
            service,
        }
    }

    /// The command, in this session.
    pub fn credex(&self, arguments: &[&str]) -> Command {
        let mut command = credex(arguments);
        command.envs(environment(self.directory.path(), &self.address));
        command
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Puts the sample document and its attachments into files.
    pub fn write_sample(&self) -> (String, String) {
        let (file, attachments) = (self.path("sample.cxf"), self.path("sample.files"));
        std::fs::write(&file, credex::cxf::sample()).unwrap();
        std::fs::create_dir(&attachments).unwrap();
        for (id, content) in credex::cxf::sample_attachments() {
            std::fs::write(attachments.join(id), content).unwrap();
        }
        let text = |path: PathBuf| path.into_os_string().into_string().unwrap();
        (text(file), text(attachments))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for child in [&mut self.service, &mut self.bus] {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

fn environment(directory: &Path, address: &str) -> Vec<(String, String)> {
    let at = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let pairs = [
        ("DBUS_SESSION_BUS_ADDRESS", address.to_owned()),
        ("XDG_DATA_DIRS", at("share")),
        ("XDG_DATA_HOME", at("data")),
        ("HOME", at("home")),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// The program in another role.
fn played(name: &str, arguments: &[&str]) -> Command {
    let mut command = credex(arguments);
    command.arg0(name);
    command
}

/// Waits for a line with `text`; what comes after it is read and dropped.
pub fn line_with(stream: impl Read + Send + 'static, text: &str) -> String {
    let mut lines = BufReader::new(stream).lines();
    let mut seen = Vec::new();
    let found = loop {
        match lines.next() {
            Some(Ok(line)) if line.contains(text) => break line,
            Some(Ok(line)) => seen.push(line),
            _ => panic!("{text:?} is missing from {seen:?}"),
        }
    };
    std::thread::spawn(move || lines.for_each(drop));
    found
}
