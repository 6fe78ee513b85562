//! Records as rows, and rows as records. Both are pure, so that what a row would be read back as is
//! known before anything is written.

use credex::LossReason;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::dialect::{Column, Dialect};
use super::table::Cell;
use crate::carry::{self, Carried, Residue, ResidueError};
use crate::forms::{block, otpauth};
use crate::{FieldType, Foreseen, Item, Object, Record, Why, foresee};

/// What only Firefox says of a login, as an extension of the item.
const FIREFOX: &str = "mozilla.org/login";
/// Bytes of files that are kept in a note: recovery codes, not scans.
const LARGEST_FILES: usize = 8 << 10;

/// What a row says.
pub(super) struct Read {
    pub(super) record: Record,
    /// Why what is carried was left out.
    pub(super) damage: Option<ResidueError>,
}

/// The record that a row is.
pub(super) fn read(columns: &[Column], cells: &[Cell]) -> Read {
    let find = |wanted: &Column| {
        let at = columns.iter().position(|column| column == wanted)?;
        cells
            .get(at)
            .map(|cell| cell.as_str())
            .filter(|cell| !cell.is_empty())
    };
    let url = find(&Column::Url);
    let title = find(&Column::Title).or(url.map(host)).unwrap_or_default();
    let id = find(&Column::Guid).and_then(id).unwrap_or_else(|| {
        let username = find(&Column::Username).unwrap_or_default();
        id_of([title, url.unwrap_or_default(), username])
    });
    let mut item = Item::new(Some(id), title);
    if let Some(url) = url {
        let mut scope = Object::new();
        scope.set("urls", vec![Value::from(url)]);
        scope.set("androidApps", Vec::<Value>::new());
        item.members.set("scope", scope.into_value());
    }
    for (column, member) in [
        (Column::Created, "creationAt"),
        (Column::Changed, "modifiedAt"),
    ] {
        let milliseconds = find(&column).and_then(|text| text.parse::<i64>().ok());
        if let Some(milliseconds) = milliseconds {
            item.members.set(member, milliseconds.div_euclid(1000));
        }
    }
    item.push_login(find(&Column::Username), find(&Column::Password));
    let mut texts = Vec::new();
    if let Some(totp) = find(&Column::Totp) {
        match otpauth::parse(totp) {
            Some(totp) => item.credentials.push(totp),
            None => texts.push((FieldType::Concealed, "totp", totp)),
        }
    }
    let mut noted = block::read(find(&Column::Note).unwrap_or_default());
    if !noted.note.is_empty() {
        item.push_note(&noted.note);
    }
    let others = columns
        .iter()
        .zip(cells)
        .filter(|(_, cell)| !cell.is_empty());
    for (column, cell) in others {
        if let Column::Other(label) = column {
            texts.push((FieldType::String, label, cell));
        }
    }
    for (kind, label, text) in texts {
        item.push_custom_field(kind, label, text);
    }
    read_firefox(columns, cells, &mut item);
    let native = Record::new(item, "");
    let (mut record, damage) = match noted.residue.take() {
        None => (native, None),
        Some(Ok(residue)) => (restore(native, &mut noted, &residue), None),
        Some(Err(error)) => (native, Some(error)),
    };
    for field in noted.fields {
        record
            .item
            .push_custom_field(FieldType::Concealed, &field.label, &field.value);
    }
    Read { record, damage }
}

fn restore(native: Record, noted: &mut block::Noted, residue: &Residue) -> Record {
    let id = native.item.id().to_owned();
    let mut whole = carry::restore(without_id(native), &mut noted.fields, residue);
    if whole.item.id().is_empty() {
        whole.item.members.set("id", id);
    }
    whole
}

/// A record whose id is none: it was made of what a browser may write in another way, so that what
/// is carried must not depend on it.
fn without_id(mut native: Record) -> Record {
    native.item.members.set("id", "");
    native
}

fn read_firefox(columns: &[Column], cells: &[Cell], item: &mut Item) {
    let mut own = Object::new();
    for (column, cell) in columns.iter().zip(cells) {
        if let Column::Firefox(name) = column
            && !cell.is_empty()
        {
            own.set(name, cell.as_str());
        }
    }
    if !own.is_empty() {
        own.set("name", FIREFOX);
        item.members.set("extensions", json!([own.into_value()]));
    }
}

/// The id in a GUID of Firefox, which has braces.
fn id(guid: &str) -> Option<String> {
    let id = Uuid::try_parse(guid.trim_matches(['{', '}'])).ok()?;
    Some(BASE64URL_NOPAD.encode(id.as_bytes()))
}

/// An id for a row that has none: the same as long as the row says what it says.
fn id_of(texts: [&str; 3]) -> String {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update(text);
        digest.update([0]);
    }
    BASE64URL_NOPAD.encode(&digest.finalize()[..16])
}

/// What a site is called that has no name.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(_) => host,
        None => host.split(':').next().unwrap_or_default(),
    };
    host.strip_prefix("www.").unwrap_or(host)
}

/// What a record becomes.
pub(super) struct Written {
    /// The cells in the order of the columns.
    pub(super) cells: Vec<Cell>,
    /// What they are read back as, but for the place.
    pub(super) expected: Record,
    pub(super) foreseen: Foreseen,
}

/// The row that a record becomes; otherwise what is lost with it, which is everything, and why.
pub(super) fn write(dialect: Dialect, record: &Record) -> Result<Written, Foreseen> {
    if let Some(reason) = unfit(dialect, record) {
        let nothing = Record::new(Item::new(None, ""), "");
        let foreseen = foresee(record, &nothing, Vec::new());
        return Err(lose(foreseen, &reason));
    }
    let (kept, lost) = without_large_files(record);
    if dialect.longest_note().is_some() {
        if let Some(written) = carry_all(dialect, &kept, lost.clone()) {
            return Ok(written);
        }
        // The account and the collections take most room, and are missed least.
        let mut short = kept.clone();
        (short.account, short.places) = (None, Vec::new());
        if let Some(mut written) = carry_all(dialect, &short, lost.clone()) {
            let places = (0..kept.places.len()).map(|at| format!("collections[{at}]"));
            let account = kept.account.as_ref().map(|_| "account".to_owned());
            let dropped = places.chain(account).map(|path| (path, too_long(dialect)));
            written.foreseen.lost.extend(dropped);
            return Ok(written);
        }
    }
    let cells = bare(dialect, &kept);
    let native = read(&meanings(dialect), &cells).record;
    let why = match dialect.longest_note() {
        None => Why::new(
            LossReason::NoPlace,
            format!("{} has no place for it", dialect.name()),
        ),
        Some(_) => too_long(dialect),
    };
    let foreseen = lose(foresee(&kept, &native, lost), &why);
    Ok(Written {
        expected: native,
        cells,
        foreseen,
    })
}

fn too_long(dialect: Dialect) -> Why {
    let longest = dialect.longest_note().unwrap_or_default();
    let words = format!(
        "{} takes no note of more than {longest} letters",
        dialect.name()
    );
    Why::new(LossReason::TooLarge, words)
}

/// Everything that is not native is lost for this reason.
fn lose(mut foreseen: Foreseen, why: &Why) -> Foreseen {
    let carried = std::mem::take(&mut foreseen.carried).into_iter();
    foreseen
        .lost
        .extend(carried.map(|path| (path, why.clone())));
    foreseen
}

/// Why a browser would not take a record at all.
fn unfit(dialect: Dialect, record: &Record) -> Option<Why> {
    let password = record
        .item
        .credential("basic-auth")
        .and_then(|login| login.field("password"));
    let is_login =
        password.is_some_and(|password| !password.is_empty()) && web(&record.item).is_some();
    (dialect.is_for_websites() && !is_login).then(|| {
        let words = "browsers keep nothing but passwords of websites";
        Why::new(LossReason::WebsitesOnly, words)
    })
}

/// The first address that a browser would fill in at.
fn web(item: &Item) -> Option<&str> {
    item.urls()
        .find(|url| url.starts_with("https://") || url.starts_with("http://"))
}

fn without_large_files(record: &Record) -> (Record, Vec<(String, Why)>) {
    let mut kept = record.clone();
    let (mut left, mut lost) = (LARGEST_FILES, Vec::new());
    kept.attachments.retain(|file| {
        let fits = file.content.len() <= left;
        match fits {
            true => left -= file.content.len(),
            false => {
                let words = format!(
                    "a note has no place for more than {} KiB of files",
                    LARGEST_FILES >> 10
                );
                let why = Why::new(LossReason::TooLarge, words);
                lost.push((format!("attachment {}", file.id), why));
            }
        }
        fits
    });
    (kept, lost)
}

fn meanings(dialect: Dialect) -> Vec<Column> {
    dialect
        .columns()
        .iter()
        .map(|(_, column)| column.clone())
        .collect()
}

/// The row with everything that is not native in its note; `None` if that is too long.
fn carry_all(dialect: Dialect, record: &Record, lost: Vec<(String, Why)>) -> Option<Written> {
    let mut cells = bare(dialect, record);
    let native = read(&meanings(dialect), &cells).record;
    let mut carried = carry::carry(record, &native, &|_| false);
    if carried.residue.is_some() {
        carried = carry::carry(record, &without_id(native.clone()), &|_| false);
    }
    let at = dialect
        .columns()
        .iter()
        .position(|(_, column)| *column == Column::Note)?;
    let note = block::write(note(record), &carried);
    if note.encode_utf16().count() > dialect.longest_note()? {
        return None;
    }
    *cells.get_mut(at)? = note;
    Some(Written {
        foreseen: foresee(record, &native, lost),
        expected: record.clone(),
        cells,
    })
}

fn note(record: &Record) -> &str {
    let note = record.item.credential("note");
    note.and_then(|note| note.field("content"))
        .unwrap_or_default()
}

/// The row without what is carried.
fn bare(dialect: Dialect, record: &Record) -> Vec<Cell> {
    let item = &record.item;
    let login = item.credential("basic-auth");
    let field = |name| {
        login
            .and_then(|login| login.field(name))
            .unwrap_or_default()
            .to_owned()
    };
    let url = match dialect.is_for_websites() {
        true => web(item),
        false => item.urls().next(),
    };
    let longest = dialect.longest_note().unwrap_or_default();
    let cells = dialect.columns().iter().map(|(_, column)| match column {
        // Chromium makes the name of the address, whatever it says here.
        Column::Title if dialect == Dialect::Chromium => host(url.unwrap_or_default()).to_owned(),
        Column::Title => item.title().to_owned(),
        Column::Url => url.unwrap_or_default().to_owned(),
        Column::Username => field("username"),
        Column::Password => field("password"),
        Column::Note => {
            let note = block::write(note(record), &Carried::default());
            let fits = note.encode_utf16().count() <= longest;
            if fits {
                note.to_string()
            } else {
                String::new()
            }
        }
        Column::Totp => {
            let totp = item.credential("totp").and_then(otpauth::uri);
            totp.map(|totp| totp.to_string()).unwrap_or_default()
        }
        Column::Guid => format!("{{{}}}", guid(item.id())),
        Column::Created => milliseconds(item, "creationAt"),
        Column::Changed => milliseconds(item, "modifiedAt"),
        Column::Firefox(name) => firefox(item, name).unwrap_or_default().to_owned(),
        Column::Other(_) => String::new(),
    });
    cells.map(Zeroizing::new).collect()
}

/// The id as a UUID, or a UUID that is made of it.
fn guid(id: &str) -> Uuid {
    let bytes = BASE64URL_NOPAD.decode(id.trim_end_matches('=').as_bytes());
    match bytes.ok().and_then(|bytes| Uuid::from_slice(&bytes).ok()) {
        Some(id) => id,
        None => {
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&Sha256::digest(id.as_bytes())[..16]);
            uuid::Builder::from_custom_bytes(bytes).into_uuid()
        }
    }
}

/// A moment as Firefox has it, if it is one that it can have.
fn milliseconds(item: &Item, member: &str) -> String {
    let seconds = item.members.number(member).filter(|seconds| *seconds > 0);
    let milliseconds = seconds.and_then(|seconds| seconds.checked_mul(1000));
    milliseconds
        .map(|number| number.to_string())
        .unwrap_or_default()
}

fn firefox<'i>(item: &'i Item, name: &str) -> Option<&'i str> {
    let extensions = item.members.get("extensions")?.as_array()?;
    let is_own = |each: &&Value| each.get("name").and_then(Value::as_str) == Some(FIREFOX);
    extensions.iter().find(is_own)?.get(name)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_without_a_name_is_called_by_its_host() {
        for (url, name) in [
            ("https://www.forge.example:8443/login?x", "forge.example"),
            ("https://smith:steel@forge.example", "forge.example"),
            ("http://[::1]:80/", "[::1]:80"),
            ("forge.example/path", "forge.example"),
            ("", ""),
        ] {
            assert_eq!(host(url), name);
        }
    }
}
