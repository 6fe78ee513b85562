//! The inner form of an export: folders and items. What is not touched stays as it is.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::envelope::{Envelope, EnvelopeError, Kdf};
use super::native;
use crate::archive::{self, Archive};
use crate::record::tell_apart;
use crate::{Attachment, Fault, Object, Quarantined, Record, stable_id};

/// The file with the vault in an export with attachments, and the folder of those.
const DATA: &str = "data.json";
const ATTACHMENTS: &str = "attachments/";

/// A vault.
#[derive(Clone)]
pub(super) struct Vault {
    /// Every member but folders, collections and items.
    members: Object,
    folders: Vec<Object>,
    collections: Vec<Object>,
    items: Vec<Object>,
    /// The files of items, by the ids of those.
    attachments: HashMap<String, Vec<(String, Attachment)>>,
    quarantined: Vec<Quarantined>,
    is_archive: bool,
}

/// What stopped an envelope from being opened, as a fault of the store.
pub(super) fn fault(error: EnvelopeError, place: &str) -> Fault {
    let place = place.to_owned();
    match error {
        EnvelopeError::WrongPassword => Fault::WrongPassphrase { place },
        EnvelopeError::TooLarge(what, limit) => Fault::TooLarge {
            place,
            what,
            limit,
            advice: "Bitwarden would not ask for so much".to_owned(),
        },
        EnvelopeError::Malformed(what) => malformed(&place, what),
        EnvelopeError::Random(error) => Fault::Io {
            place,
            source: error.into(),
        },
    }
}

fn malformed(place: &str, what: &str) -> Fault {
    Fault::Malformed {
        place: place.to_owned(),
        what: what.to_owned(),
        advice: "Export it from Bitwarden again".to_owned(),
    }
}

/// The envelope of an export that has a password; `None` if it has none.
pub(super) fn envelope(content: &[u8], place: &str) -> Result<Option<Envelope>, Fault> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Head {
        #[serde(default)]
        encrypted: bool,
        #[serde(default)]
        password_protected: bool,
    }
    if archive::is_archive(content) {
        return Ok(None);
    }
    let not = |error| not_json(place, &error);
    let head: Head = serde_json::from_slice(strip(content)).map_err(not)?;
    match (head.encrypted, head.password_protected) {
        (false, _) => Ok(None),
        (true, true) => serde_json::from_slice(strip(content))
            .map(Some)
            .map_err(not),
        (true, false) => Err(Fault::Malformed {
            place: place.to_owned(),
            what: "it is restricted to the account that it was exported from, and only \
                   Bitwarden's server has its key"
                .to_owned(),
            advice: "Export again, as “.json (Encrypted)” of the type “Password protected”"
                .to_owned(),
        }),
    }
}

/// The content without a byte order mark.
fn strip(content: &[u8]) -> &[u8] {
    content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content)
}

/// Says where it stops to be JSON, and not what stands there.
fn not_json(place: &str, error: &serde_json::Error) -> Fault {
    let what = match error.classify() {
        serde_json::error::Category::Data => "it is not as Bitwarden writes it",
        _ => "it is not JSON",
    };
    let (line, column) = (error.line(), error.column());
    malformed(&format!("{place}, line {line}, column {column}"), what)
}

/// The content of a file with a vault in an envelope.
pub(super) fn seal(
    kdf: Kdf,
    password: &str,
    vault: &[u8],
    place: &str,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let sealed = Envelope::seal(kdf, password, vault).map_err(|error| fault(error, place))?;
    let written = serde_json::to_vec_pretty(&sealed).map_err(|error| not_json(place, &error))?;
    Ok(Zeroizing::new(written))
}

impl Vault {
    /// One in which nothing is yet.
    pub(super) fn new() -> Self {
        let mut members = Object::new();
        members.set("encrypted", false);
        Self {
            members,
            folders: Vec::new(),
            collections: Vec::new(),
            items: Vec::new(),
            attachments: HashMap::new(),
            quarantined: Vec::new(),
            is_archive: false,
        }
    }

    /// Reads a vault without a password, or an archive with one.
    pub(super) fn read(content: &[u8], place: &str) -> Result<Self, Fault> {
        let mut vault = Self::new();
        match archive::is_archive(content) {
            false => vault.parse(content, place)?,
            true => vault.unpack(content, place)?,
        }
        Ok(vault)
    }

    fn unpack(&mut self, content: &[u8], place: &str) -> Result<(), Fault> {
        let mut archive = Archive::read(content, place)?;
        let data = archive.files.remove(DATA);
        let data = data.ok_or_else(|| malformed(place, "there is no data.json in it"))?;
        self.parse(&data, place)?;
        self.is_archive = true;
        self.quarantined.append(&mut archive.quarantined);
        for (path, content) in archive.files {
            let rest = path.strip_prefix(ATTACHMENTS);
            let Some((item, name)) = rest.and_then(|rest| rest.split_once('/')) else {
                let told = Quarantined::new(format!("{place}, {path}"), "it is no attachment");
                self.quarantined.push(told);
                continue;
            };
            let id = stable_id(&path);
            let files = self.attachments.entry(item.to_owned()).or_default();
            files.push((name.to_owned(), Attachment { id, content }));
        }
        Ok(())
    }

    fn parse(&mut self, content: &[u8], place: &str) -> Result<(), Fault> {
        let read = serde_json::from_slice(strip(content));
        self.members = read.map_err(|error| not_json(place, &error))?;
        self.folders = self.elements("folders", "folder");
        self.collections = self.elements("collections", "collection");
        if self
            .members
            .get("items")
            .and_then(Value::as_array)
            .is_none()
        {
            return Err(malformed(place, "it has no items"));
        }
        self.items = self.elements("items", "item");
        Ok(())
    }

    fn elements(&mut self, name: &str, one: &str) -> Vec<Object> {
        let elements = match self.members.take(name) {
            Some(Value::Array(elements)) => elements,
            _ => Vec::new(),
        };
        let mut objects = Vec::with_capacity(elements.len());
        for (at, element) in elements.into_iter().enumerate() {
            match Object::from_value(element) {
                Some(object) => objects.push(object),
                None => {
                    let told = Quarantined::new(format!("{one} {}", at + 1), "it is no object");
                    self.quarantined.push(told);
                }
            }
        }
        objects
    }

    /// Looks whether an export of this kind can be written again.
    pub(super) fn check_writable(&self, place: &str) -> Result<(), Fault> {
        let what = match (self.is_archive, self.collections.is_empty()) {
            (true, _) => "it is an archive with attachments",
            (false, false) => "it is the export of an organization",
            (false, true) => return Ok(()),
        };
        Err(Fault::Malformed {
            place: place.to_owned(),
            what: what.to_owned(),
            advice: "It can be read only: write to another file".to_owned(),
        })
    }

    /// Tells every record, and what was set aside.
    pub(super) fn tell(&self, each: &mut dyn FnMut(Result<Record, Quarantined>) -> bool) {
        for told in &self.quarantined {
            if !each(Err(told.clone())) {
                return;
            }
        }
        let folders = self.folder_names();
        let mut ids = HashSet::new();
        for (at, item) in self.items.iter().enumerate() {
            let mut told = Vec::new();
            let mut record = native::read(item, &folders, &self.attachments, &mut told);
            // A clone that was made in Bitwarden.
            if let Ok(record) = &mut record {
                tell_apart(record, at, &mut ids);
            }
            for told in told.into_iter().map(Err).chain([record]) {
                if !each(told) {
                    return;
                }
            }
        }
    }

    /// The names of folders and collections, by their ids.
    fn folder_names(&self) -> HashMap<String, String> {
        let all = self.folders.iter().chain(&self.collections);
        let names = all.filter_map(|folder| {
            let name = folder.text("name")?.to_owned();
            Some((folder.text("id")?.to_owned(), name))
        });
        names.collect()
    }

    /// Begins to change it.
    pub(super) fn edit(&mut self) -> Edit<'_> {
        let folders = self.folder_names();
        let read = |item| native::read(item, &folders, &self.attachments, &mut Vec::new());
        let mut ids = HashSet::new();
        let records = self.items.iter().enumerate().filter_map(|(at, item)| {
            let mut record = read(item).ok()?;
            tell_apart(&mut record, at, &mut ids);
            Some((record.item.id().to_owned(), at))
        });
        let own = self.folders.iter().filter_map(|folder| {
            Some((
                folder.text("name")?.to_owned(),
                folder.text("id")?.to_owned(),
            ))
        });
        let taken = self.items.iter().filter_map(|item| item.text("id"));
        Edit {
            records: records.collect(),
            folders: own.collect(),
            taken: taken.map(str::to_owned).collect(),
            vault: self,
        }
    }

    /// The text of the file.
    pub(super) fn text(&self, place: &str) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let mut members = self.members.clone();
        members.set("encrypted", false);
        let values = |objects: &[Object]| -> Vec<Value> {
            objects
                .iter()
                .map(|object| object.clone().into_value())
                .collect()
        };
        members.set("folders", values(&self.folders));
        members.set("items", values(&self.items));
        crate::object::text(&members).map_err(|error| not_json(place, &error))
    }

    /// Looks whether the items of these ids are read as these records.
    pub(super) fn verify(&self, expected: &[(Uuid, Record)], place: &str) -> Result<(), Fault> {
        let folders = self.folder_names();
        let items = self
            .items
            .iter()
            .filter_map(|item| Some((item.text("id")?, item)));
        let items: HashMap<_, _> = items.collect();
        for (id, record) in expected {
            let item = items.get(id.to_string().as_str());
            let read =
                item.map(|item| native::read(item, &folders, &self.attachments, &mut Vec::new()));
            let is_same = matches!(read, Some(Ok(read)) if read.is_like(record));
            if !is_same {
                return Err(Fault::ReadBack {
                    place: place.to_owned(),
                    what: record.origin.clone(),
                });
            }
        }
        Ok(())
    }
}

/// A vault that is being changed.
pub(super) struct Edit<'v> {
    vault: &'v mut Vault,
    /// Where the items are, by the ids of the records that they are read as.
    records: HashMap<String, usize>,
    /// The ids of folders, by their names.
    folders: HashMap<String, String>,
    /// The ids of items.
    taken: HashSet<String>,
}

impl Edit<'_> {
    /// Adds a record, and says of what id its item is.
    pub(super) fn add(&mut self, record: &Record) -> Uuid {
        let mut id = native::id_of(record);
        while !self.taken.insert(id.to_string()) {
            id = Uuid::new_v4();
        }
        let item = self.item(record, id);
        self.vault.items.push(item);
        id
    }

    /// Puts a record in the place of the one with this id, and says of what id its item is; `None`
    /// if there is none.
    pub(super) fn replace(&mut self, replaced: &str, record: &Record) -> Option<Uuid> {
        let at = *self.records.get(replaced)?;
        let id = Uuid::try_parse(self.vault.items.get(at)?.text("id")?).ok()?;
        let item = self.item(record, id);
        *self.vault.items.get_mut(at)? = item;
        Some(id)
    }

    fn item(&mut self, record: &Record, id: Uuid) -> Object {
        let written = native::write(record, id);
        let mut item = written.item;
        item.set("folderId", written.folder.map(|name| self.folder(name)));
        item
    }

    /// The id of the folder of this name, which is made if there is none.
    fn folder(&mut self, name: String) -> String {
        if let Some(id) = self.folders.get(&name) {
            return id.clone();
        }
        let id = Uuid::new_v4().to_string();
        let mut folder = Object::new();
        folder.set("id", id.as_str());
        folder.set("name", name.as_str());
        self.vault.folders.push(folder);
        self.folders.insert(name, id.clone());
        id
    }
}
