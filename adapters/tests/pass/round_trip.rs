//! What is written comes back: all of it, and in one step.

use std::fs;

use credex::cxf;
use credex_adapters::{Attachment, Change, FieldType, Item, Object, Place, Record};
use zeroize::Zeroizing;

use crate::scene::{Scene, add, document, everything, have, records};

/// What differs in the accounts of the two.
fn differences(before: &[u8], after: &[u8]) -> Vec<String> {
    let differences = cxf::diff(before, after).unwrap();
    let elsewhere = differences
        .iter()
        .filter(|each| each.path.starts_with("$.accounts"));
    elsewhere.map(|each| format!("{each:?}")).collect()
}

fn in_the_order_of(records: &[Record], mut read: Vec<Record>) -> Vec<Record> {
    let place = |record: &Record| records.iter().position(|each| each.item == record.item);
    read.sort_by_key(place);
    read
}

fn comes_back(content: &[u8]) {
    let scene = Scene::with_history();
    let before = records(content);
    let mut store = scene.open();
    let written = store.write(&add(&before), &mut |_| {}).unwrap();
    assert_eq!((written.records, written.refused.len()), (before.len(), 0));
    let (after, aside) = everything(&mut *store);
    assert_eq!(aside, []);
    let after = in_the_order_of(&before, after);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.attachments, after.attachments);
    }
    let (before, after) = (document(before), document(after));
    assert_eq!(differences(&before, &after), Vec::<String>::new());
    assert_eq!(scene.commits(), 2, "one for the writing");
    assert_eq!(scene.done("git", &["status", "--porcelain"], ""), "");
    assert_eq!(scene.left_over(), Vec::<String>::new());
}

#[test]
fn the_sample_comes_back_to_the_last_member() {
    if have(&["gpg", "git"]) {
        comes_back(cxf::sample());
    }
}

#[test]
fn the_documents_of_others_come_back_to_the_last_member() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/cxf");
    for name in ["appendix-a.json", "kitchen-sink.json"] {
        let Ok(content) = fs::read(format!("{folder}/{name}")) else {
            eprintln!("left out: there is no {folder}/{name}");
            continue;
        };
        if have(&["gpg", "git"]) {
            comes_back(&content);
        }
    }
}

#[test]
fn what_is_foreseen_is_what_becomes_of_it() {
    if !have(&["gpg"]) {
        return;
    }
    let scene = Scene::new();
    let mut store = scene.open();
    let mut large = Record::new(Item::new(None, "Films"), "");
    for (id, size) in [("YQ", 9 << 20), ("Yg", 1 << 20)] {
        let mut file = Object::credential("file");
        file.set("id", id);
        file.set("name", id);
        large.item.credentials.push(file);
        large.attachments.push(Attachment {
            id: id.to_owned(),
            content: Zeroizing::new(vec![7; size]),
        });
    }
    let foreseen = store.foresee(&large);
    assert_eq!(foreseen.lost.len(), 1);
    assert_eq!(foreseen.lost[0].0, "credentials[0]");
    store
        .write(&[Change::Add(large.clone())], &mut |_| {})
        .unwrap();
    let (read, _) = everything(&mut *store);
    assert_eq!(read[0].item.credentials, large.item.credentials[1..]);
    assert_eq!(read[0].attachments, large.attachments[1..]);
    for record in records(cxf::sample()) {
        assert_eq!(store.foresee(&record).lost, []);
    }
}

#[test]
fn an_entry_that_is_replaced_stays_where_it_is() {
    if !have(&["gpg", "git"]) {
        return;
    }
    let scene = Scene::with_history();
    scene.insert("web/example.org/ann", b"old\nlogin: ann\n");
    scene.insert("web/example.org/bob", b"other\n");
    let mut store = scene.open();
    let (mut read, _) = everything(&mut *store);
    let mut ann = read.remove(0);
    let id = ann.item.id().to_owned();
    ann.item.members.set("title", "Example: Ann");
    ann.item.credentials[0].set_field("password", FieldType::Concealed, "new");
    let changes = [Change::Replace(id, ann.clone()), Change::Add(ann.clone())];
    store.write(&changes, &mut |_| {}).unwrap();
    let (read, _) = scene.read();
    let titles: Vec<_> = read.iter().map(|each| each.item.title()).collect();
    assert_eq!(titles, ["Example: Ann", "Example: Ann", "bob"]);
    assert!(scene.root().join("web/example.org/ann.gpg").exists());
    assert!(
        scene
            .root()
            .join("web/example.org/Example: Ann.gpg")
            .exists()
    );
    let ids: Vec<_> = read.iter().map(|each| each.item.id()).collect();
    assert!(ids[0] != ids[1], "no two of one id");
}

#[test]
fn every_folder_is_encrypted_for_whom_it_says() {
    if !have(&["gpg"]) {
        return;
    }
    let scene = Scene::new();
    scene.make_key("team@example.org", "");
    fs::create_dir(scene.root().join("Team")).unwrap();
    fs::write(
        scene.root().join("Team/.gpg-id"),
        "ann@example.org\nteam@example.org # all\n",
    )
    .unwrap();
    let mut own = Record::new(Item::new(None, "Own"), "");
    own.item.push_login(Some("ann"), Some("pw"));
    let mut shared = own.clone();
    shared.places = vec![Place::titled(["Team", "Servers"])];
    scene
        .open()
        .write(&add(&[own, shared]), &mut |_| {})
        .unwrap();
    let keys = |file: &str| {
        let listed = scene.run(
            "gpg",
            &["--batch", "--list-only", "--status-fd=1", "-d", file],
            "",
        );
        let listed = String::from_utf8(listed.stdout).unwrap();
        listed
            .lines()
            .filter(|line| line.contains(" ENC_TO "))
            .count()
    };
    assert_eq!(keys("Own.gpg"), 1);
    assert_eq!(keys("Team/Servers/Own.gpg"), 2);
}

#[test]
fn a_store_that_was_changed_since_it_was_opened_is_left_alone() {
    if !have(&["gpg"]) {
        return;
    }
    let scene = Scene::new();
    let mut store = scene.open();
    scene.insert("theirs", b"pw\n");
    let record = Record::new(Item::new(None, "Ours"), "");
    let fault = store.write(&add(&[record]), &mut |_| {}).unwrap_err();
    assert!(fault.to_string().contains("changed meanwhile"), "{fault}");
    let (read, _) = scene.read();
    assert_eq!(read.len(), 1);
}

#[test]
fn a_commit_is_signed_where_the_store_says_so() {
    if !have(&["gpg", "git"]) {
        return;
    }
    for (setting, key) in [("commit.gpgsign", "a"), ("pass.signcommits", "b")] {
        let scene = Scene::with_history();
        scene.done("git", &["config", setting, "true"], "");
        scene.done("git", &["config", "user.signingkey", "ann@example.org"], "");
        let record = Record::new(Item::new(None, key), "");
        scene.open().write(&add(&[record]), &mut |_| {}).unwrap();
        let told = scene.done("git", &["log", "-1", "--format=%G? %s"], "");
        assert_eq!(told, "G Add 1 entry with Credex.\n");
    }
}

#[test]
fn folders_with_a_history_of_their_own_get_a_commit_of_their_own() {
    if !have(&["gpg", "git"]) {
        return;
    }
    let scene = Scene::with_history();
    fs::write(scene.root().join(".gitignore"), "/Team/\n").unwrap();
    scene.done("git", &["init", "-q", "Team"], "");
    for (name, value) in [("user.name", "Ann"), ("user.email", "ann@example.org")] {
        scene.done("git", &["-C", "Team", "config", name, value], "");
    }
    let mut record = Record::new(Item::new(None, "x"), "");
    record.places = vec![Place::titled(["Team"])];
    scene.open().write(&add(&[record]), &mut |_| {}).unwrap();
    assert_eq!(scene.commits(), 1);
    let files = scene.done(
        "git",
        &["-C", "Team", "show", "--format=", "--name-only"],
        "",
    );
    assert_eq!(files, "x.gpg\n");
}

#[test]
fn a_store_whose_git_folder_is_elsewhere_is_left_alone() {
    if !have(&["gpg", "git"]) {
        return;
    }
    let scene = Scene::new();
    let elsewhere = scene.path("elsewhere").display().to_string();
    scene.done("git", &["init", "-q", "--separate-git-dir", &elsewhere], "");
    let record = Record::new(Item::new(None, "x"), "");
    let fault = scene
        .open()
        .write(&add(&[record]), &mut |_| {})
        .unwrap_err();
    assert!(
        fault.to_string().contains("not in its .git folder"),
        "{fault}"
    );
    assert!(!scene.root().join("x.gpg").exists());
}
