//! What the `credexd` program does with the person's configuration, before there is any bus. Serves
//! "Configuration" of `daemon/README.md`.

#![allow(clippy::unwrap_used)] // A failure in the scaffold is a failed test.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

/// Runs `credexd` for a person whose file says `text`, and no bus.
fn run(home: &Path, text: &str) -> Output {
    let directory = home.join("credex");
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("credexd.conf");
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    Command::new(env!("CARGO_BIN_EXE_credexd"))
        .env_clear()
        .env("XDG_CONFIG_HOME", home)
        .env(
            "DBUS_SESSION_BUS_ADDRESS",
            format!("unix:path={}/none", home.display()),
        )
        .output()
        .unwrap()
}

fn assert_says(output: &Output, parts: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    for part in parts {
        assert!(said.contains(part), "{part:?} is missing in:\n{said}");
    }
}

#[test]
fn nothing_starts_with_a_broken_file() {
    let home = tempfile::tempdir().unwrap();
    let output = run(home.path(), "[seconds]\nofer = 1\n");
    assert_eq!(output.status.code(), Some(78));
    assert_says(
        &output,
        &[
            "credex/credexd.conf",
            "line 2",
            "ofer",
            "nothing is started",
        ],
    );
}

#[test]
fn an_attempt_to_loosen_is_logged_and_stops_nothing() {
    let home = tempfile::tempdir().unwrap();
    let output = run(home.path(), "[authentication]\nexport = \"waived\"\n");
    assert_eq!(
        output.status.code(),
        Some(1),
        "it went on to look for the bus"
    );
    let told = "credex/credexd.conf line 2: authentication.export is ignored";
    assert_says(&output, &["WARN", told]);
}
