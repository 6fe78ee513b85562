//! What C calls by name: each function, type and constant of the library that a document names is declared in
//! the header that is installed.

use std::collections::BTreeSet;

use crate::texts::{documents, tree, words};

#[test]
fn every_name_of_the_library_for_c_is_in_its_header() {
    let header = std::fs::read_to_string(tree().join("usr/include/credex.h")).unwrap();
    let declared: BTreeSet<&str> = words(&header, is_part_of_name).collect();
    let mut seen = 0;
    for text in documents() {
        for name in words(&text.text, is_part_of_name).filter(|name| is_of_the_library(name)) {
            assert!(declared.contains(name), "{} names {name}", text.place);
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} names were found in all documents");
    assert!(!declared.contains("credex_client_nwe"));
}

/// What ends with `_` stands for several names; what goes on with a number is the file of a package.
fn is_of_the_library(name: &str) -> bool {
    let prefixes = ["credex_", "CREDEX_STATUS_"];
    let rest = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix));
    rest.is_some_and(|rest| {
        rest.starts_with(|first: char| first.is_ascii_alphabetic()) && !rest.ends_with('_')
    })
}

fn is_part_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}
