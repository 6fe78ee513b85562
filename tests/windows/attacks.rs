//! Whoever wants a person to answer what was not asked, to read what is not so, or to drown.

use credex_protocol::wire::{AppIdentity, ChooseRequest, ImporterInfo, Plan, PlannedLoss};
use credex_tests::desktop::Desktop;
use credex_tests::exporter::Exporter;
use credex_tests::programs;
use credex_tests::reader::{Object, Reader};
use credex_tests::screen::Screen;
use credex_tests::stage::Stage;

use crate::scene::{COUNTS, Page, Scene, TITLE};

#[tokio::test]
async fn enter_that_is_held_while_the_window_opens_does_nothing() {
    let Some(scene) = Scene::open().await else {
        return;
    };
    for key in ["Return", "space", "KP_Enter"] {
        scene.screen.hold(key);
        let request = scene.asked(Page::Ask).await;
        scene.screen.give_keyboard_to(TITLE);
        // Longer than the window ignores keys, and than a key waits until it repeats.
        let answer =
            tokio::time::timeout(std::time::Duration::from_secs(3), request.answer()).await;
        assert!(answer.is_err(), "{key} answered: {answer:?}");
        scene.screen.let_go(key);
        scene.reader.find("button", "Continue").await;
        // The same key, pressed on purpose, answers: it was Cancel that had the keyboard.
        scene.screen.press(&[key]);
        let (response, error) = request.refusal().await;
        assert_eq!(response, 1, "{key}: {error}");
        scene.no_window_is_left().await;
    }
}

#[tokio::test]
async fn the_button_that_sends_sleeps_and_says_so() {
    let Some(scene) = Scene::open().await else {
        return;
    };
    let mut woken = Vec::new();
    // On a busy machine it may be awake before anybody has looked at it.
    while woken.len() < 5 {
        let request = scene.asked(Page::Confirm).await;
        let button = scene.reader.find("button", "Send to").await;
        if button.is_sensitive() {
            woken.push(button);
            request.close().await.unwrap();
            scene.no_window_is_left().await;
            continue;
        }
        assert!(button.description.contains("in a second"), "{button:?}");
        scene.reader.ready("button", "Send to").await;
        return request.close().await.unwrap();
    }
    panic!("it never slept: {woken:?}");
}

#[tokio::test]
async fn of_many_questions_one_is_on_the_screen() {
    let Some(scene) = Scene::open().await else {
        return;
    };
    let mut requests = Vec::new();
    for _ in 0..5 {
        let exporter = Exporter::join(&scene.desktop).await;
        requests.push(exporter.ask(COUNTS).await);
    }
    for request in &requests {
        scene.go_to(Page::Ask).await;
        let objects = scene.reader.objects().await;
        let windows = objects.iter().filter(|object| object.role == "dialog");
        assert_eq!(windows.count(), 1, "{objects:#?}");
        scene.reader.press("button", "Cancel").await;
        let (response, error) = request.refusal().await;
        assert_eq!(response, 1, "in the order in which they came: {error}");
    }
    scene.no_window_is_left().await;
}

#[tokio::test]
async fn hostile_names_are_shown_as_what_they_are() {
    let Some(screen) = Screen::open(800, 700) else {
        return;
    };
    let desktop = Desktop::plan().with_windows(&screen).open().await;
    let reader = Reader::on(&desktop).await;
    let program = programs::credex_chooser_gtk();
    let stage = Stage::open(
        &program,
        desktop.environment(),
        &desktop.path("chooser.log"),
    )
    .await;
    let name =
        "<b>Bit\u{202e}nedraw\u{200b}</b> &amp; _x \u{1b}[31m\n".to_owned() + &"A".repeat(5000);
    let request = ChooseRequest {
        exporter: Some(AppIdentity {
            app_id: Some("org.ex\u{430}mple.Vault".into()),
            name: Some(name.clone()),
            assurance: Some("unverified".into()),
            ..AppIdentity::default()
        }),
        counts: Some([("<i>note</i>".to_owned(), 1), ("totp".to_owned(), 2)].into()),
        importers: Some(vec![ImporterInfo {
            id: Some("org.example.Vault".into()),
            name: Some(name.clone()),
            icon: Some("/etc/passwd".into()),
            conflict: Some(format!("<span size='999999'>{name}</span>")),
            origin: Some("system".into()),
            plan: Some(hostile_plan()),
            ..ImporterInfo::default()
        }]),
        ..ChooseRequest::default()
    };
    let chooser = stage.chooser.clone();
    let asked =
        tokio::spawn(async move { chooser.choose_importer("x", "x11:\u{202e}", request).await });
    reader.find("heading", "<b>Bit�nedraw�</b> &amp; _x").await;
    reader.find("label", r"org.ex\u{430}mple.Vault").await;
    is_harmless(&reader.objects().await);
    reader.press("button", "Continue").await;
    reader.press("button", "<b>Bit").await;
    reader
        .find("button", "Send to <b>Bit�nedraw�</b> &amp; _x")
        .await;
    reader.find("switch", "<i>note</i>").await;
    reader.find("label", "says will happen at “<b>Bit").await;
    reader
        .find("label", "of the unknown kind “<i>note</i>”")
        .await;
    is_harmless(&reader.objects().await);
    reader.press("button", "Cancel").await;
    assert_eq!(asked.await.unwrap().unwrap().0, 1);
}

/// One as no service would pass it on.
fn hostile_plan() -> Plan {
    let loss = |kind: String| PlannedLoss {
        credential_type: Some(kind),
        reason: Some("<b>\u{202e}because</b>".to_owned()),
        count: Some(u32::MAX),
        part: Some(true),
    };
    let long = "\u{1b}[31m\n\u{200b}".to_owned() + &"A".repeat(5000);
    Plan {
        added: Some(u32::MAX),
        losses: Some(vec![loss("<i>note</i>".to_owned()), loss(long)]),
        ..Plan::default()
    }
}

/// Nothing is invisible, acts on the screen, or fills it.
fn is_harmless(objects: &[Object]) {
    for object in objects {
        for text in [&object.name, &object.description] {
            let hostile = |c: char| c.is_control() || "\u{202e}\u{200b}".contains(c);
            assert!(!text.contains(hostile), "{object:?}");
            assert!(text.chars().count() < 1200, "{object:?}");
        }
    }
}
