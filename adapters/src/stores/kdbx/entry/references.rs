//! Values that stand in another entry: `{REF:P@I:46C9B1FFBD4ABC4BBB260C6190BAD20C}` is the password of
//! the entry of that UUID (<https://keepass.info/help/base/fieldrefs.html>).
//!
//! KeePassXC makes them where an entry is cloned. Other stores have nothing like it, so that what they
//! get is the value. A reference within a longer text, or by anything but a UUID, stays the text that
//! it is.

use std::collections::HashMap;

use uuid::Uuid;

use super::super::format::Element;
use super::super::groups;
use super::{NOTES, PASSWORD, TITLE, URL, USERNAME, uuid};

/// References to references are followed so far, for they may lead back to where they came from.
const LONGEST: usize = 10;

/// The entries of a document, by their UUIDs.
#[derive(Default)]
pub(in super::super) struct References<'t>(HashMap<Uuid, &'t Element>);

impl<'t> References<'t> {
    /// Those of a document, but for what is in the recycle bin.
    pub(in super::super) fn new(tree: &'t Element) -> Self {
        let mut entries = HashMap::new();
        groups::walk(tree, &mut |entry, _| {
            entries.extend(uuid(entry).map(|id| (id, entry)));
            true
        });
        Self(entries)
    }

    /// What the value of a string is in the end.
    pub(super) fn resolve(&self, value: &'t Element) -> &'t Element {
        let next = |value: &&'t Element| self.target(value.text()?);
        let mut chain = std::iter::successors(Some(value), next).take(LONGEST);
        let mut last = value;
        for value in chain.by_ref() {
            last = value;
        }
        last
    }

    fn target(&self, text: &str) -> Option<&'t Element> {
        let (wanted, id) = text
            .strip_prefix("{REF:")?
            .strip_suffix('}')?
            .split_once("@I:")?;
        let key = match wanted {
            "T" => TITLE,
            "U" => USERNAME,
            "P" => PASSWORD,
            "A" => URL,
            "N" => NOTES,
            _ => return None,
        };
        let entry = self.0.get(&Uuid::try_parse(id).ok()?)?;
        let mut strings = entry.children_named("String");
        strings
            .find(|string| string.child_text("Key") == Some(key))?
            .child("Value")
    }
}
