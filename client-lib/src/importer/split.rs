//! A payload taken apart while it comes, for apps that do not hold it in memory; what
//! `envelope::parts` does with a whole one.

use std::collections::HashSet;
use std::io;

use credex_protocol::envelope::parts::{MAX_PARTS, PART_HEADER_LEN, Part, PartsError};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

const DOCUMENT: u8 = 1;
const ATTACHMENT: u8 = 2;

/// Cuts plaintext into parts, and hands their bytes on.
pub(super) struct Splitter<F> {
    take: F,
    /// The header and id of a part that has not begun yet.
    head: Zeroizing<Vec<u8>>,
    open: Option<OpenPart>,
    parts: usize,
    ids: HashSet<String>,
}

struct OpenPart {
    kind: u8,
    id: String,
    left: u64,
}

impl<F: FnMut(Part<'_>, &[u8]) -> io::Result<()>> Splitter<F> {
    pub(super) fn new(take: F) -> Self {
        Self {
            take,
            head: Zeroizing::default(),
            open: None,
            parts: 0,
            ids: HashSet::new(),
        }
    }

    /// The next bytes of the payload.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            bytes = match self.open.is_some() {
                true => self.body(bytes)?,
                false => self.head(bytes)?,
            };
        }
        Ok(())
    }

    /// The payload is at its end.
    pub(super) fn finish(self) -> Result<()> {
        let part = self.parts;
        match self.open.is_none() && self.head.is_empty() && part > 0 {
            true => Ok(()),
            false => Err(PartsError::CutShort { part }.into()),
        }
    }

    fn head<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8]> {
        let missing = self.head_len() - self.head.len();
        let (taken, rest) = bytes.split_at(missing.min(bytes.len()));
        self.head.extend_from_slice(taken);
        if self.head.len() == self.head_len() {
            let part = self.read_head()?;
            self.head.clear();
            self.hand_on(&part, &[])?;
            self.parts += 1;
            self.open = Some(part).filter(|part| part.left > 0);
        }
        Ok(rest)
    }

    /// Bytes of the header and, once that is known, of the id.
    fn head_len(&self) -> usize {
        match self.head.get(..PART_HEADER_LEN) {
            Some(&[_, _, i0, i1, ..]) => {
                PART_HEADER_LEN + usize::from(u16::from_be_bytes([i0, i1]))
            }
            _ => PART_HEADER_LEN,
        }
    }

    fn read_head(&mut self) -> Result<OpenPart> {
        let part = self.parts;
        let Some((header, id)) = self.head.split_first_chunk::<PART_HEADER_LEN>() else {
            return Err(PartsError::CutShort { part }.into());
        };
        let [kind, reserved, _, _, length @ ..] = *header;
        match (part, kind, id.is_empty()) {
            _ if reserved != 0 => return Err(PartsError::Reserved { part }.into()),
            (MAX_PARTS, ..) => return Err(PartsError::TooMany.into()),
            (0, DOCUMENT, false) => return Err(PartsError::DocumentWithId.into()),
            (0, DOCUMENT, true) => {}
            (0, ..) => return Err(PartsError::NoDocument.into()),
            (_, DOCUMENT, _) => return Err(PartsError::SecondDocument { part }.into()),
            (_, ATTACHMENT, true) => return Err(PartsError::EmptyId.into()),
            _ => {}
        }
        let id = match (kind, std::str::from_utf8(id)) {
            (ATTACHMENT, Err(_)) => return Err(PartsError::IdNotUtf8 { part }.into()),
            (_, id) => id.unwrap_or_default().to_owned(),
        };
        if kind == ATTACHMENT && !self.ids.insert(id.clone()) {
            return Err(PartsError::RepeatedId { part }.into());
        }
        let left = u64::from_be_bytes(length);
        Ok(OpenPart { kind, id, left })
    }

    fn body<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8]> {
        let Some(mut part) = self.open.take() else {
            return Ok(bytes);
        };
        let left = usize::try_from(part.left).unwrap_or(usize::MAX);
        let (taken, rest) = bytes.split_at(left.min(bytes.len()));
        self.hand_on(&part, taken)?;
        part.left -= taken.len() as u64;
        self.open = Some(part).filter(|part| part.left > 0);
        Ok(rest)
    }

    /// Parts of other kinds are skipped.
    fn hand_on(&mut self, part: &OpenPart, bytes: &[u8]) -> Result<()> {
        match part.kind {
            DOCUMENT => (self.take)(Part::Document, bytes),
            ATTACHMENT => (self.take)(Part::Attachment(&part.id), bytes),
            _ => Ok(()),
        }
        .map_err(Error::Write)
    }
}

#[cfg(test)]
mod tests {
    use credex_protocol::envelope::parts::{self, write_part_header};
    use proptest::prelude::*;

    use super::*;

    type Taken = Vec<(String, Vec<u8>)>;

    fn split(payload: &[u8], step: usize) -> Result<Taken> {
        let mut taken = Taken::new();
        let mut splitter = Splitter::new(|part: Part<'_>, bytes: &[u8]| {
            let id = match part {
                Part::Document => "",
                Part::Attachment(id) => id,
            };
            match taken.last_mut() {
                Some((last, body)) if last == id => body.extend_from_slice(bytes),
                _ => taken.push((id.to_owned(), bytes.to_vec())),
            }
            Ok(())
        });
        for chunk in payload.chunks(step) {
            splitter.feed(chunk)?;
        }
        splitter.finish()?;
        Ok(taken)
    }

    fn payload(parts: &[(Part<'_>, &[u8])]) -> Vec<u8> {
        let mut payload = Vec::new();
        for (part, body) in parts {
            write_part_header(&mut payload, *part, body.len() as u64).unwrap();
            payload.extend_from_slice(body);
        }
        payload
    }

    #[test]
    fn parts_come_out_the_same_however_the_payload_is_cut() {
        let payload = payload(&[
            (Part::Document, b"{}"),
            (Part::Attachment("empty"), b""),
            (Part::Attachment("scan"), b"\x89PNG"),
        ]);
        for step in 1..=payload.len() {
            let taken = split(&payload, step).unwrap();
            let taken: Vec<_> = taken.iter().map(|(id, b)| (id.as_str(), &**b)).collect();
            assert_eq!(
                taken,
                [("", &b"{}"[..]), ("empty", b""), ("scan", b"\x89PNG")]
            );
        }
    }

    proptest! {
        #[test]
        fn whole_and_piecewise_agree_about_every_payload(
            mut payload in Just(payload(&[
                (Part::Document, b"{}"),
                (Part::Attachment("a"), b"1"),
                (Part::Attachment("b"), b"22"),
            ])),
            at in any::<prop::sample::Index>(),
            to in any::<u8>(),
            keep in any::<prop::sample::Index>(),
            step in 1_usize..20,
        ) {
            let at = at.index(payload.len());
            payload[at] = to;
            payload.truncate(keep.index(payload.len() + 1));
            match (parts::parse(&payload), split(&payload, step)) {
                (Ok(whole), Ok(taken)) => {
                    prop_assert_eq!(whole.document(), &taken[0].1);
                    prop_assert_eq!(whole.attachments().len(), taken.len() - 1);
                    for ((id, body), (taken_id, taken)) in whole.attachments().zip(&taken[1..]) {
                        prop_assert_eq!((id, body), (taken_id.as_str(), &**taken));
                    }
                }
                (Err(_), Err(_)) => {}
                (whole, taken) => prop_assert!(false, "{whole:?}, but {}", taken.is_ok()),
            }
        }
    }
}
