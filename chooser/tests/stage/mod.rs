//! A stage for the real chooser: a terminal with somebody at it, and a launcher that starts programs.

// Each story uses a part of the stage, which may panic as a story may.
#![allow(dead_code, missing_docs, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use command_fds::{CommandFdExt, FdMapping};
use credex_protocol::Passphrase;
use credex_protocol::wire::{AppIdentity, FinishedDetails, ImporterInfo, Tally};
use credexd::authorization::Prospect;
use credexd::caller::Process;
use credexd::chooser::{
    Act, Answer, Chooser, ChooserError, Consent, PassphraseQuestion, ProcessChooser, Programs,
    Purpose, Question, Verdict,
};
use credexd::launcher::{LaunchError, Launcher, Program, Started};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::task::JoinHandle;

/// Long enough for a busy machine. It only ends a story that has failed.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// A terminal, seen by the person at it.
pub struct Terminal {
    pub name: String,
    pub seen: String,
    undecoded: Vec<u8>,
    read: usize,
    master: Option<AsyncFd<OwnedFd>>,
    line: Option<OwnedFd>,
}

impl Terminal {
    pub fn new() -> Terminal {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let line = rustix::fs::open(&name, flags, Mode::empty()).unwrap();
        let size = rustix::termios::Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        rustix::termios::tcsetwinsize(&line, size).unwrap();
        let flags = rustix::fs::fcntl_getfl(&master).unwrap() | OFlags::NONBLOCK;
        rustix::fs::fcntl_setfl(&master, flags).unwrap();
        // SAFETY: an `OwnedFd` keeps its descriptor open for as long as the `AsyncFd` holds it.
        #[allow(unsafe_code)]
        let master = unsafe { AsyncFd::register(master) }.unwrap();
        Terminal {
            name,
            seen: String::new(),
            undecoded: Vec::new(),
            read: 0,
            master: Some(master),
            line: Some(line),
        }
    }

    /// Waits until `text` appears below what was waited for before; returns all up to its end.
    pub async fn see(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = self.seen[self.read..].find(text) {
                let from = std::mem::replace(&mut self.read, 0);
                self.read = from + at + text.len();
                return self.seen[from..self.read].to_owned();
            }
            match tokio::time::timeout(DEADLINE, self.look()).await {
                Ok(chunk) => self.show(&chunk),
                Err(_) => panic!("{text:?} is missing from:\n{}", &self.seen[self.read..]),
            }
        }
    }

    async fn look(&self) -> Vec<u8> {
        let mut chunk = [0; 4096];
        let master = self.master.as_ref().unwrap();
        let read = |fd: &OwnedFd| Ok(rustix::io::read(fd, &mut chunk)?);
        let n = master.async_io(Interest::READABLE, read).await.unwrap();
        chunk[..n].to_vec()
    }

    /// A chunk may end within a character: what is left of it waits for the next.
    fn show(&mut self, chunk: &[u8]) {
        self.undecoded.extend(chunk);
        let whole = match std::str::from_utf8(&self.undecoded) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let text: Vec<u8> = self.undecoded.drain(..whole).collect();
        self.seen
            .push_str(&String::from_utf8(text).unwrap().replace('\r', ""));
    }

    pub fn type_line(&mut self, line: &str) {
        self.press(&format!("{line}\n"));
    }

    pub fn press(&mut self, keys: &str) {
        let master = self.master.as_ref().unwrap().get_ref();
        assert_eq!(rustix::io::write(master, keys.as_bytes()), Ok(keys.len()));
    }

    /// Reads and types, as `see` and `type_line`.
    pub async fn answer(&mut self, prompt: &str, line: &str) -> String {
        let seen = self.see(prompt).await;
        self.type_line(line);
        seen
    }

    /// The window closes, or the line drops.
    pub fn hang_up(&mut self) {
        self.line = None;
        self.master = None;
    }

    /// The three answers that send everything to the first app.
    pub async fn agree(&mut self) {
        self.answer("only Enter to cancel: ", "1").await;
        self.answer("only Enter for nothing: ", "").await;
        self.answer("Type yes to send", "yes").await;
    }
}

/// Starts programs, and remembers them.
#[derive(Default)]
pub struct Starter {
    pub children: Mutex<Vec<Child>>,
    language: &'static str,
}

#[async_trait]
impl Launcher for Starter {
    async fn start(&self, program: Program) -> Result<Started, LaunchError> {
        let mut command = Command::new(&program.argv[0]);
        command
            .args(&program.argv[1..])
            .envs(program.environment)
            .env("LC_ALL", "C.UTF-8")
            .env("LANGUAGE", self.language)
            .env("TERM", "dumb");
        let mappings = program.fds.into_iter();
        command
            .fd_mappings(
                mappings
                    .map(|(parent_fd, child_fd)| FdMapping {
                        parent_fd,
                        child_fd,
                    })
                    .collect(),
            )
            .unwrap();
        let child = command.spawn().map_err(|source| LaunchError::Spawn {
            program: format!("{:?}", program.argv[0]),
            source,
        })?;
        let started = Started { pid: child.id() };
        self.children.lock().unwrap().push(child);
        Ok(started)
    }

    fn descends(&self, _process: Process, _ancestor: Started) -> bool {
        false
    }
}

impl Starter {
    pub fn kill_all(&self) {
        for child in self.children.lock().unwrap().iter_mut() {
            child.kill().unwrap();
        }
    }

    /// Waits for the end of every child.
    pub async fn all_end(self: Arc<Self>) -> usize {
        let waiting = tokio::task::spawn_blocking(move || {
            let mut children = self.children.lock().unwrap();
            children
                .drain(..)
                .map(|mut child| child.wait().unwrap())
                .count()
        });
        tokio::time::timeout(DEADLINE, waiting)
            .await
            .expect("a chooser does not end")
            .unwrap()
    }
}

/// The daemon's side, with the real chooser behind it.
pub struct Daemon {
    pub chooser: Arc<ProcessChooser>,
    pub starter: Arc<Starter>,
}

impl Daemon {
    pub fn new(arguments: &[&str]) -> Daemon {
        Daemon::speaking("en", arguments)
    }

    pub fn speaking(language: &'static str, arguments: &[&str]) -> Daemon {
        let starter = Arc::new(Starter {
            language,
            ..Starter::default()
        });
        let mut terminal = vec![env!("CARGO_BIN_EXE_credex-chooser").into()];
        terminal.extend(arguments.iter().map(Into::into));
        let programs = Programs {
            terminal,
            graphical: None,
            display: false,
            patience: DEADLINE,
        };
        let launcher: Arc<dyn Launcher> = starter.clone();
        Daemon {
            chooser: Arc::new(ProcessChooser::new(programs, launcher)),
            starter,
        }
    }

    pub fn ask(&self, question: Question) -> JoinHandle<Result<Answer, ChooserError>> {
        let chooser = Arc::clone(&self.chooser);
        tokio::spawn(async move { chooser.ask(question).await })
    }

    pub fn consent(&self, consent: Consent) -> JoinHandle<Result<Verdict, ChooserError>> {
        let chooser = Arc::clone(&self.chooser);
        tokio::spawn(async move { chooser.consent(consent).await })
    }

    pub fn passphrase(
        &self,
        question: PassphraseQuestion,
    ) -> JoinHandle<Result<Option<Passphrase>, ChooserError>> {
        let chooser = Arc::clone(&self.chooser);
        tokio::spawn(async move { chooser.passphrase(question).await })
    }

    pub async fn finish(&self, exchange: &str, outcome: &str, details: FinishedDetails) {
        self.chooser.finished(exchange, outcome, details).await;
    }
}

pub async fn soon<T>(handle: JoinHandle<T>) -> T {
    tokio::time::timeout(DEADLINE, handle)
        .await
        .expect("no answer")
        .unwrap()
}

pub fn question(exchange: &str, terminal: &Terminal) -> Question {
    Question {
        exchange: exchange.to_owned(),
        parent_window: format!("tty:{}", terminal.name),
        exporter: AppIdentity {
            app_id: Some("com.bitwarden.desktop".into()),
            name: Some("Bitwarden".into()),
            assurance: Some("installed".into()),
            provider: None,
            ..AppIdentity::default()
        },
        authentication: Prospect::Waived,
        counts: counts(&[
            ("basic-auth", 142),
            ("passkey", 12),
            ("ssh-key", 2),
            ("totp", 1),
        ]),
        importers: vec![
            importer("org.keepassxc.KeePassXC", "KeePassXC", &["ssh-key"]),
            importer("org.gnome.Secrets", "Secrets", &[]),
        ],
        activation_token: None,
    }
}

pub fn consent(act: Act, terminal: &Terminal) -> Consent {
    Consent {
        asker: asker(1),
        parent_window: format!("tty:{}", terminal.name),
        app: shop(),
        act,
        domain: "example.org".into(),
        port: None,
        developer: false,
        activation_token: None,
    }
}

pub fn passphrase(purpose: Purpose, terminal: &Terminal) -> PassphraseQuestion {
    PassphraseQuestion {
        asker: asker(1),
        app: shop(),
        parent_window: format!("tty:{}", terminal.name),
        purpose,
        store: "passwords.keyring".into(),
        attempt: 1,
        activation_token: None,
    }
}

pub fn shop() -> AppIdentity {
    AppIdentity {
        app_id: Some("org.example.Shop".into()),
        name: Some("Shop".into()),
        assurance: Some("installed".into()),
        origin: Some("system".into()),
        ..AppIdentity::default()
    }
}

pub fn asker(pid: u32) -> Process {
    Process { pid, started: 0 }
}

pub fn importer(id: &str, name: &str, will_not_take: &[&str]) -> ImporterInfo {
    ImporterInfo {
        id: Some(id.into()),
        name: Some(name.into()),
        origin: Some("system".into()),
        will_not_take: Some(will_not_take.iter().map(|&each| each.into()).collect()),
        ..ImporterInfo::default()
    }
}

pub fn counts(counts: &[(&str, u32)]) -> BTreeMap<String, u32> {
    counts
        .iter()
        .map(|&(kind, count)| (kind.into(), count))
        .collect()
}

pub fn send(importer: &str, types: &[&str]) -> Answer {
    Answer::Send {
        importer: importer.into(),
        types: types.iter().map(|&each| each.into()).collect(),
    }
}

pub fn receipt() -> FinishedDetails {
    let tally = |succeeded, failed, ignored| Tally {
        succeeded,
        failed,
        ignored,
    };
    FinishedDetails {
        receipt: Some(BTreeMap::from([
            ("basic-auth".into(), tally(10, 0, 2)),
            ("passkey".into(), tally(2, 1, 0)),
        ])),
        discrepancies: Some(vec!["2 notes were announced, 1 came".into()]),
        handed_over: Some(true),
        ..FinishedDetails::default()
    }
}
