//! Stories of somebody who tries their own implementation: `credex conformance`. That its checks find what
//! they are there for is told in `tests/languages`.

#![allow(clippy::unwrap_used)]

mod stage;

use std::process::Command;

use rustix::process::Signal;
use stage::{code, credex, end, object, processes_with, signal, stderr, stdout};
use tempfile::TempDir;

/// An implementation that does nothing, for ever.
const IDLE: [&str; 3] = ["--", "/bin/sleep", "1000"];

fn kit(place: &TempDir, arguments: &[&str]) -> Command {
    let mut command = credex(&["conformance"]);
    command.args(arguments).env("TMPDIR", place.path());
    command
}

/// Nothing is left of it.
fn assert_clear(place: &TempDir) {
    let left: Vec<_> = std::fs::read_dir(place.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(processes_with(place.path()), [0u32; 0]);
}

#[test]
fn who_wants_to_know_what_is_checked_is_told_without_having_anything() {
    let place = tempfile::tempdir().unwrap();
    for role in ["importer", "exporter"] {
        let output = kit(&place, &[role, "--list"]).output().unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(
            stdout(&output).contains("one-exchange"),
            "{}",
            stdout(&output)
        );
    }
    assert_clear(&place);
}

#[test]
fn a_check_that_there_is_not_is_named() {
    let place = tempfile::tempdir().unwrap();
    let arguments = [&["importer", "--only", "no\x1bsuch"][..], &IDLE].concat();
    let output = kit(&place, &arguments).output().unwrap();
    assert_eq!(code(&output), 2);
    let said = stderr(&output);
    assert!(said.contains("such") && said.contains("--list"), "{said}");
    assert!(!said.contains('\x1b'));
}

#[test]
fn a_program_that_there_is_not_is_no_failed_check() {
    let place = tempfile::tempdir().unwrap();
    for program in ["./no-such-importer", "no-such-importer", "/etc"] {
        let output = kit(&place, &["importer", "--", program]).output().unwrap();
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        let said = stderr(&output);
        assert!(said.contains(program), "{said}");
        assert!(!said.contains("one-exchange"), "{said}");
    }
    assert_clear(&place);
}

#[test]
fn a_desktop_entry_must_be_called_like_its_app() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("entry.txt");
    std::fs::write(&file, "[Desktop Entry]\n").unwrap();
    let entry = ["importer", "--desktop-entry", file.to_str().unwrap()];
    let output = kit(&place, &[&entry[..], &IDLE].concat()).output().unwrap();
    assert_eq!(code(&output), 2, "{}", stderr(&output));
}

#[test]
fn an_importer_that_nobody_can_choose_fails_once_and_is_not_waited_for_again() {
    let place = tempfile::tempdir().unwrap();
    let arguments = [&["--bus", "embedded", "--patience", "1"][..], &IDLE].concat();
    let mut kit = credex(&["--json", "conformance", "importer"]);
    let output = kit
        .args(arguments)
        .env("TMPDIR", place.path())
        .output()
        .unwrap();
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let told = object(&output);
    assert_eq!(told["failed"], 1);
    assert_eq!(told["passed"], 0);
    assert!(told["skipped"].as_u64() > Some(30), "{told}");
    let first = &told["checks"][0];
    assert_eq!(first["check"], "one-exchange");
    assert!(
        first["seen"].as_str().unwrap().contains("announced"),
        "{first}"
    );
    assert_clear(&place);
}

#[test]
fn an_exporter_that_does_not_ask_fails_and_nothing_is_left() {
    let place = tempfile::tempdir().unwrap();
    let only = [
        "exporter",
        "--bus",
        "embedded",
        "--patience",
        "1",
        "--only",
        "one-exchange",
    ];
    let output = kit(&place, &[&only[..], &IDLE].concat()).output().unwrap();
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let said = stdout(&output);
    for words in [
        "failed",
        "the person was not asked",
        "expected: it sends a document",
        "protocol/README.md#exporting",
        "1 check: 0 passed, 1 failed, 0 skipped",
    ] {
        assert!(said.contains(words), "{words} is missing from:\n{said}");
    }
    assert_clear(&place);
}

#[test]
fn who_interrupts_it_leaves_nothing_behind() {
    let (place, aside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let pipe = aside.path().join("begun");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).unwrap();
    let script = format!("echo it > {}; exec sleep 1000", pipe.display());
    let importer = [
        "importer", "--bus", "embedded", "--", "/bin/sh", "-c", &script,
    ];
    let mut running = kit(&place, &importer).spawn().unwrap();
    // Once the implementation runs, everything does.
    assert_eq!(std::fs::read_to_string(&pipe).unwrap(), "it\n");
    signal(&running, Signal::INT);
    assert_eq!(end(&mut running), 3);
    assert_clear(&place);
}
