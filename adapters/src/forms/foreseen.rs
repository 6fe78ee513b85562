//! What of a record a store holds by itself, and what it only carries.

use std::collections::HashSet;

use serde_json::Value;
use zeroize::Zeroizing;

use crate::item::pairs;
use crate::{Attachment, Foreseen, Record};

/// Compares the record that is to be written with what the store would read natively, value by
/// value. `lost` are the indices of the credentials that the store does not take, each with the reason.
#[must_use]
pub fn foreseen(whole: &Record, native: &Record, lost: &[(usize, String)]) -> Foreseen {
    let mut foreseen = Foreseen::default();
    let mut tell = |path: &str, whole: &Value, native: Option<&Value>| {
        compare(path, whole, native, &mut foreseen);
    };
    for (name, value) in whole.item.members.members() {
        if name != "id" {
            tell(name, value, native.item.members.get(name));
        }
    }
    let gone: HashSet<_> = lost.iter().map(|(at, _)| *at).collect();
    let kept = whole.item.credentials.iter().enumerate();
    let kept: Vec<_> = kept.filter(|(at, _)| !gone.contains(at)).collect();
    let pairs = pairs(kept.iter().map(|(_, each)| *each), &native.item.credentials);
    for ((at, credential), pair) in kept.into_iter().zip(pairs) {
        let other = pair.and_then(|pair| native.item.credentials.get(pair));
        let members = credential.members().filter(|(name, _)| *name != "type");
        for (name, value) in members {
            let other = other.and_then(|other| other.get(name));
            tell(&format!("credentials[{at}].{name}"), value, other);
        }
    }
    let reasons = lost.iter();
    foreseen.lost = reasons
        .map(|(at, why)| (format!("credentials[{at}]"), why.clone()))
        .collect();
    foreseen
}

fn compare(path: &str, whole: &Value, native: Option<&Value>, foreseen: &mut Foreseen) {
    match whole {
        Value::Object(members) => {
            let is_field = members.contains_key("fieldType") && members.contains_key("value");
            for (name, value) in members {
                let native = native.and_then(|native| native.get(name));
                match is_field && name == "value" {
                    true => compare(path, value, native, foreseen),
                    // The type of a value that a store holds as it is says nothing by itself.
                    false if is_field && name == "fieldType" && native == Some(value) => {}
                    false => compare(&format!("{path}.{name}"), value, native, foreseen),
                }
            }
        }
        Value::Array(elements) => {
            for (at, value) in elements.iter().enumerate() {
                let native = native.and_then(|native| native.get(at));
                compare(&format!("{path}[{at}]"), value, native, foreseen);
            }
        }
        value if native == Some(value) => foreseen.native.push(path.to_owned()),
        _ => foreseen.carried.push(path.to_owned()),
    }
}

/// The record without the `file` credentials whose bytes are more than a store takes: `limit` for all
/// of a record. Also the indices of those, each with the reason.
#[must_use]
pub fn without_large_files(record: &Record, limit: usize) -> (Record, Vec<(usize, String)>) {
    let mut kept = record.clone();
    let mut lost = Vec::new();
    let mut room = limit;
    for (at, credential) in record.item.credentials.iter().enumerate() {
        let bytes = |file: &&Attachment| credential.text("id") == Some(file.id.as_str());
        let Some(file) = record.attachments.iter().find(bytes) else {
            continue;
        };
        match room.checked_sub(file.content.len()) {
            Some(left) => room = left,
            None => lost.push((at, too_large(&file.content, limit))),
        }
    }
    for (at, _) in lost.iter().rev() {
        let credential = kept.item.credentials.remove(*at);
        let is_it = |file: &Attachment| credential.text("id") == Some(file.id.as_str());
        kept.attachments.retain(|file| !is_it(file));
    }
    (kept, lost)
}

fn too_large(content: &Zeroizing<Vec<u8>>, limit: usize) -> String {
    let (size, limit) = (content.len() >> 10, limit >> 10);
    format!("the file has {size} KiB, and such a store takes {limit} KiB of files with an item")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FieldType, Item, Object};

    fn record() -> Record {
        let mut item = Item::new(Some("aQ".to_owned()), "Bank");
        item.push_login(Some("ann"), Some("hunter2"));
        for id in ["YQ", "Yg"] {
            let mut file = Object::credential("file");
            file.set("id", id);
            item.credentials.push(file);
        }
        let mut record = Record::new(item, "");
        record.attachments = [("YQ", 2000), ("Yg", 500)]
            .map(|(id, size)| Attachment {
                id: id.to_owned(),
                content: Zeroizing::new(vec![0; size]),
            })
            .into();
        record
    }

    #[test]
    fn a_file_that_is_too_large_goes_and_the_next_one_stays() {
        let (kept, lost) = without_large_files(&record(), 1024);
        assert_eq!(kept.item.credentials.len(), 2);
        assert_eq!(kept.attachments.len(), 1);
        assert_eq!(lost[0].0, 1);
        let foreseen = foreseen(&record(), &kept, &lost);
        assert_eq!(foreseen.lost[0].0, "credentials[1]");
    }

    #[test]
    fn every_value_is_told_once() {
        let whole = record();
        let mut native = Record::new(Item::new(None, "Bank"), "");
        native.item.push_login(Some("ann"), None);
        let mut other = native.clone();
        other.item.credentials[0].set_field("username", FieldType::Email, "ann");
        let told = foreseen(&whole, &native, &[]);
        assert_eq!(told.native, ["title", "credentials[0].username"]);
        assert_eq!(
            told.carried,
            [
                "credentials[0].password.fieldType",
                "credentials[0].password",
                "credentials[1].id",
                "credentials[2].id"
            ]
        );
        let told = foreseen(&whole, &other, &[]);
        assert!(
            told.carried
                .contains(&"credentials[0].username.fieldType".to_owned())
        );
    }
}
