//! Files and units: each one that is named is laid out, or belongs to who writes it.

use std::path::Path;

use crate::texts::{self, documents, tree, words};

/// Files that are somebody else's to write, and what stands in examples.
const NOT_OURS: [&str; 6] = [
    "/etc/credex",
    "/usr/lib/credex/credexd.conf",
    // What another desktop could bring along.
    "/usr/libexec/credex-chooser-kde",
    // Made by a test of the website that somebody writes.
    "/run/credex",
    "/usr/lib/credex",
    "/var/lib/credex",
];

#[test]
fn every_file_of_ours_that_is_named_is_installed() {
    let mut seen = 0;
    for text in texts::all() {
        for path in
            words(&text.text, is_part_of_path).map(|word| word.trim_end_matches(['.', ',', '/']))
        {
            let is_ours = ["/usr/", "/etc/", "/run/", "/var/"]
                .iter()
                .any(|top| path.starts_with(top));
            if !is_ours
                || !path.contains("credex")
                || NOT_OURS.iter().any(|other| path.starts_with(other))
            {
                continue;
            }
            seen += 1;
            let file = tree().join(path.trim_start_matches('/'));
            assert!(
                file.exists(),
                "{} names {path}, which is not installed",
                text.place
            );
        }
    }
    assert!(seen > 10, "only {seen} files were found in all texts");
}

#[test]
fn every_unit_of_ours_that_is_named_is_installed() {
    let mut seen = 0;
    for text in texts::all() {
        for name in words(&text.text, is_part_of_unit) {
            let is_unit = [".service", ".socket"]
                .iter()
                .any(|end| name.ends_with(end));
            if !is_unit || !name.starts_with("credex") {
                continue;
            }
            seen += 1;
            let unit = tree().join("usr/lib/systemd/user").join(name);
            assert!(
                unit.exists(),
                "{} names {name}, which is no unit",
                text.place
            );
        }
    }
    assert!(seen > 5, "only {seen} units were found in all texts");
}

#[test]
fn every_link_of_an_installed_document_leads_somewhere() {
    let mut seen = 0;
    for text in documents() {
        let place = Path::new(&text.place).parent().unwrap().to_owned();
        for link in text.text.split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            seen += 1;
            assert!(
                place.join(target).exists(),
                "{} links to {target}",
                text.place
            );
        }
    }
    assert!(seen > 10, "only {seen} links were found");
}

fn is_part_of_path(letter: char) -> bool {
    is_part_of_unit(letter) || letter == '/'
}

fn is_part_of_unit(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || ".-_@".contains(letter)
}
