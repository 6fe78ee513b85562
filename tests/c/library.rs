//! What the library promises to a linker and to a compiler.

use std::process::{Command, Stdio};

use credex_tests::c::sources;
use credex_tests::programs;

fn said(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {why}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_symbol_is_ours_and_has_a_version() {
    let library = programs::beside("libcredex.so");
    let symbols = said(
        Command::new("nm")
            .args(["-D", "--defined-only", "--with-symbol-versions"])
            .arg(library),
    );
    let exported: Vec<&str> = symbols
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2))
        .filter(|name| *name != "libcredex.so.0")
        .collect();
    assert!(exported.len() > 50, "{exported:?}");
    for symbol in exported {
        let ours = symbol.starts_with("credex_") && symbol.ends_with("@@libcredex.so.0");
        assert!(ours, "{symbol}");
    }
}

#[test]
fn what_the_header_declares_is_there_and_what_is_there_is_declared() {
    let header = std::fs::read_to_string(sources().join("include/credex.h")).unwrap();
    let library = programs::beside("libcredex.so");
    let symbols = said(
        Command::new("nm")
            .args(["-D", "--defined-only"])
            .arg(library),
    );
    let mut exported: Vec<&str> = symbols
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2))
        .filter_map(|name| name.split('@').next())
        .filter(|name| name.starts_with("credex_"))
        .collect();
    let mut declared: Vec<&str> = header
        .lines()
        .filter(|line| !line.starts_with([' ', '*', '/', '#']))
        .filter_map(|line| line.split('(').next())
        .filter_map(|line| line.split([' ', '*']).next_back())
        .filter(|name| name.starts_with("credex_"))
        .collect();
    exported.sort_unstable();
    declared.sort_unstable();
    assert_eq!(exported, declared);
}

#[test]
fn programs_depend_on_the_name_with_a_version() {
    let library = programs::beside("libcredex.so");
    let dynamic = said(Command::new("readelf").arg("-dW").arg(library));
    assert!(
        dynamic.contains("Library soname: [libcredex.so.0]"),
        "{dynamic}"
    );
}

#[test]
fn the_header_is_c_and_cplusplus() {
    let header = sources().join("include/credex.h");
    for (compiler, language, standard) in [("cc", "c", "c99"), ("c++", "c++", "c++11")] {
        said(
            Command::new(compiler)
                .args([
                    "-fsyntax-only",
                    "-Wall",
                    "-Wextra",
                    "-Wpedantic",
                    "-Werror",
                    "-x",
                    language,
                ])
                .arg(format!("-std={standard}"))
                .arg(&header),
        );
    }
}
