//! Proton Pass's exports: a ZIP archive of `Proton Pass/data.json` and `Proton Pass/files/NAME`, or
//! that JSON alone. They are read only. An export with a passphrase is an OpenPGP message
//! (`data.pgp`), and is not read.
//!
//! | Proton Pass | CXF |
//! | --- | --- |
//! | vault and folders | collections |
//! | login, alias | `basic-auth`, `totp`, `scope` |
//! | credit card, identity, Wi-Fi, SSH key | the credentials of that name |
//! | note, extra fields and sections | `note`, `custom-fields`; one-time passwords as `totp` |
//! | files | `file` |
//! | pinned | favourite |
//!
//! Items in the trash are told and left out. Passkeys are there in a form of Proton's own that is
//! not documented: they are told, and stay behind. Sources: `packages/pass/lib/export` in
//! ProtonMail/WebClients, and Proton's protocol `item_v1.proto`.

mod item;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use zeroize::Zeroizing;

use super::REMOVAL;
use super::read_only::ReadOnly;
use crate::archive::{self, Archive};
use crate::{
    Access, Adapter, Ask, Description, Direction, Fault, Object, Place, Quarantined, Record, Store,
    file,
};

/// A vault of ten thousand items has 20 MB, and files come on top.
const LARGEST: u64 = 256 << 20;
const DATA: &str = "Proton Pass/data.json";
const SEALED: &str = "Proton Pass/data.pgp";
const FILES: &str = "Proton Pass/files/";
/// Folders deeper than this, or within one another, lie in the last of these.
const DEEPEST: usize = 16;
/// What Proton calls an item in the trash.
const TRASHED: i64 = 2;

/// Exports of Proton Pass.
#[derive(Debug, Clone, Copy)]
pub struct ProtonPass;

/// The files of an export, by their names.
type Files = BTreeMap<String, Zeroizing<Vec<u8>>>;

impl Adapter for ProtonPass {
    fn describe(&self) -> Description {
        Description {
            scheme: "proton",
            name: "Proton Pass export",
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
                "ssh-key",
                "file",
            ],
            removal: REMOVAL,
        }
    }

    fn open(&self, location: &str, _: Access, _: &mut dyn Ask) -> Result<Box<dyn Store>, Fault> {
        let (content, _) = file::read(Path::new(location), LARGEST)?;
        let mut reading = Reading::default();
        let data = match archive::is_archive(&content) {
            true => reading.unpack(&content, location)?,
            false => content,
        };
        reading.vaults(&parse(&data, location)?);
        let left = reading.files.into_keys().map(|name| {
            let origin = format!("{location}, {}", name.escape_debug());
            Err(Quarantined::new(origin, "it is a file of no item"))
        });
        reading.told.extend(left);
        Ok(Box::new(ReadOnly {
            place: location.to_owned(),
            told: reading.told,
        }))
    }
}

fn malformed(place: &str, what: &str) -> Fault {
    Fault::Malformed {
        place: place.to_owned(),
        what: what.to_owned(),
        advice: "Export it from Proton Pass again".to_owned(),
    }
}

fn encrypted(place: &str) -> Fault {
    Fault::Malformed {
        place: place.to_owned(),
        what: "it is encrypted with PGP".to_owned(),
        advice: "Export again in the format ZIP without a passphrase, or decrypt it with gpg"
            .to_owned(),
    }
}

fn parse(data: &[u8], place: &str) -> Result<Object, Fault> {
    // An OpenPGP message: armoured, or by the bits of its first packet (RFC 9580, § 4.2).
    if data.starts_with(b"-----BEGIN PGP")
        || data
            .first()
            .is_some_and(|byte| byte & 0x80 != 0 && *byte != 0xef)
    {
        return Err(encrypted(place));
    }
    let data = archive::parse(data, place)?;
    if data.get("encrypted") == Some(&Value::Bool(true)) {
        return Err(encrypted(place));
    }
    match data.get("vaults") {
        Some(Value::Object(_)) => Ok(data),
        _ => Err(malformed(place, "it has no vaults")),
    }
}

#[derive(Default)]
struct Reading {
    told: Vec<Result<Record, Quarantined>>,
    files: Files,
}

impl Reading {
    /// Takes in an archive, and gives the file with the items.
    fn unpack(&mut self, content: &[u8], place: &str) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let mut archive = Archive::read(content, place)?;
        if archive.files.contains_key(SEALED) {
            return Err(encrypted(place));
        }
        let data = archive.files.remove(DATA);
        let data = data.ok_or_else(|| malformed(place, "there is no data.json in it"))?;
        self.told.extend(archive.quarantined.drain(..).map(Err));
        for (path, content) in archive.files {
            let name = path.strip_prefix(FILES).unwrap_or(&path);
            self.files.insert(name.to_owned(), content);
        }
        Ok(data)
    }

    fn vaults(&mut self, data: &Object) {
        let vaults = data.get("vaults").and_then(Value::as_object);
        for vault in vaults.into_iter().flat_map(serde_json::Map::values) {
            let name = vault.get("name").and_then(Value::as_str);
            let name = name.unwrap_or("a vault without a name");
            let items = vault.get("items").and_then(Value::as_array);
            for (at, item) in items.into_iter().flatten().enumerate() {
                self.item(vault, name, item, at);
            }
        }
    }

    fn item(&mut self, vault: &Value, name: &str, item: &Value, at: usize) {
        let title = item.pointer("/data/metadata/name").and_then(Value::as_str);
        let origin = match title {
            Some(title) if !title.is_empty() => format!("{name}, item “{title}”"),
            _ => format!("{name}, item {}", at + 1),
        };
        let unreadable = match item.get("data").and_then(|data| data.get("type")) {
            None => Some("it does not say of what type it is"),
            _ if item.get("state").and_then(Value::as_i64) == Some(TRASHED) => {
                Some("it is in the trash")
            }
            Some(_) => None,
        };
        if let Some(reason) = unreadable {
            return self.told.push(Err(Quarantined::new(origin, reason)));
        }
        let mut quarantined = Vec::new();
        let mut record = item::read(item, &mut self.files, &mut quarantined);
        record.places = vec![Place::titled(folders(vault, name, item))];
        record.origin.clone_from(&origin);
        let told = quarantined
            .into_iter()
            .map(|reason| Err(Quarantined::new(&*origin, reason)));
        self.told.extend(told);
        self.told.push(Ok(record));
    }
}

/// The names of the vault and of the folders in it that an item lies in.
fn folders<'v>(vault: &'v Value, name: &'v str, item: &Value) -> Vec<&'v str> {
    let all = vault.get("folders").and_then(Value::as_array);
    let find = |id: &str| {
        let is_it = |folder: &&Value| folder.get("folderId").and_then(Value::as_str) == Some(id);
        all.into_iter().flatten().find(is_it)
    };
    let mut names = Vec::new();
    let mut next = item.get("folderId").and_then(Value::as_str).and_then(find);
    while let Some(folder) = next.filter(|_| names.len() < DEEPEST) {
        names.extend(folder.get("name").and_then(Value::as_str));
        next = folder
            .get("parentFolderId")
            .and_then(Value::as_str)
            .and_then(find);
    }
    names.push(name);
    names.reverse();
    names
}
