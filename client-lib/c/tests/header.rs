//! `include/credex.h` is what cbindgen makes of the library. Run with `CREDEX_WRITE_HEADER=1` to have it
//! written.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::path::Path;

fn generated() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut header = Vec::new();
    cbindgen::generate(root).unwrap().write(&mut header);
    // Rust's word for what a comment of C just says.
    String::from_utf8(header)
        .unwrap()
        .replace(" * # Safety\n", " * Only if:\n")
}

#[test]
fn the_header_is_what_the_library_exports() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/credex.h");
    let now = generated();
    if std::env::var_os("CREDEX_WRITE_HEADER").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = now
        .lines()
        .zip(checked_in.lines())
        .find(|(now, then)| now != then);
    assert!(
        now == checked_in,
        "{path:?} is out of date, from {differs:?} on: run this test with CREDEX_WRITE_HEADER=1"
    );
}
