//! Whether what arrived is byte for byte what left, by SHA-256 of the document and each attachment.

use data_encoding::HEXLOWER;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

/// A part of a payload, without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Digest {
    /// The id of an attachment, or "document".
    pub(super) part: String,
    pub(super) bytes: usize,
    /// SHA-256, in hexadecimal.
    pub(super) sha256: String,
}

impl Digest {
    fn of(part: &str, content: &[u8]) -> Digest {
        Digest {
            part: part.to_owned(),
            bytes: content.len(),
            sha256: HEXLOWER.encode(digest(&SHA256, content).as_ref()),
        }
    }

    /// The digests of a document and its attachments.
    pub(super) fn of_all<'a>(
        document: &[u8],
        attachments: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Vec<Digest> {
        let document = Digest::of("document", document);
        let attachments = attachments
            .into_iter()
            .map(|(id, content)| Digest::of(id, content));
        std::iter::once(document).chain(attachments).collect()
    }
}

/// What left beside what arrived.
#[derive(Debug, Default, Serialize)]
pub(super) struct Proof {
    /// Whether both are the same, and there is something at all.
    pub(super) same: bool,
    pub(super) parts: Vec<Part>,
}

/// One part of the payload; a side on which it is missing has none.
#[derive(Debug, Serialize)]
pub(super) struct Part {
    pub(super) part: String,
    pub(super) bytes: Option<usize>,
    pub(super) left: Option<String>,
    pub(super) arrived: Option<String>,
}

impl Proof {
    pub(super) fn of(left: &[Digest], arrived: &[Digest]) -> Proof {
        let twin = |side: &[Digest], part: &str| {
            let found = side.iter().find(|digest| digest.part == part);
            found.map(|digest| digest.sha256.clone())
        };
        let strangers = arrived.iter().filter(|one| twin(left, &one.part).is_none());
        let part = |one: &Digest| Part {
            part: one.part.clone(),
            bytes: Some(one.bytes),
            left: twin(left, &one.part),
            arrived: twin(arrived, &one.part),
        };
        Proof {
            same: !left.is_empty() && left == arrived,
            parts: left.iter().chain(strangers).map(part).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digests(parts: &[(&str, &[u8])]) -> Vec<Digest> {
        Digest::of_all(b"{}", parts.iter().copied())
    }

    #[test]
    fn one_changed_byte_of_one_attachment_is_enough() {
        let left = digests(&[("a", b"one"), ("b", b"two")]);
        assert!(Proof::of(&left, &left).same);
        assert!(!Proof::of(&left, &digests(&[("a", b"one"), ("b", b"twp")])).same);
    }

    #[test]
    fn something_missing_or_something_more_is_no_proof() {
        let left = digests(&[("a", b"one")]);
        assert!(!Proof::of(&left, &digests(&[])).same);
        let more = Proof::of(&left, &digests(&[("a", b"one"), ("b", b"two")]));
        assert!(!more.same);
        assert_eq!(more.parts.len(), 3);
        assert!(!Proof::of(&[], &[]).same);
    }
}
