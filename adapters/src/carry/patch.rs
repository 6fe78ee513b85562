//! The difference of two JSON values, such that what a person changes natively later on is not
//! undone by it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// How to make of a native value the whole one.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Patch {
    /// There is nothing natively.
    Is(Value),
    /// The native value is another; it is replaced as long as it has this digest.
    Was(String, Value),
    /// There is a native value where there should be none; it goes as long as it has this digest.
    Not(String),
    /// Members of an object.
    In(Vec<(String, Patch)>),
    /// Elements of an array of the same length.
    At(Vec<(usize, Patch)>),
}

/// Finds the patch for one value; `None` if nothing is to be done.
pub(super) fn find(whole: Option<&Value>, native: Option<&Value>) -> Option<Patch> {
    match (whole, native) {
        (whole, native) if whole == native => None,
        (Some(whole), None) => Some(Patch::Is(whole.clone())),
        (None, Some(native)) => Some(Patch::Not(digest(native))),
        (Some(Value::Object(whole)), Some(Value::Object(native))) => {
            Some(Patch::In(members(whole, native)))
        }
        (Some(Value::Array(whole)), Some(Value::Array(native))) if whole.len() == native.len() => {
            let pairs = whole.iter().zip(native).enumerate();
            let found = pairs
                .filter_map(|(at, (whole, native))| Some((at, find(Some(whole), Some(native))?)));
            Some(Patch::At(found.collect()))
        }
        (Some(whole), Some(native)) => Some(Patch::Was(digest(native), whole.clone())),
        (None, None) => None,
    }
}

/// Finds the patches for the members of an object.
pub(super) fn members(
    whole: &Map<String, Value>,
    native: &Map<String, Value>,
) -> Vec<(String, Patch)> {
    let added = native.keys().filter(|name| !whole.contains_key(*name));
    let names = whole.keys().chain(added);
    let found =
        names.filter_map(|name| Some((name.clone(), find(whole.get(name), native.get(name))?)));
    found.collect()
}

impl Patch {
    /// What becomes of the native value.
    pub(super) fn apply(&self, native: Option<Value>) -> Option<Value> {
        match (self, native) {
            (Self::Is(whole), None) => Some(whole.clone()),
            (Self::Was(was, whole), Some(native)) if digest(&native) == *was => Some(whole.clone()),
            (Self::Not(was), Some(native)) if digest(&native) == *was => None,
            (Self::In(patches), Some(Value::Object(native))) => {
                Some(Value::Object(apply_members(patches, native)))
            }
            (Self::At(patches), Some(Value::Array(mut native))) => {
                for (at, patch) in patches {
                    if let Some(place) = native.get_mut(*at)
                        && let Some(whole) = patch.apply(Some(place.take()))
                    {
                        *place = whole;
                    }
                }
                Some(Value::Array(native))
            }
            // A person has changed it natively since.
            (_, native) => native,
        }
    }
}

/// Applies patches to the members of an object.
pub(super) fn apply_members(
    patches: &[(String, Patch)],
    mut native: Map<String, Value>,
) -> Map<String, Value> {
    for (name, patch) in patches {
        let patched = patch.apply(native.remove(name));
        if let Some(patched) = patched {
            native.insert(name.clone(), patched);
        }
    }
    native
}

/// A short digest, to tell whether a value is still the one that it was.
pub(super) fn digest(value: &Value) -> String {
    let text = zeroize::Zeroizing::new(value.to_string());
    data_encoding::BASE64URL_NOPAD.encode(&Sha256::digest(text.as_bytes())[..9])
}
