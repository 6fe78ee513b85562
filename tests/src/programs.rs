//! Where the programs are that a story runs: beside the test, in cargo's target directory.

use std::path::PathBuf;

/// The service.
pub fn credexd() -> PathBuf {
    built("credexd")
}

/// The chooser for terminals.
pub fn credex_chooser() -> PathBuf {
    built("credex-chooser")
}

/// The chooser for displays.
pub fn credex_chooser_gtk() -> PathBuf {
    built("credex-chooser-gtk")
}

/// The command line tool.
pub fn credex() -> PathBuf {
    built("credex")
}

/// A chooser that answers by script; see [`crate::chooser`].
pub fn scripted_chooser() -> PathBuf {
    built("credex-scripted-chooser")
}

/// An importer; see [`crate::app`].
pub fn importer_app() -> PathBuf {
    built("credex-importer-app")
}

/// An app that asks to export; see [`crate::caller`].
pub fn calling_app() -> PathBuf {
    built("credex-calling-app")
}

/// An example of the client library.
pub fn example(name: &str) -> PathBuf {
    built(&format!("examples/{name}"))
}

/// Any of them.
pub fn beside(name: &str) -> PathBuf {
    built(name)
}

/// Of other packages cargo builds no programs for a test, so they may be missing.
fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test knows its own program");
    let found = test
        .ancestors()
        .skip(1)
        .take(2)
        .map(|directory| directory.join(name))
        .find(|program| program.is_file());
    found.unwrap_or_else(|| {
        panic!(
            "there is no {name} beside {test:?}: run tests/run, or cargo build --workspace first"
        )
    })
}
