//! What the plaintext of a payload is made of: one document, then the attachments that its `file`
//! credentials name (design §4; CXF 1.0 § "file": the bytes travel beside the document).
//!
//! | Offset | Bytes | Field |
//! | --- | --- | --- |
//! | 0 | 1 | kind: 1 document, 2 attachment; others are skipped |
//! | 1 | 1 | reserved, 0 |
//! | 2 | 2 | length of the id, big-endian |
//! | 4 | 8 | length of the body, big-endian |
//! | 12 | … | id, UTF-8; empty for the document |
//! | … | … | body |
//!
//! The document comes first and once. Ids of attachments are not empty and unique.

use std::collections::HashSet;
use std::io::{self, Write};

use thiserror::Error;

/// Bytes of a part before its id.
pub const PART_HEADER_LEN: usize = 12;
/// The most parts that a reader accepts, so that a flood of tiny ones costs it little.
pub const MAX_PARTS: usize = 65_536;

const DOCUMENT: u8 = 1;
const ATTACHMENT: u8 = 2;

/// What a part is, as its writer says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// The CXF document.
    Document,
    /// The bytes of the `file` credential with this id.
    Attachment(&'a str),
}

impl Part<'_> {
    /// Bytes that this part takes in all, around a body of `body_len` bytes (saturating).
    pub fn size(&self, body_len: u64) -> u64 {
        (PART_HEADER_LEN as u64 + self.id().len() as u64).saturating_add(body_len)
    }

    fn id(&self) -> &str {
        match self {
            Self::Document => "",
            Self::Attachment(id) => id,
        }
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Document => DOCUMENT,
            Self::Attachment(_) => ATTACHMENT,
        }
    }
}

/// Writes what precedes the body of a part; the caller writes exactly `body_len` bytes after it.
///
/// Fails with `InvalidInput` for an attachment whose id is empty or above 65535 bytes.
pub fn write_part_header(output: &mut impl Write, part: Part<'_>, body_len: u64) -> io::Result<()> {
    let invalid = |error| io::Error::new(io::ErrorKind::InvalidInput, error);
    let id = part.id();
    if part == Part::Attachment("") {
        return Err(invalid(PartsError::EmptyId));
    }
    let id_len = u16::try_from(id.len()).map_err(|_| invalid(PartsError::LongId(id.len())))?;
    let mut header = [0; PART_HEADER_LEN];
    header[0] = part.kind();
    header[2..4].copy_from_slice(&id_len.to_be_bytes());
    header[4..].copy_from_slice(&body_len.to_be_bytes());
    output.write_all(&header)?;
    output.write_all(id.as_bytes())
}

/// The parts of a payload, as slices of its plaintext.
#[derive(Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    document: &'a [u8],
    attachments: Vec<(&'a str, &'a [u8])>,
}

impl<'a> Parts<'a> {
    /// The CXF document: JSON, not looked at.
    pub fn document(&self) -> &'a [u8] {
        self.document
    }

    /// The attachments in their order, by id.
    pub fn attachments(&self) -> impl ExactSizeIterator<Item = (&'a str, &'a [u8])> {
        self.attachments.iter().copied()
    }
}

/// Takes an opened payload apart; copies nothing but the table of its parts.
pub fn parse(plaintext: &[u8]) -> Result<Parts<'_>, PartsError> {
    let mut rest = plaintext;
    let first = RawPart::take(&mut rest, 0)?;
    if first.kind != DOCUMENT {
        return Err(PartsError::NoDocument);
    }
    if !first.id.is_empty() {
        return Err(PartsError::DocumentWithId);
    }
    let mut parts = Parts {
        document: first.body,
        attachments: Vec::new(),
    };
    let mut seen = HashSet::new();
    for number in 1.. {
        if rest.is_empty() {
            break;
        }
        if number == MAX_PARTS {
            return Err(PartsError::TooMany);
        }
        let part = RawPart::take(&mut rest, number)?;
        match part.kind {
            DOCUMENT => return Err(PartsError::SecondDocument { part: number }),
            ATTACHMENT => {
                let id = part.attachment_id(number)?;
                if !seen.insert(id) {
                    return Err(PartsError::RepeatedId { part: number });
                }
                parts.attachments.push((id, part.body));
            }
            _ => {}
        }
    }
    Ok(parts)
}

struct RawPart<'a> {
    kind: u8,
    id: &'a [u8],
    body: &'a [u8],
}

impl<'a> RawPart<'a> {
    /// Cuts the next part off the front of `rest`.
    fn take(rest: &mut &'a [u8], number: usize) -> Result<Self, PartsError> {
        let cut = PartsError::CutShort { part: number };
        let Some((header, after)) = rest.split_first_chunk::<PART_HEADER_LEN>() else {
            return Err(cut);
        };
        let [kind, reserved, i0, i1, b0, b1, b2, b3, b4, b5, b6, b7] = *header;
        if reserved != 0 {
            return Err(PartsError::Reserved { part: number });
        }
        let id_len = usize::from(u16::from_be_bytes([i0, i1]));
        let body_len = u64::from_be_bytes([b0, b1, b2, b3, b4, b5, b6, b7]);
        let body_len = usize::try_from(body_len).map_err(|_| cut)?;
        let (id, after) = after.split_at_checked(id_len).ok_or(cut)?;
        let (body, after) = after.split_at_checked(body_len).ok_or(cut)?;
        *rest = after;
        Ok(Self { kind, id, body })
    }

    fn attachment_id(&self, number: usize) -> Result<&'a str, PartsError> {
        match std::str::from_utf8(self.id) {
            Ok("") => Err(PartsError::EmptyId),
            Ok(id) => Ok(id),
            Err(_) => Err(PartsError::IdNotUtf8 { part: number }),
        }
    }
}

/// Why a plaintext is not a sequence of parts. Names no content; parts count from 0.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PartsError {
    /// The plaintext ends inside a part.
    #[error("part {part} of the payload claims more bytes than are left")]
    CutShort {
        /// The part.
        part: usize,
    },
    /// The reserved byte is in use.
    #[error("the reserved byte of part {part} of the payload must be zero")]
    Reserved {
        /// The part.
        part: usize,
    },
    /// The first part is not the document.
    #[error("the first part of the payload must be the CXF document (kind 1)")]
    NoDocument,
    /// There are two documents.
    #[error("part {part} of the payload is a second document; a payload has one")]
    SecondDocument {
        /// The part.
        part: usize,
    },
    /// The document has an id.
    #[error("the document of the payload must have an empty id")]
    DocumentWithId,
    /// An attachment has none.
    #[error("an attachment of the payload must have an id: that of its `file` credential")]
    EmptyId,
    /// An attachment's id cannot be written.
    #[error("an attachment's id has at most 65535 bytes, and this one has {0}")]
    LongId(usize),
    /// An attachment's id is not text.
    #[error("the id of part {part} of the payload is not UTF-8")]
    IdNotUtf8 {
        /// The part.
        part: usize,
    },
    /// Two attachments have the same id.
    #[error("part {part} of the payload repeats the id of an earlier attachment")]
    RepeatedId {
        /// The part.
        part: usize,
    },
    /// Too many parts.
    #[error("the payload has more than 65536 parts")]
    TooMany,
}
