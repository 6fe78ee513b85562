//! `adapters/README.md` says what the stores keep, and nothing else.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]
#![allow(dead_code, reason = "the command has parts that no story needs")]

#[path = "../examples/tables/loss.rs"]
mod loss;
#[path = "../examples/tables/page.rs"]
mod page;
#[path = "../examples/tables/places.rs"]
mod places;
mod stage;

use credex_adapters::{Direction, stores};

#[test]
fn the_readme_says_what_the_stores_keep() {
    let readme = std::fs::read_to_string(page::path()).unwrap();
    let (page, left_out) = page::page(&readme);
    for (scheme, why) in left_out {
        eprintln!("{scheme} is not tried: {why}");
    }
    assert_eq!(
        page, readme,
        "run `cargo run -p credex-adapters --example tables`"
    );
}

#[test]
fn nothing_but_what_was_foreseen_is_lost_of_the_documents_of_the_specification() {
    for document in stage::documents() {
        for adapter in stores::all() {
            let described = adapter.describe();
            if described.direction == Direction::In {
                continue;
            }
            match places::Tried::with(adapter, document.records.clone()) {
                Ok(tried) => assert_eq!(tried.records.len(), document.records.len()),
                Err(why) => eprintln!("{} is not tried: {why}", described.scheme),
            }
        }
    }
}
