//! What the stories of stores have in common: documents to pass on, and somebody who answers.

#![allow(dead_code, reason = "no story needs all of it")]

use std::io::{Cursor, Write};
use std::path::Path;

use credex::cxf;
use credex_adapters::{
    Ask, Attachment, Change, Fault, Quarantined, Question, Record, Store, read_document,
    write_document,
};
use zeroize::Zeroizing;

/// Answers with one word after the other, and then leaves.
#[derive(Default)]
pub(crate) struct Answers {
    pub(crate) left: Vec<&'static str>,
    pub(crate) asked: Vec<Question>,
}

impl Answers {
    pub(crate) fn new(words: &[&'static str]) -> Self {
        Self {
            left: words.to_vec(),
            asked: Vec::new(),
        }
    }
}

impl Ask for Answers {
    fn ask(&mut self, question: &Question) -> Result<Zeroizing<String>, Fault> {
        self.asked.push(question.clone());
        match self.left.is_empty() {
            true => Err(Fault::Cancelled),
            false => Ok(Zeroizing::new(self.left.remove(0).to_owned())),
        }
    }
}

/// A document, and the records that it consists of.
pub(crate) struct Passed {
    pub(crate) name: &'static str,
    pub(crate) document: Vec<u8>,
    pub(crate) records: Vec<Record>,
}

/// The sample and, where they lie beside the repository, the documents of the specification.
pub(crate) fn documents() -> Vec<Passed> {
    let files = cxf::sample_attachments().iter();
    let files = files.map(|(id, content)| Attachment {
        id: (*id).to_owned(),
        content: Zeroizing::new(content.to_vec()),
    });
    let mut documents = vec![passed("sample", cxf::sample().to_vec(), files.collect())];
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/cxf");
    for name in ["appendix-a.json", "kitchen-sink.json"] {
        match std::fs::read(shared.join(name)) {
            Ok(document) => documents.push(passed(name, document, Vec::new())),
            Err(error) => eprintln!("{name} is not passed on: {error}"),
        }
    }
    documents
}

fn passed(name: &'static str, document: Vec<u8>, files: Vec<Attachment>) -> Passed {
    let told = read_document(&document, files).unwrap();
    let mut records: Vec<_> = told.into_iter().filter_map(Result::ok).collect();
    // Ids have to tell records apart, as what follows the specification sees to.
    for record in records
        .iter_mut()
        .filter(|record| record.item.id().is_empty())
    {
        record.item.members.set("id", "bm8taWQ");
    }
    Passed {
        name,
        document: document_of(&records),
        records,
    }
}

/// The document that records make.
pub(crate) fn document_of(records: &[Record]) -> Vec<u8> {
    let written = write_document(records.to_vec(), ("test.example", "Test"), 1);
    written.unwrap().content.to_vec()
}

/// What a store tells.
pub(crate) fn told(store: &mut dyn Store) -> (Vec<Record>, Vec<Quarantined>) {
    let (mut records, mut quarantined) = (Vec::new(), Vec::new());
    store
        .read(&mut |told| {
            match told {
                Ok(record) => records.push(record),
                Err(told) => quarantined.push(told),
            }
            true
        })
        .unwrap();
    (records, quarantined)
}

/// Writes records into a store.
pub(crate) fn add(store: &mut dyn Store, records: &[Record]) {
    let changes: Vec<_> = records.iter().cloned().map(Change::Add).collect();
    let written = store.write(&changes, &mut |_| {}).unwrap();
    assert_eq!((written.records, written.refused), (changes.len(), vec![]));
}

/// Paths in which two documents differ.
pub(crate) fn differences(one: &[u8], other: &[u8]) -> Vec<String> {
    let differences = cxf::diff(one, other).unwrap();
    differences
        .iter()
        .map(|each| each.path.to_string())
        .collect()
}

/// A ZIP archive of these files.
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A file with this content.
pub(crate) fn file(content: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file
}
