//! One item on its way between stores, with all that CXF 1.0 keeps outside of it: its account, the
//! collections that list it, and the bytes of its `file` credentials.

use std::collections::HashSet;
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{Item, Object};

/// An item and its surroundings.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The item itself.
    pub item: Item,
    /// Whose it is, where the source says so.
    pub account: Option<Account>,
    /// The collections that list it. A store with folders puts it into the first.
    pub places: Vec<Place>,
    /// The bytes of its `file` credentials, as far as they are there.
    pub attachments: Vec<Attachment>,
    /// Where it stands in its source, in words for a person, without secrets.
    pub origin: String,
}

impl Record {
    /// An item that is in no collection.
    #[must_use]
    pub fn new(item: Item, origin: impl Into<String>) -> Self {
        Self {
            item,
            account: None,
            places: Vec::new(),
            attachments: Vec::new(),
            origin: origin.into(),
        }
    }

    /// Whether another record says the same, wherever it stands.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.item == other.item
            && self.account == other.account
            && self.places == other.places
            && self.attachments == other.attachments
    }

    /// How many bytes of text and files it holds, folders included.
    #[must_use]
    pub fn size(&self) -> usize {
        let credentials = self.item.credentials.iter().map(Object::size);
        let steps = self.places.iter().flat_map(|place| &place.steps);
        let files = self.attachments.iter().map(|file| file.content.len());
        let steps = steps.map(|step| step.0.size());
        let parts = credentials.chain(steps).chain(files);
        self.origin.len() + self.item.members.size() + parts.sum::<usize>()
    }
}

/// The members of an account but `collections` and `items`, shared by its records.
pub type Account = Arc<Object>;

/// A collection that lists a record.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place {
    /// The way to it from the outermost collection.
    pub steps: Vec<Step>,
    /// The account that the collection belongs to, where that is not the record's own.
    pub owner: Option<Account>,
}

impl Place {
    /// A folder of a store that has nothing but names for them, from the outermost one.
    #[must_use]
    pub fn titled<'t>(titles: impl IntoIterator<Item = &'t str>) -> Self {
        Self {
            steps: titles.into_iter().map(Step::titled).collect(),
            owner: None,
        }
    }

    /// The names of the folders, from the outermost one.
    pub fn titles(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(Step::title)
    }
}

/// One collection on the way: its members but `items` and `subCollections`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Step(pub Object);

impl Step {
    /// A folder of a store that has nothing but names for them.
    #[must_use]
    pub fn titled(title: &str) -> Self {
        let mut members = Object::new();
        members.set("title", title);
        Self(members)
    }

    /// The title.
    #[must_use]
    pub fn title(&self) -> &str {
        self.0.text("title").unwrap_or_default()
    }
}

/// The bytes of a `file` credential.
#[derive(Clone, PartialEq)]
pub struct Attachment {
    /// The id of the credential.
    pub id: String,
    /// The bytes.
    pub content: Zeroizing<Vec<u8>>,
}

impl Attachment {
    /// The `file` credential of the bytes, under this name.
    #[must_use]
    pub fn credential(&self, name: &str) -> Object {
        let mut file = Object::credential("file");
        file.set("id", self.id.as_str());
        file.set("name", name);
        file.set("decryptedSize", self.content.len());
        let hash = Sha256::digest(&self.content);
        file.set("integrityHash", BASE64URL_NOPAD.encode(&hash));
        file
    }
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attachment({} bytes)", self.content.len())
    }
}

/// Something of a source that could not be read, and costs nothing but itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[error("{origin}: {reason}")]
pub struct Quarantined {
    /// Where it stands in its source, in words for a person, without secrets.
    pub origin: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Quarantined {
    /// Sets something aside.
    #[must_use]
    pub fn new(origin: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            origin: origin.into(),
            reason: reason.into(),
        }
    }
}

/// The id for what a store calls so: the same every time, and short enough for CXF.
#[must_use]
pub fn stable_id(name: &str) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(name)[..16])
}

/// Gives a record whose id is in `taken` another one, always the same for the same `turn` in a store:
/// of two with one id, the wrong one could be replaced.
pub(crate) fn tell_apart(record: &mut Record, turn: usize, taken: &mut HashSet<String>) {
    while !taken.insert(record.item.id().to_owned()) {
        let other = stable_id(&format!("{} {turn}", record.item.id()));
        record.item.members.set("id", other);
    }
}

/// A fresh id for an item, collection or file: a random UUID in base64url.
#[must_use]
pub fn new_id() -> String {
    BASE64URL_NOPAD.encode(Uuid::new_v4().as_bytes())
}
