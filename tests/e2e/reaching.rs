//! The ways on which an importer is reached (design §6).

use credex_protocol::wire::{AnnounceOptions, ExportOptions};
use credex_tests::Reason;
use credex_tests::app::{self, Entry, Role};
use credex_tests::chooser::{Script, pid};
use credex_tests::desktop::Desktop;
use credex_tests::exporter::{Exporter, Session, options};
use credex_tests::importer::{Importer, Manners};
use credex_tests::monitor::contains;
use credex_tests::process::Peer;
use credex_tests::reports::Reports;
use serde_json::Value;

use crate::listening::forms_of;
use crate::scene::{COUNTS, DOCUMENT, VAULT, payload};

const WINDOW: &str = "wayland:the-window";
const ACTIVATION: &str = "the-activation-token";

/// Asks with a window and an activation token.
async fn agreed(desktop: &Desktop) -> Session {
    let exporter = Exporter::join(desktop).await;
    let options = ExportOptions {
        activation_token: Some(ACTIVATION.to_owned()),
        ..options(COUNTS)
    };
    exporter
        .request(WINDOW, options)
        .await
        .unwrap()
        .session()
        .await
}

/// An importer in a process of its own takes it all, and was told where to show itself.
async fn is_imported(session: &Session, reports: &Reports) -> Value {
    let payload = payload();
    session.deposit(&payload, COUNTS).await.unwrap();
    let offer = reports.next("offer").await;
    assert_eq!(offer["parent_window"], WINDOW);
    assert_eq!(offer["activation_token"], ACTIVATION);
    let imported = reports.next("imported").await;
    assert_eq!(
        imported["document"],
        String::from_utf8(DOCUMENT.to_vec()).unwrap()
    );
    assert_eq!(session.receipt().await.0["note"].succeeded, 1);
    assert_tells_no_secret(&offer, payload.key.as_bytes());
    offer
}

/// What everybody can read of a process gives nothing away.
fn assert_tells_no_secret(offer: &Value, key: &[u8]) {
    let process = Peer::of_pid(pid(offer)).expect("the importer stays");
    let public = [process.arguments(), process.environment()].concat();
    let token: Vec<u8> = serde_json::from_value(offer["token"].clone()).unwrap();
    assert_eq!(token.len(), 16);
    for secret in forms_of(&token).iter().map(Vec::as_slice).chain([key]) {
        assert!(
            !contains(&public, secret),
            "{}",
            String::from_utf8_lossy(&public)
        );
    }
}

#[tokio::test]
async fn an_importer_that_the_bus_starts_gets_its_offer() {
    let desktop = Desktop::sending_to(VAULT).await;
    let reports = desktop.reports("importer");
    desktop.install(&Entry::importer(VAULT).dbus_activatable());
    desktop.install_service(VAULT, &app::command(&reports, VAULT, Role::Own));
    desktop.reload().await;
    is_imported(&agreed(&desktop).await, &reports).await;
}

#[tokio::test]
async fn an_importer_that_the_daemon_starts_announces_itself_and_gets_its_offer() {
    let desktop = Desktop::sending_to(VAULT).await;
    let reports = desktop.reports("importer");
    let command = app::command(&reports, VAULT, Role::Announce);
    desktop.install(&Entry::importer(VAULT).exec(&command));
    let offer = is_imported(&agreed(&desktop).await, &reports).await;
    let environment = Peer::of_pid(pid(&offer)).unwrap().environment();
    let variable = format!("XDG_ACTIVATION_TOKEN={ACTIVATION}");
    assert!(contains(&environment, variable.as_bytes()));
}

#[tokio::test]
async fn an_importer_that_runs_already_is_called_by_its_name_and_not_started_again() {
    let desktop = Desktop::sending_to(VAULT).await;
    let reports = desktop.reports("importer");
    let command = app::command(&reports, VAULT, Role::Announce);
    desktop.install(&Entry::importer(VAULT).exec(&command));
    let importer = Importer::named(&desktop, VAULT).await;
    let session = agreed(&desktop).await;
    session.deposit(&payload(), COUNTS).await.unwrap();
    let opened = importer.import().await;
    assert_eq!(opened.document, DOCUMENT);
    session.receipt().await;
    assert_eq!(reports.left(), [Value::Null; 0]);
}

#[tokio::test]
async fn an_importer_without_a_desktop_entry_gets_its_offer_where_it_announced_itself() {
    let desktop = Desktop::sending_to(VAULT).await;
    let importer = Importer::announced(&desktop, VAULT).await;
    let session = agreed(&desktop).await;
    session.deposit(&payload(), COUNTS).await.unwrap();
    let offer = importer.offer().await;
    assert_eq!(offer.options.parent_window.as_deref(), Some(WINDOW));
    assert_eq!(offer.options.activation_token.as_deref(), Some(ACTIVATION));
    let asked = desktop.person.asked().await;
    assert_eq!(asked["parent_window"], WINDOW);
    assert_eq!(asked["activation_token"], ACTIVATION);
    assert_eq!(asked["importers"][0]["origin"], "running");
}

#[tokio::test]
async fn a_stranger_that_announces_itself_as_an_installed_app_is_neither_shown_nor_offered_anything()
 {
    let desktop = Desktop::sending_to(VAULT).await;
    let reports = desktop.reports("importer");
    let command = app::command(&reports, VAULT, Role::Dawdle);
    desktop.install(&Entry::importer(VAULT).exec(&command));
    let early = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let session = exporter.agreed(COUNTS).await;
    let importers = desktop.person.asked().await["importers"].clone();
    assert_eq!(importers.as_array().unwrap().len(), 1, "{importers}");
    assert_eq!(importers[0]["origin"], "system");
    session.deposit(&payload(), COUNTS).await.unwrap();
    reports.next("started").await;
    let late = Importer::announced(&desktop, VAULT).await;
    assert_eq!(early.left().await, [""; 0]);
    assert_eq!(late.left().await, [""; 0]);
    let states = exporter.status().await.states.unwrap();
    assert_eq!(states.get("deposited"), Some(&1), "{states:?}");
    session.close().await.unwrap();
}

#[tokio::test]
async fn an_importer_that_never_announces_itself_is_reported_and_not_waited_for() {
    let plan = Desktop::plan().seconds("acknowledge", 1);
    let desktop = plan.chooser(Script::choose(VAULT)).open().await;
    let reports = desktop.reports("importer");
    let command = app::command(&reports, VAULT, Role::Dawdle);
    desktop.install(&Entry::importer(VAULT).exec(&command));
    let session = agreed(&desktop).await;
    session.deposit(&payload(), COUNTS).await.unwrap();
    let (error, handed_over) = session.failure().await;
    assert_eq!(error.reason, Reason::ImporterSilent, "{error}");
    assert!(!handed_over);
}

#[tokio::test]
async fn an_importer_that_cannot_be_started_is_named_to_the_person_alone() {
    let desktop = Desktop::sending_to(VAULT).await;
    desktop.install(&Entry::importer(VAULT).exec("/bin/false --some=argument"));
    desktop.install(&Entry::importer("org.example.Broken").dbus_activatable());
    desktop.install_service("org.example.Broken", "/nonexistent/program");
    desktop.reload().await;
    desktop.person.will(&Script::choose("org.example.Broken"));
    let session = agreed(&desktop).await;
    session.deposit(&payload(), COUNTS).await.unwrap();
    let (error, handed_over) = session.failure().await;
    assert_eq!(error.reason, Reason::ImporterUnavailable, "{error}");
    assert!(!handed_over);
    let finished = desktop.person.finished().await;
    let message = finished["message"].as_str().unwrap();
    assert!(message.contains("org.example.Broken"), "{finished}");
    assert!(
        !error.message.contains("org.example.Broken"),
        "it is for the person: {error}"
    );
}

#[tokio::test]
async fn an_importer_that_answers_an_offer_wrongly_is_reported() {
    let answers = [
        (
            Manners::Refuse,
            Reason::ImporterDeclined,
            "the vault is full",
        ),
        (
            Manners::SendNoKey,
            Reason::ImporterUnavailable,
            "public key",
        ),
    ];
    for (manners, reason, word) in answers {
        let desktop = Desktop::sending_to(VAULT).await;
        let importer = Importer::announced_with(&desktop, VAULT, manners.clone()).await;
        let session = agreed(&desktop).await;
        session.deposit(&payload(), COUNTS).await.unwrap();
        let (error, handed_over) = session.failure().await;
        assert_eq!(error.reason, reason, "{manners:?}: {error}");
        assert!(!handed_over);
        let finished = desktop.person.finished().await;
        let message = finished["message"].as_str().unwrap();
        assert!(message.contains(word), "{manners:?}: {finished}");
        importer.offered().await;
        assert_eq!(importer.left().await, [""; 0]);
    }
}

#[tokio::test]
async fn an_importer_that_withdraws_its_announcement_is_not_shown_any_more() {
    let desktop = Desktop::sending_to(VAULT).await;
    let importer = Importer::announced(&desktop, VAULT).await;
    let other = Importer::join(&desktop).await;
    other
        .announce("org.example.Other", AnnounceOptions::default())
        .await
        .unwrap();
    let proxy = importer.proxy().await;
    proxy.withdraw(Default::default()).await.unwrap();
    let exporter = Exporter::join(&desktop).await;
    exporter.ask(COUNTS).await;
    let importers = desktop.person.asked().await["importers"].clone();
    let importers = importers.as_array().unwrap();
    assert_eq!(importers.len(), 1, "{importers:?}");
    assert!(
        importers[0]["id"]
            .as_str()
            .unwrap()
            .starts_with("org.example.Other@")
    );
}
