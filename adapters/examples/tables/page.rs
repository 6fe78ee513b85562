//! The page: a section for each store.

use std::path::{Path, PathBuf};

use credex_adapters::{Direction, stores};

use super::loss::Table;
use super::places;

const BEGINNING: &str = "\
# What the stores keep

Everything that CXF can say is carried: what a store has no place for is kept in fields or notes of it, which a later
export turns back. Here is what that comes to for the [sample document](../client-lib/src/cxf/sample.json), which has
every type of credential, a type that nobody knows, and members that nobody knows. It was written by

    cargo run -p credex-adapters --example tables

which writes the sample into every store, reads it back, and ends with an error if anything else is lost than was
foreseen; a test holds this file against it. *Natively* means that the apps of the store show it as what it is. *In
fields* means that they show it, or keep it, as custom fields or lines of a note. What is *lost* is told before anything
is written. The header of a document names who wrote it, and is always new; a link in a collection no longer says of
which account its item is, if that is its own.

What each format has for what, and where that is written down, stands at the head of each folder in
`src/stores`.
";

/// Where the page is.
pub(crate) fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

/// The page, and the stores that cannot be tried here, each with the reason; their sections are taken
/// from the `old` page.
pub(crate) fn page(old: &str) -> (String, Vec<(&'static str, String)>) {
    let mut page = BEGINNING.to_owned();
    let mut left_out = Vec::new();
    for adapter in stores::all() {
        let described = adapter.describe();
        let heading = format!("\n## `{}:` {}\n", described.scheme, described.name);
        page.push_str(&heading);
        if described.direction == Direction::In {
            page.push_str("\nIs read only.\n");
            continue;
        }
        match places::Tried::sample(adapter) {
            Ok(tried) => page.push_str(&Table::of(&tried).to_string()),
            Err(why) => {
                left_out.push((described.scheme, why));
                page.push_str(section(old, &heading));
            }
        }
    }
    (page, left_out)
}

/// What a page says below a heading.
fn section<'p>(page: &'p str, heading: &str) -> &'p str {
    let Some((_, below)) = page.split_once(heading) else {
        return "\nWas not tried yet.\n";
    };
    match below.find("\n## ") {
        Some(end) => &below[..end],
        None => below,
    }
}
