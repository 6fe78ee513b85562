//! What an exporter says will become of its credentials, on its way to the person.

use credex_protocol::wire::{ExportOptions, Plan, PlannedLoss};
use credex_tests::Reason;
use credex_tests::app::Entry;
use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;
use credex_tests::exporter::{Exporter, options};
use credex_tests::importer::Importer;
use serde_json::{Value, json};

use crate::scene::VAULT;

const COUNTS: &[(&str, u32)] = &[("basic-auth", 9), ("credit-card", 3)];
const INSTALLED: &str = "org.example.Installed";

fn foreseen(importer: &str, cards: u32, reason: &str) -> ExportOptions {
    let loss = PlannedLoss {
        credential_type: Some("credit-card".to_owned()),
        reason: Some(reason.to_owned()),
        count: Some(cards),
        part: None,
    };
    let plan = Plan {
        importer: Some(importer.to_owned()),
        added: Some(7),
        both: Some(2),
        dropped: Some(3),
        losses: Some(vec![loss]),
        ..Plan::default()
    };
    ExportOptions {
        plan: Some(plan),
        ..options(COUNTS)
    }
}

/// The plans that the person is shown, by the ID of the importer without its connection.
fn shown(asked: &Value) -> Vec<(String, Value)> {
    let importers = asked["importers"].as_array().unwrap().iter();
    let shown = importers.map(|importer| {
        let id = importer["id"].as_str().unwrap();
        let app = id.split('@').next().unwrap();
        (app.to_owned(), importer["plan"].clone())
    });
    shown.collect()
}

#[tokio::test]
async fn a_plan_is_shown_with_the_importer_that_it_names_and_with_no_other() {
    let desktop = Desktop::plan().chooser(Script::Decline).open().await;
    desktop.install(&Entry::importer(INSTALLED).exec("/bin/true"));
    let meant = Importer::announced(&desktop, VAULT).await;
    let _namesake = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let ask = async |options| {
        let request = exporter.request("", options).await.unwrap();
        request.refusal().await;
        desktop.person.asked().await
    };

    let asked = ask(foreseen(&meant.name(), 3, "no-place")).await;
    let told: Vec<_> = asked["importers"].as_array().unwrap().iter().collect();
    let with_plan: Vec<_> = told.iter().filter(|each| !each["plan"].is_null()).collect();
    let [only] = with_plan[..] else {
        panic!("one of {told:?}");
    };
    assert_eq!(only["id"], format!("{VAULT}@{}", meant.name()));
    let plan = &only["plan"];
    assert_eq!((&plan["added"], &plan["both"]), (&json!(7), &json!(2)));
    let loss = json!({"type": "credit-card", "reason": "no-place", "count": 3, "part": false});
    assert_eq!(plan["losses"], json!([loss]));

    let asked = ask(foreseen(INSTALLED, 1, "no-place")).await;
    for (app, plan) in shown(&asked) {
        assert_eq!(!plan.is_null(), app == INSTALLED, "{app}: {plan}");
    }

    let asked = ask(foreseen("org.example.NotHere", 1, "no-place")).await;
    assert!(
        shown(&asked).iter().all(|(_, plan)| plan.is_null()),
        "{asked}"
    );
    let asked = ask(options(COUNTS)).await;
    assert!(
        shown(&asked).iter().all(|(_, plan)| plan.is_null()),
        "{asked}"
    );
}

#[tokio::test]
async fn no_text_of_an_exporter_gets_into_a_plan() {
    let desktop = Desktop::plan().chooser(Script::Decline).open().await;
    let importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let words = "trust us, said your bank";
    let request = exporter
        .request("", foreseen(&importer.name(), 1, words))
        .await;
    request.unwrap().refusal().await;
    let asked = desktop.person.asked().await;
    assert!(!asked.to_string().contains("bank"), "{asked}");
    let loss = &asked["importers"][0]["plan"]["losses"][0];
    assert_eq!(loss["reason"], "other", "{asked}");
}

#[tokio::test]
async fn a_plan_that_loses_more_than_there_is_is_refused_and_nobody_is_asked() {
    let desktop = Desktop::sending_to(VAULT).await;
    let importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let unheard = ExportOptions {
        counts: Some([("basic-auth".to_owned(), 9)].into()),
        ..foreseen(&importer.name(), 1, "no-place")
    };
    for (wrong, words) in [
        (
            foreseen(&importer.name(), 4, "no-place"),
            "of which counts has 3",
        ),
        (foreseen(&importer.name(), 0, "no-place"), "without a count"),
        (foreseen("", 1, "no-place"), "must say in importer where"),
        (unheard, "which counts has not"),
    ] {
        let error = exporter.request("", wrong).await.unwrap_err();
        assert_eq!(error.reason, Reason::InvalidArgument, "{error}");
        assert!(error.message.starts_with("plan "), "{error}");
        assert!(error.message.contains(words), "{error}");
    }
    assert_eq!(desktop.person.left(), [Value::Null; 0]);
    assert_eq!(exporter.status().await.exchanges, Some(0));
}
