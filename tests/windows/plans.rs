//! What an exporter says will become of its credentials, on the last page before they go.

use credex_protocol::wire::{ExportOptions, Plan, PlannedLoss};
use credex_tests::exporter::options;
use credex_tests::reader::Object;

use crate::scene::{COUNTS, Page, Scene, VAULT};

fn lost(kind: &str, count: u32, part: bool) -> PlannedLoss {
    PlannedLoss {
        credential_type: Some(kind.to_owned()),
        reason: Some("no-place".to_owned()),
        count: Some(count),
        part: Some(part),
    }
}

fn foreseen(importer: &str, losses: Vec<PlannedLoss>) -> ExportOptions {
    let plan = Plan {
        importer: Some(importer.to_owned()),
        added: Some(130),
        replaced: Some(1),
        losses: Some(losses),
        ..Plan::default()
    };
    ExportOptions {
        plan: Some(plan),
        ..options(COUNTS)
    }
}

#[tokio::test]
async fn a_screen_reader_reads_the_plan_as_the_word_of_who_exports() {
    let Some(scene) = Scene::open().await else {
        return;
    };
    let reader = &scene.reader;
    let losses = vec![lost("passkey", 2, false), lost("basic-auth", 5, true)];
    let options = foreseen(&scene.importer.name(), losses);
    let request = scene.exporter.request("", options).await.unwrap();
    scene.go_to(Page::Confirm).await;
    let heading = format!("What “org.example.Exporter” says will happen at “{VAULT}”");
    reader.find("label", &heading).await;
    for words in [
        "130 items are new there",
        "1 item differs there: it is replaced",
        "2 passkeys: there is no place for that",
        "5 passwords, in part: there is no place for that",
    ] {
        reader.find("label", words).await;
    }
    let cancel = reader.find("button", "Cancel").await;
    for words in [&*heading, "130 items are new there", "2 passkeys: "] {
        assert!(cancel.description.contains(words), "{cancel:?}");
    }
    let everything = "says is about everything";
    let objects = reader.objects().await;
    let said = |object: &&Object| object.name.contains(everything);
    assert!(!objects.iter().filter(said).any(|each| each.is_visible()));
    reader.press("switch", "12 passkeys").await;
    reader.find("label", everything).await;
    request.close().await.unwrap();
    scene.no_window_is_left().await;
}

#[tokio::test]
async fn a_long_list_of_losses_opens_and_closes_by_hand() {
    let Some(scene) = Scene::open().await else {
        return;
    };
    let reader = &scene.reader;
    let kinds = [
        ("basic-auth", true),
        ("basic-auth", false),
        ("passkey", true),
        ("passkey", false),
    ];
    let mut losses: Vec<_> = kinds.map(|(kind, part)| lost(kind, 1, part)).into();
    losses.push(PlannedLoss {
        reason: Some("too-large".to_owned()),
        ..lost("passkey", 3, true)
    });
    let options = foreseen(&scene.importer.name(), losses);
    let request = scene.exporter.request("", options).await.unwrap();
    scene.go_to(Page::Confirm).await;
    let loss = "1 passkey, in part: there is no place for that";
    // What is hidden is not in the tree.
    let shown = |objects: &[Object]| objects.iter().any(|object| object.name.contains(loss));
    assert!(!shown(&reader.objects().await), "it is closed");
    reader.press("button", "Show 1 more").await;
    reader
        .until("the losses", |objects| shown(objects).then_some(()))
        .await;
    reader.press("button", "Show fewer").await;
    let closed = |objects: &[Object]| (!shown(objects)).then_some(());
    reader.until("the losses to close", closed).await;
    request.close().await.unwrap();
}

#[tokio::test]
async fn without_a_plan_nothing_is_said_of_one() {
    let Some(scene) = Scene::open().await else {
        return;
    };
    let request = scene.asked(Page::Confirm).await;
    let objects = scene.reader.objects().await;
    assert!(
        !objects
            .iter()
            .any(|object| object.name.contains("says will happen"))
    );
    request.close().await.unwrap();
}
