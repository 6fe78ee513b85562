//! Pieces of a document as they are written: taken apart one level at a time, never re-written.

use std::borrow::Cow;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Invalid;
use super::walk::Name;

/// The members of an object, in their order.
pub(super) type Members<'d> = Vec<(Cow<'d, str>, &'d RawValue)>;

/// The outermost value of a document that was validated before.
pub(super) fn root(document: &[u8]) -> Result<&RawValue, Invalid> {
    serde_json::from_slice(document).map_err(|fault| Invalid::NotJson {
        line: fault.line(),
        column: fault.column(),
        path: "$".to_owned(),
        reason: "the document changed after it was validated".to_owned(),
    })
}

// Each of these looks at the kind first: serde would quote a value of another kind in its error.

/// The members of an object; `None` if the value is of another kind.
pub(super) fn members(raw: &RawValue) -> Option<Members<'_>> {
    let mut json = is_object(raw).then(|| serde_json::Deserializer::from_str(raw.get()))?;
    json.deserialize_map(Pieces).ok()
}

/// The elements of an array; `None` if the value is of another kind.
pub(super) fn elements(raw: &RawValue) -> Option<Vec<&RawValue>> {
    raw.get()
        .starts_with('[')
        .then(|| serde_json::from_str(raw.get()).ok())?
}

/// The text of a string; `None` if the value is of another kind.
pub(super) fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    let is_string = raw.get().starts_with('"');
    let mut json = is_string.then(|| serde_json::Deserializer::from_str(raw.get()))?;
    json.deserialize_str(Name).ok()
}

pub(super) fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

/// The value of the member of this name.
pub(super) fn member<'d>(members: &Members<'d>, name: &str) -> Option<&'d RawValue> {
    members
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| *value)
}

/// Whether this is the root of a bare Account and not of a Header.
pub(super) fn is_bare_account(root: &Members<'_>) -> bool {
    !member(root, "accounts").is_some_and(|accounts| accounts.get().starts_with('['))
}

struct Pieces;

impl<'de> Visitor<'de> for Pieces {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = object.next_key_seed(Name)? {
            members.push((name, object.next_value()?));
        }
        Ok(members)
    }
}
