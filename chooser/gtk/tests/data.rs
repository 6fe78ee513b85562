//! The files with which the window is installed are what their standards want.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Command;

const ID: &str = "org.credex.Chooser";

fn data(extension: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    directory.join(format!("{ID}{extension}"))
}

/// Runs a validator, unless it is not installed.
fn is_valid(program: &str, arguments: &[&str], file: &Path) {
    match Command::new(program).args(arguments).arg(file).output() {
        Ok(output) => assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        ),
        Err(error) => eprintln!("{file:?} is not looked at: {program}: {error} (tests/install)"),
    }
}

#[test]
fn the_desktop_entry_and_the_metainfo_are_valid() {
    is_valid("desktop-file-validate", &[], &data(".desktop"));
    is_valid(
        "appstreamcli",
        &["validate", "--no-net", "--explain"],
        &data(".metainfo.xml"),
    );
}

#[test]
fn the_desktop_entry_is_in_no_menu_and_names_our_program_and_icon() {
    let entry = std::fs::read_to_string(data(".desktop")).unwrap();
    for line in [
        "NoDisplay=true",
        "Exec=/usr/libexec/credex-chooser-gtk",
        "Icon=org.credex.Chooser",
    ] {
        assert!(
            entry.lines().any(|each| each == line),
            "{line} is missing from {entry}"
        );
    }
    for icon in [".svg", "-symbolic.svg"] {
        let icon = std::fs::read_to_string(data(icon)).unwrap();
        assert!(icon.contains("<svg "), "{icon}");
    }
}
