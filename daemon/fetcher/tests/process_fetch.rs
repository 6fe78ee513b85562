//! The daemon's side of the fetcher: started by a launcher, asked over a socket, not trusted.

#![allow(clippy::panic, clippy::unwrap_used)]

use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use async_trait::async_trait;
use credex_tests::website::{Authority, Identity, Page, Website};
use credexd::caller::Process;
use credexd::launcher::{LaunchError, Launcher, ProcessLauncher, Program, Started};
use credexd::protections::Protections;
use credexd::web_credentials::association::Outcome;
use credexd::web_credentials::domain::{Mode, Site};
use credexd::web_credentials::fetch::{
    Developer, Fault, Fetch, ProcessFetch, Request, Stage, inquire,
};

const REAL: &str = env!("CARGO_BIN_EXE_credex-fetcher");

/// Makes a program `path` of a script.
fn script(path: &Path, text: &str) -> String {
    std::fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Starts programs as they are, which for one test is good enough.
struct Directly;

#[async_trait]
impl Launcher for Directly {
    async fn start(&self, program: Program) -> Result<Started, LaunchError> {
        let name = program.argv[0].clone();
        let mut command = Command::new(&name);
        command.args(&program.argv[1..]);
        for (fd, number) in program.fds {
            assert_eq!(number, 0);
            command.stdin(Stdio::from(fd));
        }
        let child = command.spawn().map_err(|source| LaunchError::Spawn {
            program: name.to_string_lossy().into_owned(),
            source,
        })?;
        let pid = child.id();
        std::thread::spawn(move || drop({ child }.wait()));
        Ok(Started { pid })
    }

    fn descends(&self, _: Process, _: Started) -> bool {
        false
    }
}

fn fetcher(program: &str) -> ProcessFetch {
    ProcessFetch::new(program.into(), Arc::new(Directly))
}

fn request() -> Request {
    Request {
        url: "https://localhost/".to_owned(),
        timeout: 1_000,
        developer: None,
    }
}

#[tokio::test]
async fn a_site_is_asked_through_the_fetcher_and_names_the_app() {
    let authority = Authority::new();
    let website = Website::open(&authority, Identity::Good);
    let file = r#"[{"relation":["delegate_permission/common.get_login_creds"],
        "target":{"namespace":"linux_app","app_id":"org.example.App"}}]"#;
    website.serve(
        "/.well-known/assetlinks.json",
        Page::json(file).with("Cache-Control", "max-age=9000"),
    );
    let site = Site::parse(&website.host(), Mode::Developer).unwrap();
    let developer = Developer {
        authority: Some(authority.file().to_owned()),
    };
    let fetch = fetcher(env!("CARGO_BIN_EXE_credex-fetcher"));
    let inquired = inquire(&fetch, &site, "org.example.App", Some(&developer)).await;
    assert_eq!(inquired.verdict, Ok(Outcome::Named));
    assert_eq!(inquired.fresh_for.as_secs(), 9000);
    assert_eq!(inquired.readings.len(), 2);
    let inquired = inquire(&fetch, &site, "org.example.Other", Some(&developer)).await;
    assert_eq!(inquired.verdict, Ok(Outcome::NotNamed));
}

/// The same with the process that starts programs for the daemon.
#[tokio::test]
async fn the_launching_process_starts_the_fetcher() {
    let mut zygote = Command::new(credex_tests::programs::credexd());
    zygote.arg0("credexd").arg("--launcher");
    let launcher = Arc::new(ProcessLauncher::start(zygote).unwrap());
    let fetch = ProcessFetch::new(env!("CARGO_BIN_EXE_credex-fetcher").into(), launcher);
    let authority = Authority::new();
    let website = Website::open(&authority, Identity::Good);
    website.serve("/x", Page::json("[]"));
    let request = Request {
        url: website.url("/x"),
        timeout: 10_000,
        developer: Some(Developer {
            authority: Some(authority.file().to_owned()),
        }),
    };
    assert_eq!(fetch.fetch(request).await.unwrap().body, b"[]");
}

/// What does not listen is no reason not to ask, but is told. For a unit that listens and does not start, see
/// `user_unit` of the stories.
#[tokio::test]
async fn without_its_unit_a_fetcher_is_started_and_that_is_said() {
    let protections = Protections::default();
    let fetch = fetcher(env!("CARGO_BIN_EXE_credex-fetcher"))
        .in_units("/nowhere/credex".as_ref())
        .telling(protections.clone());
    let authority = Authority::new();
    let website = Website::open(&authority, Identity::Good);
    website.serve("/x", Page::json("[]"));
    let request = Request {
        url: website.url("/x"),
        timeout: 10_000,
        developer: Some(Developer {
            authority: Some(authority.file().to_owned()),
        }),
    };
    assert_eq!(fetch.fetch(request).await.unwrap().body, b"[]");
    let told = protections.to_wire();
    for name in ["fetcher", "dialler"] {
        let unit = &told[&format!("{name}-unit")];
        assert!(unit.contains(&format!("/nowhere/credex/{name}")), "{unit}");
        // What it then says of itself depends on the kernel.
        assert!(told.contains_key(name), "{told:?}");
    }
}

#[tokio::test]
async fn a_fetcher_that_is_missing_silent_or_mad_is_an_error_that_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let script = |name: &str, text: &str| script(&directory.path().join(name), text);
    for (program, says) in [
        ("/nowhere/credex-fetcher".to_owned(), "cannot start"),
        (script("mute", "exit 0"), "ended without an answer"),
        (script("mad", "echo nonsense >&0"), "answer is none"),
        (script("endless", "yes >&0"), "answer is none"),
        (
            script("asleep", "exec sleep 20 >/dev/null 2>&1"),
            "silent for",
        ),
    ] {
        let error = fetcher(&program).fetch(request()).await.unwrap_err();
        assert_eq!(
            (error.stage, &error.fault),
            (Stage::Start, &Fault::Here),
            "{program}: {error}"
        );
        assert!(error.problem.contains(says), "{program}: {error}");
    }
}

#[tokio::test]
async fn a_dialler_that_is_silent_or_mad_is_an_error_that_says_so() {
    let directory = tempfile::tempdir().unwrap();
    for (name, text, says) in [
        ("mute", "exit 0", "ended without an answer"),
        ("mad", "echo nonsense >&0", "the dialler's answer is none"),
        ("endless", "yes >&0", "the dialler cannot be asked"),
        (
            "liar",
            r#"echo '{"outcome":{"Ok":{"addresses":[],"took":1}},"unconfined":[]}' >&0"#,
            "its connection is missing",
        ),
        (
            "asleep",
            "exec sleep 20 >/dev/null 2>&1",
            "the dialler is silent for",
        ),
    ] {
        let text = format!("[ -n \"$1\" ] || exec {REAL}\n{text}");
        let program = script(&directory.path().join(name), &text);
        let error = fetcher(&program).fetch(request()).await.unwrap_err();
        assert_eq!(
            (error.stage, &error.fault),
            (Stage::Start, &Fault::Here),
            "{name}: {error}"
        );
        assert!(error.problem.contains(says), "{name}: {error}");
    }
}

/// The daemon says to what, before the fetcher has met anybody, and does not ask it.
#[tokio::test]
async fn a_fetcher_that_was_taken_over_gets_no_connection_to_another_host() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let port = elsewhere.local_addr().unwrap().port();
    let wish = format!(r#"{{"host":"localhost","port":{port},"timeout":5000,"loopback":true}}"#);
    let directory = tempfile::tempdir().unwrap();
    let text = format!("[ -z \"$1\" ] || exec {REAL} --dial\necho '{wish}' >&0\ncat");
    let fetch = fetcher(&script(&directory.path().join("taken-over"), &text));
    let authority = Authority::new();
    let website = Website::open(&authority, Identity::Good);
    let request = Request {
        url: website.url("/x"),
        timeout: 1_000,
        developer: Some(Developer::default()),
    };
    let error = fetch.fetch(request).await.unwrap_err();
    assert!(error.problem.contains("answer is none"), "{error}");
    assert_eq!(
        elsewhere.accept().unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
}
