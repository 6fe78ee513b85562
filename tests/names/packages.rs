//! Packages of Debian: each one that is to be installed is one.

use std::process::Command;

use crate::texts;

#[test]
fn every_package_that_is_to_be_installed_exists() {
    let mut seen = 0;
    for text in texts::all() {
        for rest in text.text.split("apt install ").skip(1) {
            let said = rest.split(['`', '\n', ',', ')']).next().unwrap();
            for package in said
                .split_whitespace()
                .filter(|word| !word.starts_with(['-', '.']))
            {
                match is_known(package) {
                    Some(is_known) => assert!(is_known, "{} names {package}", text.place),
                    None => eprintln!(
                        "{package} is not looked up: there is no dpkg, or it knows too little"
                    ),
                }
                seen += 1;
            }
        }
    }
    assert!(seen >= 4, "only {seen} packages were found in all texts");
}

/// `None` where that cannot be told, because the system is another or has no list of packages.
fn is_known(package: &str) -> Option<bool> {
    let installed = Command::new("dpkg-query")
        .args(["--show", package])
        .output()
        .ok()?;
    if installed.status.success() {
        return Some(true);
    }
    let listed = Command::new("apt-cache")
        .args(["show", package])
        .output()
        .ok()?;
    if listed.status.success() {
        return Some(true);
    }
    // Whoever has lists knows this one.
    let has_lists = Command::new("apt-cache")
        .args(["show", "sl"])
        .output()
        .ok()?;
    has_lists.status.success().then_some(false)
}
