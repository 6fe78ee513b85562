//! What is written is read back: by ourselves, all of it.

use credex::cxf;
use credex_adapters::stores::kdbx::Kdbx;
use credex_adapters::{
    Access, Adapter, Asked, Change, Fault, FieldType, Item, Place, Record, Step,
};

use super::*;

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// What is different in a document after it has been in a database, but for its header.
fn differences(content: &[u8], attachments: &[(&str, &[u8])]) -> Vec<String> {
    let directory = directory();
    let path = directory.path().join("new.kdbx");
    let whole = taken_apart(content, attachments);
    let written = add(&path, &whole);
    assert_eq!((written.records, written.refused), (whole.len(), vec![]));
    let back = records(&path);
    let mut files: Vec<_> = back.iter().flat_map(|record| &record.attachments).collect();
    files.sort_by(|a, b| a.id.cmp(&b.id));
    let mut expected: Vec<_> = attachments.to_vec();
    expected.sort_unstable();
    let files: Vec<_> = files
        .iter()
        .map(|file| (file.id.as_str(), file.content.as_slice()))
        .collect();
    assert_eq!(files, expected);
    let (content, back) = (document(whole), document(back));
    let differences = cxf::diff(&content.content, &back.content).unwrap();
    let elsewhere = differences
        .iter()
        .filter(|each| each.path.starts_with("$.accounts"));
    elsewhere.map(|each| format!("{each:?}")).collect()
}

#[test]
fn the_sample_comes_back_whole_with_its_attachment() {
    assert_eq!(
        differences(cxf::sample(), cxf::sample_attachments()),
        Vec::<String>::new()
    );
}

#[test]
fn the_documents_of_others_come_back_whole() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/cxf");
    for name in ["appendix-a.json", "kitchen-sink.json"] {
        let Ok(content) = std::fs::read(shared.join(name)) else {
            eprintln!("{name} is not here, and was not looked at");
            continue;
        };
        assert_eq!(differences(&content, &[]), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn what_is_foreseen_comes_true() {
    let directory = directory();
    let path = directory.path().join("new.kdbx");
    let store = open(&path, Access::Write).unwrap();
    let mail = &sample()[0];
    let foreseen = store.foresee(mail);
    assert_eq!(foreseen.lost, []);
    for native in [
        "title",
        "favorite",
        "scope.urls",
        "tags",
        "modifiedAt",
        "credentials[0].password.value",
        "credentials[1].secret",
        "credentials[1].issuer",
    ] {
        assert!(
            foreseen.native.iter().any(|path| path == native),
            "{native}: {:?}",
            foreseen.native
        );
    }
    for carried in [
        "subtitle",
        "extensions",
        "credentials[0].username.label",
        "account",
    ] {
        assert!(
            foreseen.carried.iter().any(|path| path == carried),
            "{carried}: {:?}",
            foreseen.carried
        );
    }
    add(&path, std::slice::from_ref(mail));
    assert_eq!(records(&path)[0].item, mail.item);
}

#[test]
fn a_login_with_folder_tags_and_one_time_password_needs_nothing_of_ours() {
    let directory = directory();
    let path = directory.path().join("new.kdbx");
    let mut item = Item::new(Some("AAECAwQFBgcICQoLDA0ODw".to_owned()), "Bank");
    item.push_login(Some("tove"), Some("hunter2"));
    let uri = "otpauth://totp/Bank:tove?secret=JBSWY3DPEHPK3PXP&issuer=Bank";
    item.credentials
        .extend(credex_adapters::forms::otpauth::parse(uri));
    item.push_note("two\nlines");
    item.push_custom_field(FieldType::Concealed, "PIN", "4711");
    item.push_custom_field(FieldType::String, "Expires", "2031-01-31T00:00:00Z");
    item.set_urls(["https://bank.example", "https://www.bank.example"]);
    item.set_tags(["money"]);
    item.members.set("favorite", true);
    item.members.set("creationAt", 1_700_000_000);
    let mut record = Record::new(item, "");
    let mut step = Step::titled("Home");
    step.0.set("id", "Dw4NDAsKCQgHBgUEAwIBAA");
    record.places.push(Place {
        steps: vec![step],
        owner: None,
    });
    let foreseen = open(&path, Access::Write).unwrap().foresee(&record);
    assert_eq!((foreseen.carried, foreseen.lost), (vec![], vec![]));
    add(&path, std::slice::from_ref(&record));
    let back = &records(&path)[0];
    assert_eq!((&back.item, &back.places), (&record.item, &record.places));
}

#[test]
fn a_record_takes_the_place_of_another_which_becomes_its_history() {
    let directory = directory();
    let path = directory.path().join("new.kdbx");
    let all = sample();
    add(&path, &all);
    let mut changed = records(&path).remove(3);
    changed.item.members.set("title", "The new router");
    changed.places = vec![Place::titled(["Attic", "Boxes"])];
    let id = changed.item.id().to_owned();
    let mut store = open(&path, Access::Write).unwrap();
    let written = store
        .write(&[Change::Replace(id.clone(), changed.clone())], &mut |_| ())
        .unwrap();
    assert_eq!(written.records, 1);
    let back = records(&path);
    assert_eq!(back.len(), all.len());
    let found = back.iter().find(|record| record.item.id() == id).unwrap();
    assert_eq!(found.item, changed.item);
    assert_eq!(
        found.places[0].titles().collect::<Vec<_>>(),
        ["Attic", "Boxes"]
    );
    assert_eq!(found.attachments, changed.attachments);
    let told = store.write(
        &[Change::Replace("bm9ib2R5".to_owned(), changed)],
        &mut |_| (),
    );
    assert_eq!(told.unwrap().refused.len(), 1);
}

#[test]
fn both_are_kept_where_an_item_is_there_already() {
    let directory = directory();
    let path = directory.path().join("new.kdbx");
    let mail = sample().remove(0);
    add(&path, std::slice::from_ref(&mail));
    add(&path, std::slice::from_ref(&mail));
    let back = records(&path);
    assert_eq!(back.len(), 2);
    assert_ne!(back[0].item.id(), back[1].item.id());
    assert_eq!(back[0].item.credentials, back[1].item.credentials);
}

#[test]
fn a_passphrase_is_asked_for_three_times_and_a_new_one_must_not_be_empty() {
    let directory = directory();
    let path = directory.path().join("new.kdbx");
    let location = path.to_str().unwrap();
    let mut nobody = answers("");
    let told = Kdbx.open(location, Access::Write, &mut nobody);
    assert!(matches!(told, Err(Fault::Cancelled)));
    assert_eq!(nobody.asked, [Asked::NewPassphrase; 3]);
    add(&path, &sample()[..1]);
    let mut wrong = answers("battery staple");
    let told = Kdbx.open(location, Access::Read, &mut wrong);
    assert!(matches!(told, Err(Fault::WrongPassphrase { .. })));
    assert_eq!(wrong.asked, [Asked::Passphrase; 3]);
}

#[test]
fn a_key_file_opens_it_with_or_without_a_passphrase() {
    let directory = directory();
    let (path, key) = (
        directory.path().join("new.kdbx"),
        directory.path().join("picture.png"),
    );
    std::fs::write(&key, b"a picture of a lighthouse").unwrap();
    let location = format!("{}?keyfile={}", path.display(), key.display());
    for passphrase in ["", PASSPHRASE] {
        let mut store = Kdbx
            .open(&location, Access::Write, &mut answers(passphrase))
            .unwrap();
        store
            .write(&[Change::Add(sample().remove(0))], &mut |_| ())
            .unwrap();
        let mut store = Kdbx
            .open(&location, Access::Read, &mut answers(passphrase))
            .unwrap();
        assert_eq!(read(&mut *store).len(), 1);
        let told = Kdbx.open(
            path.to_str().unwrap(),
            Access::Read,
            &mut answers(PASSPHRASE),
        );
        assert!(matches!(told, Err(Fault::WrongPassphrase { .. })));
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn what_somebody_else_has_saved_meanwhile_is_left_as_it_is() {
    let directory = directory();
    let path = directory.path().join("new.kdbx");
    add(&path, &sample()[..1]);
    let mut store = open(&path, Access::Write).unwrap();
    add(&path, &sample()[1..2]);
    let told = store.write(&[Change::Add(sample().remove(2))], &mut |_| ());
    assert!(matches!(told, Err(Fault::Changed { .. })), "{told:?}");
    assert_eq!(records(&path).len(), 2);
}
