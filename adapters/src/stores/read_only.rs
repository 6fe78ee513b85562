//! Stores that are read at once, and never written.

use crate::{Change, Fault, Foreseen, Quarantined, Record, Store, Written};

/// Everything that an export says.
pub(super) struct ReadOnly {
    pub(super) place: String,
    pub(super) told: Vec<Result<Record, Quarantined>>,
}

impl Store for ReadOnly {
    fn read(
        &mut self,
        each: &mut dyn FnMut(Result<Record, Quarantined>) -> bool,
    ) -> Result<(), Fault> {
        for told in &self.told {
            if !each(told.clone()) {
                break;
            }
        }
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
