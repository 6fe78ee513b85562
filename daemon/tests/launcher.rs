//! The launching process for real: what programs get, what they do not, and who is whose child.
//! Serves design §6.

#![allow(clippy::unwrap_used, clippy::panic)] // A failure in the scaffold is a failed test.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use credexd::caller::Process;
use credexd::launcher::{LaunchError, Launcher, ProcessLauncher, Program, Started};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getpgid, getsid, kill_process, pidfd_open, waitpid,
};
use rustix::thread::Timespec;

fn zygote() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_credexd"));
    command.arg0("credexd").arg("--launcher");
    command
}

fn launcher() -> ProcessLauncher {
    ProcessLauncher::start(zygote()).unwrap()
}

fn program(argv: &[&str]) -> Program {
    Program {
        argv: argv.iter().map(OsString::from).collect(),
        ..Program::default()
    }
}

/// A program whose standard output can be read.
fn heard(argv: &[&str]) -> (Program, File) {
    let (reader, writer) = io::pipe().unwrap();
    let mut program = program(argv);
    program.fds.push((writer.into(), 1));
    (program, File::from(OwnedFd::from(reader)))
}

async fn output(launcher: &ProcessLauncher, argv: &[&str]) -> String {
    let (program, mut out) = heard(argv);
    launcher.start(program).await.unwrap();
    let mut text = String::new();
    out.read_to_string(&mut text).unwrap();
    text
}

/// `cat`, running, with both ends of its pipes: it lives until they are closed.
struct Cat {
    pid: u32,
    started: Started,
    into: File,
    out: File,
}

impl Cat {
    async fn start(launcher: &ProcessLauncher) -> Cat {
        let (reader, into) = io::pipe().unwrap();
        let (mut program, out) = heard(&["cat"]);
        program.fds.push((reader.into(), 0));
        let started = launcher.start(program).await.unwrap();
        let mut cat = Cat {
            pid: started.pid,
            started,
            into: File::from(OwnedFd::from(into)),
            out,
        };
        cat.echo();
        cat
    }

    /// Proves that it lives.
    fn echo(&mut self) {
        self.into.write_all(b"x").unwrap();
        let mut answer = [0];
        self.out.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"x");
    }
}

fn pid(raw: u32) -> Pid {
    Pid::from_raw(raw.try_into().unwrap()).unwrap()
}

/// Waits until the process has ended.
fn wait_for_end(raw: u32) {
    let pidfd = match pidfd_open(pid(raw), PidfdFlags::empty()) {
        Err(Errno::SRCH) => return,
        pidfd => pidfd.unwrap(),
    };
    let limit = Timespec {
        tv_sec: 20,
        tv_nsec: 0,
    };
    let events = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&limit));
    assert_eq!(events, Ok(1), "process {raw} did not end in 20 s");
}

fn is_there(raw: u32) -> bool {
    fs::exists(format!("/proc/{raw}")).unwrap()
}

/// Waits until the launching process has reaped what had ended before: it does so first of all.
async fn let_it_reap(launcher: &ProcessLauncher) {
    output(launcher, &["true"]).await;
}

fn fds_of(raw: u32) -> Vec<i32> {
    let entries = fs::read_dir(format!("/proc/{raw}/fd")).unwrap();
    let mut numbers: Vec<i32> = entries
        .map(|entry| {
            entry
                .unwrap()
                .file_name()
                .to_str()
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect();
    numbers.sort_unstable();
    numbers
}

#[tokio::test]
async fn a_program_gets_exactly_the_fds_it_was_given() {
    // The service itself was started with an fd too many.
    let (leak, _other) = io::pipe().unwrap();
    rustix::io::fcntl_setfd(&leak, rustix::io::FdFlags::empty()).unwrap();
    let launcher = launcher();

    let (reader, into) = io::pipe().unwrap();
    let (memory, _writer) = io::pipe().unwrap();
    let (mut program, mut out) = heard(&["cat"]);
    program.fds.push((reader.into(), 0));
    program.fds.push((memory.into(), 9));
    let started = launcher.start(program).await.unwrap();
    let mut into = File::from(OwnedFd::from(into));
    into.write_all(b"x").unwrap();
    out.read_exact(&mut [0]).unwrap();
    assert_eq!(fds_of(started.pid), [0, 1, 2, 9]);
}

#[tokio::test]
async fn a_program_that_was_given_nothing_reads_nothing() {
    let launcher = launcher();
    let link = output(&launcher, &["readlink", "/proc/self/fd/0"]).await;
    assert_eq!(link, "/dev/null\n");
}

#[tokio::test]
async fn the_environment_is_the_sessions_without_what_loads_code_and_with_what_was_asked() {
    let mut command = zygote();
    command.envs([
        ("KEPT", "1"),
        ("LD_LIBRARY_PATH", "/nowhere"),
        ("PYTHONPATH", "/nowhere"),
        ("CREDEX_SECRET", "x"),
        ("NOTIFY_SOCKET", "/nowhere"),
        ("REPLACED", "old"),
    ]);
    let launcher = ProcessLauncher::start(command).unwrap();
    let (mut program, mut out) = heard(&["env"]);
    program.environment = vec![
        ("CREDEX_CHOOSER_FD".into(), "3".into()),
        ("REPLACED".into(), "new".into()),
    ];
    launcher.start(program).await.unwrap();
    let mut text = String::new();
    out.read_to_string(&mut text).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for present in ["KEPT=1", "CREDEX_CHOOSER_FD=3", "REPLACED=new"] {
        assert!(lines.contains(&present), "{present} in {text}");
    }
    for absent in ["LD_", "PYTHON", "CREDEX_SECRET", "NOTIFY_", "REPLACED=old"] {
        assert!(
            !lines.iter().any(|line| line.starts_with(absent)),
            "{absent} in {text}"
        );
    }
}

#[tokio::test]
async fn no_shell_looks_at_the_arguments() {
    let launcher = launcher();
    let text = output(
        &launcher,
        &["printf", "%s|", "$(id)", "`id`", "a b", "; id", "\n", "*"],
    )
    .await;
    assert_eq!(text, "$(id)|`id`|a b|; id|\n|*|");
}

/// The session of this process; 0 where its leader is outside of our process namespace, for which
/// `getsid` has no value.
fn own_session() -> i32 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    fields.split(' ').nth(3).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_program_is_out_of_reach_of_our_terminal() {
    let launcher = launcher();
    let cat = Cat::start(&launcher).await;
    assert_eq!(getpgid(Some(pid(cat.pid))), Ok(pid(cat.pid)));
    let session = getsid(Some(pid(cat.pid))).unwrap();
    assert_eq!(session, pid(launcher.zygote().unwrap()));
    assert_ne!(session.as_raw_nonzero().get(), own_session());
}

#[tokio::test]
async fn a_program_starts_with_no_signal_blocked_or_ignored_although_the_service_ignores_some() {
    let mut command = Command::new("sh");
    let script = "trap '' HUP INT TERM CHLD USR1; exec \"$0\" --launcher";
    command.args(["-c", script, env!("CARGO_BIN_EXE_credexd")]);
    let launcher = ProcessLauncher::start(command).unwrap();
    let status = output(&launcher, &["cat", "/proc/self/status"]).await;
    for kind in ["SigBlk:", "SigIgn:"] {
        let mask = status
            .lines()
            .find_map(|line| line.strip_prefix(kind))
            .unwrap();
        let mask = u64::from_str_radix(mask.trim(), 16).unwrap();
        assert_eq!(mask & 0x7fff_ffff, 0, "{kind} {mask:#x}");
    }
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_named_with_the_reason() {
    let launcher = launcher();
    for (path, kind) in [
        ("/nowhere/vault", io::ErrorKind::NotFound),
        ("/etc/passwd", io::ErrorKind::PermissionDenied),
    ] {
        let error = launcher.start(program(&[path])).await.unwrap_err();
        assert!(error.to_string().contains(path), "{error}");
        let LaunchError::Spawn { source, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(source.kind(), kind);
    }
    assert_eq!(output(&launcher, &["echo", "on"]).await, "on\n");
}

#[tokio::test]
async fn the_report_of_a_failed_start_never_lands_in_an_fd_of_the_program() {
    let launcher = launcher();
    let mut readers = Vec::new();
    for numbers in [3..18, 17..32] {
        let mut program = program(&["/nowhere/vault"]);
        for number in numbers {
            let (reader, writer) = io::pipe().unwrap();
            readers.push(File::from(OwnedFd::from(reader)));
            program.fds.push((writer.into(), number));
        }
        let error = launcher.start(program).await.unwrap_err();
        assert!(matches!(error, LaunchError::Spawn { .. }), "{error}");
    }
    for mut reader in readers {
        assert_eq!(reader.read(&mut [0; 64]).unwrap(), 0);
    }
}

#[tokio::test]
async fn what_is_started_again_and_again_does_not_make_an_app_be_forgotten() {
    let launcher = launcher();
    let app = Cat::start(&launcher).await;
    for _ in 0..300 {
        let tool = Program {
            is_forgotten: true,
            ..program(&["true"])
        };
        launcher.start(tool).await.unwrap();
    }
    assert!(launcher.descends(process(app.pid), app.started));
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_refused_and_the_next_one_works() {
    let launcher = launcher();
    let fd = || OwnedFd::from(io::pipe().unwrap().0);
    let long = "x".repeat(100_000);
    let variable = |name: &str| vec![(name.to_owned(), OsString::from("x"))];
    let cat = |fds| Program {
        fds,
        ..program(&["cat"])
    };
    let senseless = [
        program(&[]),
        program(&["a\0b"]),
        program(&["echo", &long]),
        cat(vec![(fd(), 3), (fd(), 3)]),
        cat(vec![(fd(), -1)]),
        cat(vec![(fd(), 32)]),
        cat((3..20).map(|number| (fd(), number)).collect()),
        Program {
            environment: variable("A=B"),
            ..program(&["env"])
        },
        Program {
            environment: variable(""),
            ..program(&["env"])
        },
    ];
    for program in senseless {
        let shown = format!("{program:?}").chars().take(200).collect::<String>();
        let error = launcher.start(program).await.unwrap_err();
        assert!(
            matches!(error, LaunchError::Spawn { .. }),
            "{shown}: {error}"
        );
    }
    assert_eq!(output(&launcher, &["echo", "on"]).await, "on\n");
}

#[tokio::test]
async fn the_answer_to_somebody_who_did_not_wait_is_given_to_nobody_else() {
    let launcher = launcher();
    let_it_reap(&launcher).await; // From now on a request is sent as soon as it is made.
    let zygote = pid(launcher.zygote().unwrap());
    kill_process(zygote, Signal::STOP).unwrap();
    waitpid(Some(zygote), WaitOptions::UNTRACED).unwrap();
    tokio::select! {
        biased;
        _ = launcher.start(program(&["true"])) => panic!("answered by a process that stands still"),
        () = std::future::ready(()) => {}
    }
    kill_process(zygote, Signal::CONT).unwrap();
    let (program, mut out) = heard(&["sh", "-c", "echo $$"]);
    let started = launcher.start(program).await.unwrap();
    let mut text = String::new();
    out.read_to_string(&mut text).unwrap();
    assert_eq!(text.trim(), started.pid.to_string());
}

#[tokio::test]
async fn requests_at_once_get_an_answer_each() {
    let launcher = launcher();
    let (first, second) = tokio::join!(
        output(&launcher, &["echo", "first"]),
        output(&launcher, &["echo", "second"])
    );
    assert_eq!((first.as_str(), second.as_str()), ("first\n", "second\n"));
}

#[tokio::test]
async fn a_program_and_its_children_are_of_its_line_and_nobody_else_is() {
    let launcher = launcher();
    let cat = Cat::start(&launcher).await;
    let other = Cat::start(&launcher).await;
    assert!(launcher.descends(process(cat.pid), cat.started));
    assert!(!launcher.descends(process(other.pid), cat.started));
    assert!(!launcher.descends(process(std::process::id()), cat.started));
    assert!(!launcher.descends(process(launcher.zygote().unwrap()), cat.started));
    assert!(
        !launcher.descends(process(1), Started { pid: 1 }),
        "never started by us"
    );

    let (reader, _into) = io::pipe().unwrap();
    let (mut parent, mut out) = heard(&["sh", "-c", "cat <&5 >&2 & echo $!; wait"]);
    parent.fds.push((reader.into(), 5));
    let parent = launcher.start(parent).await.unwrap();
    let child = read_pid(&mut out);
    assert!(launcher.descends(process(child), parent));
    assert!(!launcher.descends(process(child), cat.started));
}

fn read_pid(out: &mut File) -> u32 {
    let mut digits = String::new();
    let mut byte = [0];
    while out.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
        digits.push(byte[0].into());
    }
    digits.parse().unwrap()
}

#[tokio::test]
async fn an_orphan_is_adopted_counts_as_the_apps_and_is_reaped_in_the_end() {
    let launcher = launcher();
    let other = Cat::start(&launcher).await;
    let (reader, into) = io::pipe().unwrap();
    let (mut parent, mut out) = heard(&["sh", "-c", "cat <&5 >&2 & echo $!"]);
    parent.fds.push((reader.into(), 5));
    let parent = launcher.start(parent).await.unwrap();
    let orphan = read_pid(&mut out);
    wait_for_end(parent.pid);
    let_it_reap(&launcher).await;
    assert!(!is_there(parent.pid));

    assert!(launcher.descends(process(orphan), parent));
    let (gone, _out) = heard(&["true"]);
    let gone = launcher.start(gone).await.unwrap();
    wait_for_end(gone.pid);
    let_it_reap(&launcher).await;
    assert!(
        !launcher.descends(process(orphan), gone),
        "another app has ended, too"
    );
    assert!(
        !launcher.descends(process(orphan), other.started),
        "its parent could still be asked"
    );
    assert!(
        !launcher.descends(process(other.pid), parent),
        "another app is no orphan"
    );

    let ended = process(orphan);
    drop(into);
    wait_for_end(orphan);
    let_it_reap(&launcher).await;
    assert!(!is_there(orphan));
    assert!(!launcher.descends(ended, parent));
}

#[tokio::test]
async fn the_launching_process_ends_with_the_service_and_the_programs_live_on() {
    let launcher = launcher();
    let mut cat = Cat::start(&launcher).await;
    let zygote = launcher.zygote().unwrap();
    drop(launcher);
    wait_for_end(zygote);
    cat.echo();
}

#[tokio::test]
async fn a_launching_process_that_was_killed_is_reported_and_stays_gone() {
    let launcher = launcher();
    assert_eq!(output(&launcher, &["echo", "on"]).await, "on\n");
    kill_process(pid(launcher.zygote().unwrap()), Signal::KILL).unwrap();
    wait_for_end(launcher.zygote().unwrap());
    for _ in 0..2 {
        let error = launcher.start(program(&["true"])).await.unwrap_err();
        assert!(matches!(error, LaunchError::Gone(_)), "{error}");
    }
}

#[test]
fn the_launching_process_refuses_to_be_started_by_hand() {
    let null = File::open("/dev/null").unwrap();
    let output = zygote()
        .stdin(null.as_fd().try_clone_to_owned().unwrap())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("to be run by credexd only"), "{message}");
}

fn process(pid: u32) -> Process {
    Process::of_pid(pid).unwrap()
}
