//! What the stories of stores have in common: documents to pass on, and somebody who answers.

#![allow(dead_code, reason = "no story needs all of it")]

use std::io::{Cursor, Write};
use std::path::Path;

use credex::cxf;
use credex_adapters::{
    Ask, Attachment, Change, Fault, Item, Object, Place, Quarantined, Question, Record, Store,
    read_document, write_document,
};
use proptest::prelude::*;
use serde_json::{Value, json};
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

/// Texts that stores are known to stumble over.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c]{0,3}",
        any::<String>(),
        prop::sample::select(vec![
            "true",
            "12",
            "Credex",
            "Credex 2",
            "Credex (2)",
            "[Credex: x]",
            "[/Credex]",
            "\\[/Credex]",
            "a/b",
            " ",
            "\r\n",
            "=1+1",
            "otpauth://totp/a?secret=JBSWY3DP",
            "JBSWY3DP",
            "2031-04",
            "2031-4",
            "https://a.example",
            "androidapp://a",
            "\u{feff}",
            "\u{2028}",
            "{\"credex\":1}",
            "Identity",
        ])
        .prop_map(str::to_owned),
    ]
}

/// Credentials of any type, with members of any.
fn credential() -> impl Strategy<Value = Object> {
    let kinds = vec![
        "basic-auth",
        "totp",
        "note",
        "custom-fields",
        "credit-card",
        "person-name",
        "address",
        "passport",
        "ssh-key",
        "passkey",
        "wifi",
        "x.example/y",
    ];
    let names = vec![
        "username",
        "password",
        "content",
        "secret",
        "period",
        "digits",
        "algorithm",
        "label",
        "number",
        "expiryDate",
        "given",
        "streetAddress",
        "country",
        "privateKey",
        "credentialId",
        "rpId",
        "key",
    ];
    let value = prop_oneof![
        text().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (text(), text()).prop_map(|(kind, text)| json!({"fieldType": kind, "value": text})),
        text().prop_map(|text| json!({"fieldType": "string", "value": text})),
        Just(json!({"value": 7})),
    ];
    let field = (
        text(),
        text(),
        prop::sample::select(vec!["string", "concealed-string", "boolean", "email"]),
    );
    let fields = prop::collection::vec(field, 0..3).prop_map(|fields| {
        let fields = fields
            .into_iter()
            .map(|(label, value, kind)| json!({"fieldType": kind, "label": label, "value": value}));
        fields.collect::<Vec<_>>()
    });
    let members = prop::collection::vec((prop::sample::select(names), value), 0..4);
    (prop::sample::select(kinds), members, fields).prop_map(|(kind, members, fields)| {
        let mut credential = Object::credential(kind);
        members
            .into_iter()
            .for_each(|(name, value)| credential.set(name, value));
        if kind == "custom-fields" {
            credential.set("fields", fields);
        }
        credential
    })
}

/// Records that stores are known to stumble over.
pub(crate) fn record() -> impl Strategy<Value = Record> {
    let members = prop::collection::vec(
        (
            prop::sample::select(vec!["subtitle", "creationAt", "favorite"]),
            text(),
        ),
        0..2,
    );
    let credentials = prop::collection::vec(credential(), 0..5);
    let folders = prop::collection::vec(prop::collection::vec(text(), 1..3), 0..3);
    let urls = prop::collection::vec(text(), 0..3);
    (text(), members, credentials, folders, urls).prop_map(
        |(title, members, credentials, folders, urls)| {
            let mut item = Item::new(None, &title);
            members
                .into_iter()
                .for_each(|(name, text)| item.members.set(name, text));
            item.set_urls(urls);
            item.credentials = credentials;
            let mut record = Record::new(item, "a record of any kind");
            let place = |titles: &Vec<String>| Place::titled(titles.iter().map(String::as_str));
            record.places = folders.iter().map(place).collect();
            record
        },
    )
}
