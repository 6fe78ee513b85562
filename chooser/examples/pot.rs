//! Writes `po/credex-chooser.pot`: every sentence that can be translated, as the sources have it.
//!
//! `cargo run -p credex-chooser --example pot`, and then `msgmerge --update po/de.po
//! po/credex-chooser.pot` for each translation. A test compares the file with the sources.

#[path = "../tests/pot/mod.rs"]
mod pot;

fn main() -> std::io::Result<()> {
    std::fs::write(pot::file(), pot::template())
}
