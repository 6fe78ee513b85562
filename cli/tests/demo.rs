//! Stories of the newcomer's first contact: `credex demo`, for real and to the end.

#![allow(clippy::unwrap_used)]

mod stage;

use std::path::Path;
use std::process::Output;

use rustix::process::Signal;
use stage::{
    Terminal, code, credex, end, has_ended, object, processes_with, signal, stderr, stdout,
};
use tempfile::TempDir;

/// A place for the demo's own directory.
struct Place(TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = credex(&["demo"]);
        command.args(arguments).env("TMPDIR", self.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Nothing is left of the demo.
    fn assert_clear(&self) {
        let left: Vec<_> = std::fs::read_dir(self.path()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        assert_eq!(processes_with(self.path()), [0u32; 0]);
    }
}

fn proves_itself_on(bus: &str) {
    let place = Place::new();
    let output = place.run(&["--choose", "Granite Vault", "--bus", bus]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    let text = stdout(&output);
    for words in [
        "“Granite Vault”",
        "20 of 20 credentials arrived",
        "1 passkey",
        "byte for byte the same",
    ] {
        assert!(text.contains(words), "{words} is missing from:\n{text}");
    }
    let hashes: Vec<&str> = text
        .split_whitespace()
        .filter(|word| word.len() == 64)
        .collect();
    assert_eq!(hashes.len(), 4, "document and attachment, twice: {text}");
    assert_eq!((hashes[0], hashes[2]), (hashes[1], hashes[3]));
    assert!(text.lines().count() <= 30, "it fits a screen:\n{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "80 columns:\n{text}"
    );
    assert!(!text.contains('\x1b'));
    place.assert_clear();
}

#[test]
fn the_demo_proves_itself_on_the_embedded_bus() {
    proves_itself_on("embedded");
}

#[test]
fn the_demo_proves_itself_on_dbus_daemon() {
    let installed = Path::new("/usr/bin/dbus-daemon").exists();
    if !installed {
        eprintln!("dbus-daemon is not installed: only its absence is tried");
        let output = Place::new().run(&["--bus", "dbus-daemon"]);
        assert_eq!(code(&output), 2);
        return;
    }
    proves_itself_on("dbus-daemon");
}

/// As in a container: the session of the first process began outside of its process namespace, so that
/// nothing in it knows that session's number.
#[test]
fn the_demo_proves_itself_where_nobody_has_begun_a_session() {
    let place = Place::new();
    let demo = place.command(&["--choose", "Granite Vault", "--bus", "embedded"]);
    let output = std::process::Command::new("unshare")
        .args(["--user", "--map-root-user", "--pid", "--fork"])
        .arg("--mount-proc")
        .arg(demo.get_program())
        .args(demo.get_args())
        .env("TMPDIR", place.path())
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    place.assert_clear();
}

#[test]
fn without_dbus_daemon_the_demo_brings_its_own_bus() {
    let place = Place::new();
    let output = place
        .command(&["--json"])
        .env("PATH", "/nonexistent")
        .output()
        .unwrap();
    let told = object(&output);
    assert_eq!(code(&output), 0, "{told}");
    assert!(told["bus"].as_str().unwrap().contains("busd"), "{told}");
    place.assert_clear();
}

#[test]
fn a_program_gets_the_proof_as_json() {
    let told = object(&Place::new().run(&["--json", "--bus", "embedded"]));
    assert_eq!(told["command"], "demo");
    assert_eq!(told["importer"], "Granite Vault");
    assert_eq!(told["proof"]["same"], true);
    let parts = told["proof"]["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 2);
    assert!(parts.iter().all(|part| part["left"] == part["arrived"]));
    assert_eq!(told["receipt"]["types"]["basic-auth"]["succeeded"], 3);
}

#[test]
fn an_app_that_takes_little_gets_little() {
    let place = Place::new();
    let told = object(&place.run(&["--json", "--choose", "example.pocket.Notes"]));
    assert_eq!(told["proof"]["same"], true);
    assert_eq!(
        told["proof"]["parts"].as_array().unwrap().len(),
        1,
        "no attachment"
    );
    let types: Vec<&String> = told["receipt"]["types"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(types, ["basic-auth", "note", "totp"]);
}

#[test]
fn who_chooses_somebody_unknown_is_told_who_there_is() {
    let place = Place::new();
    let output = place.run(&["--choose", "Bit\x1bwarden"]);
    assert_eq!(code(&output), 2);
    let text = stderr(&output);
    assert!(
        text.contains("Granite Vault") && text.contains("Pocket Notes"),
        "{text}"
    );
    assert!(!text.contains('\x1b'));
    place.assert_clear();
}

#[test]
fn a_person_answers_at_the_terminal() {
    let place = Place::new();
    let mut terminal = Terminal::new();
    let mut demo = terminal.start(place.command(&[]));
    terminal.see("only Enter to cancel: ");
    terminal.type_line("1");
    terminal.see("only Enter for nothing: ");
    terminal.type_line("");
    terminal.see("Type yes to send");
    terminal.type_line("yes");
    terminal.see("20 of 20 credentials arrived");
    terminal.see("byte for byte the same");
    assert_eq!(end(&mut demo), 0);
    let text = terminal.text();
    let (asked, told) = text.split_once("“Granite Vault” reports").unwrap();
    assert!(
        !asked.contains("redeemed"),
        "the chooser had the terminal to itself:\n{text}"
    );
    assert!(told.contains("redeemed"), "{text}");
    place.assert_clear();
}

#[test]
fn a_person_who_declines_sends_nothing() {
    let place = Place::new();
    let mut terminal = Terminal::new();
    let mut demo = terminal.start(place.command(&["--bus", "embedded"]));
    terminal.see("only Enter to cancel: ");
    terminal.type_line("");
    terminal.see("Nothing was sent");
    assert_eq!(end(&mut demo), 3);
    place.assert_clear();
}

#[test]
fn ctrl_c_clears_everything_away() {
    let place = Place::new();
    let mut terminal = Terminal::new();
    let mut demo = terminal.start(place.command(&[]));
    terminal.see("only Enter to cancel: ");
    assert!(
        !processes_with(place.path()).is_empty(),
        "there is something to clear away"
    );
    signal(&demo, Signal::INT);
    assert_eq!(end(&mut demo), 3);
    place.assert_clear();
}

#[test]
fn no_process_outlives_a_demo_that_was_killed() {
    let place = Place::new();
    let mut terminal = Terminal::new();
    let mut demo = terminal.start(place.command(&[]));
    terminal.see("only Enter to cancel: ");
    let orphans = processes_with(place.path());
    assert!(
        orphans.len() >= 4,
        "bus, service, chooser and exporter: {orphans:?}"
    );
    signal(&demo, Signal::KILL);
    demo.wait().unwrap();
    assert!(orphans.into_iter().all(has_ended));
}

#[test]
fn colours_are_for_terminals_and_for_those_who_want_them() {
    for (variable, wanted) in [("X", true), ("NO_COLOR", false)] {
        let place = Place::new();
        let mut terminal = Terminal::new();
        let mut command = place.command(&["--choose", "Granite Vault"]);
        let mut demo = terminal.start({
            command.env(variable, "1");
            command
        });
        terminal.see("export --help");
        assert_eq!(end(&mut demo), 0);
        assert_eq!(terminal.text().contains('\x1b'), wanted, "{variable}");
    }
    let output = Place::new().run(&["--choose", "Granite Vault", "--color", "always"]);
    assert!(stdout(&output).contains('\x1b'));
}

#[test]
fn the_sample_is_never_on_a_disk() {
    // Whoever is asked can take his time, and so can we.
    let place = Place::new();
    let mut terminal = Terminal::new();
    let mut demo = terminal.start(place.command(&[]));
    terminal.see("only Enter to cancel: ");
    let mut files = vec![place.path().to_owned()];
    let secret = b"lantern.example";
    while let Some(path) = files.pop() {
        let kind = path.symlink_metadata().unwrap().file_type();
        if kind.is_dir() {
            files.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if kind.is_file() {
            let content = std::fs::read(&path).unwrap();
            let found = content.windows(secret.len()).any(|part| part == secret);
            assert!(!found, "{}", path.display());
        }
    }
    signal(&demo, Signal::TERM);
    assert_eq!(end(&mut demo), 3);
}

#[test]
fn a_dbus_daemon_that_lets_nobody_in_is_replaced() {
    let place = Place::new();
    let broken = place.path().join("dbus-daemon");
    std::fs::write(&broken, "#!/bin/sh\necho unix:path=/nonexistent/bus\n").unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&broken, executable).unwrap();
    let with_broken = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        let path = format!("{}:/usr/bin:/bin", place.path().display());
        command
            .env("PATH", path)
            .env("TMPDIR", std::env::temp_dir());
        command.output().unwrap()
    };
    let told = object(&with_broken(&["--json"]));
    assert!(told["bus"].as_str().unwrap().contains("busd"), "{told}");
    assert_eq!(told["proof"]["same"], true);
    let output = with_broken(&["--bus", "dbus-daemon"]);
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("--bus"), "{}", stderr(&output));
}

#[test]
fn the_demo_of_a_website_asks_for_each_change_and_ends_as_it_began() {
    for bus in ["embedded", "auto"] {
        let place = Place::new();
        let output = place.run(&["web", "--agree", "--bus", bus]);
        let text = stdout(&output);
        assert_eq!(code(&output), 0, "{text}{}", stderr(&output));
        for words in [
            "added",
            "updated",
            "unchanged",
            "the same one",
            "deleted",
            "in the memory",
        ] {
            assert!(text.contains(words), "{words} is missing from:\n{text}");
        }
        place.assert_clear();
    }
}
