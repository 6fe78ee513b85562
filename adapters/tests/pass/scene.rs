//! A person with keys, an agent that asks them, and a store.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use credex_adapters::stores::pass::{Gpg, Pass, Patience};
use credex_adapters::{
    Access, Adapter, Ask, Attachment, Change, Fault, Quarantined, Question, Record, Store,
    read_document, write_document,
};
use tempfile::TempDir;
use zeroize::Zeroizing;

/// How long anything may take on a machine under load.
pub(crate) const PATIENCE: Patience = Patience {
    program: Duration::from_secs(120),
    person: Duration::from_secs(120),
};

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

/// A person's home. Everything in it ends with it.
pub(crate) struct Scene {
    home: TempDir,
}

impl Scene {
    /// A person with one key, which has this passphrase, and a store for it.
    pub(crate) fn with_passphrase(passphrase: &str) -> Self {
        // The path of the agent's socket has to be short.
        let home = tempfile::Builder::new()
            .prefix("cx")
            .tempdir_in("/tmp")
            .unwrap();
        let scene = Self { home };
        for folder in ["gnupg", "store"] {
            fs::create_dir(scene.path(folder)).unwrap();
            fs::set_permissions(scene.path(folder), PermissionsExt::from_mode(0o700)).unwrap();
        }
        scene.make_key("ann@example.org", passphrase);
        fs::write(scene.path("store/.gpg-id"), "ann@example.org\n").unwrap();
        scene
    }

    /// A person with one key that needs no passphrase, and a store for it.
    pub(crate) fn new() -> Self {
        Self::with_passphrase("")
    }

    /// The same with a history.
    pub(crate) fn with_history() -> Self {
        let scene = Self::new();
        scene.done("git", &["init", "-q", "-b", "main"], "");
        scene.done("git", &["config", "user.name", "Ann"], "");
        scene.done("git", &["config", "user.email", "ann@example.org"], "");
        scene.done("git", &["add", "."], "");
        scene.done("git", &["commit", "-qm", "Begin"], "");
        scene
    }

    pub(crate) fn make_key(&self, owner: &str, passphrase: &str) {
        let arguments = [
            "--batch",
            "--quiet",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            passphrase,
            "--quick-generate-key",
            owner,
            "future-default",
            "default",
            "never",
        ];
        self.done("gpg", &arguments, "");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.path("store")
    }

    /// `program` in the store, with the person's environment.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .current_dir(self.root())
            .env("HOME", self.home.path())
            .env("GNUPGHOME", self.path("gnupg"))
            .env("PASSWORD_STORE_DIR", self.root())
            .env("LC_ALL", "C.UTF-8")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CACHE_HOME")
            .env_remove("GPG_TTY");
        command
    }

    pub(crate) fn run(&self, program: &str, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(program);
        let command = command.args(arguments).stdin(Stdio::piped());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It need not read what it is given.
        child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
        child.wait_with_output().unwrap()
    }

    /// What a program prints that has to succeed.
    pub(crate) fn done(&self, program: &str, arguments: &[&str], input: &str) -> String {
        let output = self.run(program, arguments, input);
        assert!(
            output.status.success(),
            "{program} {arguments:?}: {output:?}"
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Puts a text into the store as an entry, as `pass` would.
    pub(crate) fn insert(&self, entry: &str, text: &[u8]) {
        let file = self.root().join(entry).with_extension("gpg");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let mut command = self.command("gpg");
        let command = command.args([
            "--batch",
            "--quiet",
            "--yes",
            "-e",
            "-r",
            "ann@example.org",
            "-o",
        ]);
        let mut child = command.arg(file).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text).unwrap();
        assert!(child.wait().unwrap().success());
    }

    pub(crate) fn gpg(&self) -> Gpg {
        Gpg::default().at_home(self.path("gnupg")).waiting(PATIENCE)
    }

    pub(crate) fn open(&self) -> Box<dyn Store> {
        self.open_with(self.gpg()).unwrap()
    }

    pub(crate) fn open_with(&self, gpg: Gpg) -> Result<Box<dyn Store>, Fault> {
        open_at(&Pass::with(gpg), &self.root())
    }

    /// Everything in the store.
    pub(crate) fn read(&self) -> (Vec<Record>, Vec<Quarantined>) {
        everything(&mut *self.open())
    }

    pub(crate) fn commits(&self) -> usize {
        self.done("git", &["rev-list", "--count", "HEAD"], "")
            .trim()
            .parse()
            .unwrap()
    }

    /// What is in the person's home beside their store and their keys.
    pub(crate) fn left_over(&self) -> Vec<String> {
        let names = fs::read_dir(self.home.path()).unwrap();
        let names = names.map(|name| name.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.contains("credex")).collect()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let mut command = self.command("gpgconf");
        let command = command
            .current_dir(self.home.path())
            .args(["--kill", "all"]);
        // An agent without a home ends by itself, later.
        command.status().ok();
    }
}

pub(crate) fn open_at(adapter: &Pass, root: &Path) -> Result<Box<dyn Store>, Fault> {
    adapter.open(&root.display().to_string(), Access::Write, &mut Nobody)
}

/// Whom no store of this kind asks: that is the agent's part.
struct Nobody;

impl Ask for Nobody {
    fn ask(&mut self, question: &Question) -> Result<Zeroizing<String>, Fault> {
        panic!("asked {question:?}")
    }
}

pub(crate) fn everything(store: &mut dyn Store) -> (Vec<Record>, Vec<Quarantined>) {
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

/// The document that these records make, which begins as `document` does.
pub(crate) fn document(records: Vec<Record>) -> Vec<u8> {
    write_document(records, ("a.example", "A"), 1)
        .unwrap()
        .content
        .to_vec()
}
