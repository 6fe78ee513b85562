//! What becomes of each record, before anything is written.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use serde::Serialize;

use super::content::{Fingerprint, Whereabouts, fingerprint, lies_the_same, whereabouts};
use super::key::{Key, keys};
use super::losses::{briefly, gone};
use crate::record::new_id;
use crate::{Change, Quarantined, Record, Store, Why};

/// What to do with a record that is in the target already, and says something else there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDifference {
    /// Leave the target's.
    #[default]
    Keep,
    /// Put the new one in its place.
    Replace,
    /// Add the new one beside it.
    Both,
}

/// What becomes of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Status {
    /// It is not in the target, and is added.
    Add,
    /// It is in the target already.
    Same,
    /// The target has it, and it says something else there.
    Differs {
        /// What is done about it.
        resolution: OnDifference,
    },
    /// The target can take nothing of it.
    Dropped {
        /// Why.
        why: String,
    },
}

/// A part of a record that does not come through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// Where in the item: `credentials[0].password`.
    pub path: String,
    /// Why.
    pub why: Why,
}

/// What becomes of one record.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// The title of the record.
    pub title: String,
    /// Where it stands in its source.
    pub origin: String,
    /// How many credentials of each type it has.
    pub types: BTreeMap<String, u32>,
    /// What becomes of it.
    #[serde(flatten)]
    pub status: Status,
    /// Paths that the target keeps as fields or notes, which a later reading turns back.
    pub carried: Vec<String>,
    /// What is lost.
    pub lost: Vec<Lost>,
    /// How many credentials of each type stay in the target's record, which is replaced, because the new one says
    /// nothing of such.
    pub kept: BTreeMap<String, u32>,
    /// The type of each credential.
    #[serde(skip)]
    pub(super) kinds: Vec<String>,
    /// The credentials of which nothing comes through.
    #[serde(skip)]
    pub(super) gone: BTreeSet<usize>,
    #[serde(skip)]
    change: Option<Change>,
}

/// What becomes of the records of a source.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Plan {
    /// A record each, in the order of the source.
    pub entries: Vec<Entry>,
    /// What could not be read in the source.
    pub set_aside: Vec<Quarantined>,
}

/// What a plan is made for.
pub struct Planning<'p> {
    /// The target.
    pub store: &'p dyn Store,
    /// What is in it.
    pub there: &'p [Record],
    /// Types of credentials that stay behind by the person's choice: a record that is replaced keeps
    /// those that the target has, as it keeps those of types that the new record has nothing of.
    pub left_out: BTreeSet<String>,
    /// What to do with records that differ.
    pub on_difference: OnDifference,
}

impl Planning<'_> {
    /// Plans what becomes of `records`.
    #[must_use]
    pub fn plan(&self, records: Vec<Record>, set_aside: Vec<Quarantined>) -> Plan {
        let left_out = self.not_sent(&records);
        let mut there = There::new(self.there, &left_out);
        let twins: Vec<_> = records.iter().map(|each| there.same(each)).collect();
        let mut entries = Vec::with_capacity(records.len());
        for (record, twin) in records.into_iter().zip(twins) {
            let mut entry = Entry::of(&record);
            match twin {
                Some(_) => entry.status = Status::Same,
                None => match there.known(&record) {
                    Some(old) if there.says_more(old, &record) => entry.status = Status::Same,
                    Some(old) => self.differing(&mut there, record, old, &mut entry),
                    None => self.added(&mut there, record, &mut entry),
                },
            }
            entries.push(entry);
        }
        Plan { entries, set_aside }
    }

    /// The types that stayed behind, and those in the target that no record of the source has: a
    /// list of passwords says nothing about one-time codes.
    fn not_sent(&self, records: &[Record]) -> BTreeSet<String> {
        let all = |records: &[Record]| records.iter().flat_map(types).collect::<BTreeSet<_>>();
        let mut not_sent = &all(self.there) - &all(records);
        not_sent.extend(self.left_out.iter().cloned());
        not_sent
    }

    fn differing(
        &self,
        there: &mut There<'_>,
        mut record: Record,
        old: &Record,
        entry: &mut Entry,
    ) {
        let resolution = self.on_difference;
        entry.status = Status::Differs { resolution };
        match resolution {
            OnDifference::Keep => {}
            OnDifference::Both => self.added(there, record, entry),
            OnDifference::Replace => {
                record.item.members.set("id", old.item.id());
                let stays = there.not_said(old, &record);
                entry.kept = keep_what_stayed_behind(&mut record, old, &stays);
                let change = |record| Change::Replace(old.item.id().to_owned(), record);
                self.changed(record, change, entry);
            }
        }
    }

    fn added(&self, there: &mut There<'_>, mut record: Record, entry: &mut Entry) {
        // Some exporters give no ids, and stores tell items apart by them.
        let is_empty = record.item.id().is_empty();
        if is_empty || !there.ids.insert(record.item.id().to_owned()) {
            let id = new_id();
            record.item.members.set("id", id.as_str());
            there.ids.insert(id);
        }
        self.changed(record, Change::Add, entry);
    }

    fn changed(&self, record: Record, change: impl Fn(Record) -> Change, entry: &mut Entry) {
        let foreseen = self.store.foresee(&record);
        entry.gone = gone(&record, &foreseen);
        entry.carried.clone_from(&foreseen.carried);
        let lost = briefly(foreseen, &entry.gone).into_iter();
        entry.lost = lost.map(|(path, why)| Lost { path, why }).collect();
        let credentials = record.item.credentials.len();
        if credentials > 0 && entry.gone.len() == credentials {
            let why = entry.reasons();
            entry.status = Status::Dropped { why };
        } else {
            entry.change = Some(change(record));
        }
    }
}

/// Puts what `old` has of the types that stay into the record that takes its place, and counts it.
fn keep_what_stayed_behind(
    record: &mut Record,
    old: &Record,
    stays: &BTreeSet<String>,
) -> BTreeMap<String, u32> {
    let mut kept = BTreeMap::new();
    for credential in &old.item.credentials {
        if stays.contains(credential.kind()) {
            record.item.credentials.push(credential.clone());
            *kept.entry(credential.kind().to_owned()).or_default() += 1;
        }
    }
    if stays.contains("file") {
        record.attachments.extend(old.attachments.iter().cloned());
    }
    if record.places.is_empty() {
        record.places.clone_from(&old.places);
    }
    if record.account.is_none() {
        record.account.clone_from(&old.account);
    }
    kept
}

fn types(record: &Record) -> BTreeSet<String> {
    let credentials = record.item.credentials.iter();
    credentials.map(|each| each.kind().to_owned()).collect()
}

impl Entry {
    fn of(record: &Record) -> Self {
        let kinds = record.item.credentials.iter();
        let kinds: Vec<_> = kinds.map(|each| each.kind().to_owned()).collect();
        let mut types = BTreeMap::new();
        for kind in &kinds {
            *types.entry(kind.clone()).or_default() += 1;
        }
        Self {
            title: record.item.title().to_owned(),
            origin: record.origin.clone(),
            types,
            status: Status::Add,
            carried: Vec::new(),
            lost: Vec::new(),
            kept: BTreeMap::new(),
            kinds,
            gone: BTreeSet::new(),
            change: None,
        }
    }

    /// Why something is lost, each reason once.
    fn reasons(&self) -> String {
        let reasons: BTreeSet<_> = self.lost.iter().map(|lost| &*lost.why.words).collect();
        let reasons: Vec<_> = reasons.into_iter().collect();
        reasons.join("; ")
    }

    /// The place of the credential that this path leads to or into, and the rest of the path.
    pub(super) fn credential_at(path: &str) -> Option<(usize, &str)> {
        let (at, rest) = path.strip_prefix("credentials[")?.split_once(']')?;
        Some((at.parse().ok()?, rest))
    }
}

impl Plan {
    /// What is to be written; the plan keeps only what it says.
    #[must_use]
    pub fn take_changes(&mut self) -> Vec<Change> {
        let changes = self.entries.iter_mut().map(|entry| entry.change.take());
        changes.flatten().collect()
    }
}

/// The records of the target, each of which is the same as one of the source at most.
struct There<'t> {
    records: &'t [Record],
    left_out: &'t BTreeSet<String>,
    by_key: HashMap<Key, Alike>,
    by_content: HashMap<Fingerprint, Alike>,
    by_content_and_place: HashMap<(Fingerprint, Whereabouts), Alike>,
    met: Vec<bool>,
    ids: HashSet<String>,
}

/// Records that are alike in something, in their order. A store may have thousands of copies, so those
/// that were met are not looked at again.
#[derive(Default)]
struct Alike(VecDeque<usize>);

impl Alike {
    /// The first one that was not met.
    fn first(&mut self, met: &[bool]) -> Option<usize> {
        let is_met = |at: &usize| met.get(*at).copied().unwrap_or(true);
        while self.0.front().is_some_and(is_met) {
            self.0.pop_front();
        }
        self.0.front().copied()
    }
}

impl<'t> There<'t> {
    fn new(records: &'t [Record], left_out: &'t BTreeSet<String>) -> Self {
        let mut by_key: HashMap<_, Alike> = HashMap::new();
        let mut by_content: HashMap<_, Alike> = HashMap::new();
        let mut by_content_and_place: HashMap<_, Alike> = HashMap::new();
        for (at, record) in records.iter().enumerate() {
            for key in keys(record) {
                by_key.entry(key).or_default().0.push_back(at);
            }
            let content = fingerprint(record, left_out);
            by_content.entry(content).or_default().0.push_back(at);
            let there = by_content_and_place.entry((content, whereabouts(record)));
            there.or_default().0.push_back(at);
        }
        Self {
            records,
            left_out,
            by_key,
            by_content,
            by_content_and_place,
            met: vec![false; records.len()],
            ids: records
                .iter()
                .map(|each| each.item.id().to_owned())
                .collect(),
        }
    }

    /// A record that says the same, at the same place if it says where.
    fn same(&mut self, record: &Record) -> Option<&'t Record> {
        let content = fingerprint(record, self.left_out);
        let alike = match record.places.is_empty() {
            true => self.by_content.get_mut(&content),
            false => {
                let there = (content, whereabouts(record));
                self.by_content_and_place.get_mut(&there)
            }
        };
        let at = alike?.first(&self.met)?;
        self.meet(at)
    }

    /// A record that shares a key.
    fn known(&mut self, record: &Record) -> Option<&'t Record> {
        let mut keys = keys(record).into_iter();
        let at = keys.find_map(|key| self.by_key.get_mut(&key)?.first(&self.met))?;
        self.meet(at)
    }

    /// The types that stay in `old` when `new` takes its place: those that it has nothing of, whatever other records
    /// have, and those that stayed behind.
    fn not_said(&self, old: &Record, new: &Record) -> BTreeSet<String> {
        let mut not_said = &types(old) - &types(new);
        not_said.extend(self.left_out.iter().cloned());
        not_said
    }

    /// Whether `old` says all that `new` does, and beyond that has only credentials of other types.
    fn says_more(&self, old: &Record, new: &Record) -> bool {
        let not_said = self.not_said(old, new);
        fingerprint(new, &not_said) == fingerprint(old, &not_said) && lies_the_same(new, old)
    }

    fn meet(&mut self, at: usize) -> Option<&'t Record> {
        *self.met.get_mut(at)? = true;
        self.records.get(at)
    }
}
