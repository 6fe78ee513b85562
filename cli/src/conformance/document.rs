//! Documents that are made for the checks: nothing in them is anybody's.

use std::collections::BTreeMap;

use credex_protocol::wire::Counts;
use serde_json::{Value, json};

/// A CXF document.
#[derive(Debug, Clone)]
pub(super) struct Document {
    root: Value,
    /// A word that is in no other document.
    pub(super) mark: String,
}

impl Document {
    /// A document of this many logins.
    pub(super) fn logins(mark: &str, number: usize) -> Document {
        let items = (0..number).map(|index| login(mark, index)).collect();
        Document::of_items(mark, items)
    }

    /// A document of about so many MiB, in logins that have a lot to tell.
    pub(super) fn large(mark: &str, mebibytes: u64) -> Document {
        let subtitle = "made-up words ".repeat(300);
        let number = usize::try_from(mebibytes << 20).unwrap_or(usize::MAX) / subtitle.len();
        let login = |index| {
            let mut login = login(mark, index);
            login["subtitle"] = subtitle.as_str().into();
            login
        };
        Document::of_items(mark, (0..number).map(login).collect())
    }

    /// A document of these items.
    pub(super) fn of_items(mark: &str, items: Vec<Value>) -> Document {
        let root = json!({
            "version": {"major": 1, "minor": 0},
            "exporterRpId": "conformance.credex.example",
            "exporterDisplayName": "Credex conformance",
            "timestamp": 1_767_225_600,
            "accounts": [{
                "id": "YWNjb3VudA", "username": "ada", "email": "ada@example.org",
                "collections": [], "items": items,
            }],
        });
        Document {
            root,
            mark: mark.to_owned(),
        }
    }

    /// The whole of it, to be changed.
    pub(super) fn root(&mut self) -> &mut Value {
        &mut self.root
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.root.to_string().into_bytes()
    }

    /// How many credentials of each type are in it.
    pub(super) fn counts(&self) -> Counts {
        count(&self.root)
    }
}

/// How many credentials of each type are in a document.
pub(super) fn count(root: &Value) -> Counts {
    let mut counts = BTreeMap::new();
    for credential in credentials(root) {
        if let Some(name) = credential["type"].as_str() {
            *counts.entry(name.to_owned()).or_default() += 1;
        }
    }
    counts
}

/// Every credential of a document.
pub(super) fn credentials(root: &Value) -> impl Iterator<Item = &Value> {
    let accounts = root["accounts"].as_array().into_iter().flatten();
    let items = accounts.flat_map(|account| account["items"].as_array().into_iter().flatten());
    items.flat_map(|item| item["credentials"].as_array().into_iter().flatten())
}

/// An item with a login.
pub(super) fn login(mark: &str, index: usize) -> Value {
    item(mark, index, vec![basic_auth(mark, index)])
}

/// An item with these credentials.
pub(super) fn item(mark: &str, index: usize, credentials: Vec<Value>) -> Value {
    json!({
        "id": id(mark, index),
        "title": format!("{mark} {index}"),
        "credentials": credentials,
    })
}

pub(super) fn basic_auth(mark: &str, index: usize) -> Value {
    json!({
        "type": "basic-auth",
        "username": {"fieldType": "string", "value": format!("ada{index}")},
        "password": {"fieldType": "concealed-string", "value": format!("made-up {mark} {index}")},
    })
}

/// A file of these bytes; returns its credential.
pub(super) fn file(id: &str, bytes: &[u8]) -> Value {
    let hash = ring::digest::digest(&ring::digest::SHA256, bytes);
    json!({
        "type": "file",
        "id": id,
        "name": "made-up.bin",
        "decryptedSize": bytes.len(),
        "integrityHash": data_encoding::BASE64URL_NOPAD.encode(hash.as_ref()),
    })
}

/// An identifier, in base64url.
pub(super) fn id(mark: &str, index: usize) -> String {
    data_encoding::BASE64URL_NOPAD.encode(format!("{mark}/{index}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_are_what_they_are_taken_for() {
        let document = Document::logins("x", 3);
        let report = credex::cxf::validate(&document.bytes()).unwrap();
        assert_eq!((report.items, report.quarantined_total), (3, 0));
        assert_eq!(document.counts()["basic-auth"], 3);
    }

    #[test]
    fn the_letter_that_is_changed_on_the_way_is_one() {
        let bytes = Document::logins("x", 1).bytes();
        let leading = crate::conformance::parcel::LEADING.as_bytes();
        assert!(
            bytes.starts_with(leading),
            "{}",
            String::from_utf8_lossy(&bytes)
        );
        assert!(bytes[leading.len()].is_ascii_lowercase());
    }

    #[test]
    fn a_file_is_one() {
        let items = vec![item("x", 0, vec![file("Zm9v", b"bytes")])];
        let document = Document::of_items("x", items);
        let report = credex::cxf::validate(&document.bytes()).unwrap();
        assert_eq!(
            (report.counts.get("file"), report.quarantined_total),
            (1, 0)
        );
    }
}
