//! Stories of `credex log`, with a real journald that has directories of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod stage;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use credex_protocol::Reason;
use credex_protocol::wire::Counts;
use credexd::audit::{Audit, Entry, Journal, Outcome, Party, fields};
use credexd::caller::Assurance;
use credexd::policy::Action;
use serde_json::Value;
use stage::{Readiness, Session, Terminal, code, credex, line_with, stderr, stdout};

const JOURNALD: &str = "/lib/systemd/systemd-journald";

/// Gives the programs below directories that only they see: an empty /run, an empty /var/log.
/// With a machine ID of our own, because a fresh system may have none.
const SETTING: &str = r#"
set -e
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /var/log
mkdir -p /run/systemd/journal /run/systemd/journald.conf.d /run/log/journal
[ "$1" = volatile ] || { mkdir /var/log/journal; : >/run/systemd/journal/flushed; }
printf '[Journal]\nStorage=%s\nReadKMsg=no\nAudit=no\n' "$1" >/run/systemd/journald.conf.d/test.conf
echo 0123456789abcdef0123456789abcdef >/run/machine-id
mount --bind /run/machine-id /etc/machine-id
cp "$2" /run/credex
chmod 755 /run/credex
exec "$3"
"#;

/// Says of the journal behind standard error what the service manager says (systemd.exec(5)).
const AS_A_SERVICE: &str = r#"
JOURNAL_STREAM=$(stat --dereference --format=%d:%i /proc/self/fd/2) exec "$@"
"#;

/// A journald, and a place from which it is seen.
struct Journald {
    process: Child,
    _directory: tempfile::TempDir,
}

impl Journald {
    /// `None`, with the reason on standard error, where the machine does not let us.
    fn start(storage: &str) -> Option<Journald> {
        let missing = |what: &str| eprintln!("skipped: {what}, so no journald of our own can run");
        if !rustix::process::geteuid().is_root() {
            missing("we are not root");
            return None;
        }
        for file in [JOURNALD, "/etc/machine-id"] {
            if !Path::new(file).exists() {
                missing(&format!("there is no {file}"));
                return None;
            }
        }
        let may_mount = [
            "--mount",
            "--propagation=private",
            "mount",
            "-t",
            "tmpfs",
            "tmpfs",
            "/run",
        ];
        let output = Command::new("unshare").args(may_mount).output().unwrap();
        if !output.status.success() {
            missing(&format!("nothing may be mounted: {}", stderr(&output)));
            return None;
        }
        Some(Journald::start_now(storage))
    }

    fn start_now(storage: &str) -> Journald {
        let directory = tempfile::tempdir().unwrap();
        let ready = directory.path().join("ready");
        let readiness = Readiness::awaited_at(&ready);
        let mut command = Command::new("unshare");
        command
            .args([
                "--mount",
                "--propagation=private",
                "sh",
                "-c",
                SETTING,
                "sh",
                storage,
            ])
            .args([env!("CARGO_BIN_EXE_credex"), JOURNALD])
            .env("NOTIFY_SOCKET", &ready)
            .stdin(Stdio::null());
        let process = command.spawn().unwrap();
        readiness.wait();
        Journald {
            process,
            _directory: directory,
        }
    }

    /// `program` where the journal is, as user `uid`.
    fn command(&self, uid: u32, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        let (target, id) = (self.process.id().to_string(), uid.to_string());
        command.args([
            "--mount", "--target", &target, "--setuid", &id, "--setgid", &id, "--",
        ]);
        command.arg(program).current_dir("/").stdin(Stdio::null());
        command
    }

    /// `credex log`, as user `uid`.
    fn log(&self, uid: u32, arguments: &[&str]) -> Output {
        self.sync();
        let mut command = self.command(uid, "/run/credex");
        command
            .arg("log")
            .args(arguments)
            .env("TZ", "UTC")
            .output()
            .unwrap()
    }

    /// Writes `entry` as the service of root would.
    fn record(&self, entry: &Entry) {
        let root = PathBuf::from(format!("/proc/{}/root", self.process.id()));
        let journal = Journal::at(&root.join("run/systemd/journal/socket")).unwrap();
        journal.record(entry);
    }

    /// Writes `entry` as a program of `uid`.
    fn record_as(&self, uid: u32, entry: &Entry) {
        let mut logger = self.command(uid, "logger");
        let mut logger = logger
            .arg("--journald")
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = logger.stdin.take().unwrap();
        for (name, value) in fields(entry) {
            writeln!(stdin, "{name}={value}").unwrap();
        }
        drop(stdin);
        assert!(logger.wait().unwrap().success());
    }

    /// Waits until all that was written can be read.
    fn sync(&self) {
        let output = self
            .command(0, "journalctl")
            .arg("--sync")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

impl Drop for Journald {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn granted(app_id: &str) -> Entry {
    let app = Party {
        app_id: app_id.into(),
        level: Some(Assurance::Installed),
        ..Party::default()
    };
    let to = Party {
        app_id: "org.example.Safe".into(),
        ..Party::default()
    };
    Entry {
        to: Some(to),
        granted: Some(Counts::from([("passkey".into(), 2)])),
        ..Entry::of(Action::Export, Outcome::Granted, app)
    }
}

fn objects(output: &Output) -> Vec<Value> {
    let text = stdout(output);
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn apps(output: &Output) -> Vec<String> {
    let apps = objects(output).into_iter();
    apps.map(|object| object["app"]["app_id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn what_was_decided_is_read_from_the_journal() {
    let Some(journald) = Journald::start("persistent") else {
        return;
    };
    let none = journald.log(0, &[]);
    assert_eq!((code(&none), stdout(&none).as_str()), (0, ""));
    assert_eq!(stderr(&none), "There is no record.\n");

    journald.record(&granted("org.example.First"));
    let refused = Entry {
        outcome: Outcome::Forbidden,
        reason: Some(Reason::Forbidden),
        rule: Some("/etc/credex/credexd.conf line 7".into()),
        ..granted("org.example.Second")
    };
    journald.record(&refused);

    let told = journald.log(0, &[]);
    assert_eq!(code(&told), 0, "{}", stderr(&told));
    let text = stdout(&told);
    for part in [
        "  export granted\n    by org.example.First (installed)\n    to org.example.Safe\n    granted 2 passkey\n",
        "\n\n20",
        "  export forbidden\n    by org.example.Second (installed)\n",
        "    rule: /etc/credex/credexd.conf line 7\n",
    ] {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
    assert!(
        !text.contains('\x1b'),
        "no colours where there is no terminal"
    );

    let objects = objects(&journald.log(0, &["--json"]));
    assert_eq!(objects.len(), 2);
    assert_eq!(objects[0]["command"], "log");
    assert_eq!(objects[0]["granted"]["passkey"], 2);
    assert_eq!(objects[0]["declared"], Value::Null);
    assert_eq!(objects[1]["rule"], "/etc/credex/credexd.conf line 7");
    let time = objects[0]["time"].as_str().unwrap();
    assert!(time.starts_with("20") && time.ends_with('Z'), "{time}");

    assert_eq!(
        apps(&journald.log(0, &["--json", "-n", "1"])),
        ["org.example.Second"]
    );
    assert_eq!(
        apps(&journald.log(0, &["--json", "--since", "-1h"])).len(),
        2
    );
    assert!(apps(&journald.log(0, &["--json", "--since=2199-01-01"])).is_empty());
    let wrong = journald.log(0, &["--since=whenever"]);
    assert_eq!(code(&wrong), 1);
    assert!(stderr(&wrong).contains("whenever"), "{}", stderr(&wrong));
}

#[test]
fn an_exchange_leaves_what_was_decided_and_how_it_ended() {
    let Some(journald) = Journald::start("persistent") else {
        return;
    };
    let target = journald.process.id().to_string();
    let enter = ["nsenter", "--mount", "--target", &target, "--"];
    let starter = [&enter[..], &["systemd-cat", "sh", "-c", AS_A_SERVICE, "sh"]].concat();
    let session = Session::open_under(&starter, Some("Credex command line"));
    let (sample, files) = session.write_sample();
    let mut importer = session.credex(&["import", "-o", session.path("x").to_str().unwrap()]);
    let mut importer = importer
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    line_with(importer.stderr.take().unwrap(), "Waiting.");
    let mut export = session.credex(&["export", &sample, "--attachments", &files]);
    let exported = export.stdin(Terminal::new().stream()).output().unwrap();
    assert_eq!(code(&exported), 0, "{}", stderr(&exported));
    assert_eq!(stage::end(&mut importer), 0);

    let log = journald.log(0, &["--json"]);
    let records = objects(&log);
    let outcomes: Vec<_> = records
        .iter()
        .map(|record| record["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["granted", "completed"], "{}", stderr(&log));
    assert_eq!(records[0]["exchange"], records[1]["exchange"]);
    for record in &records {
        assert_eq!(record["app"]["app_id"], "org.credex.Cli");
        assert_eq!(record["to"]["app_id"], "org.credex.Cli");
    }
    assert_eq!(records[0]["declared"], records[1]["deposited"]);
    let told = stdout(&journald.log(0, &[]));
    assert!(told.contains("export completed"), "{told}");
}

#[test]
fn everybody_reads_their_own_records_and_nobody_those_of_others() {
    let Some(journald) = Journald::start("persistent") else {
        return;
    };
    journald.record_as(4242, &granted("org.example.Mine"));
    journald.record_as(4343, &granted("org.example.Theirs"));
    journald.record(&granted("org.example.Roots"));
    for (uid, app) in [
        (4242, "org.example.Mine"),
        (4343, "org.example.Theirs"),
        (0, "org.example.Roots"),
    ] {
        let log = journald.log(uid, &["--json"]);
        assert_eq!(apps(&log), [app], "user {uid}: {}", stderr(&log));
    }
}

#[test]
fn who_may_not_read_the_journal_is_told_what_to_do() {
    let Some(journald) = Journald::start("volatile") else {
        return;
    };
    journald.record_as(4242, &granted("org.example.Mine"));
    let refused = journald.log(4242, &[]);
    assert_eq!(code(&refused), 1);
    let said = stderr(&refused);
    assert!(
        said.contains("insufficient permissions") && said.contains("systemd-journal"),
        "{said}"
    );
}

#[test]
fn without_journalctl_the_log_says_where_the_records_are() {
    let empty = tempfile::tempdir().unwrap();
    let output = credex(&["log", "--json"])
        .env("PATH", empty.path())
        .output()
        .unwrap();
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("journalctl is not installed"),
        "{}",
        stderr(&output)
    );
    assert_eq!(objects(&output)[0]["error"]["kind"], "failed");
}

#[test]
fn who_looks_at_the_first_line_alone_does_not_make_the_log_wait() {
    let directory = tempfile::tempdir().unwrap();
    let endless = directory.path().join("journalctl");
    std::fs::write(
        &endless,
        "#!/bin/sh\nwhile echo '{}'; do :; done\nsleep 1000\n",
    )
    .unwrap();
    std::fs::set_permissions(&endless, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = credex(&["log"]);
    let path = format!("{}:/usr/bin:/bin", directory.path().display());
    let mut log = command
        .env("PATH", path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(log.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    drop(lines);
    stage::end(&mut log);
}
