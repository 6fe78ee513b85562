//! An entry, as far as it has a native form.

use std::collections::HashSet;

use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::super::format::{Binary, Element, bytes_in};
use super::super::times;
use super::{
    EXPIRES, FAVORITE, MORE_URLS, NOTES, PASSWORD, RESIDUE, References, TITLE, URL, USERNAME,
    id_of, one_time, passkey, uuid,
};
use crate::carry::{CarriedField, Residue, ResidueError, restore};
use crate::{Attachment, FieldType, Item, Object, Place, Quarantined, Record};

/// Bytes that an entry comes to, with all that it refers to: what a whole database may have.
const MOST: usize = 512 << 20;

/// An entry that was read.
pub(in super::super) struct Reading {
    /// What it says natively.
    pub(in super::super) native: Record,
    /// The strings that the residue refers to.
    fields: Vec<CarriedField>,
    residue: Option<Result<Residue, ResidueError>>,
    /// What is wrong with attachments.
    told: Vec<Quarantined>,
}

/// The strings of an entry that nothing has been made of yet.
pub(super) struct Strings<'e>(Vec<(&'e str, &'e str, bool)>);

impl<'e> Strings<'e> {
    fn new(
        entry: &'e Element,
        references: &References<'e>,
        origin: &str,
    ) -> Result<Self, Quarantined> {
        let strings = entry.children_named("String").map(|string| {
            let key = string.child_text("Key").unwrap_or_default();
            let value = string.child("Value").map(|value| references.resolve(value));
            let text = value.map_or(Some(""), Element::text).ok_or_else(|| {
                Quarantined::new(origin, format!("its “{key}” cannot be made out"))
            })?;
            Ok((key, text, value.is_some_and(Element::is_protected)))
        });
        strings.collect::<Result<_, _>>().map(Self)
    }

    fn size(&self) -> usize {
        self.0.iter().map(|(_, text, _)| text.len()).sum()
    }

    pub(super) fn get(&self, name: &str) -> Option<&'e str> {
        let found = self.0.iter().find(|(key, ..)| *key == name)?;
        Some(found.1)
    }

    pub(super) fn take(&mut self, name: &str) -> Option<&'e str> {
        let place = self.0.iter().position(|(key, ..)| *key == name)?;
        Some(self.0.remove(place).1)
    }

    /// Takes a string that says something.
    fn take_filled(&mut self, name: &str) -> Option<&'e str> {
        self.take(name).filter(|value| !value.is_empty())
    }
}

impl Reading {
    /// Reads an entry. `binaries` are the bytes of attachments, in the order of their numbers.
    pub(in super::super) fn new<'t>(
        entry: &'t Element,
        place: Option<&Place>,
        binaries: &[Binary],
        references: &References<'t>,
    ) -> Result<Self, Quarantined> {
        let origin = origin(entry, place);
        let id = uuid(entry).ok_or_else(|| Quarantined::new(&origin, "it has no valid UUID"))?;
        let mut strings = Strings::new(entry, references, &origin)?;
        // A few bytes refer to a text of another entry, or to a file, that has many.
        if strings.size() + attached(entry, binaries) > MOST {
            let what = format!("it refers to more than {} MiB", MOST >> 20);
            return Err(Quarantined::new(origin, what));
        }
        let residue = strings.take(RESIDUE).map(Residue::parse);
        let fields = match &residue {
            Some(Ok(residue)) => carried(residue, &mut strings),
            _ => Vec::new(),
        };
        let item = Item::new(Some(id_of(id)), strings.take(TITLE).unwrap_or_default());
        let mut native = Record::new(item, origin);
        native.places.extend(place.cloned());
        read_times(entry, &mut native.item);
        read_tags(entry, &mut native.item);
        read_strings(&mut strings, &mut native.item);
        let told = read_attachments(entry, id, binaries, &mut native);
        read_custom(strings, &mut native.item);
        if let Some(moment) = expiry(entry) {
            native
                .item
                .push_custom_field(FieldType::String, EXPIRES, &moment);
        }
        Ok(Self {
            native,
            fields,
            residue,
            told,
        })
    }

    /// The whole: with what was carried. What of that, and of attachments, cannot be read is told.
    pub(in super::super) fn whole(mut self) -> (Record, Vec<Quarantined>) {
        match self.residue {
            None => (self.native, self.told),
            Some(Err(error)) => {
                let told = Quarantined::new(&self.native.origin, error.to_string());
                self.told.push(told);
                (self.native, self.told)
            }
            Some(Ok(residue)) => {
                let attachments = std::mem::take(&mut self.native.attachments);
                let mut whole = restore(self.native, &mut self.fields, &residue);
                whole.attachments = renamed(attachments, &whole.item);
                (whole, self.told)
            }
        }
    }
}

/// Attachments under the ids that the `file` credentials of the whole item have.
pub(super) fn renamed(mut attachments: Vec<Attachment>, item: &Item) -> Vec<Attachment> {
    let files = || item.credentials.iter().filter(|each| each.kind() == "file");
    let there: HashSet<_> = files().filter_map(|file| file.text("id")).collect();
    let known: HashSet<_> = attachments.iter().map(|each| each.id.clone()).collect();
    let mut left: Vec<_> = files()
        .filter(|file| !known.contains(file.text("id").unwrap_or_default()))
        .collect();
    let is_there = |id: &str| there.contains(id);
    for attachment in attachments.iter_mut().filter(|each| !is_there(&each.id)) {
        let hash = hash(&attachment.content);
        let place = left
            .iter()
            .position(|file| file.text("integrityHash") == Some(&hash));
        if !left.is_empty()
            && let Some(id) = left.remove(place.unwrap_or(0)).text("id")
        {
            attachment.id = id.to_owned();
        }
    }
    attachments
}

fn origin(entry: &Element, place: Option<&Place>) -> String {
    let title = entry
        .children_named("String")
        .find(|string| string.child_text("Key") == Some(TITLE));
    let title = title
        .and_then(|string| string.child_text("Value"))
        .unwrap_or_default();
    let mut origin = match title {
        "" => "an entry without a title".to_owned(),
        title => format!("entry “{title}”"),
    };
    if let Some(place) = place {
        let titles: Vec<_> = place.titles().collect();
        origin.push_str(&format!(" in {}", titles.join("/")));
    }
    origin
}

fn carried(residue: &Residue, strings: &mut Strings<'_>) -> Vec<CarriedField> {
    let labels = residue.labels();
    let all = std::mem::take(&mut strings.0).into_iter();
    let (carried, left): (Vec<_>, _) = all.partition(|(key, ..)| labels.contains(key));
    strings.0 = left;
    let fields = carried
        .into_iter()
        .map(|(key, value, concealed)| CarriedField {
            label: key.to_owned(),
            value: Zeroizing::new(value.to_owned()),
            concealed,
        });
    fields.collect()
}

fn read_times(entry: &Element, item: &mut Item) {
    let Some(element) = entry.child("Times") else {
        return;
    };
    for (name, member) in [
        ("CreationTime", "creationAt"),
        ("LastModificationTime", "modifiedAt"),
    ] {
        if let Some(seconds) = element.child_text(name).and_then(times::read) {
            item.members.set(member, seconds);
        }
    }
}

/// The moment at which an entry expires, if it does.
fn expiry(entry: &Element) -> Option<String> {
    let element = entry.child("Times")?;
    let does = element.child_text("Expires")?.eq_ignore_ascii_case("true");
    let moment = times::read(element.child_text("ExpiryTime")?).filter(|_| does)?;
    Some(jiff::Timestamp::from_second(moment).ok()?.to_string())
}

fn read_tags(entry: &Element, item: &mut Item) {
    let tags = entry.child_text("Tags").unwrap_or_default();
    let tags = tags
        .split([';', ',', '\t'])
        .map(str::trim)
        .filter(|tag| !tag.is_empty());
    let (favorite, tags): (Vec<_>, Vec<_>) = tags.partition(|tag| *tag == FAVORITE);
    if !favorite.is_empty() {
        item.members.set("favorite", true);
    }
    item.set_tags(tags);
}

fn read_strings(strings: &mut Strings<'_>, item: &mut Item) {
    item.set_urls(read_urls(strings));
    let (username, password) = (strings.take_filled(USERNAME), strings.take_filled(PASSWORD));
    item.push_login(username, password);
    item.credentials.extend(one_time::read(strings));
    item.credentials.extend(passkey::read(strings));
    if let Some(notes) = strings.take_filled(NOTES) {
        item.push_note(notes);
    }
}

fn read_urls(strings: &mut Strings<'_>) -> Vec<String> {
    let mut urls: Vec<_> = strings
        .take_filled(URL)
        .into_iter()
        .map(str::to_owned)
        .collect();
    let number = |key: &str| match key.strip_prefix(MORE_URLS)? {
        "" => Some(0),
        rest => rest.strip_prefix('_')?.parse::<u32>().ok(),
    };
    let mut more: Vec<_> = strings
        .0
        .iter()
        .filter_map(|(key, ..)| Some((number(key)?, *key)))
        .collect();
    more.sort_unstable();
    for (_, key) in more {
        urls.extend(strings.take_filled(key).map(str::to_owned));
    }
    urls
}

fn read_custom(strings: Strings<'_>, item: &mut Item) {
    for (key, value, is_protected) in strings.0 {
        let kind = match is_protected {
            true => FieldType::Concealed,
            false => FieldType::String,
        };
        item.push_custom_field(kind, key, value);
    }
}

/// The bytes of all attachments, as far as they lie elsewhere.
fn attached(entry: &Element, binaries: &[Binary]) -> usize {
    let elements = entry.children_named("Binary");
    let files = elements.filter_map(|element| referred(element.child("Value")?, binaries));
    files.map(|binary| binary.content.len()).sum()
}

fn referred<'b>(value: &Element, binaries: &'b [Binary]) -> Option<&'b Binary> {
    let number = value.attribute("Ref")?;
    let binary = binaries.get(number.parse::<usize>().ok()?)?;
    binary.is_there.then_some(binary)
}

/// Reads the attachments of an entry, by reference or in place. Those whose bytes are not there, or cannot be made
/// out, are told.
fn read_attachments(
    entry: &Element,
    entry_id: Uuid,
    binaries: &[Binary],
    record: &mut Record,
) -> Vec<Quarantined> {
    let mut told = Vec::new();
    let mut left = MOST.saturating_sub(attached(entry, binaries));
    for element in entry.children_named("Binary") {
        let name = element.child_text("Key").unwrap_or_default();
        let content = match content_of(element, binaries, left) {
            Ok(content) => content,
            Err(why) => {
                let what = format!("its attachment {} {why}", name.escape_debug());
                told.push(Quarantined::new(&record.origin, what));
                continue;
            }
        };
        left = left.saturating_sub(content.len());
        let id = file_id(entry_id, name);
        let mut file = Object::credential("file");
        file.set("id", id.as_str());
        file.set("name", name);
        file.set("decryptedSize", content.len());
        file.set("integrityHash", Value::String(hash(&content)));
        record.item.credentials.push(file);
        record.attachments.push(Attachment { id, content });
    }
    told
}

/// The bytes of an attachment, of which `left` may stand in the entry itself.
fn content_of(
    element: &Element,
    binaries: &[Binary],
    left: usize,
) -> Result<Zeroizing<Vec<u8>>, String> {
    let value = element.child("Value");
    let value = value.ok_or_else(|| "has no bytes".to_owned())?;
    if value.attribute("Ref").is_some() {
        let binary = referred(value, binaries);
        let binary = binary.ok_or_else(|| "refers to bytes that are not there".to_owned())?;
        return Ok(binary.content.clone());
    }
    match bytes_in(value, left) {
        Ok(content) if content.len() <= left => Ok(content),
        Ok(_) => Err("is too large".to_owned()),
        Err(problem) => Err(format!("cannot be made out: {problem}")),
    }
}

/// The id of an attachment, which always is the same.
fn file_id(entry: Uuid, name: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(entry.as_bytes());
    digest.update(name.as_bytes());
    let digest: [u8; 32] = digest.finalize().into();
    data_encoding::BASE64URL_NOPAD
        .encode(digest.first_chunk::<16>().map_or(&[], |id| id.as_slice()))
}

/// The hash of a file as CXF has it: SHA-256 in base64url.
fn hash(content: &[u8]) -> String {
    data_encoding::BASE64URL_NOPAD.encode(&Sha256::digest(content))
}
