//! What is carried ([`crate::carry`]) as a block of text at the end of a note, for stores that have
//! no custom fields.
//!
//! ```text
//! The note of the person.
//!
//! [Credex: kept for other apps, please leave it here]
//! credit-card.number: 4111 1111 1111 1111
//! wifi.passphrase: difference-engine
//! [Credex data]
//! 3q2-7wAAeyJjcmVkZXgiOjEs…
//! [/Credex]
//! ```
//!
//! The fields are for people, who may change, remove and add lines. The data is the residue behind a
//! short digest of it, in base64url and short lines: what editors do to text (wrap it, indent it,
//! trim it, put other quotation marks and line ends) leaves it readable, and what does not leave it
//! readable does not go unnoticed. The block may stand anywhere in the note.
//!
//! A line of the note that looks like the begin or the end of a block is written with a backslash
//! before it, so that every note is read back as it is.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::carry::{Carried, CarriedField, Residue, ResidueError};

/// The first line of a block: whatever stands between this and a closing bracket.
const BEGIN: &str = "[Credex:";
const INVITATION: &str = " kept for other apps, please leave it here]";
const DATA: &str = "[Credex data]";
const END: &str = "[/Credex]";
/// Letters of data in a line.
const WIDTH: usize = 72;
/// Bytes of the digest before the residue.
const DIGEST: usize = 6;

/// A note taken apart.
#[derive(Debug)]
pub struct Noted {
    /// The note of the person.
    pub note: Zeroizing<String>,
    /// The fields of the block. Those that the residue does not refer to were written by a person.
    pub fields: Vec<CarriedField>,
    /// The residue; `None` if there is no block.
    pub residue: Option<Result<Residue, ResidueError>>,
}

/// The note with what is carried behind it.
#[must_use]
pub fn write(note: &str, carried: &Carried) -> Zeroizing<String> {
    let data = carried.residue.as_ref().map(encode);
    let fields = carried.fields.iter();
    let fields: Vec<_> = fields
        .map(|field| (escape(&field.label, true), escape(&field.value, false)))
        .collect();
    let lines = fields
        .iter()
        .map(|(label, value)| label.len() + value.len() + 3);
    let room = 2 * note.len() + lines.sum::<usize>() + data.as_ref().map_or(0, |data| data.len());
    // Large enough from the start: a string that moves leaves its old content behind unwiped.
    let mut text = Zeroizing::new(String::with_capacity(room + 200));
    for line in note.split_inclusive('\n') {
        let content = line.trim_start();
        text.push_str(&line[..line.len() - content.len()]);
        if is_mark(content.trim_end().trim_start_matches('\\')) {
            text.push('\\');
        }
        text.push_str(content);
    }
    let Some(data) = data else {
        return text;
    };
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text.extend([BEGIN, INVITATION, "\n"]);
    for (label, value) in &fields {
        text.extend([label.as_str(), ": ", value.as_str(), "\n"]);
    }
    text.extend([DATA, "\n", data.as_str(), END]);
    text
}

/// Takes a note apart. Only the first block counts; others are left in the note.
#[must_use]
pub fn read(text: &str) -> Noted {
    let mut before = Zeroizing::new(String::with_capacity(text.len()));
    let mut after = Zeroizing::new(String::with_capacity(text.len()));
    let mut block = Block::default();
    let mut place = Place::Before;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        place = match place {
            Place::Before if is_begin(trimmed) => {
                let is_dos = line.ends_with("\r\n");
                strip_empty_line(&mut before, if is_dos { "\r\n" } else { "\n" });
                Place::Fields
            }
            Place::Fields | Place::Data if trimmed == END => Place::After,
            Place::Fields if trimmed == DATA => Place::Data,
            Place::Fields => {
                if !block.field(trimmed) {
                    push(&mut after, line);
                }
                Place::Fields
            }
            Place::Data if block.data(trimmed) => Place::Data,
            // The end of the block is missing: this is the note of the person again.
            Place::Data => {
                push(&mut after, line);
                Place::After
            }
            Place::Before => {
                push(&mut before, line);
                Place::Before
            }
            Place::After => {
                push(&mut after, line);
                Place::After
            }
        };
    }
    if matches!(place, Place::Before) {
        return Noted {
            note: before,
            fields: Vec::new(),
            residue: None,
        };
    }
    Noted {
        note: join(before, &after),
        residue: Some(decode(&block.data)),
        fields: block.fields,
    }
}

/// Where a line of a note stands.
enum Place {
    Before,
    Fields,
    Data,
    After,
}

#[derive(Default)]
struct Block {
    fields: Vec<CarriedField>,
    data: Zeroizing<String>,
}

impl Block {
    /// Takes in a line of fields; `false` if it is none.
    fn field(&mut self, line: &str) -> bool {
        let Some((label, value)) = split(line) else {
            return line.is_empty();
        };
        self.fields.push(CarriedField {
            label: unescape(label).to_string(),
            value: unescape(value),
            // Text does not say; the residue does, of those that it refers to.
            concealed: true,
        });
        true
    }

    /// Takes in a line of data; `false` if it is none.
    fn data(&mut self, line: &str) -> bool {
        let is_letter =
            |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_');
        let is_data = line
            .bytes()
            .all(|letter| is_letter(letter) || letter == b' ');
        if is_data {
            let letters = line.bytes().filter(|letter| is_letter(*letter));
            self.data.extend(letters.map(char::from));
        }
        is_data
    }
}

/// A line of the note, without the backslash that [`write`] put before it.
fn push(note: &mut String, line: &str) {
    let is_escaped = line.trim_start().starts_with('\\');
    if is_escaped && is_mark(line.trim().trim_start_matches('\\')) {
        note.push_str(&line.replacen('\\', "", 1));
    } else {
        note.push_str(line);
    }
}

/// Takes away what [`write`] put between the note and the block, as far as it is still there.
fn strip_empty_line(before: &mut String, line_end: &str) {
    for _ in 0..2 {
        let kept = before.strip_suffix(line_end).map(str::len);
        before.truncate(kept.unwrap_or(before.len()));
    }
}

/// What stands before the block and what stands behind it.
fn join(before: Zeroizing<String>, after: &str) -> Zeroizing<String> {
    if after.trim().is_empty() {
        return before;
    }
    let between = if before.is_empty() { "" } else { "\n" };
    Zeroizing::new([before.as_str(), between, after].concat())
}

fn is_begin(line: &str) -> bool {
    line.starts_with(BEGIN) && line.ends_with(']')
}

fn is_mark(line: &str) -> bool {
    is_begin(line) || line == END
}

/// The label and the value of a line, as they are written.
pub(crate) fn split(line: &str) -> Option<(&str, &str)> {
    let mut is_escaped = false;
    let colon = line.find(|letter| {
        let is_colon = letter == ':' && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        is_colon
    })?;
    let (label, value) = line.split_at(colon);
    Some((label.trim_end(), value[1..].trim_start()))
}

/// One line of what may be more, and may begin or end with spaces.
pub(crate) fn escape(text: &str, is_label: bool) -> Zeroizing<String> {
    let mut escaped = Zeroizing::new(String::with_capacity(text.len() * 2 + 16));
    let core = text.trim();
    let start = text.len() - text.trim_start().len();
    for (at, letter) in text.char_indices() {
        let is_edge = at < start || at >= start + core.len();
        match letter {
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            ':' if is_label => escaped.push_str("\\:"),
            // A label of this kind would be taken for the end of the fields.
            '[' if at == 0 && is_label => escaped.push_str("\\["),
            _ if is_edge || letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') => {
                escaped.push_str(&format!("\\u{{{:x}}}", u32::from(letter)));
            }
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// What was escaped; what no escaping can have made stays as it is.
pub(crate) fn unescape(text: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some((before, escaped)) = rest.split_once('\\') {
        plain.push_str(before);
        let mut letters = escaped.chars();
        let letter = match letters.next() {
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some(letter @ ('\\' | ':' | '[')) => Some(letter),
            Some('u') => code(&mut letters),
            _ => None,
        };
        match letter {
            Some(letter) => {
                plain.push(letter);
                rest = letters.as_str();
            }
            None => {
                plain.push('\\');
                rest = escaped;
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// The letter whose number stands in braces, and what stands behind them.
fn code(letters: &mut std::str::Chars<'_>) -> Option<char> {
    let (number, rest) = letters.as_str().strip_prefix('{')?.split_once('}')?;
    let letter = char::from_u32(u32::from_str_radix(number, 16).ok()?)?;
    *letters = rest.chars();
    Some(letter)
}

/// The residue in lines.
fn encode(residue: &Residue) -> Zeroizing<String> {
    let text = residue.text();
    let digest = Sha256::digest(text.as_bytes());
    let bytes = Zeroizing::new([&digest[..DIGEST], text.as_bytes()].concat());
    let letters = Zeroizing::new(BASE64URL_NOPAD.encode(&bytes));
    let mut lines = Zeroizing::new(String::with_capacity(
        letters.len() + letters.len() / WIDTH + 1,
    ));
    for (at, letter) in letters.chars().enumerate() {
        if at > 0 && at % WIDTH == 0 {
            lines.push('\n');
        }
        lines.push(letter);
    }
    lines.push('\n');
    lines
}

fn decode(letters: &str) -> Result<Residue, ResidueError> {
    let bytes = BASE64URL_NOPAD.decode(letters.as_bytes());
    let bytes = Zeroizing::new(bytes.map_err(|_| ResidueError::Unreadable)?);
    let (digest, text) = bytes
        .split_at_checked(DIGEST)
        .ok_or(ResidueError::Unreadable)?;
    if Sha256::digest(text)[..DIGEST] != *digest {
        return Err(ResidueError::Unreadable);
    }
    Residue::parse(str::from_utf8(text).map_err(|_| ResidueError::Unreadable)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::carry::{carry, restore};
    use crate::{FieldType, Item, Object, Record};

    fn wifi() -> (Record, Record) {
        let mut whole = Record::new(Item::new(Some("aQ".to_owned()), "Home"), "");
        let mut wifi = Object::credential("wifi");
        wifi.set_field("ssid", FieldType::String, "attic: left");
        wifi.set_field(
            "passphrase",
            FieldType::Concealed,
            "mice\r\nand\tmen\u{2028}\\n",
        );
        whole.item.credentials.push(wifi);
        let native = Record::new(Item::new(Some("aQ".to_owned()), "Home"), "");
        (whole, native)
    }

    fn text_of(note: &str) -> (Record, Zeroizing<String>) {
        let (whole, native) = wifi();
        let text = write(note, &carry(&whole, &native, &|_| false));
        (whole, text)
    }

    fn restored(text: &str) -> Record {
        let mut noted = read(text);
        let residue = noted.residue.unwrap().unwrap();
        let (_, native) = wifi();
        restore(native, &mut noted.fields, &residue)
    }

    #[test]
    fn a_person_reads_the_values_one_on_a_line() {
        let (_, text) = text_of("Upstairs.");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[..2], ["Upstairs.", ""]);
        assert_eq!(
            lines[3],
            "wifi.passphrase: mice\\r\\nand\\tmen\\u{2028}\\\\n"
        );
        assert_eq!(lines[4], "wifi.ssid: attic: left");
        assert!(lines.iter().all(|line| line.len() <= 80), "{lines:?}");
    }

    #[test]
    fn a_block_survives_what_editors_do_to_text() {
        let (whole, text) = text_of("One.\nTwo.");
        let windows = text.replace('\n', "\r\n");
        let indented = text.replace('\n', "\n    ");
        let spaced = text.replace('\n', "  \n") + "\n\n";
        for changed in [&windows, &indented, &spaced] {
            assert_eq!(restored(changed), whole);
        }
        assert_eq!(*read(&windows).note, "One.\r\nTwo.");
    }

    #[test]
    fn a_block_that_was_moved_leaves_the_note_around_it() {
        let (whole, text) = text_of("");
        let moved = format!("First.\n{}\nLast.\n", *text);
        assert_eq!(restored(&moved), whole);
        assert_eq!(*read(&moved).note, "First.\nLast.\n");
    }

    #[test]
    fn a_line_that_a_person_adds_is_a_field_and_one_that_is_none_goes_to_the_note() {
        let (whole, text) = text_of("Note.");
        let edited = text.replace(
            "wifi.ssid",
            "Colour of the box: black\nI moved it.\nwifi.ssid",
        );
        let mut noted = read(&edited);
        assert_eq!(*noted.note, "Note.\nI moved it.\n");
        let (_, native) = wifi();
        let residue = noted.residue.unwrap().unwrap();
        assert_eq!(restore(native, &mut noted.fields, &residue), whole);
        assert_eq!(noted.fields[0].label, "Colour of the box");
        assert_eq!(*noted.fields[0].value, "black");
    }

    #[test]
    fn data_that_somebody_has_changed_is_told_and_the_fields_stay_readable() {
        let (_, text) = text_of("Note.");
        let data = text.find(DATA).unwrap() + DATA.len() + 20;
        let mut changed = text.to_string();
        let other = if &changed[data..=data] == "A" {
            "B"
        } else {
            "A"
        };
        changed.replace_range(data..=data, other);
        let without: String = text.lines().take(5).flat_map(|line| [line, "\n"]).collect();
        for text in [changed, without] {
            let noted = read(&text);
            assert_eq!(noted.residue, Some(Err(ResidueError::Unreadable)));
            assert_eq!(noted.fields.len(), 2);
            assert_eq!(*noted.note, "Note.");
        }
    }

    #[test]
    fn without_its_end_a_block_ends_with_the_data() {
        let (whole, text) = text_of("Note.");
        let text = text.replace(END, "Written later.");
        assert_eq!(restored(&text), whole);
        assert_eq!(*read(&text).note, "Note.\nWritten later.");
    }

    #[test]
    fn a_note_that_holds_a_block_of_its_own_survives() {
        let (_, quoted) = text_of("He wrote:");
        let (whole, text) = text_of(&quoted);
        assert_eq!(restored(&text), whole);
        assert_eq!(read(&text).note, quoted);
        let alone = write(&quoted, &Carried::default());
        assert_eq!(read(&alone).note, quoted);
        assert!(read(&alone).residue.is_none());
    }

    proptest! {
        #[test]
        fn every_note_and_every_value_come_back(
            note in "([ -~é\\n\\r\\t]|\\\\?\\[Credex:\\]\n|\\[/Credex\\]\n){0,12}",
            label in "\\PC{0,8}[^\\x00-\\x1f]",
            value in any::<String>(),
        ) {
            let (whole, native) = wifi();
            let mut carried = carry(&whole, &native, &|_| false);
            let added = CarriedField { label, value: Zeroizing::new(value), concealed: true };
            carried.fields.push(added.clone());
            let text = write(&note, &carried);
            let mut noted = read(&text);
            prop_assert_eq!(noted.note.as_str(), note.as_str());
            let residue = noted.residue.unwrap().unwrap();
            prop_assert_eq!(restore(native, &mut noted.fields, &residue), whole);
            prop_assert_eq!(noted.fields, vec![added]);
        }
    }
}
