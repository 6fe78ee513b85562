//! A page of the documentation: its code blocks, as they stand.

use std::path::Path;

/// A code block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What it says of itself behind the fence: `sh`, `rust,no_run`.
    pub language: String,
    pub text: String,
    /// The line of its fence, from 1.
    pub line: usize,
}

/// Every code block of the page at `path`, below the root of the repository.
pub fn blocks(path: &str) -> Vec<Block> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let page = std::fs::read_to_string(&page).unwrap_or_else(|why| panic!("{path}: {why}"));
    parse(&page)
}

fn parse(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(language), None) => {
                open = Some(Block {
                    language: language.to_owned(),
                    text: String::new(),
                    line: index + 1,
                });
            }
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a code block has no end");
    blocks
}

/// Whether `said` is what the page says it is: line by line, `…` for anything, also for more lines.
pub fn fits(said: &str, page: &str) -> bool {
    let mut rest = said.trim();
    let pieces: Vec<&str> = page.trim().split('…').collect();
    for (index, piece) in pieces.iter().enumerate() {
        let (first, last) = (index == 0, index + 1 == pieces.len());
        let found = match (first, last) {
            (true, true) => return rest == *piece,
            (true, false) => rest.strip_prefix(piece),
            (false, true) => rest.strip_suffix(piece),
            (false, false) => rest.find(piece).map(|at| &rest[at + piece.len()..]),
        };
        match found {
            Some(left) => rest = left,
            None => return false,
        }
    }
    true
}

#[test]
fn what_is_printed_must_fit_what_the_page_says() {
    assert!(fits("a b c\n", "a…c"));
    assert!(fits("first\nmiddle\nlast", "first\n…last"));
    assert!(!fits("a b d", "a…c"));
    assert!(!fits("ab", "a"));
    assert!(!fits("", "x"));
}

#[test]
fn a_page_is_taken_apart_into_its_blocks() {
    let blocks = parse("text\n```sh\none\ntwo\n```\nmore\n```text\nthree\n```\n");
    let texts: Vec<&str> = blocks.iter().map(|block| block.text.as_str()).collect();
    assert_eq!(texts, ["one\ntwo\n", "three\n"]);
    assert_eq!((blocks[0].language.as_str(), blocks[0].line), ("sh", 2));
}
