//! `credex log`: what the service decided, read from the journal. Serves "Audit" of
//! `daemon/README.md`.
//!
//! The journal is read by `journalctl`. Not with its `--user`: where journald keeps one journal for all
//! (as it does without a disk), a user who may read that finds the records there, and not in a journal
//! of their own. The match on `_UID`, which journald itself fills in, keeps others' records out.

mod record;

use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

use self::record::Record;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::terminal;

const PROGRAM: &str = "journalctl";
/// The most that is told of what the program complains about, in bytes.
const LONGEST_COMPLAINT: u64 = 1024;

/// Shows what the service decided: who, to whom, how many of each type, and why; never a value
///
/// JSON: an object on a line of its own for each record, the oldest first: {"command", "time",
/// "action", "outcome", "exchange", "app": {"app_id", "level", "origin", "pid", "unique_name"}, "to":
/// the same or null, "declared", "granted", "deposited": {type: number} or null, "received": {type:
/// {"succeeded", "failed", "ignored"}} or null, "reason", "rule", "lost": number}. What is not known is
/// null.
#[derive(Debug, clap::Args)]
pub(crate) struct Log {
    /// Leave out what is older: "2026-11-22 10:00", "yesterday", "-2h", as in systemd.time(7)
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<String>,

    /// Show the last NUMBER records alone
    #[arg(short = 'n', long = "lines", value_name = "NUMBER")]
    lines: Option<u32>,
}

impl Log {
    pub(crate) fn run(self, output: Output) -> Result<Exit, Failure> {
        let mut journal = Journalctl::start(self.arguments())?;
        let shown = show(journal.records(), output);
        // Who looks at the first lines alone (`| head`) has closed the pipe.
        let ended = journal.end(shown.is_err());
        if shown? == 0 {
            ended?;
            output.note("There is no record.")?;
            return Ok(Exit::Done);
        }
        ended.map(|()| Exit::Done)
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![
            "--quiet".to_owned(),
            "--no-pager".to_owned(),
            "--output=json".to_owned(),
            format!("MESSAGE_ID={}", credexd::audit::MESSAGE_ID),
            format!("_UID={}", rustix::process::getuid().as_raw()),
        ];
        arguments.extend(self.since.as_ref().map(|since| format!("--since={since}")));
        arguments.extend(self.lines.map(|lines| format!("--lines={lines}")));
        arguments
    }
}

/// Shows each record as it comes, and returns how many there were.
fn show(records: impl BufRead, output: Output) -> Result<u64, Failure> {
    let mut shown = 0;
    for line in records.lines() {
        let line = line.map_err(|error| unreadable(&error.to_string()))?;
        let record = Record::parse(&line).map_err(|error| unreadable(&error.to_string()))?;
        if shown > 0 {
            output.line("")?;
        }
        for line in record.lines(terminal::columns()) {
            output.line(line)?;
        }
        output.object(record)?;
        shown += 1;
    }
    Ok(shown)
}

/// The program that reads the journal.
struct Journalctl {
    child: Child,
    complaint: JoinHandle<String>,
}

impl Journalctl {
    fn start(arguments: Vec<String>) -> Result<Journalctl, Failure> {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => no_journal(),
            _ => unreadable(&error.to_string()),
        })?;
        let stderr = child.stderr.take();
        let complaint = std::thread::spawn(move || stderr.map_or_else(String::new, first_of));
        Ok(Journalctl { child, complaint })
    }

    fn records(&mut self) -> BufReader<Box<dyn Read>> {
        let stdout = self.child.stdout.take();
        let empty = || Box::new(std::io::empty()) as Box<dyn Read>;
        BufReader::new(stdout.map_or_else(empty, |stdout: ChildStdout| Box::new(stdout)))
    }

    /// Waits for the program, or stops it, and says what it complained about.
    fn end(mut self, is_over: bool) -> Result<(), Failure> {
        if is_over {
            // It may have ended by itself already.
            self.child.kill().ok();
        }
        let status = self.child.wait();
        let complaint = self.complaint.join().unwrap_or_default();
        match status {
            Ok(status) if status.success() || is_over => Ok(()),
            Ok(_) if complaint.contains("permission") => Err(no_access(complaint.trim())),
            Ok(status) if complaint.trim().is_empty() => Err(unreadable(&status.to_string())),
            Ok(_) => Err(unreadable(complaint.trim())),
            Err(error) => Err(unreadable(&error.to_string())),
        }
    }
}

/// The beginning of what is written to `stderr`, which is read to its end.
fn first_of(mut stderr: impl Read) -> String {
    let mut first = Vec::new();
    let read = stderr
        .by_ref()
        .take(LONGEST_COMPLAINT)
        .read_to_end(&mut first);
    let rest = read.and_then(|_| std::io::copy(&mut stderr, &mut std::io::sink()));
    match rest {
        Ok(_) => String::from_utf8_lossy(&first).into_owned(),
        Err(error) => error.to_string(),
    }
}

fn unreadable(why: &str) -> Failure {
    Failure::new(Exit::Failed, format!("the journal cannot be read: {why}"))
}

fn no_journal() -> Failure {
    let what = format!("the journal cannot be read: {PROGRAM} is not installed here");
    Failure::new(Exit::Failed, what).advise(
        "without systemd's journal, the records are the lines with `audit` in what credexd writes \
         to its standard error",
    )
}

fn no_access(complaint: &str) -> Failure {
    unreadable(complaint).advise(
        "where the directory /var/log/journal exists, everybody can read their own records; else ask \
         to become a member of the group systemd-journal",
    )
}
