//! A store that credentials come from: read as a whole, and put into a document.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use credex_adapters::transfer::{Location, Selection};
use credex_adapters::{Access, Document, Fault, Quarantined, Record, Store, write_document};

use super::options::SourceOptions;
use super::passphrase::Passphrases;
use super::thread::{Step, Thread, on_thread};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::Output;

/// The relying-party ID that the header of a document names.
const EXPORTER: &str = "org.credex";

/// What is in a store.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) records: Vec<Record>,
    pub(super) set_aside: Vec<Quarantined>,
}

impl Contents {
    /// Reads what is meant of `store`.
    pub(super) fn read(
        store: &mut dyn Store,
        selection: &Selection,
        thread: &mut Thread,
    ) -> Result<Self, Fault> {
        let mut contents = Self::default();
        let mut count = 0;
        store.read(&mut |told| {
            count += 1;
            thread.done(count);
            match told {
                Ok(record) => contents.records.extend(selection.of(record)),
                Err(aside) => contents.set_aside.push(aside),
            }
            true
        })?;
        Ok(contents)
    }
}

/// What is sent of a store.
pub(crate) struct Outgoing {
    pub(crate) document: Document,
    pub(super) set_aside: Vec<Quarantined>,
}

/// Reads the store at `location` into a document.
pub(super) async fn outgoing(
    location: &Arc<Location>,
    options: &SourceOptions,
    mut passphrases: Passphrases,
    output: &Output,
    interrupt: &mut Interrupt,
) -> Result<Outgoing, Failure> {
    let step = Step {
        what: "Reading the source",
        total: None,
        writes: false,
    };
    let (from, selection) = (Arc::clone(location), options.selection());
    let read = move |thread: &mut Thread| {
        let mut store = from.open(Access::Read, thread)?;
        Contents::read(&mut *store, &selection, thread)
    };
    let contents = on_thread(step, &mut passphrases, output, interrupt, read).await?;
    if contents.records.is_empty() {
        let what = match options.selects() {
            true => format!("nothing in {location} is what you selected"),
            false => format!("there is nothing in {location}"),
        };
        return Err(Failure::new(Exit::Failed, what));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let moment = now.map(|now| now.as_secs()).unwrap_or_default();
    let name = location.name();
    let document = write_document(contents.records, (EXPORTER, &name), moment);
    Ok(Outgoing {
        document: document.map_err(|error| Failure::new(Exit::Failed, error.to_string()))?,
        set_aside: contents.set_aside,
    })
}
