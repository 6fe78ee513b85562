//! Stories of the CSV files of browsers.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

#[path = "csv/firefox.rs"]
mod firefox;
mod stage;

use std::io::{Read, Seek, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use credex_adapters::stores::csv::{BrowserCsv, Csv};
use credex_adapters::{
    Access, Adapter, Attachment, Change, Fault, Item, Object, Place, Record, Store,
};
use proptest::prelude::*;
use stage::{Answers, add, differences, document_of, documents, told};
use zeroize::Zeroizing;

fn open(kind: &dyn Adapter, path: &Path, access: Access) -> Result<Box<dyn Store>, Fault> {
    kind.open(path.to_str().unwrap(), access, &mut Answers::default())
}

fn read(content: &[u8]) -> Result<(Vec<Record>, Vec<String>), Fault> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    let (records, quarantined) = told(&mut *open(&Csv, file.path(), Access::Read)?);
    let place = file.path().display().to_string();
    let quarantined = quarantined
        .iter()
        .map(|told| told.to_string().replace(&place, "it"));
    Ok((records, quarantined.collect()))
}

fn login(title: &str, url: &str) -> Record {
    let mut item = Item::new(Some("aQ".to_owned()), title);
    item.set_urls([url]);
    item.push_login(Some("smith"), Some("=1+1, \"quoted\"\r\n;"));
    Record::new(item, title)
}

/// Writes records to a new file and reads them back.
fn through(kind: &dyn Adapter, records: &[Record]) -> (Vec<Record>, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("passwords.csv");
    add(&mut *open(kind, &path, Access::Write).unwrap(), records);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let (back, quarantined) = told(&mut *open(kind, &path, Access::Read).unwrap());
    assert_eq!(quarantined, []);
    (back, std::fs::read_to_string(&path).unwrap())
}

#[test]
fn documents_that_went_through_apples_file_come_back_whole() {
    for passed in documents() {
        let (back, _) = through(&BrowserCsv::APPLE, &passed.records);
        let document = document_of(&back);
        assert_eq!(
            differences(&passed.document, &document),
            [""; 0],
            "{}",
            passed.name
        );
    }
}

#[test]
fn what_a_browser_was_foreseen_to_lose_is_what_is_lost() {
    let records = documents().remove(0).records;
    for kind in [BrowserCsv::FIREFOX, BrowserCsv::CHROMIUM] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("passwords.csv");
        let mut store = open(&kind, &path, Access::Write).unwrap();
        let changes: Vec<_> = records.iter().cloned().map(Change::Add).collect();
        let written = store.write(&changes, &mut |_| {}).unwrap();
        let (back, quarantined) = told(&mut *store);
        assert_eq!((written.records, back.len(), quarantined), (3, 3, vec![]));
        let is_taken = |record: &&Record| !store.foresee(record).native.is_empty();
        for (record, back) in records.iter().filter(is_taken).zip(&back) {
            let foreseen = store.foresee(record);
            let lost: Vec<_> = foreseen
                .lost
                .iter()
                .map(|(path, _)| path.as_str())
                .collect();
            let kept = foreseen.native.iter().chain(&foreseen.carried);
            for path in kept {
                assert!(!lost.contains(&path.as_str()), "{path}");
            }
            for name in ["title", "subtitle", "tags", "modifiedAt"] {
                let is_same = record.item.members.get(name) == back.item.members.get(name);
                assert_eq!(is_same, !lost.contains(&name), "{name} {lost:?}");
            }
            let password = |record: &Record| -> Option<String> {
                let login = record.item.credential("basic-auth")?;
                login.field("password").map(str::to_owned)
            };
            assert_eq!(password(record), password(back));
            assert!(back.item.urls().eq(record.item.urls().take(1)));
        }
        let refused: Vec<_> = written
            .refused
            .iter()
            .map(|told| told.reason.as_str())
            .collect();
        assert_eq!(refused.len(), records.len() - 3);
        assert!(
            refused
                .iter()
                .all(|reason| *reason == "browsers keep nothing but passwords of websites")
        );
    }
}

#[test]
fn chromium_gets_no_note_that_it_would_refuse_a_login_for() {
    let mut record = login("Forge", "https://www.forge.example/in");
    record.item.set_tags(["iron"]);
    let (back, text) = through(&BrowserCsv::CHROMIUM, &[record.clone()]);
    assert!(back[0].is_like(&record), "{text}");
    assert!(
        text.contains("\"forge.example\",\"https://www.forge.example/in\""),
        "{text}"
    );

    record
        .places
        .push(Place::titled(["x".repeat(700).as_str()]));
    let (back, _) = through(&BrowserCsv::CHROMIUM, &[record.clone()]);
    assert_eq!(back[0].item, record.item);
    assert_eq!(back[0].places, []);

    record.item.set_tags(["y".repeat(1000)]);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("passwords.csv");
    let store = open(&BrowserCsv::CHROMIUM, &path, Access::Write).unwrap();
    let foreseen = store.foresee(&record);
    assert!(foreseen.carried.is_empty());
    let lost: Vec<_> = foreseen
        .lost
        .iter()
        .map(|(path, _)| path.as_str())
        .collect();
    assert!(
        lost.contains(&"tags") && lost.contains(&"title"),
        "{lost:?}"
    );
    let (_, text) = through(&BrowserCsv::CHROMIUM, &[record]);
    assert!(!text.contains("Credex"));
}

#[test]
fn a_file_that_chromium_would_refuse_for_its_length_is_not_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("passwords.csv");
    let change = Change::Add(login("Forge", "https://forge.example"));
    let mut store = open(&BrowserCsv::CHROMIUM, &path, Access::Write).unwrap();
    let fault = store.write(&vec![change; 3001], &mut |_| {});
    assert!(matches!(fault, Err(Fault::TooLarge { .. })), "{fault:?}");
    assert!(!path.exists());
}

#[test]
fn the_files_of_browsers_and_others_are_told_by_their_columns() {
    let firefox = b"\"url\",\"username\",\"password\",\"httpRealm\",\"formActionOrigin\",\"guid\",\"timeCreated\",\"timeLastUsed\",\"timePasswordChanged\"\r\n\
        \"https://forge.example\",\"smith\",\"steel\",,\"https://in.forge.example\",\"{e8d88789-e916-4196-bcbd-81dafae71bbc}\",\"1600000000123\",\"1600000000456\",\"1600000000789\"";
    let (records, _) = read(firefox).unwrap();
    let item = &records[0].item;
    assert_eq!(
        (item.id(), item.title()),
        ("6NiHiekWQZa8vYHa-ucbvA", "forge.example")
    );
    assert_eq!(item.members.number("creationAt"), Some(1_600_000_000));
    let (_, text) = through(&BrowserCsv::FIREFOX, &records);
    assert!(
        text.contains("\"\",\"https://in.forge.example\",\"{e8d88789-"),
        "{text}"
    );

    let chromium =
        "name,url,username,password,note\nforge,https://forge.example/,smith,steel,Hot.\n";
    let (records, _) = read(chromium.as_bytes()).unwrap();
    let kinds: Vec<_> = records[0]
        .item
        .credentials
        .iter()
        .map(Object::kind)
        .collect();
    assert_eq!(kinds, ["basic-auth", "note"]);

    let apple = "\u{feff}Title,URL,Username,Password,Notes,OTPAuth\r\nForge,https://forge.example,smith,steel,,otpauth://totp/Forge:smith?secret=JBSWY3DPEHPK3PXP\r\n";
    let (records, _) = read(apple.as_bytes()).unwrap();
    let kinds: Vec<_> = records[0]
        .item
        .credentials
        .iter()
        .map(Object::kind)
        .collect();
    assert_eq!(kinds, ["basic-auth", "totp"]);
    let (_, text) = through(&BrowserCsv::APPLE, &records);
    assert!(!text.contains("Credex"), "{text}");

    let other =
        "url;username;password;totp;extra;name;grouping;fav\nhttp://sn;;;;Text;Note;Home;1\n";
    let (records, _) = read(other.as_bytes()).unwrap();
    let fields = records[0].item.credential("custom-fields").unwrap();
    assert_eq!(fields.get("fields").unwrap()[0]["label"], "grouping");
}

#[test]
fn one_bad_line_costs_that_line() {
    let content = b"url,username,password,password\nhttps://a.example,a,1,x\n\n\
        https://b.example,b,\xff\n,,,\nhttps://c.example,c,3,4,5\nhttps://d.example,d\n\
        https://a.example,a,1,x\n";
    let (records, quarantined) = read(content).unwrap();
    let titles: Vec<_> = records.iter().map(|record| record.item.title()).collect();
    assert_eq!(titles, ["a.example", "d.example", "a.example"]);
    assert_ne!(records[0].item.id(), records[2].item.id());
    let expected = [
        "it, line 4: it is not UTF-8",
        "it, line 5: it is empty",
        "it, line 6: it has more values than there are columns",
    ];
    assert_eq!(quarantined, expected);
    let fields = records[0].item.credential("custom-fields").unwrap();
    assert_eq!(fields.get("fields").unwrap()[0]["value"], "x");
}

#[test]
fn an_address_that_a_browser_writes_in_its_own_way_costs_nothing_else() {
    let mut record = login("Forge", "https://forge.example");
    record.item.set_tags(["iron"]);
    let (_, text) = through(&BrowserCsv::CHROMIUM, &[record.clone()]);
    let theirs = text.replace("https://forge.example\"", "https://forge.example/\"");
    assert_ne!(theirs, text);
    let (records, quarantined) = read(theirs.as_bytes()).unwrap();
    assert_eq!(quarantined, [""; 0]);
    assert_eq!(records[0].item.id(), record.item.id());
    assert_eq!(records[0].item.title(), "Forge");
    assert_eq!(records[0].item.tags().collect::<Vec<_>>(), ["iron"]);
}

#[test]
fn a_block_that_was_damaged_is_told_with_its_line() {
    let mut record = login("Forge", "https://forge.example");
    record.item.set_tags(["iron"]);
    let (_, text) = through(&BrowserCsv::APPLE, &[record]);
    let (records, quarantined) = read(
        text.replace("[Credex data]\n", "[Credex data]\nAAAA")
            .as_bytes(),
    )
    .unwrap();
    assert_eq!(records[0].item.title(), "Forge");
    assert_eq!(quarantined.len(), 1);
    assert!(
        quarantined[0].starts_with("it, line 2: "),
        "{quarantined:?}"
    );
}

#[test]
fn hostile_files_are_refused_within_bounds() {
    let sparse = tempfile::NamedTempFile::new().unwrap();
    sparse.as_file().set_len(1 << 30).unwrap();
    let fault = open(&Csv, sparse.path(), Access::Read).err().unwrap();
    assert!(matches!(fault, Fault::TooLarge { .. }), "{fault}");
    let commas = [b"url,password\n".as_slice(), &vec![b','; 8 << 20]].concat();
    let (records, quarantined) = read(&commas).unwrap();
    assert_eq!((records.len(), quarantined.len()), (0, 1));
    let header = vec![b','; 8 << 20];
    for content in [
        header.as_slice(),
        b"",
        b"\n\n",
        b"hello",
        b"\xff\xfea\0,\0",
        b"\xff,password\n",
    ] {
        let fault = read(content).unwrap_err();
        assert!(matches!(fault, Fault::Malformed { .. }), "{fault}");
    }
}

#[test]
fn a_file_that_is_there_is_never_written_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("passwords.csv");
    let mut store = open(&BrowserCsv::APPLE, &path, Access::Write).unwrap();
    std::fs::write(&path, b"theirs").unwrap();
    let change = [Change::Add(login("Forge", "https://forge.example"))];
    let fault = store.write(&change, &mut |_| {});
    assert!(matches!(fault, Err(Fault::Changed { .. })), "{fault:?}");
    let fault = open(&BrowserCsv::APPLE, &path, Access::Write)
        .err()
        .unwrap();
    assert!(
        fault.to_string().contains("there is a file already"),
        "{fault}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), b"theirs");
    let (link, target) = (
        directory.path().join("link"),
        directory.path().join("target"),
    );
    std::os::unix::fs::symlink(&target, &link).unwrap();
    assert!(open(&BrowserCsv::APPLE, &link, Access::Write).is_err());
}

#[test]
fn a_file_descriptor_gets_the_table_and_no_file_is_made() {
    let mut file = tempfile::tempfile().unwrap();
    let location = format!("fd/{}", file.as_raw_fd());
    let mut answers = Answers::default();
    let store = BrowserCsv::FIREFOX.open(&location, Access::Write, &mut answers);
    add(
        &mut *store.unwrap(),
        &[login("Forge", "https://forge.example")],
    );
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    assert!(
        text.starts_with("\"url\",\"username\",\"password\",\"httpRealm\""),
        "{text}"
    );
    assert!(text.contains("\"=1+1, \"\"quoted\"\"\r\n;\""), "{text}");
    let closed = BrowserCsv::FIREFOX.open("fd/987", Access::Write, &mut answers);
    let fault = closed.unwrap().write(&[], &mut |_| {});
    assert!(matches!(fault, Err(Fault::Io { .. })), "{fault:?}");
}

#[test]
fn files_that_are_too_large_for_a_note_are_told_before() {
    let mut record = login("Forge", "https://forge.example");
    let content = Zeroizing::new(vec![7; 1 << 20]);
    let id = "c2Nhbg".to_owned();
    record.attachments.push(Attachment { id, content });
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("passwords.csv");
    let store = open(&BrowserCsv::APPLE, &path, Access::Write).unwrap();
    let lost = store.foresee(&record).lost;
    assert_eq!(lost.len(), 1);
    assert!(lost[0].0.starts_with("attachment "), "{lost:?}");
    let (back, _) = through(&BrowserCsv::APPLE, &[record]);
    assert_eq!(back[0].attachments, []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_a_record_holds_comes_back(records in prop::collection::vec(stage::record(), 1..4)) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store");
        add(&mut *open(&BrowserCsv::APPLE, &path, Access::Write).unwrap(), &records);
        let (back, quarantined) = told(&mut *open(&BrowserCsv::APPLE, &path, Access::Read).unwrap());
        prop_assert_eq!(quarantined, vec![]);
        prop_assert_eq!(back.len(), records.len());
        for (back, record) in back.iter().zip(&records) {
            prop_assert!(back.is_like(record), "{:?}", record.item);
        }
    }
}
