//! Payloads: sealing as an exporter does, opening as an importer does, and their plaintext.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;

use credex_protocol::envelope::keywrap::Direction;
use credex_protocol::envelope::parts::{self, Part, write_part_header};
use credex_protocol::envelope::{CheckedEnvelope, ContentKey, PublicKey, Sealer, memfd};

/// A payload, ready to be deposited.
#[derive(Debug)]
pub struct Sealed {
    /// The memory file.
    pub file: File,
    /// Its key.
    pub key: ContentKey,
}

/// What came out of a payload.
#[derive(Debug, PartialEq, Eq)]
pub struct Opened {
    /// The document, byte for byte.
    pub document: Vec<u8>,
    /// The attachments, in their order, by id.
    pub attachments: Vec<(String, Vec<u8>)>,
}

/// Seals a document and its attachments.
pub fn seal(document: &[u8], attachments: &[(&str, &[u8])]) -> Sealed {
    let sealed = write(document, attachments);
    memfd::seal(&sealed.file).unwrap();
    sealed
}

/// Like [`seal`], but the memory file can still be changed.
pub fn write(document: &[u8], attachments: &[(&str, &[u8])]) -> Sealed {
    let key = ContentKey::generate().unwrap();
    let mut sealer = Sealer::new(memfd::create().unwrap(), &key).unwrap();
    let document = (Part::Document, document);
    let attachments = attachments
        .iter()
        .map(|(id, body)| (Part::Attachment(id), *body));
    for (part, body) in std::iter::once(document).chain(attachments) {
        write_part_header(&mut sealer, part, body.len() as u64).unwrap();
        sealer.write_all(body).unwrap();
    }
    let file = sealer.finish().unwrap();
    Sealed { file, key }
}

/// Opens a payload.
///
/// # Errors
/// A sentence that says why it does not open.
pub fn open(payload: OwnedFd, key: &ContentKey) -> Result<Opened, String> {
    let checked = CheckedEnvelope::check(payload, u64::MAX).map_err(|why| why.to_string())?;
    let mut opener = checked.opener(key).map_err(|why| why.to_string())?;
    let mut plaintext = Vec::with_capacity(usize::try_from(checked.size()).unwrap());
    opener
        .read_to_end(&mut plaintext)
        .map_err(|why| why.to_string())?;
    let parts = parts::parse(&plaintext).map_err(|why| why.to_string())?;
    let owned = |(id, body): (&str, &[u8])| (id.to_owned(), body.to_vec());
    Ok(Opened {
        document: parts.document().to_vec(),
        attachments: parts.attachments().map(owned).collect(),
    })
}

impl Sealed {
    /// The key, wrapped to a session.
    pub fn wrapped(&self, session_public_key: &PublicKey, session_path: &str) -> Vec<u8> {
        self.key
            .wrap(
                session_public_key,
                Direction::ExporterToDaemon,
                session_path,
            )
            .unwrap()
    }
}
