//! What a program in C foresees at an importer is what the person is shown, with that importer.

use std::path::Path;

use credex_tests::app::Entry;
use credex_tests::c::Workshop;
use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;
use credex_tests::patience::within;
use serde_json::{Value, json};

use crate::running::Running;
use crate::watched::Watched;

const INSTALLED: &str = "org.example.Installed";

/// The plans that the person is shown, with the IDs of their importers without the connection.
fn shown(asked: &Value) -> Vec<(String, Value)> {
    let importers = asked["importers"].as_array().unwrap().iter();
    let with_plan = importers.filter(|each| !each["plan"].is_null());
    let shown = with_plan.map(|importer| {
        let id = importer["id"].as_str().unwrap();
        let app = id.split('@').next().unwrap();
        (app.to_owned(), importer["plan"].clone())
    });
    shown.collect()
}

async fn is_shown(watched: Watched) {
    if !watched.is_there() {
        return;
    }
    let desktop = Desktop::plan().chooser(Script::Decline).open().await;
    desktop.install(&Entry::importer(INSTALLED).exec("/bin/true"));
    let workshop = Workshop::open();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("c/plans.c");
    let program = workshop.build(&source, watched.build());
    let exporting = Running::start(watched.command(&program, &desktop).arg(INSTALLED));

    let asked = within("she is asked", desktop.person.asked()).await;
    let [(app, plan)] = &shown(&asked)[..] else {
        panic!("one importer has a plan: {asked:#}");
    };
    assert_eq!(app, "org.example.CVault");
    let numbers = ["added", "same", "kept", "replaced", "both", "dropped"];
    let numbers = numbers.map(|name| plan[name].as_u64().unwrap());
    assert_eq!(numbers, [7, 21, 22, 23, 24, 25]);
    assert_eq!(plan["unreadable"], 26);
    let loss = |kind: Value, reason: &str, count: u32, part: bool| json!({"type": kind, "reason": reason, "count": count, "part": part});
    let losses = json!([
        loss(Value::Null, "other", 5, true),
        loss("basic-auth".into(), "too-large", 8, true),
        loss("credit-card".into(), "no-place", 2, false),
        loss("credit-card".into(), "websites-only", 1, false),
    ]);
    assert_eq!(plan["losses"], losses);

    let asked = within("she is asked again", desktop.person.asked()).await;
    let [(app, plan)] = &shown(&asked)[..] else {
        panic!("one importer has a plan: {asked:#}");
    };
    assert_eq!((app.as_str(), &plan["added"]), (INSTALLED, &json!(12)));

    assert_eq!(exporting.ended().await, Some(0), "nothing was found in it");
    let left = desktop.person.left();
    let asked_once_more = left.iter().any(|report| report["said"] == "asked");
    assert!(!asked_once_more, "{left:?}");
}

#[tokio::test]
async fn what_a_program_in_c_foresees_is_shown_with_the_importer() {
    is_shown(Watched::Alone).await;
}

#[tokio::test]
async fn a_plan_leaks_nothing_and_reads_nothing_that_is_not_there() {
    is_shown(Watched::ByValgrind).await;
}

#[tokio::test]
async fn a_plan_is_nothing_that_sanitizers_find() {
    is_shown(Watched::BySanitizers).await;
}
