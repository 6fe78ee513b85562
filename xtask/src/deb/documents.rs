//! What every Debian package tells of itself, below `/usr/share/doc`: its licence in the machine-readable
//! form (DEP 5), and its changes.

use std::fs;
use std::path::Path;

use super::{compress, write};
use crate::error::{Failure, at};
use crate::options::source;

/// Of the source, and of both packages. Its first entry is of the version that cargo builds.
const CHANGELOG: &str = include_str!("../../debian/changelog");

/// Writes both for the package called `name`.
pub(super) fn write_for(name: &str, version: &str, usr: &Path) -> Result<(), Failure> {
    let directory = usr.join("share/doc").join(name);
    let licence = source().join("LICENSE");
    let text = fs::read_to_string(&licence).map_err(at("cannot read", &licence))?;
    write(&directory.join("copyright"), &copyright(&text))?;
    let changes = directory.join("changelog");
    write(&changes, &changelog(version))?;
    compress(&changes)
}

/// The changes, with `version` as the newest.
fn changelog(version: &str) -> String {
    let built = concat!("(", env!("CARGO_PKG_VERSION"), ")");
    CHANGELOG.replacen(built, &format!("({version})"), 1)
}

/// `licence` begins with its own name and with who grants it.
fn copyright(licence: &str) -> String {
    let mut paragraphs = licence.trim().splitn(3, "\n\n").skip(1);
    let holder = paragraphs.next().unwrap_or_default();
    let holder = holder.trim_start_matches("Copyright (c) ");
    let terms = paragraphs.next().unwrap_or_default();
    let terms: String = terms
        .lines()
        .map(|line| format!(" {}\n", if line.is_empty() { "." } else { line }))
        .collect();
    format!(
        "\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Credex
Comment:
 What is compiled has crates from crates.io in it. Cargo.lock in the source
 names each of them, and deny.toml the licences that they may have.

Files: *
Copyright: {holder}
License: Expat

License: Expat
{terms}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_entry_of_the_changes_is_of_what_is_packed() {
        let first = |text: &str| text.lines().next().map(str::to_owned);
        let built = concat!(
            "credex (",
            env!("CARGO_PKG_VERSION"),
            ") unstable; urgency=medium"
        );
        assert_eq!(first(CHANGELOG).as_deref(), Some(built));
        let next = first(&changelog("9.8+1"));
        assert_eq!(
            next.as_deref(),
            Some("credex (9.8+1) unstable; urgency=medium")
        );
        let maintainer = format!("\n -- {}  ", super::super::MAINTAINER);
        assert!(CHANGELOG.contains(&maintainer), "{CHANGELOG}");
    }

    #[test]
    fn the_licence_is_there_to_its_last_word() {
        let licence = include_str!("../../../LICENSE");
        let copyright = copyright(licence);
        assert!(copyright.contains("\nCopyright: 2026 The Credex authors\nLicense: Expat\n"));
        let (_, terms) = copyright.rsplit_once("License: Expat\n").unwrap();
        let written: Vec<&str> = terms
            .split_whitespace()
            .filter(|word| *word != ".")
            .collect();
        let (_, granted) = licence.split_once("authors").unwrap();
        let granted: Vec<&str> = granted.split_whitespace().collect();
        assert_eq!(written, granted);
        assert!(terms.lines().all(|line| line.starts_with(' ')), "{terms}");
    }
}
