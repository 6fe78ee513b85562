//! 1Password's unencrypted export, 1PUX, version 3: a ZIP archive of `export.data` (JSON) and
//! `files/ID__NAME`. It is read only.
//!
//! | 1PUX | CXF |
//! | --- | --- |
//! | account, vault | account, collection |
//! | login fields, password, one-time password, websites | `basic-auth`, `totp`, `scope` |
//! | card, identity, passport, driving licence, router, server, database, API credential, SSH key | the credential of that name, by the ids of 1Password's fields |
//! | notes, other sections and fields | `note`, `custom-fields` with the name of the section |
//! | documents and attached files | `file` |
//! | former passwords, archived | the extension `1password.com/item` |
//!
//! Nothing of a passkey is in such an export. Sources: "About the 1Password Unencrypted Export
//! format" of 1Password's support pages; the ids of fields as its exports have them.

mod fields;
mod item;

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::REMOVAL;
use super::read_only::{Bytes, Export, Files, ReadOnly, behind};
use crate::archive::{self, Archive};
use crate::{
    Access, Account, Adapter, Ask, Description, Direction, Fault, Object, Place, Quarantined,
    Record, Store, file, stable_id,
};

/// A vault of ten thousand items has 30 MB, and documents come on top.
const LARGEST: u64 = 256 << 20;
/// The file with everything but files.
const DATA: &str = "export.data";
/// The folder of those.
const FILES: &str = "files/";

/// Exports of 1Password.
#[derive(Debug, Clone, Copy)]
pub struct OnePux;

impl Adapter for OnePux {
    fn describe(&self) -> Description {
        Description {
            scheme: "onepux",
            name: "1Password export (1PUX)",
            location: "FILE",
            direction: Direction::In,
            plaintext: true,
            native: &[
                "basic-auth",
                "totp",
                "note",
                "custom-fields",
                "credit-card",
                "person-name",
                "address",
                "passport",
                "drivers-license",
                "identity-document",
                "wifi",
                "api-key",
                "ssh-key",
                "file",
                "item-reference",
            ],
            removal: REMOVAL,
        }
    }

    fn open(&self, location: &str, _: Access, _: &mut dyn Ask) -> Result<Box<dyn Store>, Fault> {
        let (content, _) = file::read(Path::new(location), LARGEST)?;
        let mut archive = Archive::read(&content, location)?;
        let malformed = |what: &str| Fault::Malformed {
            place: location.to_owned(),
            what: what.to_owned(),
            advice: "Export it again, in the format 1PUX".to_owned(),
        };
        let data = archive.files.remove(DATA);
        let data = data.ok_or_else(|| malformed("there is no export.data in it"))?;
        let data = archive::parse(&data, &format!("{location}, export.data"))?;
        if data.get("accounts").and_then(Value::as_array).is_none() {
            return Err(malformed("it has no accounts"));
        }
        Ok(Box::new(ReadOnly {
            place: location.to_owned(),
            export: Accounts {
                quarantined: std::mem::take(&mut archive.quarantined),
                files: documents(archive),
                data,
            },
        }))
    }
}

/// The files of an export, by the ids of documents.
fn documents(archive: Archive) -> Bytes {
    let files = archive.files.into_iter().filter_map(|(path, content)| {
        let (id, _) = path.strip_prefix(FILES)?.split_once("__")?;
        Some((id.to_owned(), content))
    });
    files.collect()
}

/// What an export consists of.
struct Accounts {
    quarantined: Vec<Quarantined>,
    data: Object,
    files: Bytes,
}

impl Export for Accounts {
    fn tell(&self, each: &mut dyn FnMut(Result<Record, Quarantined>) -> bool) {
        if !self.quarantined.iter().all(|told| each(Err(told.clone()))) {
            return;
        }
        let mut files = Files::new(&self.files);
        for account in elements(self.data.get("accounts")) {
            let shell = shell(&attributes(account));
            for vault in elements(account.get("vaults")) {
                let attributes = attributes(vault);
                let name = attributes.text("name").unwrap_or("a vault without a name");
                for (at, item) in elements(vault.get("items")).enumerate() {
                    let told = told_of(item, &shell, name, at, &mut files);
                    if !told.into_iter().all(&mut *each) {
                        return;
                    }
                }
            }
        }
    }
}

/// An item, behind what is wrong with it.
fn told_of(
    item: &Value,
    account: &Account,
    vault: &str,
    at: usize,
    files: &mut Files<'_>,
) -> Vec<Result<Record, Quarantined>> {
    let Some(item) = Object::from_value(item.clone()) else {
        let origin = format!("{vault}, item {}", at + 1);
        return vec![Err(Quarantined::new(origin, "it is no object"))];
    };
    let title = object(&item, "overview")
        .text("title")
        .unwrap_or_default()
        .to_owned();
    let origin = match title.is_empty() {
        true => format!("{vault}, item {}", at + 1),
        false => format!("{vault}, item “{title}”"),
    };
    let mut quarantined = Vec::new();
    let mut record = item::read(&item, &title, files, &mut quarantined);
    record.account = Some(Arc::clone(account));
    record.places = vec![Place::titled([vault])];
    record.origin.clone_from(&origin);
    behind(quarantined, &origin, record)
}

fn attributes(of: &Value) -> Object {
    let attributes = of.get("attrs").cloned();
    attributes.and_then(Object::from_value).unwrap_or_default()
}

/// The elements of an array; none if it is none.
fn elements(of: Option<&Value>) -> impl Iterator<Item = &Value> {
    of.and_then(Value::as_array).into_iter().flatten()
}

fn shell(attributes: &Object) -> Account {
    let text = |name| attributes.text(name).unwrap_or_default();
    let mut account = Object::new();
    account.set("id", stable_id(text("uuid")));
    account.set("username", text("accountName"));
    account.set("email", text("email"));
    if !text("name").is_empty() {
        account.set("fullName", text("name"));
    }
    Account::new(account)
}

/// The object in a member; an empty one if there is none.
fn object(of: &Object, name: &str) -> Object {
    of.get(name)
        .cloned()
        .and_then(Object::from_value)
        .unwrap_or_default()
}

/// The objects in an array.
fn objects(of: Option<&Value>) -> Vec<Object> {
    elements(of)
        .cloned()
        .filter_map(Object::from_value)
        .collect()
}
