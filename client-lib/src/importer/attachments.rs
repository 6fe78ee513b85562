//! Attachments held against the `file` credentials that name them: size and SHA-256 (CXF 1.0,
//! "file").

use std::borrow::Cow;
use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::opened::Opened;
use crate::cxf::Report;

/// An attachment that is not what the document says of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttachmentProblem {
    /// A `file` credential whose bytes did not come.
    #[error("the bytes of the file {id:?} did not come with the document")]
    Missing {
        /// The id of the credential.
        id: String,
    },
    /// Bytes that no `file` credential names.
    #[error("an attachment came with the id {id:?}, which no file of the document has")]
    Unnamed {
        /// The id of the attachment.
        id: String,
    },
    /// The bytes are more or fewer than the credential says.
    #[error("the file {id:?} should have {expected} bytes and has {arrived}")]
    Size {
        /// The id of the credential.
        id: String,
        /// `decryptedSize`.
        expected: u64,
        /// Bytes that arrived.
        arrived: u64,
    },
    /// The bytes are not those that the exporter hashed.
    #[error("the file {id:?} does not have the SHA-256 that the document gives: it was changed")]
    Hash {
        /// The id of the credential.
        id: String,
    },
}

impl AttachmentProblem {
    /// Whether a `file` of the document cannot be had; bytes that nobody named cost none.
    pub(super) fn costs_a_file(&self) -> bool {
        !matches!(self, AttachmentProblem::Unnamed { .. })
    }
}

/// Compares what came with what the document names; looks into the document only if it must.
pub(super) fn check(opened: &Opened, report: &Report) -> Vec<AttachmentProblem> {
    if opened.attachments().len() == 0 && report.counts.get("file") == 0 {
        return Vec::new();
    }
    compare(files(opened.document()), opened.attachments())
}

fn compare<'a>(
    mut named: BTreeMap<String, File>,
    arrived: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Vec<AttachmentProblem> {
    let mut problems = Vec::new();
    for (id, bytes) in arrived {
        match named.remove(unpadded(id)) {
            Some(file) => problems.extend(file.problem(id, bytes)),
            None => problems.push(AttachmentProblem::Unnamed { id: id.to_owned() }),
        }
    }
    let missing = |id| AttachmentProblem::Missing { id };
    problems.extend(named.into_keys().map(missing));
    problems
}

/// What a `file` credential says of its bytes.
#[derive(Debug)]
struct File {
    size: Option<u64>,
    hash: Option<String>,
}

impl File {
    fn problem(&self, id: &str, bytes: &[u8]) -> Option<AttachmentProblem> {
        let id = id.to_owned();
        let arrived = bytes.len() as u64;
        if let Some(expected) = self.size.filter(|size| *size != arrived) {
            return Some(AttachmentProblem::Size {
                id,
                expected,
                arrived,
            });
        }
        let hash = self.hash.as_deref()?;
        let expected = BASE64URL_NOPAD.decode(unpadded(hash).as_bytes());
        let is_right = expected.is_ok_and(|hash| hash == digest(&SHA256, bytes).as_ref());
        (!is_right).then_some(AttachmentProblem::Hash { id })
    }
}

/// Some write base64url with padding, and some do not.
fn unpadded(text: &str) -> &str {
    text.trim_end_matches('=')
}

/// The `file` credentials of a document that was read through, by id. What is malformed was
/// reported then, and is passed over here.
fn files(document: &[u8]) -> BTreeMap<String, File> {
    let Ok(header) = serde_json::from_slice::<Header<'_>>(document) else {
        return BTreeMap::new();
    };
    let bare = Account {
        items: header.items,
    };
    let accounts = header.accounts.unwrap_or_default();
    let accounts = accounts.into_iter().filter_map(read::<Account<'_>>);
    accounts
        .chain([bare])
        .flat_map(|account| account.items.unwrap_or_default())
        .filter_map(read::<Item<'_>>)
        .flat_map(|item| item.credentials.unwrap_or_default())
        .filter_map(read::<Credential<'_>>)
        .filter_map(Credential::into_file)
        .collect()
}

fn read<'de, T: Deserialize<'de>>(raw: &'de RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    accounts: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Account<'a> {
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    credentials: Option<Vec<&'a RawValue>>,
}

/// Members of other credential types of the same name are not read, whatever they are.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential<'a> {
    #[serde(borrow, rename = "type")]
    type_name: Cow<'a, str>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    decrypted_size: Option<&'a RawValue>,
    #[serde(borrow)]
    integrity_hash: Option<&'a RawValue>,
}

impl Credential<'_> {
    fn into_file(self) -> Option<(String, File)> {
        if self.type_name != "file" {
            return None;
        }
        let id: String = self.id.and_then(read)?;
        let file = File {
            size: self.decrypted_size.and_then(read),
            hash: self.integrity_hash.and_then(read),
        };
        Some((unpadded(&id).to_owned(), file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{"accounts":[null,{"items":[7,{"credentials":[
        {"id":{"not":"a file"},"type":"passkey"},
        {"type":"file","id":"YQ","name":"a","decryptedSize":3,"integrityHash":"HASH"}]}]}]}"#;

    fn with_hash(hash: &str) -> String {
        DOCUMENT.replace("HASH", hash)
    }

    fn hash(bytes: &[u8]) -> String {
        BASE64URL_NOPAD.encode(digest(&SHA256, bytes).as_ref())
    }

    fn problems(document: &str, arrived: &[(&str, &[u8])]) -> Vec<AttachmentProblem> {
        compare(files(document.as_bytes()), arrived.iter().copied())
    }

    #[test]
    fn a_file_that_is_what_the_document_says_is_no_problem_with_or_without_padding() {
        for hash in [hash(b"abc"), hash(b"abc") + "="] {
            assert_eq!(problems(&with_hash(&hash), &[("YQ==", b"abc")]), []);
        }
        let bare = r#"{"items":[{"credentials":[{"id":"YQ","type":"file"}]}]}"#;
        assert_eq!(problems(bare, &[("YQ", b"abc")]), []);
    }

    #[test]
    fn a_file_that_was_cut_or_changed_or_hashed_in_another_way_is_told_apart() {
        let id = || "YQ".to_owned();
        let right = with_hash(&hash(b"abc"));
        let size = AttachmentProblem::Size {
            id: id(),
            expected: 3,
            arrived: 2,
        };
        assert_eq!(problems(&right, &[("YQ", b"ab")]), [size]);
        let hash = || AttachmentProblem::Hash { id: id() };
        assert_eq!(problems(&right, &[("YQ", b"abd")]), [hash()]);
        let unreadable = with_hash("not base64url!");
        assert_eq!(problems(&unreadable, &[("YQ", b"abc")]), [hash()]);
    }

    #[test]
    fn what_is_missing_and_what_nobody_named_are_both_told() {
        let (missing, unnamed) = ("YQ".to_owned(), "Yg".to_owned());
        assert_eq!(
            problems(&with_hash(&hash(b"abc")), &[("Yg", b"abc")]),
            [
                AttachmentProblem::Unnamed { id: unnamed },
                AttachmentProblem::Missing { id: missing }
            ]
        );
    }
}
