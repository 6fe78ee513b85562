//! A store that credentials go to: read, planned for, written once, and read back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use credex::Tally;
use credex::cxf::Counts;
use credex_adapters::transfer::{
    Location, OnDifference, Plan, Planning, Selection, missing, takes,
};
use credex_adapters::{
    Access, Attachment, Change, Quarantined, Record, Store, Written, read_document,
};

use super::options::TargetOptions;
use super::passphrase::Passphrases;
use super::source::Contents;
use super::thread::{Step, Thread, on_thread};
use super::{person, telling};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::Output;

/// A store that is open, and what was in it then.
pub(super) struct Target {
    pub(super) location: Arc<Location>,
    options: TargetOptions,
    store: Box<dyn Store>,
    there: Vec<Record>,
    passphrases: Passphrases,
    output: Output,
}

/// What is to be written: a document, and what was left out of it.
pub(super) struct Incoming<'d> {
    pub(super) document: &'d [u8],
    pub(super) attachments: Vec<Attachment>,
    /// Whether a type of credentials was left behind by choice.
    pub(super) stays_behind: &'d dyn Fn(&str) -> bool,
    pub(super) set_aside: Vec<Quarantined>,
}

/// What came of a writing.
pub(super) struct Outcome {
    pub(super) plan: Plan,
    pub(super) written: Written,
    pub(super) missing: Vec<String>,
    pub(super) types: BTreeMap<String, Tally>,
}

impl Target {
    pub(super) async fn open(
        location: Arc<Location>,
        options: TargetOptions,
        mut passphrases: Passphrases,
        output: Output,
        interrupt: &mut Interrupt,
    ) -> Result<Self, Failure> {
        let step = Step {
            what: "Reading the target",
            total: None,
            writes: false,
        };
        let to = Arc::clone(&location);
        let read = move |thread: &mut Thread| {
            let mut store = to.open(Access::Write, thread)?;
            let contents = Contents::read(&mut *store, &Selection::default(), thread)?;
            Ok((store, contents.records))
        };
        let (store, there) = on_thread(step, &mut passphrases, &output, interrupt, read).await?;
        Ok(Self {
            location,
            options,
            store,
            there,
            passphrases,
            output,
        })
    }

    /// The types of credentials to announce; `None` for all.
    pub(super) fn takes(&self) -> Option<BTreeSet<String>> {
        takes(&*self.store)
    }

    /// Plans what becomes of `incoming`, shows that, and asks what to do where both differ.
    pub(super) async fn plan(
        &self,
        incoming: &Incoming<'_>,
        interrupt: &mut Interrupt,
    ) -> Result<(OnDifference, Plan), Failure> {
        let said = self.options.differing.map(OnDifference::from);
        let first = said.unwrap_or_default();
        let plan = self.planned(incoming, first)?;
        let shown = |plan| telling::plan(&self.output, &self.location.to_string(), plan);
        shown(&plan)?;
        let chosen = person::on_difference(&plan, &self.options, interrupt).await?;
        if chosen == first {
            return Ok((first, plan));
        }
        let plan = self.planned(incoming, chosen)?;
        shown(&plan)?;
        Ok((chosen, plan))
    }

    /// Goes on only if the person agrees.
    pub(super) async fn agrees(&self, interrupt: &mut Interrupt) -> Result<(), Failure> {
        person::agrees(&self.options, interrupt).await
    }

    /// Plans what becomes of `incoming`.
    pub(super) fn planned(
        &self,
        incoming: &Incoming<'_>,
        on_difference: OnDifference,
    ) -> Result<Plan, Failure> {
        let told = read_document(incoming.document, incoming.attachments.iter().cloned());
        let told = told.map_err(|error| Failure::new(Exit::Invalid, error.to_string()))?;
        let (mut records, mut set_aside) = (Vec::new(), incoming.set_aside.clone());
        for each in told {
            match each {
                Ok(record) => records.push(record),
                Err(aside) => set_aside.push(aside),
            }
        }
        let kinds = self
            .there
            .iter()
            .flat_map(|record| &record.item.credentials);
        let kinds: BTreeSet<_> = kinds.map(|credential| credential.kind()).collect();
        let left_out = kinds
            .into_iter()
            .filter(|kind| (incoming.stays_behind)(kind));
        let planning = Planning {
            store: &*self.store,
            there: &self.there,
            left_out: left_out.map(str::to_owned).collect(),
            on_difference,
        };
        Ok(planning.plan(records, set_aside))
    }

    /// Writes what is planned, reads the store, and tells. `present` are the credentials that came.
    pub(super) async fn write(
        self,
        mut plan: Plan,
        present: &Counts,
        interrupt: &mut Interrupt,
    ) -> Result<Outcome, Failure> {
        let Self {
            location,
            mut store,
            mut passphrases,
            output,
            ..
        } = self;
        let changes = plan.take_changes();
        let step = Step {
            what: "Writing the target",
            total: Some(changes.len()),
            writes: true,
        };
        let write = move |thread: &mut Thread| {
            if changes.is_empty() {
                return Ok((Written::default(), Vec::new()));
            }
            let written = store.write(&changes, &mut |done| thread.done(done))?;
            let mut there = Vec::new();
            store.read(&mut |told| {
                there.extend(told);
                true
            })?;
            let lost = missing(&*store, &taken(changes, &written), &there);
            Ok((written, lost))
        };
        let written = on_thread(step, &mut passphrases, &output, interrupt, write).await;
        let (written, missing) = written?;
        let types = plan.tally(present, &written.refused, &missing);
        telling::written(&output, &location.name(), &written, &missing, &types)?;
        Ok(Outcome {
            plan,
            written,
            missing,
            types,
        })
    }
}

/// Those of the changes that the store did not refuse.
fn taken(changes: Vec<Change>, written: &Written) -> Vec<Change> {
    let refused: BTreeSet<_> = written.refused.iter().map(|each| &each.origin).collect();
    let taken = |change: &Change| !refused.contains(&change.record().origin);
    changes.into_iter().filter(taken).collect()
}

impl Outcome {
    /// Whether all of the source is in the target now.
    pub(super) fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.written.refused.is_empty() && !self.plan.loses()
    }
}
