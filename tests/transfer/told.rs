//! The plan of a transfer, where the person agrees to it: in the chooser.

use std::process::Command;

use credex_adapters::{FieldType, Item, Object, Record};
use credex_tests::chooser::Script;
use credex_tests::desktop::{Desktop, Plan};
use credex_tests::programs;
use credex_tests::terminal::Screen;
use serde_json::{Value, json};

use crate::stage::{CREDEX, PASSPHRASE, database, file, get, plan, put, run, transfer};

/// What must not leave the stores: titles, a user name, a site, a tag, and what is secret.
const NOT_TO_BE_TOLD: [&str; 6] = [
    "Kirschkern",
    "Zwetschge",
    "ada@orchard",
    "orchard.example",
    "pruning",
    "hunter2",
];

fn login(title: &str, password: &str) -> Record {
    let mut item = Item::new(None, title);
    item.set_urls([format!("https://{title}.orchard.example")]);
    item.push_login(Some("ada@orchard"), Some(password));
    Record::new(item, "")
}

fn card(title: &str) -> Record {
    let mut item = Item::new(None, title);
    let mut card = Object::credential("credit-card");
    card.set_field("number", FieldType::Concealed, "4111 1111");
    item.credentials.push(card);
    Record::new(item, "")
}

/// A database with two logins, one of which has a note and a tag, and two cards.
fn filled(desktop: &Desktop) -> String {
    let old = database(desktop, "old.kdbx");
    let mut tagged = login("Kirschkern", "hunter2");
    tagged.item.push_note("pruning in March");
    tagged.item.set_tags(["pruning"]);
    put(
        &old,
        &[
            tagged,
            login("Zwetschge", "1"),
            card("Mirabelle"),
            card("Quince"),
        ],
    );
    old
}

fn passwords(desktop: &Desktop) -> String {
    format!("firefox-csv:{}", desktop.path("new.csv").display())
}

fn hanging() -> Plan {
    plan().chooser(Script::Hang)
}

/// The plan that the person was shown with the store.
fn shown(asked: &Value) -> Value {
    let importers = asked["importers"].as_array().unwrap();
    let [store] = &importers[..] else {
        panic!("one importer: {asked}");
    };
    store["plan"].clone()
}

#[tokio::test]
async fn the_chooser_shows_the_plan_of_a_transfer_and_no_title_or_user_name() {
    let desktop = hanging().open().await;
    let (old, new) = (filled(&desktop), passwords(&desktop));
    let transfer = tokio::spawn(run(transfer(&desktop, &old, &new, &["--plaintext"])));
    let asked = desktop.person.asked().await;
    assert!(
        !file(&new).exists(),
        "it is shown before anything is written"
    );
    let plan = shown(&asked);
    for (key, count) in [("added", 2), ("same", 0), ("dropped", 2), ("unreadable", 0)] {
        assert_eq!(plan[key], count, "{key} of {plan}");
    }
    let losses = plan["losses"].as_array().unwrap();
    let cards = json!({
        "type": "credit-card", "reason": "websites-only", "count": 2, "part": false,
    });
    assert!(losses.contains(&cards), "{plan}");
    let note = json!({"type": "note", "reason": "no-place", "count": 1, "part": false});
    assert!(losses.contains(&note), "{plan}");
    let told = asked.to_string();
    for secret in NOT_TO_BE_TOLD {
        assert!(!told.contains(secret), "{secret:?} in {told}");
    }
    desktop.person.answers(&Script::choose(CREDEX)).await;
    let ended = transfer.await.unwrap();
    assert_eq!(ended.event("plan")["summary"]["add"], 2, "{}", ended.said());
    assert_eq!(ended.event("plan")["summary"]["dropped"], 2);
    assert!(file(&new).exists());
}

#[tokio::test]
async fn what_is_decided_about_items_that_differ_is_shown_in_the_chooser() {
    let desktop = plan().open().await;
    let (old, new) = (filled(&desktop), database(&desktop, "new.kdbx"));
    for (word, key) in [("keep", "kept"), ("both", "both"), ("replace", "replaced")] {
        let there = [login("Kirschkern", "another"), login("Zwetschge", "1")];
        std::fs::remove_file(file(&new)).ok();
        put(&new, &there);
        let ended = run(transfer(&desktop, &old, &new, &["--differing", word])).await;
        let plan = shown(&desktop.person.asked().await);
        let numbers = ["added", "same", "kept", "replaced", "both"].map(|each| &plan[each]);
        let expected = ["added", "same", "kept", "replaced", "both"].map(|each| match each {
            "added" => 2,
            "same" => 1,
            each => u32::from(each == key),
        });
        assert_eq!(
            numbers,
            expected.map(|count| json!(count)).each_ref(),
            "{}",
            ended.said()
        );
        assert_eq!(plan["losses"], json!([]), "a database loses nothing");
    }
    assert_eq!(get(&new).len(), 4, "two were there");
}

#[tokio::test]
async fn the_plan_is_read_at_the_terminal_as_the_word_of_who_exports() {
    let desktop = Desktop::plan().open().await;
    let (old, new) = (filled(&desktop), passwords(&desktop));
    let mut screen = Screen::open();
    let mut command = Command::new(programs::credex());
    command.args([
        "transfer",
        "--from",
        &old,
        "--to",
        &new,
        "--plaintext",
        "--yes",
    ]);
    let mut transfer = screen.start(command, desktop.environment());
    screen.sees("The passphrase of").await;
    screen.hides_what_is_typed().await;
    screen.types(PASSPHRASE);
    screen.sees("Type 1 to choose it").await;
    screen.types("1");
    let page = screen
        .sees("Type yes to send, or only Enter to cancel: ")
        .await;
    let (_, page) = page.split_once("Type 1 to choose it").unwrap();
    for words in [
        "says will happen at",
        "2 items are new there",
        "2 items are dropped: nothing of them can be kept there",
        "What is lost there, and why:",
        "1 note: there is no place for that",
        "2 payment cards: only passwords of websites are taken",
    ] {
        assert!(page.contains(words), "{words:?} is missing from\n{page}");
    }
    for secret in NOT_TO_BE_TOLD {
        assert!(!page.contains(secret), "{secret:?} in\n{page}");
    }
    screen.types("");
    screen.sees("Nothing was sent").await;
    assert_eq!(transfer.wait().unwrap().code(), Some(3));
    assert!(!file(&new).exists());
}
