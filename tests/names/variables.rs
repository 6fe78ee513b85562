//! Environment variables: each one that is named is read by one of our programs.

use crate::texts::{self, files_below, source, words};

#[test]
fn every_variable_that_is_named_is_read_by_us() {
    let programs = sources();
    let mut seen = 0;
    for text in texts::pages()
        .into_iter()
        .chain(texts::documents())
        .chain(texts::advice())
    {
        for name in words(&text.text, |letter| {
            letter.is_ascii_uppercase() || letter == '_'
        }) {
            let prefixes = [
                "CREDEX_",
                "XDG_",
                "DBUS_",
                "NO_COLOR",
                "WAYLAND_",
                "XAUTHORITY",
            ];
            if !prefixes.iter().any(|prefix| name.starts_with(prefix))
                || is_the_bus_own(name)
                || is_a_constant(name)
            {
                continue;
            }
            seen += 1;
            assert!(
                programs.contains(name),
                "{} names {name}, which nobody reads",
                text.place
            );
        }
    }
    assert!(seen > 10, "only {seen} variables were found in all texts");
}

/// The libraries read it: where the session bus is.
fn is_the_bus_own(name: &str) -> bool {
    name == "DBUS_SESSION_BUS_ADDRESS"
}

/// Of the library for C: `constants` looks these up.
fn is_a_constant(name: &str) -> bool {
    name.starts_with("CREDEX_STATUS_")
}

/// All sources of what is installed.
fn sources() -> String {
    let directories = [
        "chooser/src",
        "chooser/gtk/src",
        "cli/src",
        "client-lib",
        "daemon/src",
        "daemon/fetcher/src",
        "protocol/src",
    ];
    let files = directories
        .iter()
        .flat_map(|directory| files_below(&source().join(directory)));
    let is_program = |file: &std::path::PathBuf| {
        file.extension()
            .is_some_and(|end| end == "rs" || end == "py")
    };
    files
        .filter(is_program)
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect()
}
