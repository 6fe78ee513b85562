//! The units, as systemd itself judges them (`systemd/README.md`, "How strict that is").

use std::path::{Path, PathBuf};
use std::process::Command;

/// The directory of the units.
fn units() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../systemd")
}

/// How exposed systemd finds `unit`, in tenths; `None`, and why on standard error, where it is not
/// installed.
fn exposure(unit: &str, options: &[&str]) -> Option<u32> {
    let runtime = tempfile::tempdir().unwrap();
    let judged = Command::new("systemd-analyze")
        .args(["security", "--offline=yes", "--user", "--no-pager"])
        .args(options)
        .arg(units().join(unit))
        .env("XDG_RUNTIME_DIR", runtime.path())
        .output();
    let judged = match judged {
        Ok(judged) => judged,
        Err(error) => {
            eprintln!("not tried: systemd-analyze: {error}; run tests/install");
            return None;
        }
    };
    let told = String::from_utf8_lossy(&judged.stdout);
    let wrong = String::from_utf8_lossy(&judged.stderr);
    assert!(!wrong.contains(unit), "{wrong}");
    let (_, overall) = told.rsplit_once(": ").expect(&told);
    let (level, _) = overall.split_once(' ').expect(overall);
    level.replace('.', "").parse().ok()
}

/// Without what no user's unit can have.
fn of_what_can_be_had(unit: &str) -> Option<u32> {
    let policy = concat!(env!("CARGO_MANIFEST_DIR"), "/e2e/user-units.json");
    exposure(unit, &[&format!("--security-policy={policy}")])
}

#[test]
fn the_service_is_as_strict_as_a_users_unit_without_namespaces_can_be() {
    for (found, allowed) in [
        (of_what_can_be_had("credexd.service"), 40),
        (exposure("credexd.service", &[]), 59),
    ] {
        assert!(found.is_none_or(|found| found <= allowed), "{found:?}");
    }
}

#[test]
fn the_fetcher_has_nothing_but_the_network() {
    for (found, allowed) in [
        (of_what_can_be_had("credex-fetcher@.service"), 12),
        (exposure("credex-fetcher@.service", &[]), 14),
    ] {
        assert!(found.is_none_or(|found| found <= allowed), "{found:?}");
    }
}

/// Every option that hides or protects files, devices or the kernel puts a user's unit into a user
/// namespace, in this version of systemd or the next. In one the service sees nobody's program.
#[test]
fn the_service_has_no_option_that_would_blind_it() {
    let text = std::fs::read_to_string(units().join("credexd.service")).unwrap();
    let options = text.lines().filter_map(|line| line.split_once('='));
    let blinding = options.map(|(name, _)| name.trim()).find(|name| {
        ["Private", "Protect", "Bind", "Root", "Extension", "Mount"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
            || name.ends_with("Paths")
            || [
                "TemporaryFileSystem",
                "DynamicUser",
                "NetworkNamespacePath",
                "CapabilityBoundingSet",
            ]
            .contains(name)
    });
    assert_eq!(blinding, None);
}

/// What it starts would inherit every restriction; this is where nothing may be.
#[test]
fn nothing_confines_the_launcher() {
    let text = std::fs::read_to_string(units().join("credex-launcher@.service")).unwrap();
    for option in [
        "NoNewPrivileges",
        "SystemCall",
        "Restrict",
        "Protect",
        "Private",
        "Limit",
    ] {
        let confining = text
            .lines()
            .find(|line| line.starts_with(option) && *line != "Restart=no");
        assert_eq!(confining, None);
    }
}
