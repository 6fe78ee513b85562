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

use std::path::Path;

use serde_json::Value;
use zeroize::Zeroizing;

use super::REMOVAL;
use super::read_only::{Bytes, Export, Files, ReadOnly, behind};
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
        let mut export = Vaults {
            place: location.to_owned(),
            ..Vaults::default()
        };
        let data = match archive::is_archive(&content) {
            true => export.unpack(&content)?,
            false => content,
        };
        export.data = parse(&data, location)?;
        Ok(Box::new(ReadOnly {
            place: location.to_owned(),
            export,
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

/// What an export consists of.
#[derive(Default)]
struct Vaults {
    place: String,
    quarantined: Vec<Quarantined>,
    data: Object,
    files: Bytes,
}

impl Vaults {
    /// Takes in an archive, and gives the file with the items.
    fn unpack(&mut self, content: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let mut archive = Archive::read(content, &self.place)?;
        if archive.files.contains_key(SEALED) {
            return Err(encrypted(&self.place));
        }
        let data = archive.files.remove(DATA);
        let data = data.ok_or_else(|| malformed(&self.place, "there is no data.json in it"))?;
        self.quarantined.append(&mut archive.quarantined);
        for (path, content) in archive.files {
            let name = path.strip_prefix(FILES).unwrap_or(&path);
            self.files.insert(name.to_owned(), content);
        }
        Ok(data)
    }
}

impl Export for Vaults {
    fn tell(&self, each: &mut dyn FnMut(Result<Record, Quarantined>) -> bool) {
        if !self.quarantined.iter().all(|told| each(Err(told.clone()))) {
            return;
        }
        let mut files = Files::new(&self.files);
        let vaults = self.data.get("vaults").and_then(Value::as_object);
        for vault in vaults.into_iter().flat_map(serde_json::Map::values) {
            let name = vault.get("name").and_then(Value::as_str);
            let name = name.unwrap_or("a vault without a name");
            let items = vault.get("items").and_then(Value::as_array);
            for (at, item) in items.into_iter().flatten().enumerate() {
                let told = told_of(vault, name, item, at, &mut files);
                if !told.into_iter().all(&mut *each) {
                    return;
                }
            }
        }
        for name in files.left() {
            let origin = format!("{}, {}", self.place, name.escape_debug());
            if !each(Err(Quarantined::new(origin, "it is a file of no item"))) {
                return;
            }
        }
    }
}

/// An item, behind what is wrong with it.
fn told_of(
    vault: &Value,
    name: &str,
    item: &Value,
    at: usize,
    files: &mut Files<'_>,
) -> Vec<Result<Record, Quarantined>> {
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
        return vec![Err(Quarantined::new(origin, reason))];
    }
    let mut quarantined = Vec::new();
    let mut record = item::read(item, files, &mut quarantined);
    record.places = vec![Place::titled(folders(vault, name, item))];
    record.origin.clone_from(&origin);
    behind(quarantined, &origin, record)
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
