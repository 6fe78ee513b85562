//! Stories of the encrypted archive.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

use std::path::Path;
use std::process::{Command, Stdio};

use credex::cxf;
use credex_adapters::stores::archive::Archive;
use credex_adapters::{
    Access, Adapter, Ask, Asked, Attachment, Change, Fault, Item, Question, Record, Store,
    read_document, write_document,
};
use credex_protocol::envelope::parts;
use zeroize::Zeroizing;

const PASSPHRASE: &str = "correct horse battery";

/// Answers with one word after the other.
struct Answers<'a>(Vec<&'a str>, Vec<Question>);

impl Ask for Answers<'_> {
    fn ask(&mut self, question: &Question) -> Result<Zeroizing<String>, Fault> {
        self.1.push(question.clone());
        match self.0.is_empty() {
            true => Err(Fault::Cancelled),
            false => Ok(Zeroizing::new(self.0.remove(0).to_owned())),
        }
    }
}

fn open(path: &Path, access: Access) -> Result<Box<dyn Store>, Fault> {
    let mut answers = Answers(vec![PASSPHRASE], Vec::new());
    Archive.open(path.to_str().unwrap(), access, &mut answers)
}

fn records(store: &mut dyn Store) -> Vec<Record> {
    let mut records = Vec::new();
    store
        .read(&mut |record| {
            records.push(record.unwrap());
            true
        })
        .unwrap();
    records
}

fn records_of(document: &[u8], attachments: Vec<Attachment>) -> Vec<Record> {
    let told = read_document(document, attachments).unwrap();
    told.into_iter().filter_map(Result::ok).collect()
}

fn sample() -> Vec<Record> {
    let attachments = cxf::sample_attachments()
        .iter()
        .map(|(id, body)| Attachment {
            id: (*id).to_owned(),
            content: Zeroizing::new(body.to_vec()),
        });
    records_of(cxf::sample(), attachments.collect())
}

/// Writes `records` into a new archive at `path`.
fn make(path: &Path, records: &[Record]) {
    let mut store = open(path, Access::Write).unwrap();
    let changes: Vec<_> = records.iter().cloned().map(Change::Add).collect();
    let written = store.write(&changes, &mut |_| {}).unwrap();
    assert_eq!((written.records, written.refused.len()), (changes.len(), 0));
}

#[test]
fn an_archive_loses_nothing_that_a_document_can_say() {
    let directory = tempfile::tempdir().unwrap();
    let mut documents = vec![("sample".to_owned(), cxf::sample().to_vec(), sample())];
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/cxf");
    for name in ["appendix-a.json", "kitchen-sink.json"] {
        match std::fs::read(shared.join(name)) {
            Ok(document) => {
                let records = records_of(&document, Vec::new());
                documents.push((name.to_owned(), document, records));
            }
            Err(_) => eprintln!("{name} is not there, and is left out"),
        }
    }
    for (name, document, written) in documents {
        let path = directory.path().join(name);
        make(&path, &written);
        let mut store = open(&path, Access::Read).unwrap();
        let back = records(&mut *store);
        assert_eq!(back, written);
        assert!(
            written
                .iter()
                .all(|record| store.foresee(record).lost.is_empty())
        );
        let again = write_document(back, ("a.example", "A"), 1).unwrap();
        let differences = cxf::diff(&document, &again.content).unwrap();
        let lost: Vec<_> = differences
            .iter()
            .filter(|each| each.path.starts_with("$.accounts["))
            // A link may say of which account the item is, or leave it out if that is its own.
            .filter(|each| !each.path.ends_with("].account"))
            .collect();
        assert!(lost.is_empty(), "{lost:?}");
    }
}

#[test]
fn the_age_program_opens_what_was_written_and_what_it_wrote_is_read() {
    if Command::new("age").arg("--version").output().is_err() {
        eprintln!("age is not installed (tests/install does that): left out");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ours.age");
    make(&path, &sample());
    let opened = age(&["-d", path.to_str().unwrap()]);
    let parts = parts::parse(&opened).unwrap();
    assert_eq!(
        records_of(parts.document(), Vec::new()).len(),
        sample().len()
    );
    assert_eq!(parts.attachments().len(), cxf::sample_attachments().len());

    let plain = directory.path().join("plain");
    std::fs::write(&plain, &opened).unwrap();
    let theirs = directory.path().join("theirs.age");
    let arguments = [
        "-p",
        "-o",
        theirs.to_str().unwrap(),
        plain.to_str().unwrap(),
    ];
    age(&arguments);
    let mut store = open(&theirs, Access::Read).unwrap();
    assert_eq!(records(&mut *store), sample());
}

/// Runs age at a terminal of its own, where it asks for the passphrase.
fn age(arguments: &[&str]) -> Vec<u8> {
    // `script` is that terminal; what age says to it is not its output.
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("output");
    let quoted: Vec<_> = arguments.iter().map(|word| format!("'{word}'")).collect();
    let command = format!("age {} >'{}'", quoted.join(" "), output.display());
    let mut terminal = Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let lines = format!("{PASSPHRASE}\n{PASSPHRASE}\n");
    let mut keyboard = terminal.stdin.take().unwrap();
    std::io::Write::write_all(&mut keyboard, lines.as_bytes()).unwrap();
    assert!(terminal.wait().unwrap().success());
    drop(keyboard);
    std::fs::read(output).unwrap()
}

#[test]
fn a_record_takes_the_place_of_another_and_the_rest_stays() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("vault.age");
    let mut there = sample();
    make(&path, &there);
    let mut store = open(&path, Access::Write).unwrap();
    let mut item = Item::new(None, "New");
    item.push_login(Some("ada"), Some("p"));
    let mut new = Record::new(item, "item “New”");
    new.account.clone_from(&there[2].account);
    let old = there[2].item.id().to_owned();
    let mut done = Vec::new();
    let changes = [Change::Replace(old, new.clone())];
    store
        .write(&changes, &mut |count| done.push(count))
        .unwrap();
    assert_eq!(done, [0, 1]);
    there[2] = new;
    assert_eq!(records(&mut *open(&path, Access::Read).unwrap()), there);
}

#[test]
fn a_wrong_passphrase_is_asked_for_again_and_no_more_than_twice() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("vault.age");
    make(&path, &[]);
    let place = path.to_str().unwrap();
    let mut answers = Answers(vec!["no", PASSPHRASE], Vec::new());
    Archive.open(place, Access::Read, &mut answers).unwrap();
    assert_eq!(answers.1[0].again, None);
    assert!(answers.1[1].again.is_some());
    let mut answers = Answers(vec!["no"; 9], Vec::new());
    let told = Archive
        .open(place, Access::Read, &mut answers)
        .err()
        .unwrap();
    assert!(matches!(told, Fault::WrongPassphrase { .. }), "{told:?}");
    assert_eq!(answers.1.len(), 3);
}

#[test]
fn a_new_archive_asks_for_a_new_passphrase_and_is_made_with_the_first_writing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new.age");
    let mut answers = Answers(vec![PASSPHRASE], Vec::new());
    let place = path.to_str().unwrap();
    let store = Archive.open(place, Access::Write, &mut answers).unwrap();
    assert_eq!(answers.1[0].asked, Asked::NewPassphrase);
    drop(store);
    assert!(!path.exists());
    let missing = open(&path, Access::Read).err().unwrap();
    assert!(matches!(missing, Fault::Missing { .. }), "{missing:?}");
}

#[test]
fn an_archive_that_somebody_else_changed_meanwhile_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("vault.age");
    make(&path, &[]);
    let mut store = open(&path, Access::Write).unwrap();
    std::fs::write(&path, "theirs").unwrap();
    let told = store.write(&[], &mut |_| {}).unwrap_err();
    assert!(matches!(told, Fault::Changed { .. }), "{told:?}");
    assert_eq!(std::fs::read(&path).unwrap(), b"theirs");
}

#[test]
fn hostile_archives_are_told_and_nobody_is_asked_for_a_passphrase_in_vain() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("vault.age");
    make(&path, &sample());
    let whole = std::fs::read(&path).unwrap();
    let mut nobody = Answers(Vec::new(), Vec::new());
    let place = path.to_str().unwrap();
    let told = |content: &[u8], ask: &mut dyn Ask| {
        std::fs::write(&path, content).unwrap();
        Archive.open(place, Access::Write, ask).err().unwrap()
    };
    for (what, content) in [
        ("no age file", &b"PK\x03\x04"[..]),
        ("empty", b""),
        (
            "to a key",
            b"age-encryption.org/v1\n-> X25519 GxP8Uk0aXOCIvlmNKQ5RbMsFz4nYuWrkN3nxkGBXTF4\n\
              EmECAEcKN+n/Vs9SbWiV+Hu0r+E8R77DdWYyd83nw7U\n--- \
              Vn+54jqiiUCE+WZcEVY3f1sqHjlu/z1LCQ/T7Xm7qI0\n0123456789abcdef0123456789abcdef",
        ),
    ] {
        let told = told(content, &mut nobody);
        assert!(matches!(told, Fault::Malformed { .. }), "{what}: {told:?}");
    }
    let (_, cut) = whole.split_last().unwrap();
    let mut answers = Answers(vec![PASSPHRASE], Vec::new());
    let cut = told(cut, &mut answers);
    assert!(matches!(cut, Fault::Malformed { .. }), "{cut:?}");

    let text = String::from_utf8_lossy(&whole);
    let stanza = text.lines().nth(1).unwrap();
    let greedy = stanza.replace(" 18", " 30");
    let at = whole
        .windows(stanza.len())
        .position(|part| part == stanza.as_bytes());
    let mut costly = whole.clone();
    let at = at.unwrap();
    costly.splice(at..at + stanza.len(), greedy.bytes());
    let mut answers = Answers(vec![PASSPHRASE], Vec::new());
    let costly = told(&costly, &mut answers);
    assert!(matches!(costly, Fault::TooLarge { .. }), "{costly:?}");
}
