//! A whole exchange: as a screen reader sees it, and by keyboard alone.

use credex_protocol::wire::Tally;
use credex_tests::importer::all_taken;

use crate::scene::{COUNTS, Page, Scene, TITLE, VAULT};

#[tokio::test]
async fn a_whole_exchange_through_the_eyes_of_a_screen_reader() {
    let Some(scene) = Scene::open().await else {
        return;
    };
    let reader = &scene.reader;
    let request = scene.asked(Page::Ask).await;
    let cancel = reader.find("button", "Cancel").await;
    assert!(cancel.is_focused(), "{cancel:?}");
    assert!(cancel.description.contains("wants to send"), "{cancel:?}");
    for words in [
        "org.example.Exporter",
        "can claim this name",
        "142 passwords, 12 passkeys",
    ] {
        reader.find("label", words).await;
    }
    scene.go_to(Page::Confirm).await;
    reader.press("switch", "12 passkeys").await;
    reader.find("label", "Left out: 12 passkeys").await;
    reader.press("button", &format!("Send to {VAULT}")).await;
    let session = request.session().await;
    assert_eq!(session.types, ["basic-auth"]);
    reader.find("label", "to hand them over").await;
    scene.deposit(&session).await;
    let offer = scene.importer.offer().await;
    reader.find("label", "to take them").await;
    let (_, results) = offer.redeem().await.unwrap();
    reader.find("label", "is storing them").await;
    let mut receipt = all_taken(&results);
    receipt.insert(
        "basic-auth".to_owned(),
        Tally {
            succeeded: 140,
            failed: 2,
            ignored: 0,
        },
    );
    offer.complete(&receipt).await.unwrap();
    session.receipt().await;
    reader.find("heading", "140 arrived, 2 failed").await;
    reader.find("label", "delete them there").await;
    reader.press("button", "Close").await;
    scene.no_window_is_left().await;
}

#[tokio::test]
async fn a_whole_exchange_by_keyboard_alone() {
    let Some(scene) = Scene::open().await else {
        return;
    };
    let (reader, screen) = (&scene.reader, &scene.screen);
    let request = scene.asked(Page::Ask).await;
    screen.give_keyboard_to(TITLE);
    // Enter counts only after a while: it is pressed until the next page is there.
    press_until(&scene, &["Tab", "Return"], "button", VAULT).await;
    press_until(&scene, &["Return"], "button", "Send to").await;
    reader.ready("button", "Send to").await;
    // Cancel has the keyboard; the button that sends is above it.
    screen.press(&["shift+Tab", "Return"]);
    let session = request.session().await;
    assert_eq!(session.types.len(), COUNTS.len());
    scene.deposit(&session).await;
    let offer = scene.importer.offer().await;
    let (_, results) = offer.redeem().await.unwrap();
    offer.complete(&all_taken(&results)).await.unwrap();
    session.receipt().await;
    reader.find("heading", "reports").await;
    screen.press(&["Return"]);
    scene.no_window_is_left().await;
}

/// Presses `keys`, and again if nothing came of it while the window had not been open for long.
async fn press_until(scene: &Scene, keys: &[&str], role: &str, name: &str) {
    let (first, last) = keys.split_at(keys.len() - 1);
    if !first.is_empty() {
        scene.screen.press(first);
    }
    let shown = || {
        scene.screen.press(last);
    };
    scene.reader.find_while(role, name, shown).await;
}

#[tokio::test]
async fn every_control_of_every_page_has_a_name_and_is_within_reach_of_the_keyboard() {
    let Some(scene) = Scene::open().await else {
        return;
    };
    let controls = ["button", "switch", "text", "password text"];
    let request = scene.exporter.ask(COUNTS).await;
    for page in Page::ALL {
        scene.go_on_to(page).await;
        let objects = scene.reader.objects().await;
        let mut seen = 0;
        for object in objects
            .iter()
            .filter(|object| controls.contains(&object.role.as_str()))
        {
            assert!(!object.name.trim().is_empty(), "{page:?}: {object:?}");
            seen += 1;
        }
        assert!(seen >= 3, "{page:?}: {objects:#?}");
        assert_eq!(
            objects.iter().filter(|object| object.is_focused()).count(),
            1,
            "{page:?}"
        );
    }
    request.close().await.unwrap();
    scene.no_window_is_left().await;
}
