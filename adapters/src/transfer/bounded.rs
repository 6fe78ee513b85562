//! A store of which no more is read than can be held at once. A small file can say a large thing a
//! hundred thousand times: every entry of a group tells the notes of the group, and the bytes of a
//! file that all refer to.

use crate::{Change, Fault, Foreseen, Quarantined, Record, Store, Written};

/// As much as an importer takes: 1 GiB of attachments and 64 MiB for the document.
const MOST: usize = (1 << 30) + (64 << 20);

/// A store that is read within bounds.
pub(super) struct Bounded {
    store: Box<dyn Store>,
    place: String,
    most: usize,
}

impl Bounded {
    /// The store at `place`.
    pub(super) fn new(store: Box<dyn Store>, place: String) -> Self {
        Self {
            store,
            place,
            most: MOST,
        }
    }
}

impl Store for Bounded {
    fn read(
        &mut self,
        each: &mut dyn FnMut(Result<Record, Quarantined>) -> bool,
    ) -> Result<(), Fault> {
        let mut left = Some(self.most);
        self.store.read(&mut |told| {
            let size = told.as_ref().map_or(0, Record::size);
            left = left.and_then(|left| left.checked_sub(size));
            left.is_some() && each(told)
        })?;
        match left {
            Some(_) => Ok(()),
            None => Err(Fault::TooLarge {
                place: self.place.clone(),
                what: "it has very large items, or says a large thing very often".to_owned(),
                limit: format!("{} MiB", self.most >> 20),
                advice: "See whether it is a store that you trust".to_owned(),
            }),
        }
    }

    fn foresee(&self, record: &Record) -> Foreseen {
        self.store.foresee(record)
    }

    fn write(
        &mut self,
        changes: &[Change],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Written, Fault> {
        self.store.write(changes, progress)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Item, Place};

    /// A store that says its only record for ever.
    struct Endless(Record);

    impl Store for Endless {
        fn read(
            &mut self,
            each: &mut dyn FnMut(Result<Record, Quarantined>) -> bool,
        ) -> Result<(), Fault> {
            while each(Ok(self.0.clone())) {}
            Ok(())
        }

        fn foresee(&self, _: &Record) -> Foreseen {
            Foreseen::default()
        }

        fn write(&mut self, _: &[Change], _: &mut dyn FnMut(usize)) -> Result<Written, Fault> {
            Ok(Written::default())
        }
    }

    #[test]
    fn a_folder_with_a_long_name_that_every_item_repeats_fills_no_memory() {
        let mut record = Record::new(Item::new(None, "t"), "");
        record
            .places
            .push(Place::titled(["x".repeat(1000).as_str()]));
        let mut store = Bounded::new(Box::new(Endless(record)), "kdbx:x".to_owned());
        store.most = 1 << 20;
        let mut held = 0;
        let told = store.read(&mut |_| {
            held += 1;
            true
        });
        assert!(matches!(told, Err(Fault::TooLarge { .. })), "{told:?}");
        assert!((900..=1049).contains(&held), "{held}");
    }
}
