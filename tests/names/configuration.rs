//! `credexd.conf(5)` and `daemon/README.md` tell of the same keys, with the same values.

use std::collections::BTreeMap;

use crate::texts::{self, source};

/// Keys with their values.
type Keys = BTreeMap<String, String>;

#[test]
fn the_manual_page_has_every_key_with_the_value_that_is_built_in_and_no_other() {
    let readme = std::fs::read_to_string(source().join("daemon/README.md")).unwrap();
    let block = readme
        .split("```toml")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let told: Keys = block.lines().filter_map(key).collect();
    assert!(told.len() > 20, "{told:?}");
    let page = texts::pages()
        .into_iter()
        .find(|page| page.place.ends_with("credexd.conf.5"));
    let page = page.unwrap().text;
    let examples = page
        .find("[authentication]\nwithout_polkit")
        .expect("the example");
    let paged: Keys = page[..examples].lines().filter_map(key).collect();
    assert_eq!(paged, told);
}

/// `# key = value    # remark`, where neither sign need be there.
fn key(line: &str) -> Option<(String, String)> {
    let (name, value) = line.trim_start_matches("# ").split_once(" = ")?;
    let (name, value) = (name.trim(), value.split(" #").next().unwrap().trim());
    let is_name = |letter: char| letter.is_ascii_lowercase() || "_-".contains(letter);
    name.chars()
        .all(is_name)
        .then(|| (name.to_owned(), value.to_owned()))
}
