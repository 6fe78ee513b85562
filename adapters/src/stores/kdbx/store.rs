//! An open database.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;

use credex::LossReason;
use uuid::Uuid;

use super::entry::{Reading, References, draw, uuid, uuid_of};
use super::format::{CompositeKey, Database, DerivedKey, Element, Kdf, seal, unlock};
use super::groups::{Groups, walk};
use super::plan::{Entry, Plan, locate};
use super::pool::Pool;
use super::problem::Problem;
use crate::file::{self, Seen};
use crate::{Change, Fault, Foreseen, Quarantined, Record, Store, Why, Written, foresee};

/// An open database.
pub(super) struct KdbxStore {
    pub(super) path: PathBuf,
    /// The name for a person.
    pub(super) place: String,
    pub(super) seen: Seen,
    pub(super) key: CompositeKey,
    /// The key of the file as it is; `None` if there is no file yet.
    pub(super) derived: Option<DerivedKey>,
    pub(super) database: Database,
    /// The groups for what was foreseen, found once for all of it.
    pub(super) groups: RefCell<Option<Groups>>,
}

impl Store for KdbxStore {
    fn read(
        &mut self,
        each: &mut dyn FnMut(Result<Record, Quarantined>) -> bool,
    ) -> Result<(), Fault> {
        let binaries = &self.database.binaries;
        let references = References::new(&self.database.tree);
        let mut goes_on = true;
        let recycled = walk(&self.database.tree, &mut |entry, place| {
            goes_on = match Reading::new(entry, place, binaries, &references) {
                Ok(reading) => {
                    let (whole, told) = reading.whole();
                    told.into_iter().all(|told| each(Err(told))) && each(Ok(whole))
                }
                Err(quarantined) => each(Err(quarantined)),
            };
            goes_on
        });
        if goes_on && recycled > 0 {
            let what = match recycled {
                1 => "an entry was left there".to_owned(),
                many => format!("{many} entries were left there"),
            };
            each(Err(Quarantined::new("the recycle bin", what)));
        }
        Ok(())
    }

    fn foresee(&self, record: &Record) -> Foreseen {
        let mut whole = record.clone();
        let mut groups = self.groups.borrow_mut();
        let groups = groups.get_or_insert_with(|| Groups::new(&self.database.tree));
        let (_, place) = locate(groups, &mut whole);
        let id = uuid_of("item", whole.item.id());
        match draw(&mut whole, id, place.as_ref(), &mut Pool::new(Vec::new())) {
            Ok(drawn) => foresee(&whole, &drawn.native, Vec::new()),
            Err(told) => Foreseen {
                lost: vec![("$".to_owned(), Why::new(LossReason::Other, told.reason))],
                ..Foreseen::default()
            },
        }
    }

    fn write(
        &mut self,
        changes: &[Change],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Written, Fault> {
        let fault = |problem: Problem| problem.at(&self.place);
        self.check_writable().map_err(fault)?;
        let mut plan = Plan::new(
            &self.database.tree,
            self.database.binaries.clone(),
            self.entries(changes),
        );
        let mut refused = Vec::new();
        for (number, change) in changes.iter().enumerate() {
            refused.extend(plan.change(change).err());
            progress(number + 1);
        }
        let mut tree = self.database.tree.clone();
        let (binaries, expected) = plan.apply(&mut tree);
        let header = self.database.header.clone();
        let mut next = Database {
            header,
            tree,
            binaries,
            is_damaged: false,
        };
        let (kdf, derived) = self.kdf().map_err(fault)?;
        let sealed = seal(&mut next, &kdf, &derived).map_err(fault)?;
        let mut verify = |content: &[u8]| {
            let back = unlock(content).and_then(|locked| locked.open(&derived));
            verify(
                &back.map_err(|problem| self.damaged(&problem.to_string()))?,
                &next,
                &expected,
            )
            .map_err(|what| self.damaged(&what))
        };
        let seen = file::replace(&self.path, &self.seen, &sealed, &mut verify)?;
        (self.seen, self.derived, self.database) = (seen, Some(derived), next);
        self.groups.take();
        Ok(Written {
            records: expected.len(),
            refused,
        })
    }
}

impl KdbxStore {
    fn check_writable(&self) -> Result<(), Problem> {
        match (self.database.is_current(), self.database.is_damaged) {
            (false, _) => Err(Problem::OLD),
            (true, true) => Err(Problem::Unknown {
                what: "it has values that cannot be made out, and would be destroyed",
                advice: "Repair it with KeePassXC first",
            }),
            (true, false) => Ok(()),
        }
    }

    /// The entries of the items that are to be replaced, or that there are already.
    fn entries(&self, changes: &[Change]) -> HashMap<String, Entry> {
        let mut entries = HashMap::new();
        if changes.is_empty() {
            return entries;
        }
        let literally = References::default();
        walk(&self.database.tree, &mut |entry, place| {
            if let (Some(id), Ok(reading)) =
                (uuid(entry), Reading::new(entry, place, &[], &literally))
            {
                let (whole, _) = reading.whole();
                let entry = Entry {
                    id,
                    place: place.cloned(),
                };
                entries.insert(whole.item.id().to_owned(), entry);
            }
            true
        });
        entries
    }

    /// The key of what will be written: that of the file, unless it was too easy to guess.
    fn kdf(&self) -> Result<(Kdf, DerivedKey), Problem> {
        if let (Some(derived), Some(kdf)) = (&self.derived, self.database.kdf())
            && kdf.is_strong()
        {
            return Ok((kdf.clone(), derived.clone()));
        }
        let kdf = Kdf::new()?;
        let derived = kdf.derive(self.key.bytes())?;
        Ok((kdf, derived))
    }

    fn damaged(&self, what: &str) -> Fault {
        Fault::ReadBack {
            place: self.place.clone(),
            what: what.to_owned(),
        }
    }
}

/// Compares what was read back with what should be there: the document as a whole, and each record.
fn verify(back: &Database, next: &Database, expected: &[(Uuid, Record)]) -> Result<(), String> {
    if back.binaries != next.binaries {
        return Err("the attachments differ".to_owned());
    }
    if back.tree != next.tree {
        return Err("the document differs".to_owned());
    }
    let mut left: HashMap<Uuid, &Record> =
        expected.iter().map(|(id, record)| (*id, record)).collect();
    let mut differs = None;
    let literally = References::default();
    walk(&back.tree, &mut |entry: &Element, place| {
        let Some(record) = uuid(entry).and_then(|id| left.remove(&id)) else {
            return true;
        };
        let read =
            Reading::new(entry, place, &back.binaries, &literally).map(|reading| reading.whole().0);
        if !read.is_ok_and(|read| is_same(&read, record)) {
            differs = Some(record.origin.clone());
        }
        differs.is_none()
    });
    match differs {
        Some(origin) => Err(format!("{origin} differs")),
        None if !left.is_empty() => Err(format!("{} entries are missing", left.len())),
        None => Ok(()),
    }
}

fn is_same(read: &Record, written: &Record) -> bool {
    read.item == written.item
        && read.places == written.places
        && read.account == written.account
        && read.attachments.len() == written.attachments.len()
        && written
            .attachments
            .iter()
            .all(|each| read.attachments.contains(each))
}
