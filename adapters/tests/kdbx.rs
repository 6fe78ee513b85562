//! KDBX against the real KeePassXC, against ourselves, and against those who mean harm.

#![allow(clippy::panic, clippy::print_stderr, clippy::unwrap_used)]

#[path = "kdbx/hostile.rs"]
mod hostile;
#[path = "kdbx/keepassxc.rs"]
mod keepassxc;
#[path = "kdbx/perl.rs"]
mod perl;
#[path = "kdbx/round_trip.rs"]
mod round_trip;

use std::path::Path;

use credex_adapters::stores::kdbx::Kdbx;
use credex_adapters::{
    Access, Adapter, Ask, Asked, Change, Document, Fault, Quarantined, Question, Record, Store,
    Written, read_document, write_document,
};
use zeroize::Zeroizing;

const PASSPHRASE: &str = "correct horse";

/// Answers every question with the same passphrase.
struct Answers {
    passphrase: &'static str,
    asked: Vec<Asked>,
}

impl Ask for Answers {
    fn ask(&mut self, question: &Question) -> Result<Zeroizing<String>, Fault> {
        self.asked.push(question.asked);
        Ok(Zeroizing::new(self.passphrase.to_owned()))
    }
}

fn answers(passphrase: &'static str) -> Answers {
    Answers {
        passphrase,
        asked: Vec::new(),
    }
}

fn open(path: &Path, access: Access) -> Result<Box<dyn Store>, Fault> {
    Kdbx.open(path.to_str().unwrap(), access, &mut answers(PASSPHRASE))
}

fn read(store: &mut dyn Store) -> Vec<Result<Record, Quarantined>> {
    let mut told = Vec::new();
    store
        .read(&mut |each| {
            told.push(each);
            true
        })
        .unwrap();
    told
}

fn records(path: &Path) -> Vec<Record> {
    let told = read(&mut *open(path, Access::Read).unwrap());
    told.into_iter().map(Result::unwrap).collect()
}

fn add(path: &Path, records: &[Record]) -> Written {
    let changes: Vec<_> = records.iter().cloned().map(Change::Add).collect();
    let mut store = open(path, Access::Write).unwrap();
    store.write(&changes, &mut |_| ()).unwrap()
}

fn taken_apart(document: &[u8], attachments: &[(&str, &[u8])]) -> Vec<Record> {
    let attachments = attachments
        .iter()
        .map(|(id, content)| credex_adapters::Attachment {
            id: (*id).to_owned(),
            content: Zeroizing::new(content.to_vec()),
        });
    let told = read_document(document, attachments).unwrap();
    told.into_iter().filter_map(Result::ok).collect()
}

fn document(records: Vec<Record>) -> Document {
    write_document(records, ("kdbx.example", "KDBX"), 1).unwrap()
}

fn sample() -> Vec<Record> {
    taken_apart(credex::cxf::sample(), credex::cxf::sample_attachments())
}
