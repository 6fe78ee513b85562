//! What `tests/install` would install, for whom: the packages of the build alone for who follows
//! "Install it" of `README.md`, those of the tests beside them for `tests/run`.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use crate::texts::source;

/// Runs it on a computer that has nothing, and an `apt-get` that only says what it was asked for.
fn install(words: &[&str]) -> Output {
    let bare = tempfile::tempdir().unwrap();
    for program in ["apt-get", "sudo"] {
        let path = bare.path().join(program);
        std::fs::write(&path, "#!/bin/bash\necho \"asked: $*\"\n").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new("/bin/bash");
    command.arg(source().join("tests/install")).args(words);
    command.env("PATH", bare.path()).output().unwrap()
}

fn packages(words: &[&str]) -> Vec<String> {
    let output = install(words);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let asked = said
        .lines()
        .find(|line| line.contains(" install "))
        .unwrap();
    asked.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn who_only_builds_the_package_is_not_given_browsers() {
    let readme = std::fs::read_to_string(source().join("README.md")).unwrap();
    assert!(
        readme.contains("\ntests/install build "),
        "README.md says so"
    );
    let (build, all) = (packages(&["build"]), packages(&[]));
    for package in ["libgtk-4-dev", "libadwaita-1-dev", "pkg-config", "dpkg-dev"] {
        assert!(
            build.iter().any(|each| each == package),
            "{package}: {build:?}"
        );
    }
    for package in ["firefox-esr", "epiphany-browser", "flatpak", "valgrind"] {
        assert!(!build.iter().any(|each| each == package), "{build:?}");
        assert!(all.iter().any(|each| each == package), "{package}: {all:?}");
    }
    assert!(build.iter().all(|each| all.contains(each)), "{build:?}");
}

#[test]
fn a_word_that_it_does_not_know_installs_nothing() {
    let output = install(&["biuld"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
}
