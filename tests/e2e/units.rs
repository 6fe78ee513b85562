//! The units, as systemd itself judges them (`systemd/README.md`, "How strict that is").

use std::collections::{BTreeMap, BTreeSet};
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
fn the_service_is_as_strict_as_it_must_be() {
    let found = exposure("credexd.service", &[]);
    assert!(found.is_none_or(|found| found <= 33), "{found:?}");
}

#[test]
fn the_witness_is_as_strict_as_a_users_unit_without_namespaces_can_be() {
    for (found, allowed) in [
        (of_what_can_be_had("credex-witness.service"), 40),
        (exposure("credex-witness.service", &[]), 59),
    ] {
        assert!(found.is_none_or(|found| found <= allowed), "{found:?}");
    }
}

#[test]
fn the_fetcher_has_nothing_and_the_dialler_nothing_but_the_network() {
    for (found, allowed) in [
        (of_what_can_be_had("credex-fetcher@.service"), 1),
        (exposure("credex-fetcher@.service", &[]), 7),
        (of_what_can_be_had("credex-dialler@.service"), 12),
        (exposure("credex-dialler@.service", &[]), 14),
    ] {
        assert!(found.is_none_or(|found| found <= allowed), "{found:?}");
    }
}

/// Every option that hides or protects files, devices or the kernel puts a user's unit into a user
/// namespace, in this version of systemd or the next. In one the witness sees nobody's program.
#[test]
fn the_witness_has_no_option_that_would_blind_it() {
    let text = std::fs::read_to_string(units().join("credex-witness.service")).unwrap();
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

/// Else the service would be refused what it allows itself, where only the unit runs it.
#[test]
fn the_units_let_pass_whatever_the_services_own_filter_does() {
    let Some(groups) = groups() else {
        return;
    };
    for unit in ["credexd.service", "credex-witness.service"] {
        let passed = passed(unit, &groups);
        let missing: Vec<_> = of_the_filter()
            .into_iter()
            .filter(|name| !passed.contains(*name))
            .collect();
        assert!(missing.is_empty(), "{unit}: {missing:?}");
    }
}

/// The system calls that `unit` lets pass.
fn passed(unit: &str, groups: &BTreeMap<String, Vec<String>>) -> BTreeSet<String> {
    let text = std::fs::read_to_string(units().join(unit)).unwrap();
    let filters = text
        .lines()
        .filter_map(|line| line.strip_prefix("SystemCallFilter="));
    let mut passed = BTreeSet::new();
    for (number, filter) in filters.enumerate() {
        let (taken_back, words) = match filter.strip_prefix('~') {
            Some(words) => (true, words),
            None => (false, filter),
        };
        if number == 0 {
            // What comes first says what passes without being named.
            passed = members(groups, if taken_back { "@known" } else { "@default" });
        }
        for name in words.split(' ').flat_map(|word| members(groups, word)) {
            match taken_back {
                true => passed.remove(name),
                false => passed.insert(name),
            };
        }
    }
    passed.into_iter().map(str::to_owned).collect()
}

/// Those that the filter of the service, which is that of the witness, too, lets pass.
fn of_the_filter() -> Vec<&'static str> {
    let own = include_str!("../../daemon/src/sandbox.rs");
    let (_, own) = own.split_once("const KNOWN").unwrap();
    let (own, _) = own.split_once("];").unwrap();
    let own: Vec<&str> = own
        .split("SYS_")
        .skip(1)
        .filter_map(|rest| rest.split(',').next())
        // Both are asked for as prlimit64.
        .filter(|name| !["getrlimit", "setrlimit"].contains(name))
        .collect();
    assert!(own.len() > 100, "{own:?}");
    own
}

/// systemd's groups of system calls, as it lists them; `None`, and why on standard error, where it is not
/// installed.
fn groups() -> Option<BTreeMap<String, Vec<String>>> {
    let listed = Command::new("systemd-analyze")
        .args(["syscall-filter", "--no-pager"])
        .output();
    let listed = match listed {
        Ok(listed) => String::from_utf8(listed.stdout).unwrap(),
        Err(error) => {
            eprintln!("not tried: systemd-analyze: {error}; run tests/install");
            return None;
        }
    };
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut group = String::new();
    for line in listed
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
    {
        match line.strip_prefix("    ") {
            Some(member) => groups
                .entry(group.clone())
                .or_default()
                .push(member.trim().to_owned()),
            None => group = line.trim().to_owned(),
        }
    }
    Some(groups)
}

/// The system calls that `word` means: a group, or one call.
fn members<'g>(groups: &'g BTreeMap<String, Vec<String>>, word: &'g str) -> BTreeSet<&'g str> {
    match groups.get(word) {
        None => [word].into(),
        Some(words) => words
            .iter()
            .flat_map(|word| members(groups, word))
            .collect(),
    }
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
