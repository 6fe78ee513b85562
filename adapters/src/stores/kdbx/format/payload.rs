//! What is inside the encryption: compressed, an inner header with the bytes of attachments, and the
//! XML document.

use std::io::{Read, Write};

use data_encoding::BASE64;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use zeroize::Zeroizing;

use super::super::problem::Problem;
use super::{Element, take, take_array, take_length};

/// The most bytes that the content may come to, attachments included: whoever has more than this
/// keeps an archive, and no passwords.
pub(in super::super) const MOST_CONTENT: usize = 512 << 20;

const END: u8 = 0;
const STREAM: u8 = 1;
const STREAM_KEY: u8 = 2;
const BINARY: u8 = 3;

/// The bytes of an attachment.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Binary {
    /// Whether programs should keep it encrypted in memory, and what else one may put there later.
    pub(crate) flags: u8,
    /// The bytes.
    pub(crate) content: Zeroizing<Vec<u8>>,
    /// Whether it was there at all, and could be made out; in KDBX 3.1, others may have higher numbers.
    pub(crate) is_there: bool,
}

impl std::fmt::Debug for Binary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Binary({} bytes)", self.content.len())
    }
}

/// Unpacks what is compressed with gzip, up to a limit.
pub(super) fn inflate(packed: &[u8], limit: usize) -> Result<Zeroizing<Vec<u8>>, Problem> {
    // A gzip file ends with its size, which is a good guess of a vector that need not move: one that
    // moves leaves its content behind unwiped.
    let told = packed
        .last_chunk::<4>()
        .map_or(0, |size| u32::from_le_bytes(*size));
    let told = usize::try_from(told).unwrap_or(usize::MAX).min(limit);
    // Deflate makes nothing larger than a thousandfold.
    let guess = told
        .min(packed.len().saturating_mul(1100))
        .saturating_add(1);
    let mut content = Zeroizing::new(Vec::with_capacity(guess));
    let within = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = GzDecoder::new(packed)
        .take(within)
        .read_to_end(&mut content);
    read.map_err(|_| Problem::Malformed("its compression is damaged"))?;
    match content.len() <= limit {
        true => Ok(content),
        false => Err(Problem::TooLarge {
            what: "its content is very large".to_owned(),
            limit: format!("{} MiB", limit >> 20),
        }),
    }
}

/// Packs it with gzip. There is room for another block at the end.
pub(super) fn deflate(content: &[u8]) -> Result<Zeroizing<Vec<u8>>, Problem> {
    // As large as it can get, so that it need not move.
    let most = content.len() + content.len() / 1000 + 1024;
    let mut encoder = GzEncoder::new(Vec::with_capacity(most), Compression::fast());
    let packed = encoder.write_all(content).and_then(|()| encoder.finish());
    packed
        .map(Zeroizing::new)
        .map_err(|_| Problem::Malformed("it cannot be compressed"))
}

/// The inner header of KDBX 4.
#[derive(Default)]
pub(super) struct Inner {
    pub(super) stream: u32,
    pub(super) stream_key: Zeroizing<Vec<u8>>,
    pub(super) binaries: Vec<Binary>,
}

impl Inner {
    /// Reads it; what is left of `rest` is the XML document.
    pub(super) fn read(rest: &mut &[u8]) -> Result<Self, Problem> {
        let mut inner = Self::default();
        loop {
            let [kind] = take_array(rest)?;
            let length = take_length(rest)?;
            let mut field = take(rest, length)?;
            match kind {
                END => return Ok(inner),
                STREAM => inner.stream = u32::from_le_bytes(take_array(&mut field)?),
                STREAM_KEY => inner.stream_key = Zeroizing::new(field.to_vec()),
                BINARY => {
                    let [flags] = take_array(&mut field)?;
                    let content = Zeroizing::new(field.to_vec());
                    inner.binaries.push(Binary {
                        flags,
                        content,
                        is_there: true,
                    });
                }
                _ => {}
            }
        }
    }

    /// The bytes that it will take.
    pub(super) fn length(binaries: &[Binary]) -> usize {
        let binaries = binaries.iter().map(|binary| 6 + binary.content.len());
        binaries.sum::<usize>() + 3 * 5 + 4 + 64
    }

    /// Writes it.
    pub(super) fn write(
        stream: u32,
        stream_key: &[u8],
        binaries: &[Binary],
        written: &mut Vec<u8>,
    ) -> Result<(), Problem> {
        let mut put = |kind: u8, parts: [&[u8]; 2]| {
            let length = parts.iter().map(|part| part.len()).sum::<usize>();
            let length = u32::try_from(length).map_err(|_| Problem::TooLarge {
                what: "an attachment is very large".to_owned(),
                limit: "4 GiB".to_owned(),
            })?;
            written.push(kind);
            written.extend(length.to_le_bytes());
            parts
                .iter()
                .for_each(|part| written.extend_from_slice(part));
            Ok(())
        };
        put(STREAM, [&stream.to_le_bytes(), &[]])?;
        put(STREAM_KEY, [stream_key, &[]])?;
        for binary in binaries {
            put(BINARY, [&[binary.flags], &binary.content])?;
        }
        put(END, [&[], &[]])
    }
}

/// The bytes of attachments of KDBX 3.1, which are in the document: by the numbers that they have
/// there.
pub(super) fn binaries_of_3(tree: &Element) -> Result<Vec<Binary>, Problem> {
    let mut found: Vec<Binary> = Vec::new();
    let mut left = MOST_CONTENT;
    let binaries = tree.child("Meta").and_then(|meta| meta.child("Binaries"));
    for element in binaries.into_iter().flat_map(|binaries| &binaries.children) {
        let number: usize = match element.attribute("ID").map(str::parse) {
            Some(Ok(number)) if number < 1 << 20 => number,
            _ => continue,
        };
        let content = match bytes_in(element, left) {
            Ok(content) => content,
            Err(Problem::Malformed(_)) => continue,
            Err(problem) => return Err(problem),
        };
        left = left.saturating_sub(content.len());
        let missing = || Binary {
            flags: 0,
            content: Zeroizing::default(),
            is_there: false,
        };
        found.resize_with(found.len().max(number + 1), missing);
        if let Some(place) = found.get_mut(number) {
            *place = Binary {
                flags: 0,
                content,
                is_there: true,
            };
        }
    }
    Ok(found)
}

/// The bytes that stand in an element of the document itself, if they are at most `limit`.
pub(crate) fn bytes_in(element: &Element, limit: usize) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let content = match element.is_protected() {
        true => Zeroizing::new(element.bytes().to_vec()),
        false => decode(element.bytes())?,
    };
    match element.attribute("Compressed") {
        Some("True") => inflate(&content, limit),
        _ => Ok(content),
    }
}

fn decode(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let mut text = Zeroizing::new(text.to_vec());
    text.retain(|byte| !byte.is_ascii_whitespace());
    let no_base64 = |_| Problem::Malformed("the bytes of an attachment are no base64");
    BASE64.decode(&text).map(Zeroizing::new).map_err(no_base64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_told_from_what_is_empty() {
        let binary = |number: &str, text: &str| {
            Element::with_text("Binary", text).with_attribute("ID", number)
        };
        let binaries = [binary("0", ""), binary("1", "%%%"), binary("3", "aGk=")];
        let meta = Element::new("Meta").with([Element::new("Binaries").with(binaries)]);
        let found = binaries_of_3(&Element::new("KeePassFile").with([meta])).unwrap();
        let there: Vec<_> = found.iter().map(|binary| binary.is_there).collect();
        assert_eq!(there, [true, false, false, true]);
        assert_eq!(*found[3].content, b"hi");
    }

    #[test]
    fn a_bomb_is_left_alone_once_it_is_too_large() {
        let bomb = deflate(&vec![0; 1 << 20]).unwrap();
        assert!(bomb.len() < 1 << 16);
        assert_eq!(inflate(&bomb, 1 << 20).unwrap().len(), 1 << 20);
        let told = inflate(&bomb, (1 << 20) - 1);
        assert!(matches!(told, Err(Problem::TooLarge { .. })));
        let told = inflate(&bomb[..bomb.len() / 2], 1 << 20);
        assert!(matches!(told, Err(Problem::Malformed(_))));
    }
}
