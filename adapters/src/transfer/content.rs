//! Whether two records say the same, whatever ids and times the stores have given them.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Attachment, Object, Record};

/// A digest of what a record says.
pub(super) type Fingerprint = [u8; 32];

/// Members that differ from store to store and say nothing.
const PASSING: &[&str] = &["id", "creationAt", "modifiedAt"];

/// The digest of the title, the other members and those credentials whose type is not in `left_out`,
/// with the bytes of the files, in whatever order. Ids and times do not count, nor do collections.
pub(super) fn fingerprint(record: &Record, left_out: &BTreeSet<String>) -> Fingerprint {
    let mut sum = Sha256::new();
    members(&mut sum, &record.item.members);
    let files = record.attachments.iter().rev();
    // Of two with the same id, the first one.
    let files: HashMap<_, _> = files.map(|file| (&*file.id, file)).collect();
    let mut credentials: Vec<Fingerprint> = record
        .item
        .credentials
        .iter()
        .filter(|credential| !left_out.contains(credential.kind()))
        .map(|each| credential(&files, each))
        .collect();
    credentials.sort_unstable();
    credentials.iter().for_each(|each| sum.update(each));
    sum.finalize().into()
}

fn credential(files: &HashMap<&str, &Attachment>, credential: &Object) -> Fingerprint {
    let mut sum = Sha256::new();
    members(&mut sum, credential);
    if credential.kind() == "file" {
        match credential.text("id").and_then(|id| files.get(id)) {
            Some(file) => sum.update(Sha256::digest(&*file.content)),
            None => sum.update([0]),
        }
    }
    sum.finalize().into()
}

fn members(sum: &mut Sha256, object: &Object) {
    let lasting = object.members().filter(|(name, value)| {
        !PASSING.contains(name) && !value.is_null() && !is_nothing(name, value)
    });
    for (name, value) in lasting {
        text(sum, name);
        feed(sum, value);
    }
}

/// What a store may say or leave out: not being a favourite, having no tags.
fn is_nothing(name: &str, value: &Value) -> bool {
    match name {
        "favorite" => value == &Value::Bool(false),
        "tags" | "extensions" => value.as_array().is_some_and(Vec::is_empty),
        _ => false,
    }
}

fn feed(sum: &mut Sha256, value: &Value) {
    match value {
        Value::Null => sum.update(b"n"),
        Value::Bool(value) => sum.update([b'b', u8::from(*value)]),
        Value::Number(number) => text(sum, &number.to_string()),
        Value::String(value) => text(sum, value),
        Value::Array(elements) => {
            sum.update(b"[");
            sum.update((elements.len() as u64).to_le_bytes());
            elements.iter().for_each(|element| feed(sum, element));
        }
        Value::Object(members) => {
            sum.update(b"{");
            for (name, value) in members {
                if name != "id" && !value.is_null() {
                    text(sum, name);
                    feed(sum, value);
                }
            }
            sum.update(b"}");
        }
    }
}

fn text(sum: &mut Sha256, text: &str) {
    sum.update(b"s");
    sum.update((text.len() as u64).to_le_bytes());
    sum.update(text.as_bytes());
}

/// The titles of the collections that a record is in, from the outermost one.
pub(super) type Whereabouts = BTreeSet<Vec<String>>;

/// Where `record` lies.
pub(super) fn whereabouts(record: &Record) -> Whereabouts {
    let places = record.places.iter();
    places
        .map(|place| place.titles().map(str::to_owned).collect())
        .collect()
}

/// Whether `new` lies where `old` does, as far as it says where.
pub(super) fn lies_the_same(new: &Record, old: &Record) -> bool {
    new.places.is_empty() || whereabouts(new) == whereabouts(old)
}
