//! What section "Shared web credentials: association" of `protocol/README.md` says in numbers and examples is
//! what this service does.

#![allow(clippy::panic, clippy::unwrap_used)]

use credexd::web_credentials::association::apple::Apps;
use credexd::web_credentials::association::asset_links::Statements;
use credexd::web_credentials::association::{
    MAX_FILE, MAX_INCLUDE_DEPTH, MAX_INCLUDES, Vocabulary,
};
use credexd::web_credentials::cache::{Cache, MAX_BYTES, MAX_FRESH, MAX_STALE, MIN_FRESH};
use credexd::web_credentials::domain::{Domains, MAX_DOMAINS, Mode};
use credexd::web_credentials::fetch::{LIMIT, Stage};
use credexd::web_credentials::generate::{Form, MAX_LENGTH};

fn section() -> &'static str {
    let readme = include_str!("../../protocol/README.md");
    let (_, section) = readme
        .split_once("## Shared web credentials: association\n")
        .unwrap();
    section.split("\n## ").next().unwrap()
}

/// The section in one line, for sentences go over several.
fn text() -> String {
    section().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_numbers_are_those_of_the_code() {
    let text = text();
    for said in [
        format!("An app can declare {MAX_DOMAINS}"),
        format!(
            "At most {MAX_INCLUDES} files in one inquiry, over at most {MAX_INCLUDE_DEPTH} steps"
        ),
        format!("together have {} seconds", LIMIT.as_secs()),
        format!("at most {MAX_FILE} bytes"),
        format!("at least {} hour", MIN_FRESH.as_secs() / 3600),
        format!("at most {} days", MAX_FRESH.as_secs() / 86400),
        format!("up to {} days", MAX_STALE.as_secs() / 86400),
        format!("At most {MAX_BYTES} bytes"),
        format!("{MAX_LENGTH} at most"),
        format!("| {:.2} |", Form::Classic.bits()),
        format!("| {} |", Form::Typeable.bits().floor()),
    ] {
        assert!(text.contains(&said), "the section does not say: {said}");
    }
}

#[test]
fn the_examples_mean_what_is_said_of_them() {
    let declared = section()
        .split_once("Domains=")
        .unwrap()
        .1
        .lines()
        .next()
        .unwrap();
    let elements = declared.split_terminator(';');
    let (domains, wrong) = Domains::declared(elements, Mode::Standard);
    assert_eq!((domains.iter().count(), wrong.len()), (3, 0));

    let example = |vocabulary: Vocabulary| {
        let row = section()
            .lines()
            .find(|line| line.contains(&format!("/{}` |", vocabulary.file())));
        row.unwrap().split('`').nth(3).unwrap().as_bytes()
    };
    let statements = Statements::parse(example(Vocabulary::AssetLinks), Mode::Standard).unwrap();
    assert!(statements.apps.contains("org.example.App"));
    assert!(
        Apps::parse(example(Vocabulary::Apple))
            .unwrap()
            .names("org.example.App")
    );
}

#[test]
fn every_stage_is_named_and_so_is_the_file() {
    let stages = [
        Stage::Start,
        Stage::Resolve,
        Stage::Connect,
        Stage::Tls,
        Stage::Http,
        Stage::Body,
    ];
    for stage in stages {
        assert!(
            section().contains(&format!("`{}`", stage.name())),
            "{}",
            stage.name()
        );
    }
    if let Some(file) = Cache::file_of_session() {
        assert!(file.ends_with("credex/associations.json"));
    }
    assert!(section().contains("`$XDG_CACHE_HOME/credex/associations.json`"));
}
