//! Records as items of a Bitwarden export, and items as records. Reading and writing are pure, so
//! that what an item would be read back as is known before anything is written.

mod card;
mod fields;
mod identity;
mod login;
mod own;
mod passkey;

use std::collections::HashMap;

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::carry;
use crate::forms::ssh;
use crate::{Attachment, Item, Object, Place, Quarantined, Record};

/// Bitwarden's numbers for types of items.
const LOGIN: i64 = 1;
const NOTE: i64 = 2;
const CARD: i64 = 3;
const IDENTITY: i64 = 4;
const SSH_KEY: i64 = 5;
/// Folders deeper than this are one with what lies below them.
const DEEPEST: usize = 32;

/// What a record becomes.
pub(super) struct Written {
    /// The item, without what says where it lies.
    pub(super) item: Object,
    /// The name of its folder.
    pub(super) folder: Option<String>,
    /// What it would be read back as, were it not for what is carried.
    pub(super) native: Record,
}

/// The item of this id that a record becomes.
pub(super) fn write(record: &Record, id: Uuid) -> Written {
    let (mut item, folder) = (bare(record, id), folder(record));
    let mut unreadable = Vec::new();
    let folders = folder.iter().map(String::as_str);
    let native = read_natively(&item, folders, &[], &mut unreadable);
    let is_taken = |label: &str| fields::is_reserved(label) || fields::has(&item, label);
    let mut carried = carry::carry(record, &native, &is_taken);
    if carried.residue.is_some() {
        carried = carry::carry(record, &without_id(native.clone()), &is_taken);
    }
    fields::append(&mut item, &carried);
    Written {
        item,
        folder,
        native,
    }
}

/// A record whose id is Bitwarden's affair: it gives new ones to whatever it imports, so that what is
/// carried must not depend on them.
fn without_id(mut native: Record) -> Record {
    native.item.members.set("id", "");
    native
}

/// The id that an item gets: that of the record, if it is a UUID, or one that is made of it.
pub(super) fn id_of(record: &Record) -> Uuid {
    let id = record.item.id();
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

fn bare(record: &Record, id: Uuid) -> Object {
    let item = &record.item;
    let kind = kind(item);
    let mut written = Object::new();
    written.set("id", id.to_string());
    written.set("type", kind);
    written.set("name", item.title());
    written.set("favorite", item.is_favorite());
    written.set("organizationId", Value::Null);
    written.set("collectionIds", Value::Null);
    for (name, member) in [
        ("creationDate", "creationAt"),
        ("revisionDate", "modifiedAt"),
    ] {
        if let Some(date) = item.members.number(member).and_then(date) {
            written.set(name, date);
        }
    }
    let note = item
        .credential("note")
        .and_then(|note| note.field("content"));
    written.set("notes", note);
    written.set("fields", fields::write(item));
    match kind {
        LOGIN => written.set("login", login::write(item).into_value()),
        CARD => written.set("card", card::write(item).into_value()),
        IDENTITY => written.set("identity", identity::write(item).into_value()),
        SSH_KEY => written.set("sshKey", write_ssh_key(item)),
        _ => written.set("secureNote", json!({"type": 0})),
    }
    own::write(item, &mut written);
    written
}

/// The type of item that holds most of an item natively.
fn kind(item: &Item) -> i64 {
    let has = |kinds: &[&str]| kinds.iter().any(|kind| item.credential(kind).is_some());
    match () {
        () if has(&["basic-auth", "totp", "passkey"]) => LOGIN,
        () if has(&["credit-card"]) => CARD,
        () if has(&identity::KINDS) => IDENTITY,
        () if write_ssh_key(item).is_some() => SSH_KEY,
        () if item.urls().next().is_some() => LOGIN,
        () => NOTE,
    }
}

fn write_ssh_key(item: &Item) -> Option<Value> {
    let key = ssh::openssh(item.credential("ssh-key")?)?;
    Some(json!({
        "privateKey": key.private.as_str(),
        "publicKey": key.public,
        "keyFingerprint": key.fingerprint,
    }))
}

/// A folder within a folder has both names, with a slash between.
fn folder(record: &Record) -> Option<String> {
    let titles: Vec<_> = record.places.first()?.titles().collect();
    Some(titles.join("/")).filter(|name| !name.is_empty())
}

/// A moment as ISO 8601; `None` if it is none that can be written so.
fn date(seconds: i64) -> Option<String> {
    let moment = Timestamp::from_second(seconds).ok()?;
    Some(moment.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string())
}

fn seconds(date: &str) -> Option<i64> {
    date.parse().ok().map(Timestamp::as_second)
}

/// The record that an item is. What of it cannot be read is told to `quarantined`.
pub(super) fn read(
    item: &Object,
    folders: &HashMap<String, String>,
    attachments: &HashMap<String, Vec<(String, Attachment)>>,
    quarantined: &mut Vec<Quarantined>,
) -> Result<Record, Quarantined> {
    let origin = match item.text("name") {
        Some(name) if !name.is_empty() => format!("item “{name}”"),
        _ => "item without a name".to_owned(),
    };
    if item.get("deletedDate").is_some() {
        return Err(Quarantined::new(origin, "it is in the trash"));
    }
    if item.number("type").is_none() {
        return Err(Quarantined::new(
            origin,
            "it does not say of what type it is",
        ));
    }
    let id = item.text("id").unwrap_or_default();
    let files = attachments.get(id).map(Vec::as_slice).unwrap_or_default();
    let collections = item.get("collectionIds").and_then(Value::as_array);
    let collections = collections.into_iter().flatten().filter_map(Value::as_str);
    let places = item.text("folderId").into_iter().chain(collections);
    let names = places.filter_map(|id| folders.get(id)).map(String::as_str);
    let read = fields::carried(item);
    let mut native = read_natively(&read.item, names, files, quarantined);
    native.origin = origin;
    match read.residue {
        None => Ok(native),
        Some(Ok(residue)) => {
            let mut fields = read.fields;
            let id = native.item.id().to_owned();
            let mut whole = carry::restore(without_id(native), &mut fields, &residue);
            if whole.item.id().is_empty() {
                whole.item.members.set("id", id);
            }
            Ok(whole)
        }
        Some(Err(error)) => {
            quarantined.push(Quarantined::new(native.origin.clone(), error.to_string()));
            Ok(native)
        }
    }
}

/// The record that an item is without what is carried.
fn read_natively<'n>(
    item: &Object,
    folders: impl Iterator<Item = &'n str>,
    files: &[(String, Attachment)],
    quarantined: &mut Vec<Quarantined>,
) -> Record {
    let id = item.text("id").and_then(|id| Uuid::try_parse(id).ok());
    let id = id.map(|id| BASE64URL_NOPAD.encode(id.as_bytes()));
    let mut read = Item::new(id, item.text("name").unwrap_or_default());
    for (name, member) in [
        ("creationDate", "creationAt"),
        ("revisionDate", "modifiedAt"),
    ] {
        if let Some(seconds) = item.text(name).and_then(seconds) {
            read.members.set(member, seconds);
        }
    }
    if item.get("favorite") == Some(&Value::Bool(true)) {
        read.members.set("favorite", true);
    }
    let part = |name: &str| item.get(name).cloned().and_then(Object::from_value);
    if let Some(login) = part("login") {
        login::read(&login, &mut read, quarantined);
    }
    if let Some(card) = part("card") {
        read.credentials.extend(card::read(&card));
    }
    if let Some(identity) = part("identity") {
        identity::read(&identity, &mut read);
    }
    if let Some(key) = part("sshKey") {
        read_ssh_key(&key, &mut read);
    }
    // Types that came later: what there is of them is kept as fields.
    for name in ["bankAccount", "driversLicense", "passport"] {
        if let Some(part) = part(name) {
            fields::read_members(&part, name, &mut read);
        }
    }
    if let Some(note) = item.text("notes").filter(|note| !note.is_empty()) {
        read.push_note(note);
    }
    fields::read(item, &mut read);
    own::read(item, &mut read);
    let mut record = Record::new(read, "");
    for (name, attachment) in files {
        record.item.credentials.push(attachment.credential(name));
        record.attachments.push(attachment.clone());
    }
    let titles = folders.map(|name| Place::titled(name.splitn(DEEPEST, '/')));
    record.places = titles.collect();
    record
}

fn read_ssh_key(key: &Object, read: &mut Item) {
    match key.text("privateKey").and_then(ssh::parse) {
        Some(credential) => read.credentials.push(credential),
        None => fields::read_members(key, "sshKey", read),
    }
}
