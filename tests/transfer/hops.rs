//! One store to another.

use credex_adapters::{Item, Record};
use credex_tests::chooser::Script;

use crate::stage::{archive, database, desktop, file, get, plan, put, run, sample, transfer};

fn login(title: &str, password: &str) -> Record {
    let mut item = Item::new(None, title);
    item.set_urls([format!("https://{title}.example")]);
    item.push_login(Some("ada"), Some(password));
    item.push_note("a note");
    Record::new(item, "")
}

#[tokio::test]
async fn all_of_one_archive_is_in_the_other_and_only_then_the_old_one_may_go() {
    let desktop = desktop().await;
    let (old, new) = (archive(&desktop, "old.age"), archive(&desktop, "new.age"));
    put(&old, &sample());
    let before = std::fs::read(file(&old)).unwrap();
    let ended = run(transfer(&desktop, &old, &new, &[])).await;
    assert_eq!(ended.code(), 0, "{}", ended.said());
    assert_eq!(ended.names(), ["plan", "written", "receipt", "removal"]);
    let plan = ended.event("plan");
    assert_eq!(plan["summary"]["add"], sample().len());
    assert_eq!(plan["entries"][0]["status"], "add");
    assert_eq!(ended.event("written")["records"], sample().len());
    let receipt = ended.event("receipt");
    assert_eq!(receipt["types"]["passkey"]["failed"], 0);
    assert!(receipt["types"]["passkey"]["succeeded"].as_u64().unwrap() > 0);
    let removal = ended.event("removal")["advice"].clone();
    assert!(removal.as_str().unwrap().contains("old.age"), "{removal}");

    let asked = desktop.person.asked().await;
    let importer = &asked["importers"][0];
    assert_eq!(importer["name"], "Encrypted archive new.age");
    assert_eq!(get(&new), get(&old));
    assert_eq!(
        std::fs::read(file(&old)).unwrap(),
        before,
        "the source is as it was"
    );
}

#[tokio::test]
async fn what_is_there_already_is_not_written_again_and_nobody_is_asked() {
    let desktop = desktop().await;
    let (old, new) = (
        database(&desktop, "old.kdbx"),
        database(&desktop, "new.kdbx"),
    );
    put(&old, &sample());
    put(&new, &sample());
    let before = std::fs::read(file(&new)).unwrap();
    let ended = run(transfer(&desktop, &old, &new, &[])).await;
    assert_eq!(ended.code(), 0, "{}", ended.said());
    assert_eq!(ended.event("plan")["summary"]["same"], sample().len());
    assert_eq!(std::fs::read(file(&new)).unwrap(), before);
    assert!(desktop.person.left().is_empty());
}

#[tokio::test]
async fn a_dry_run_shows_the_plan_and_does_nothing() {
    let desktop = desktop().await;
    let (old, new) = (
        database(&desktop, "old.kdbx"),
        database(&desktop, "new.kdbx"),
    );
    put(&old, &sample());
    let ended = run(transfer(&desktop, &old, &new, &["--dry-run"])).await;
    assert_eq!(ended.code(), 0, "{}", ended.said());
    assert_eq!(ended.names(), ["plan"]);
    assert!(!file(&new).exists());
    assert!(desktop.person.left().is_empty());
}

#[tokio::test]
async fn what_differs_is_kept_replaced_or_doubled_as_the_person_says() {
    let desktop = desktop().await;
    let (old, new) = (
        database(&desktop, "old.kdbx"),
        database(&desktop, "new.kdbx"),
    );
    put(&old, &[login("shop", "new"), login("mail", "same")]);
    put(&new, &[login("shop", "old"), login("mail", "same")]);
    let passwords = || {
        let mut all: Vec<_> = get(&new)
            .iter()
            .map(|record| {
                record.item.credentials[0]
                    .field("password")
                    .unwrap()
                    .to_owned()
            })
            .collect();
        all.sort();
        all
    };

    let kept = run(transfer(&desktop, &old, &new, &["--differing", "keep"])).await;
    assert_eq!(
        kept.code(),
        5,
        "the target is not as the source: {}",
        kept.said()
    );
    assert_eq!(passwords(), ["old", "same"]);

    let both = run(transfer(&desktop, &old, &new, &["--differing", "both"])).await;
    assert_eq!(both.code(), 0, "{}", both.said());
    assert_eq!(passwords(), ["new", "old", "same"]);

    std::fs::remove_file(file(&new)).unwrap();
    put(&new, &[login("shop", "old"), login("mail", "same")]);
    let replaced = run(transfer(&desktop, &old, &new, &["--differing", "replace"])).await;
    assert_eq!(replaced.code(), 0, "{}", replaced.said());
    assert_eq!(passwords(), ["new", "same"]);
}

#[tokio::test]
async fn what_the_person_keeps_back_in_the_chooser_stays_behind() {
    let desktop = plan()
        .chooser(Script::choose_only("org.credex.Cli", &["basic-auth"]))
        .open()
        .await;
    let (old, new) = (
        database(&desktop, "old.kdbx"),
        database(&desktop, "new.kdbx"),
    );
    put(&old, &[login("shop", "new")]);
    let mut there = login("shop", "old");
    there.item.credentials.pop();
    there.item.push_note("of the target");
    put(&new, &[there]);
    let ended = run(transfer(&desktop, &old, &new, &["--differing", "replace"])).await;
    assert_eq!(ended.code(), 0, "{}", ended.said());
    let records = get(&new);
    let [record] = &records[..] else {
        panic!("there is one item: {records:?}");
    };
    let login = record.item.credential("basic-auth").unwrap();
    assert_eq!(login.field("password"), Some("new"));
    let note = record.item.credential("note").unwrap();
    assert_eq!(
        note.field("content"),
        Some("of the target"),
        "this one was not let go"
    );
    assert!(
        !ended.names().contains(&"removal".to_owned()),
        "not all of it is there"
    );
}

#[tokio::test]
async fn a_selection_takes_its_part_and_leaves_the_rest() {
    let desktop = desktop().await;
    let (old, new) = (
        database(&desktop, "old.kdbx"),
        database(&desktop, "new.kdbx"),
    );
    put(&old, &[login("shop", "1"), login("mail", "2")]);
    let more = ["--query", "MAIL", "--types", "basic-auth"];
    let ended = run(transfer(&desktop, &old, &new, &more)).await;
    assert_eq!(ended.code(), 0, "{}", ended.said());
    assert_eq!(
        ended.names(),
        ["plan", "written", "receipt"],
        "the old one is still needed"
    );
    let records = get(&new);
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].item.title(), "mail");
    assert_eq!(records[0].item.credentials.len(), 1);
    let none = run(transfer(&desktop, &old, &new, &["--query", "nowhere"])).await;
    assert_eq!(none.code(), 1, "{}", none.said());
}

#[tokio::test]
async fn a_person_who_declines_leaves_everything_as_it_was() {
    let desktop = plan().chooser(Script::Decline).open().await;
    let (old, new) = (
        database(&desktop, "old.kdbx"),
        database(&desktop, "new.kdbx"),
    );
    put(&old, &sample());
    let ended = run(transfer(&desktop, &old, &new, &[])).await;
    assert_eq!(ended.code(), 3, "{}", ended.said());
    assert!(!file(&new).exists());
}

#[tokio::test]
async fn a_store_that_changes_meanwhile_is_left_as_it_is_and_the_receipt_says_so() {
    let desktop = plan().chooser(Script::Hang).open().await;
    let (old, new) = (
        database(&desktop, "old.kdbx"),
        database(&desktop, "new.kdbx"),
    );
    put(&old, &sample());
    put(&new, &[]);
    let transfer = tokio::spawn(run(transfer(&desktop, &old, &new, &[])));
    desktop.person.asked().await;
    std::fs::write(file(&new), "somebody else's").unwrap();
    desktop
        .person
        .answers(&Script::choose("org.credex.Cli"))
        .await;
    let ended = transfer.await.unwrap();
    assert_eq!(ended.code(), 1, "{}", ended.said());
    assert!(
        ended.said().contains("changed meanwhile"),
        "{}",
        ended.said()
    );
    assert_eq!(std::fs::read(file(&new)).unwrap(), b"somebody else's");
    let finished = desktop.person.finished().await;
    let why = finished["error"].as_str().unwrap();
    assert!(why.ends_with(".ImporterDeclined"), "{finished}");
}
