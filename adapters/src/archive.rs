//! ZIP archives, as exports of several managers are: read into memory within bounds, and never onto
//! a disk.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use zeroize::Zeroizing;
use zip::ZipArchive;
use zip::read::ZipFile;

use crate::{Fault, Object, Quarantined};

/// More files than any person has attached to passwords.
const MOST_ENTRIES: usize = 20_000;
/// All files together, unpacked: what a service may well hold in memory at once.
const MOST_BYTES: u64 = 256 << 20;
/// Deflate makes a thousand of one at most; JSON rarely more than forty. What is smaller than this
/// may be as dense as it likes.
const MOST_RATIO: u64 = 200;
const DENSE: u64 = 4 << 20;
/// The signature of the end of the central directory (APPNOTE.TXT 6.3, § 4.3.16), the place of the
/// number of entries behind it, and its length.
const END: &[u8] = b"PK\x05\x06";
const END_ENTRIES: usize = 10;

/// A vault of ten thousand items has 30 MB of JSON, which takes six times that in memory.
const MOST_JSON: usize = 64 << 20;

/// Parses the JSON of an export. Errors say where it is not JSON, and not what stands there.
///
/// # Errors
/// [`Fault::TooLarge`]; [`Fault::Malformed`].
pub(crate) fn parse(data: &[u8], place: &str) -> Result<Object, Fault> {
    if data.len() > MOST_JSON {
        return Err(Fault::TooLarge {
            place: place.to_owned(),
            what: format!("it has {} MiB of items", data.len() >> 20),
            limit: format!("{} MiB", MOST_JSON >> 20),
            advice: "It is probably no export of a manager".to_owned(),
        });
    }
    let data = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data);
    serde_json::from_slice(data).map_err(|error| Fault::Malformed {
        place: format!("{place}, line {}, column {}", error.line(), error.column()),
        what: "it is not JSON".to_owned(),
        advice: "Export it again".to_owned(),
    })
}

/// What begins a ZIP archive that has anything in it.
pub(crate) fn is_archive(content: &[u8]) -> bool {
    content.starts_with(b"PK\x03\x04")
}

/// An archive in memory.
pub(crate) struct Archive {
    /// The files by their names, wiped when they are dropped.
    pub(crate) files: BTreeMap<String, Zeroizing<Vec<u8>>>,
    /// Entries that were set aside.
    pub(crate) quarantined: Vec<Quarantined>,
}

impl Archive {
    /// Unpacks an archive.
    ///
    /// # Errors
    /// [`Fault::Malformed`]; [`Fault::TooLarge`].
    pub(crate) fn read(content: &[u8], place: &str) -> Result<Self, Fault> {
        let malformed = |what: String| Fault::Malformed {
            place: place.to_owned(),
            what,
            advice: "Export it again".to_owned(),
        };
        let mut zip = ZipArchive::new(Cursor::new(content))
            .map_err(|error| malformed(format!("it is no ZIP archive ({error})")))?;
        let too_large = |what: String, limit: String| Fault::TooLarge {
            place: place.to_owned(),
            what,
            limit,
            advice: "It is probably no export of a manager".to_owned(),
        };
        if zip.len() > MOST_ENTRIES {
            let what = format!("it has {} files", zip.len());
            return Err(too_large(what, MOST_ENTRIES.to_string()));
        }
        if entries(content).is_some_and(|entries| entries != zip.len()) {
            return Err(malformed("two of its files have the same name".to_owned()));
        }
        if zip.has_overlapping_files().unwrap_or(true) {
            return Err(malformed("its files overlap".to_owned()));
        }
        let mut archive = Self {
            files: BTreeMap::new(),
            quarantined: Vec::new(),
        };
        let mut left = MOST_BYTES;
        for index in 0..zip.len() {
            let mut file = match zip.by_index(index) {
                Ok(file) if file.is_dir() => continue,
                Ok(file) => file,
                Err(error) => {
                    let origin = format!("{place}, file {}", index + 1);
                    archive
                        .quarantined
                        .push(Quarantined::new(origin, error.to_string()));
                    continue;
                }
            };
            let is_bomb = file.size() > DENSE && file.size() / MOST_RATIO > file.compressed_size();
            if file.size() > left || is_bomb {
                let what = format!("unpacked it has more than {} MiB", file.size() >> 20);
                let limit = format!("{} MiB, or {MOST_RATIO} times its size", MOST_BYTES >> 20);
                return Err(too_large(what, limit));
            }
            left -= file.size();
            archive.take(&mut file, place);
        }
        Ok(archive)
    }

    fn take(&mut self, file: &mut ZipFile<'_, Cursor<&[u8]>>, place: &str) {
        let name = file.name().map(|name| name.into_owned());
        let unpacked = match &name {
            Ok(name) => unpack(file, name),
            Err(_) => Err("its name cannot be read".to_owned()),
        };
        let name = name.unwrap_or_default();
        match unpacked {
            Ok(content) => drop(self.files.insert(name, content)),
            Err(reason) => {
                let origin = format!("{place}, {}", name.escape_debug());
                self.quarantined.push(Quarantined::new(origin, reason));
            }
        }
    }
}

fn unpack(file: &mut ZipFile<'_, Cursor<&[u8]>>, name: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    if !is_plain(name) {
        return Err("its name leads out of the archive".to_owned());
    }
    if file.is_symlink() {
        return Err("it is a link".to_owned());
    }
    let size = usize::try_from(file.size()).unwrap_or(usize::MAX);
    // One more, to see the end without growing: a vector that moves leaves its content behind.
    let mut content = Zeroizing::new(Vec::with_capacity(size.saturating_add(1)));
    let within = file.size().saturating_add(1);
    let read = file.take(within).read_to_end(&mut content);
    read.map_err(|error| format!("it is damaged ({error})"))?;
    match content.len() == size {
        true => Ok(content),
        false => Err("it is not as large as it says".to_owned()),
    }
}

/// Whether a name stays within the archive.
fn is_plain(name: &str) -> bool {
    let is_step = |step: &str| !step.is_empty() && step != "." && step != "..";
    name.split('/').all(is_step) && !name.contains(['\\', '\0'])
}

/// How many entries the end of the central directory tells of; `None` if it does not say.
fn entries(content: &[u8]) -> Option<usize> {
    let end = content
        .windows(END.len())
        .rposition(|window| window == END)?;
    let bytes = content.get(end + END_ENTRIES..end + END_ENTRIES + 2)?;
    let entries = u16::from_le_bytes(bytes.try_into().ok()?);
    (entries != u16::MAX).then_some(usize::from(entries))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn pack(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            writer
                .start_file(*name, SimpleFileOptions::default())
                .unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn names_that_lead_out_of_the_archive_cost_their_files() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for name in ["../evil", "/etc/passwd", "a/../../b", "c\\d", "files/good"] {
            writer
                .start_file(name, SimpleFileOptions::default())
                .unwrap();
            writer.write_all(b"x").unwrap();
        }
        writer
            .add_symlink("link", "/etc/shadow", SimpleFileOptions::default())
            .unwrap();
        let content = writer.finish().unwrap().into_inner();
        let archive = Archive::read(&content, "a.zip").unwrap();
        let names: Vec<_> = archive.files.keys().collect();
        assert_eq!(names, ["files/good"]);
        assert_eq!(archive.quarantined.len(), 5);
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let content = pack(&[("export.data", &vec![0; 64 << 20])]);
        assert!(content.len() < 1 << 20);
        let told = Archive::read(&content, "a.zip").err().unwrap();
        assert!(matches!(told, Fault::TooLarge { .. }), "{told}");
    }

    #[test]
    fn a_file_that_lies_about_its_size_is_damaged() {
        let mut content = pack(&[("export.data", &[b'a'; 5000])]);
        let size = 5000_u32.to_le_bytes();
        let at = content
            .windows(4)
            .rposition(|window| window == size)
            .unwrap();
        content[at..at + 4].copy_from_slice(&70_u32.to_le_bytes());
        let archive = Archive::read(&content, "a.zip").unwrap();
        assert_eq!(archive.files.len(), 0);
        assert_eq!(archive.quarantined.len(), 1);
    }

    #[test]
    fn two_files_of_one_name_are_no_archive_to_trust() {
        let mut content = pack(&[("export.data", b"one"), ("export.datb", b"two")]);
        for at in 0..content.len() - 11 {
            if &content[at..at + 11] == b"export.datb" {
                content[at + 10] = b'a';
            }
        }
        let told = Archive::read(&content, "a.zip").err().unwrap();
        assert!(matches!(told, Fault::Malformed { .. }), "{told}");
    }

    #[test]
    fn what_is_cut_off_anywhere_is_an_error_and_no_panic() {
        let content = pack(&[("a", b"one"), ("b/c", &[7; 900])]);
        for length in 0..content.len() {
            drop(Archive::read(&content[..length], "a.zip"));
        }
    }
}
