//! A CXF 1.0 document taken apart into records, and made of records.
//!
//! What stands in the header of a document says who wrote it, and is not passed on.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use credex::cxf::{self, Invalid};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::object::{self, wipe};
use crate::record::new_id;
use crate::{Account, Attachment, Item, Object, Place, Quarantined, Record, Step};

/// Collections deeper than this cannot be written so that every reader of CXF takes them: what lies
/// below is joined into the title of the last one.
const DEEPEST: usize = 24;

/// A document and the bytes of its `file` credentials.
pub struct Document {
    /// The document, in JSON.
    pub content: Zeroizing<Vec<u8>>,
    /// The bytes that travel beside it.
    pub attachments: Vec<Attachment>,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (bytes, files) = (self.content.len(), self.attachments.len());
        write!(f, "Document({bytes} bytes, {files} attachments)")
    }
}

/// Why a document could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is not valid CXF.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// It could not be put into JSON.
    #[error("the document could not be written: {0}")]
    Unwritable(#[source] serde_json::Error),
}

/// Takes a document apart; an item that is none costs itself. `attachments` are looked up by the
/// ids of `file` credentials.
///
/// Collections and accounts without items, and members of the header, are told as set aside.
///
/// # Errors
/// [`DocumentError::Invalid`].
pub fn read_document(
    content: &[u8],
    attachments: impl IntoIterator<Item = Attachment>,
) -> Result<Vec<Result<Record, Quarantined>>, DocumentError> {
    cxf::validate(content)?;
    let unreadable = |error: serde_json::Error| {
        DocumentError::Invalid(Invalid::NotJson {
            line: error.line(),
            column: error.column(),
            path: "$".to_owned(),
            reason: "it cannot be read".to_owned(),
        })
    };
    let document: Object = serde_json::from_slice(content).map_err(unreadable)?;
    let mut reading = Reading {
        attachments: attachments
            .into_iter()
            .map(|each| (each.id.clone(), each))
            .collect(),
        ..Reading::default()
    };
    reading.document(document);
    Ok(reading.records)
}

#[derive(Default)]
struct Reading {
    attachments: HashMap<String, Attachment>,
    records: Vec<Result<Record, Quarantined>>,
    /// The places of items, by the ids of account and item.
    places: HashMap<(String, String), Vec<Place>>,
}

impl Reading {
    fn document(&mut self, mut document: Object) {
        let accounts = match document.take("accounts") {
            Some(Value::Array(accounts)) => accounts,
            Some(mut other) => {
                wipe(&mut other);
                Vec::new()
            }
            // A bare account, which some exporters write where a header is due.
            None => vec![document.into_value()],
        };
        let mut members = Vec::new();
        for (index, account) in accounts.into_iter().enumerate() {
            let Some(mut account) = Object::from_value(account) else {
                self.quarantine(format!("account {}", index + 1), "it is no object");
                continue;
            };
            let (collections, items) = (account.take("collections"), account.take("items"));
            let shell: Account = Arc::new(account);
            for collection in elements(collections) {
                self.collection(&shell, &[], collection);
            }
            members.push((shell, elements(items)));
        }
        for (account, items) in members {
            let says_something = |(name, value): (&str, &Value)| name != "id" && value != "";
            if items.is_empty() && account.members().any(says_something) {
                self.quarantine(
                    called("account", account.text("username")),
                    "it has no items",
                );
            }
            for (index, item) in items.into_iter().enumerate() {
                self.item(&account, index, item);
            }
        }
    }

    fn collection(&mut self, account: &Account, above: &[Step], collection: Value) {
        let Some(mut collection) = Object::from_value(collection) else {
            self.quarantine("a collection".to_owned(), "it is no object");
            return;
        };
        let items = elements(collection.take("items"));
        let inner = elements(collection.take("subCollections"));
        let steps: Vec<_> = above.iter().cloned().chain([Step(collection)]).collect();
        if items.is_empty() && inner.is_empty() {
            let title = steps.last().map(Step::title);
            self.quarantine(called("collection", title), "it is empty");
        }
        let own = account.text("id").unwrap_or_default();
        for link in items.into_iter().filter_map(Object::from_value) {
            let of = link.text("account").unwrap_or(own).to_owned();
            let place = Place {
                steps: steps.clone(),
                owner: (of != own).then(|| Arc::clone(account)),
            };
            let item = link.text("item").unwrap_or_default().to_owned();
            self.places.entry((of, item)).or_default().push(place);
        }
        for collection in inner {
            self.collection(account, &steps, collection);
        }
    }

    fn item(&mut self, account: &Account, index: usize, item: Value) {
        let place = format!("item {}", index + 1);
        let Some(mut members) = Object::from_value(item) else {
            return self.quarantine(place, "it is no object");
        };
        if members.text("id").is_none() {
            members.set("id", new_id());
        }
        let origin = called("item", members.text("title"));
        let mut credentials = Vec::new();
        for credential in elements(members.take("credentials")) {
            match Object::from_value(credential) {
                Some(credential) => credentials.push(credential),
                None => self.quarantine(origin.clone(), "one of its credentials is no object"),
            }
        }
        let item = Item {
            members,
            credentials,
        };
        let own = account.text("id").unwrap_or_default().to_owned();
        let files = item.credentials.iter().filter(|each| each.kind() == "file");
        let attachments = files.filter_map(|file| self.attachments.remove(file.text("id")?));
        self.records.push(Ok(Record {
            attachments: attachments.collect(),
            places: self
                .places
                .remove(&(own, item.id().to_owned()))
                .unwrap_or_default(),
            account: Some(Arc::clone(account)),
            item,
            origin,
        }));
    }

    fn quarantine(&mut self, origin: String, reason: &str) {
        self.records.push(Err(Quarantined::new(origin, reason)));
    }
}

fn called(what: &str, title: Option<&str>) -> String {
    match title {
        Some(title) if !title.is_empty() => format!("{what} “{title}”"),
        _ => format!("{what} without a name"),
    }
}

fn elements(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(elements)) => elements,
        Some(mut other) => {
            wipe(&mut other);
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// Makes a document of records: `exporter` is the relying-party ID and the name of who writes it,
/// `moment` the time in seconds since 1970. Records without an account share one. An item or a file
/// whose id another has, because somebody copied an entry, gets one of its own.
///
/// # Errors
/// [`DocumentError::Unwritable`].
pub fn write_document(
    records: Vec<Record>,
    exporter: (&str, &str),
    moment: u64,
) -> Result<Document, DocumentError> {
    let mut writing = Writing::default();
    let (mut attachments, mut files) = (Vec::new(), HashSet::new());
    for mut record in records {
        tell_files_apart(&mut record, &mut files);
        attachments.append(&mut record.attachments);
        writing.record(record);
    }
    if writing.accounts.is_empty() {
        // A document has at least one.
        writing.account(None);
    }
    let mut header = Object::new();
    header.set("version", serde_json::json!({"major": 1, "minor": 0}));
    header.set("exporterRpId", exporter.0);
    header.set("exporterDisplayName", exporter.1);
    header.set("timestamp", moment);
    let accounts = writing.accounts.into_iter().map(Draft::into_value);
    header.set("accounts", accounts.collect::<Vec<_>>());
    let content = object::text(&header).map_err(DocumentError::Unwritable)?;
    Ok(Document {
        content,
        attachments,
    })
}

/// Gives a file whose id is in `taken` another one: the bytes of one would go for those of both.
fn tell_files_apart(record: &mut Record, taken: &mut HashSet<String>) {
    let mut kept = HashSet::new();
    for file in &mut record.attachments {
        if taken.insert(file.id.clone()) {
            kept.insert(file.id.clone());
            continue;
        }
        let old = std::mem::replace(&mut file.id, new_id());
        taken.insert(file.id.clone());
        let credentials = record.item.credentials.iter_mut();
        let mut of_id = credentials
            .filter(|each| each.kind() == "file" && each.text("id") == Some(old.as_str()));
        if let Some(credential) = of_id.nth(usize::from(kept.contains(&old))) {
            credential.set("id", file.id.as_str());
        }
    }
}

#[derive(Default)]
struct Writing {
    accounts: Vec<Draft>,
    /// Where the account with an id is in `accounts`.
    by_id: HashMap<String, usize>,
    /// The id of the account for records that have none.
    nobody: Option<String>,
}

/// An account that is being written.
struct Draft {
    members: Object,
    collections: Branches,
    items: Vec<Value>,
    /// The ids of the items.
    ids: HashSet<String>,
}

/// A collection that is being written.
struct Branch {
    members: Object,
    links: Vec<Value>,
    inner: Branches,
}

/// Collections beside one another, of which there may be as many as items.
#[derive(Default)]
struct Branches {
    all: Vec<Branch>,
    /// Where the first one with this id is.
    by_id: HashMap<String, usize>,
    /// Where the first one with this title is.
    by_title: HashMap<String, usize>,
}

impl Writing {
    fn record(&mut self, record: Record) {
        let Record {
            item,
            account,
            places,
            ..
        } = record;
        let home = self.account(account.as_ref());
        let Item {
            mut members,
            credentials,
        } = item;
        let id = self.id_in(home, members.text("id").unwrap_or_default());
        members.set("id", id.as_str());
        let credentials = credentials.into_iter().map(Object::into_value);
        members.set("credentials", credentials.collect::<Vec<_>>());
        let of = self
            .accounts
            .get(home)
            .and_then(|draft| draft.members.text("id"));
        let of = of.unwrap_or_default().to_owned();
        for place in places {
            let owner = place
                .owner
                .as_ref()
                .map_or(home, |owner| self.account(Some(owner)));
            let mut link = Object::new();
            link.set("item", id.as_str());
            if owner != home {
                link.set("account", of.as_str());
            }
            if let Some(draft) = self.accounts.get_mut(owner) {
                draft.collections.list(&shallow(place.steps), link);
            }
        }
        if let Some(draft) = self.accounts.get_mut(home) {
            draft.items.push(members.into_value());
        }
    }

    /// The id of an item in the account at `home`, if no other has it, and a fresh one otherwise.
    fn id_in(&mut self, home: usize, id: &str) -> String {
        let ids = self.accounts.get_mut(home).map(|draft| &mut draft.ids);
        match ids.is_some_and(|ids| ids.insert(id.to_owned())) {
            true => id.to_owned(),
            false => new_id(),
        }
    }

    /// The place of an account in `accounts`, where it is put if it is not there yet.
    fn account(&mut self, account: Option<&Account>) -> usize {
        let id = match account.and_then(|account| account.text("id")) {
            Some(id) => id.to_owned(),
            None => self.nobody.get_or_insert_with(new_id).clone(),
        };
        let next = self.accounts.len();
        let place = *self.by_id.entry(id.clone()).or_insert(next);
        if place == next {
            let mut members = account
                .map(|account| Object::clone(account))
                .unwrap_or_default();
            members.set("id", id);
            for required in ["username", "email"] {
                if members.get(required).is_none() {
                    members.set(required, "");
                }
            }
            self.accounts.push(Draft {
                members,
                collections: Branches::default(),
                items: Vec::new(),
                ids: HashSet::new(),
            });
        }
        place
    }
}

/// The way to a collection, no longer than every reader takes.
fn shallow(mut steps: Vec<Step>) -> Vec<Step> {
    if steps.len() > DEEPEST {
        let deep = steps.split_off(DEEPEST - 1);
        let titles: Vec<_> = deep.iter().map(Step::title).collect();
        steps.push(Step::titled(&titles.join("/")));
    }
    steps
}

impl Branches {
    /// Puts a link into the collection that `steps` lead to; collections of the same id, or without
    /// one of the same title, are the same.
    fn list(&mut self, steps: &[Step], link: Object) {
        let Some((step, rest)) = steps.split_first() else {
            return;
        };
        let at = match step.0.text("id") {
            Some(id) => self.by_id.get(id),
            None => self.by_title.get(step.title()),
        };
        let at = at.copied().unwrap_or_else(|| self.add(step));
        if let Some(branch) = self.all.get_mut(at) {
            match rest.is_empty() {
                true => branch.links.push(link.into_value()),
                false => branch.inner.list(rest, link),
            }
        }
    }

    /// The place of a new one.
    fn add(&mut self, step: &Step) -> usize {
        let (at, mut members) = (self.all.len(), step.0.clone());
        if members.get("id").is_none() {
            members.set("id", new_id());
        }
        let id = members.text("id").unwrap_or_default().to_owned();
        self.by_id.entry(id).or_insert(at);
        let title = step.title().to_owned();
        self.by_title.entry(title).or_insert(at);
        self.all.push(Branch {
            members,
            links: Vec::new(),
            inner: Self::default(),
        });
        at
    }
}

impl Draft {
    fn into_value(self) -> Value {
        let mut members = self.members;
        let collections = self.collections.all.into_iter().map(Branch::into_value);
        members.set("collections", collections.collect::<Vec<_>>());
        members.set("items", self.items);
        members.into_value()
    }
}

impl Branch {
    fn into_value(self) -> Value {
        let mut members = self.members;
        members.set("items", self.links);
        if !self.inner.all.is_empty() {
            let inner = self.inner.all.into_iter().map(Branch::into_value);
            members.set("subCollections", inner.collect::<Vec<_>>());
        }
        members.into_value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(document: &[u8]) -> Vec<Record> {
        read_document(document, [])
            .unwrap()
            .into_iter()
            .filter_map(Result::ok)
            .collect()
    }

    #[test]
    fn the_sample_taken_apart_and_put_together_lacks_nothing_but_its_header() {
        let written = write_document(records(cxf::sample()), ("a.example", "A"), 1).unwrap();
        let differences = cxf::diff(cxf::sample(), &written.content).unwrap();
        let elsewhere: Vec<_> = differences
            .iter()
            .filter(|each| each.path.starts_with("$.accounts"))
            .collect();
        assert!(elsewhere.is_empty(), "{elsewhere:?}");
        cxf::validate(&written.content).unwrap();
    }

    #[test]
    fn an_item_that_is_none_costs_itself() {
        let document = br#"{"items":[7,{"id":"aQ","title":"t","credentials":[3]}]}"#;
        let told = read_document(document, []).unwrap();
        let told: Vec<_> = told
            .iter()
            .map(|each| {
                each.as_ref()
                    .map(|r| r.item.title())
                    .map_err(ToString::to_string)
            })
            .collect();
        assert_eq!(
            told,
            [
                Err("item 1: it is no object".to_owned()),
                Err("item “t”: one of its credentials is no object".to_owned()),
                Ok("t"),
            ]
        );
    }

    #[test]
    fn a_document_without_records_is_valid() {
        let written = write_document(Vec::new(), ("a.example", "A"), 1).unwrap();
        assert_eq!(cxf::validate(&written.content).unwrap().items, 0);
    }

    #[test]
    fn a_copy_of_an_item_and_its_file_keeps_its_own_folder_and_bytes() {
        let copies = [("Work", 1), ("Home", 2)].map(|(folder, byte)| {
            let mut record = Record::new(Item::new(Some("aQ".to_owned()), folder), "");
            let file = Attachment {
                id: "YQ".to_owned(),
                content: Zeroizing::new(vec![byte]),
            };
            record.item.credentials.push(file.credential("key"));
            record.attachments.push(file);
            record.places.push(Place::titled([folder]));
            record
        });
        let written = write_document(copies.into(), ("a.example", "A"), 1).unwrap();
        let back = read_document(&written.content, written.attachments).unwrap();
        let back: Vec<_> = back.into_iter().filter_map(Result::ok).collect();
        assert_ne!(back[0].item.id(), back[1].item.id());
        for (record, byte) in back.iter().zip([1, 2]) {
            assert_eq!(record.attachments.len(), 1);
            assert_eq!(*record.attachments[0].content, [byte]);
            assert_eq!(record.places, [record.places[0].clone()]);
            assert_eq!(record.places[0].steps[0].title(), record.item.title());
        }
    }

    #[test]
    fn folders_that_lie_too_deep_for_cxf_are_joined() {
        let mut record = Record::new(Item::new(None, "deep"), "");
        let titles = vec!["x"; 100];
        record.places.push(Place::titled(titles));
        let written = write_document(vec![record], ("a.example", "A"), 1).unwrap();
        let back = records(&written.content);
        assert_eq!(back[0].places[0].steps.len(), DEEPEST);
    }
}
