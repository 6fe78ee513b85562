//! Places in a document, in the notation of JSONPath (RFC 9535): `$.accounts[0].items[3].title`.

use std::fmt::Write;

/// Longer names are cut in a path: it is there to be read, and the name is the exporter's choice.
const LONGEST_NAME: usize = 64;

/// One step down into a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Into the element of this index.
    Element(usize),
    /// Into a member, whose name is kept elsewhere under this number.
    Member(usize),
}

/// Writes the way from the root, with `name` to look the members up.
pub(super) fn render<'n>(steps: &[Step], name: impl Fn(usize) -> &'n str) -> String {
    let mut path = String::from("$");
    for step in steps {
        path = match step {
            Step::Element(index) => with_element(path, *index),
            Step::Member(place) => with_member(path, name(*place)),
        };
    }
    path
}

/// Appends an element's index to a path.
pub(super) fn with_element(mut path: String, index: usize) -> String {
    // Writing to a String cannot fail.
    let _infallible = write!(path, "[{index}]");
    path
}

/// Appends a member's name to a path: plainly if it is an identifier, quoted if it is not.
pub(super) fn with_member(mut path: String, name: &str) -> String {
    let is_plain = !name.is_empty()
        && name.len() <= LONGEST_NAME
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_plain {
        path.push('.');
        path.push_str(name);
        return path;
    }
    let cut = name
        .char_indices()
        .nth(LONGEST_NAME)
        .map_or(name.len(), |(end, _)| end);
    let (shown, rest) = name.split_at(cut);
    let ellipsis = if rest.is_empty() { "" } else { "…" };
    let _infallible = write!(path, "['{}{ellipsis}']", shown.escape_debug());
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_like_the_way_a_person_would_go() {
        let names = ["accounts", "items", "a b'c"];
        let steps = [
            Step::Member(0),
            Step::Element(2),
            Step::Member(1),
            Step::Element(10),
            Step::Member(2),
        ];
        assert_eq!(
            render(&steps, |place| names[place]),
            r"$.accounts[2].items[10]['a b\'c']"
        );
    }

    #[test]
    fn a_name_can_neither_flood_nor_forge_the_terminal_it_is_shown_on() {
        let path = with_member("$".to_owned(), &"\u{1b}[2J".repeat(1000));
        assert!(path.len() < 1000 && path.ends_with("…']"));
        assert!(!path.contains('\u{1b}'));
    }
}
