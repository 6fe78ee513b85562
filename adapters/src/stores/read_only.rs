//! Stores that are never written. Their records are made one by one as they are read: an export of a few
//! kilobytes can say a large thing ten thousand times, and whoever reads has to be able to stop.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use crate::{Change, Fault, Foreseen, Quarantined, Record, Store, Written};

/// An export, in memory as it was written.
pub(super) trait Export: Send {
    /// Tells everything that it says to `each`, until that says to stop.
    fn tell(&self, each: &mut dyn FnMut(Result<Record, Quarantined>) -> bool);
}

/// An export, as a store.
pub(super) struct ReadOnly<E> {
    pub(super) place: String,
    pub(super) export: E,
}

/// The bytes of the files of an export, by their names.
pub(super) type Bytes = BTreeMap<String, Zeroizing<Vec<u8>>>;

/// The files of an export, each of which belongs to the item that takes it first.
pub(super) struct Files<'e> {
    all: &'e Bytes,
    taken: BTreeSet<&'e str>,
}

impl<'e> Files<'e> {
    pub(super) fn new(all: &'e Bytes) -> Self {
        Self {
            all,
            taken: BTreeSet::new(),
        }
    }

    /// The bytes of a file that no item has taken yet.
    pub(super) fn take(&mut self, name: &str) -> Option<Zeroizing<Vec<u8>>> {
        let (name, content) = self.all.get_key_value(name)?;
        self.taken.insert(name).then(|| content.clone())
    }

    /// The names of those that no item has taken.
    pub(super) fn left(&self) -> impl Iterator<Item = &'e str> {
        let names = self.all.keys().map(String::as_str);
        names.filter(|name| !self.taken.contains(name))
    }
}

/// A record, behind what is wrong with it.
pub(super) fn behind(
    quarantined: Vec<String>,
    origin: &str,
    record: Record,
) -> Vec<Result<Record, Quarantined>> {
    let told = quarantined.into_iter();
    let told = told.map(|reason| Err(Quarantined::new(origin, reason)));
    told.chain([Ok(record)]).collect()
}

impl<E: Export> Store for ReadOnly<E> {
    fn read(
        &mut self,
        each: &mut dyn FnMut(Result<Record, Quarantined>) -> bool,
    ) -> Result<(), Fault> {
        self.export.tell(each);
        Ok(())
    }

    fn foresee(&self, _: &Record) -> Foreseen {
        Foreseen::default()
    }

    fn write(&mut self, _: &[Change], _: &mut dyn FnMut(usize)) -> Result<Written, Fault> {
        Err(Fault::Malformed {
            place: self.place.clone(),
            what: "exports of this kind can only be read".to_owned(),
            advice: "Write to a store of another kind".to_owned(),
        })
    }
}
