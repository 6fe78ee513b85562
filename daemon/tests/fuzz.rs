//! The parsers of what a site or an app wrote, over their corpus and over what random changes make of
//! it, for a bounded time. `cargo +nightly fuzz run TARGET`, from `daemon/`, goes on from here with
//! coverage to guide it. Serves section "Shared web credentials: association" of
//! `protocol/README.md`.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

#[path = "../fuzz/properties.rs"]
mod properties;

use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// Seconds for each parser, unless this variable says otherwise.
const SECONDS: u64 = 3;
const VARIABLE: &str = "CREDEX_FUZZ_SECONDS";
/// How many inputs are tried between two looks at the clock.
const CASES: u32 = 256;

#[test]
fn the_parser_of_domains_keeps_its_word_whatever_it_reads() {
    run(
        "domain",
        properties::domain,
        &["*.", ".", ":443", "xn--", "。", "co.uk"],
    );
}

#[test]
fn the_parser_of_asset_links_keeps_its_word_whatever_it_reads() {
    let words = [
        "[",
        "{",
        "}",
        "\"include\":",
        "linux_app",
        "https://",
        "null",
        "\\u0000",
        "\"relation\":[]",
    ];
    run("asset_links", properties::asset_links, &words);
}

#[test]
fn the_parser_of_apples_file_keeps_its_word_whatever_it_reads() {
    let words = [
        "{",
        "[",
        "\"apps\":",
        "org.example.App",
        "\\ud800",
        "\"webcredentials\":",
        "1e999",
    ];
    run("apple", properties::apple, &words);
}

/// One change of an input.
#[derive(Debug, Clone)]
enum Edit {
    Set(Index, u8),
    Cut(Index, usize),
    Insert(Index, &'static str),
    Double(Index, usize),
}

fn edit(words: &'static [&'static str]) -> impl Strategy<Value = Edit> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        (any::<Index>(), 1..40usize).prop_map(|(at, length)| Edit::Cut(at, length)),
        (any::<Index>(), select(words)).prop_map(|(at, word)| Edit::Insert(at, word)),
        (any::<Index>(), 1..40usize).prop_map(|(at, length)| Edit::Double(at, length)),
    ]
}

fn apply(input: &mut Vec<u8>, edit: Edit) {
    let length = input.len();
    let span = |at: Index, wanted: usize| {
        let start = at.index(length + 1);
        start..length.min(start + wanted)
    };
    match edit {
        Edit::Set(at, byte) if length > 0 => input[at.index(length)] = byte,
        Edit::Set(..) => {}
        Edit::Cut(at, wanted) => drop(input.drain(span(at, wanted))),
        Edit::Insert(at, word) => {
            let at = at.index(length + 1);
            drop(input.splice(at..at, word.bytes()));
        }
        Edit::Double(at, wanted) => {
            let span = span(at, wanted);
            let copy = input[span.clone()].to_vec();
            drop(input.splice(span.end..span.end, copy));
        }
    }
}

fn run(target: &str, property: fn(&[u8]), words: &[&'static str]) {
    let corpus = corpus(target);
    for input in &corpus {
        property(input);
    }
    let words: &'static [&'static str] = words.to_vec().leak();
    let changed = (
        select(corpus),
        proptest::collection::vec(edit(words), 0..12),
    );
    let inputs = changed.prop_map(|(mut input, edits)| {
        for edit in edits {
            apply(&mut input, edit);
        }
        input
    });
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let until = Instant::now() + time();
    loop {
        let mut runner = TestRunner::new(config.clone());
        let result = runner.run(&inputs, |input| {
            std::panic::catch_unwind(|| property(&input))
                .map_err(|_| TestCaseError::fail(String::from_utf8_lossy(&input).into_owned()))
        });
        result.unwrap();
        if Instant::now() >= until {
            return;
        }
    }
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let files = std::fs::read_dir(directory.join(target)).unwrap();
    let corpus: Vec<_> = files
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect();
    assert!(
        corpus.len() >= 7,
        "only {} inputs for {target}",
        corpus.len()
    );
    corpus
}

fn time() -> Duration {
    let seconds = std::env::var(VARIABLE).map(|seconds| seconds.parse().unwrap());
    Duration::from_secs(seconds.unwrap_or(SECONDS))
}
