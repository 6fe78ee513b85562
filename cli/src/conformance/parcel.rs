//! Payloads, sealed as the protocol asks, and as it does not.

use std::fs::File;
use std::io::Write;

use credex_protocol::envelope::keywrap::Direction;
use credex_protocol::envelope::parts::{Part, write_part_header};
use credex_protocol::envelope::{ContentKey, PublicKey, Sealer, memfd};
use credex_protocol::wire::Counts;

use super::check::Finding;
use super::document::Document;

/// Bytes of a sealed segment, and of the header in front of the first.
const SEGMENT: usize = 65536 + 16;
const HEADER: usize = 32;
/// Bytes in front of the document.
const PART_HEADER: usize = 12;
/// Where every document of ours has a letter of an address.
const LETTER: usize = LEADING.len();
/// How every document of ours begins.
pub(super) const LEADING: &str = r#"{"accounts":[{"collections":[],"email":"a"#;

/// A payload that is ready to be deposited.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) file: File,
    pub(super) key: ContentKey,
    /// What the person is told.
    pub(super) counts: Counts,
    /// What is said with the payload.
    pub(super) deposited: Counts,
}

impl Parcel {
    /// A document, as it should be.
    pub(super) fn of(document: &Document) -> Result<Parcel, Finding> {
        Parcel::with_attachments(document, &[])
    }

    pub(super) fn with_attachments(
        document: &Document,
        attachments: &[(&str, &[u8])],
    ) -> Result<Parcel, Finding> {
        let plaintext = join(&document.bytes(), attachments)?;
        Parcel::sealed(&plaintext, document.counts())
    }

    /// Any plaintext, in a proper envelope.
    pub(super) fn sealed(plaintext: &[u8], counts: Counts) -> Result<Parcel, Finding> {
        Parcel::damaged(plaintext, counts, |bytes| bytes)
    }

    /// An envelope that was changed after it had been sealed.
    pub(super) fn damaged(
        plaintext: &[u8],
        counts: Counts,
        damage: impl FnOnce(Vec<u8>) -> Vec<u8>,
    ) -> Result<Parcel, Finding> {
        let key = ContentKey::generate()?;
        let mut sealer = Sealer::new(std::io::Cursor::new(Vec::new()), &key)?;
        sealer.write_all(plaintext)?;
        let envelope = damage(sealer.finish()?.into_inner());
        let mut file = memfd::create()?;
        file.write_all(&envelope)?;
        memfd::seal(&file)?;
        Ok(Parcel {
            file,
            key,
            deposited: counts.clone(),
            counts,
        })
    }

    pub(super) fn wrapped_for_session(
        &self,
        session: &PublicKey,
        path: &str,
    ) -> Result<Vec<u8>, Finding> {
        Ok(self.key.wrap(session, Direction::ExporterToDaemon, path)?)
    }
}

/// The plaintext of a document with attachments.
pub(super) fn join(document: &[u8], attachments: &[(&str, &[u8])]) -> Result<Vec<u8>, Finding> {
    let mut plaintext = Vec::new();
    let attachments = attachments
        .iter()
        .map(|(id, body)| (Part::Attachment(id), *body));
    for (part, body) in std::iter::once((Part::Document, document)).chain(attachments) {
        write_part_header(&mut plaintext, part, body.len() as u64)?;
        plaintext.extend(body);
    }
    Ok(plaintext)
}

/// A part by its numbers, which may be none of the protocol's.
pub(super) fn part(kind: u8, id: &[u8], claimed: u64, body: &[u8]) -> Vec<u8> {
    let id_len = u16::try_from(id.len()).unwrap_or(u16::MAX).to_be_bytes();
    let head = [&[kind, 0][..], &id_len, &claimed.to_be_bytes()].concat();
    [&head, id, body].concat()
}

/// Another letter in the middle, so that what is not looked at closely is still a document.
pub(super) fn a_bit_changed(mut envelope: Vec<u8>) -> Vec<u8> {
    // Segments are as long as their plaintext and a tag: this is in the first.
    if let Some(byte) = envelope.get_mut(HEADER + PART_HEADER + LETTER) {
        *byte ^= 1;
    }
    envelope
}

/// Without its last segment, and with a length that fits what is left.
pub(super) fn last_segment_missing(mut envelope: Vec<u8>) -> Vec<u8> {
    let whole = (envelope.len() - HEADER) / SEGMENT;
    envelope.truncate(HEADER + whole * SEGMENT);
    let length = (whole * (SEGMENT - 16)) as u64;
    envelope[24..HEADER].copy_from_slice(&length.to_be_bytes());
    envelope
}

/// The first two segments, the other way round.
pub(super) fn segments_exchanged(mut envelope: Vec<u8>) -> Vec<u8> {
    if let Some(both) = envelope.get_mut(HEADER..HEADER + 2 * SEGMENT) {
        let (first, second) = both.split_at_mut(SEGMENT);
        first.swap_with_slice(second);
    }
    envelope
}

#[cfg(test)]
mod tests {
    use super::*;
    use credex_protocol::envelope::CheckedEnvelope;
    use std::io::Read;

    /// Why the envelope does not open, after it passed what the service checks.
    fn refused(damage: fn(Vec<u8>) -> Vec<u8>) -> String {
        let parcel = Parcel::damaged(&[7; 200_000], Counts::new(), damage).unwrap();
        let checked = CheckedEnvelope::check(parcel.file.into(), u64::MAX).unwrap();
        let mut opener = checked.opener(&parcel.key).unwrap();
        opener.read_to_end(&mut Vec::new()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_damaged_passes_the_service_and_opens_for_nobody() {
        for damage in [a_bit_changed, last_segment_missing, segments_exchanged] {
            assert!(!refused(damage).is_empty());
        }
    }
}
