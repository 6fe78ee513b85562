//! How much one app and one session may have, who is let in at all, and when the daemon goes.

use std::collections::HashMap;

use credex_protocol::names;
use credex_tests::app::{self, Role};
use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;
use credex_tests::exporter::Exporter;
use credex_tests::importer::Importer;
use credex_tests::patience::within;
use credex_tests::stranger::{NOBODY, do_as_nobody};
use credex_tests::{Error, Reason};
use futures_util::StreamExt;
use zbus::fdo::DBusProxy;
use zbus::zvariant::Value;

use crate::scene::{COUNTS, Scene, State, VAULT};

/// What anybody could call without knowing of anything, and its argument before the options.
const CALLS: &[(&str, &str, Option<&str>)] = &[
    (names::EXPORT, "RequestExport", Some("")),
    (names::IMPORT, "Announce", Some("org.example.Spy")),
    (names::IMPORT, "Withdraw", None),
    (names::STATUS, "Providers", None),
    (names::STATUS, "GetStatus", None),
];

#[tokio::test]
async fn one_app_gets_so_many_exchanges_whatever_connections_it_opens() {
    let plan = Desktop::plan().limit("exchanges_per_app", 2);
    let scene = Scene::planned(State::Choosing, plan).await;
    let (one, other) = (
        Exporter::join(&scene.desktop).await,
        Exporter::join(&scene.desktop).await,
    );
    one.ask(COUNTS).await;
    let error = other.request("", Default::default()).await.unwrap_err();
    assert_eq!(error.reason, Reason::QuotaExceeded, "{error}");
    assert!(error.message.contains("this app has 2"), "{error}");
    scene.request.close().await.unwrap();
    other.ask(COUNTS).await;
}

#[tokio::test]
async fn the_session_gets_so_many_exchanges_in_all() {
    let plan = Desktop::plan().limit("exchanges", 1);
    let scene = Scene::planned(State::Choosing, plan).await;
    let error = scene
        .exporter
        .request("", Default::default())
        .await
        .unwrap_err();
    assert_eq!(error.reason, Reason::QuotaExceeded, "{error}");
    assert!(error.message.contains("there are 1"), "{error}");
    scene.request.close().await.unwrap();
    scene.exporter.ask(COUNTS).await;
}

#[tokio::test]
async fn every_end_of_an_exchange_gives_its_place_back() {
    let plan = Desktop::plan()
        .limit("exchanges", 1)
        .chooser(Script::Decline);
    let desktop = plan.open().await;
    let _importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    for script in [
        Script::Decline,
        Script::DieWhenAsked,
        Script::NameAStranger,
        Script::Decline,
    ] {
        desktop.person.will(&script);
        exporter.ask(COUNTS).await.refusal().await;
    }
}

#[tokio::test]
async fn so_many_importers_can_announce_themselves() {
    let plan = Desktop::plan().limit("running_importers", 1);
    let desktop = plan.open().await;
    let first = Importer::announced(&desktop, VAULT).await;
    let second = Importer::join(&desktop).await;
    let error = second
        .announce(VAULT, Default::default())
        .await
        .unwrap_err();
    assert_eq!(error.reason, Reason::QuotaExceeded, "{error}");
    first.announce(VAULT, Default::default()).await.unwrap();
    first.vanish().await;
    // The daemon hears of the departure from the bus, before any later call of ours.
    second.announce(VAULT, Default::default()).await.unwrap();
}

#[tokio::test]
async fn a_payload_above_the_limit_is_refused_with_both_numbers() {
    let plan = Desktop::plan().limit("payload", 20);
    let scene = Scene::planned(State::Exporting, plan).await;
    let error = scene
        .session()
        .deposit(&crate::scene::payload(), COUNTS)
        .await
        .unwrap_err();
    assert_eq!(error.reason, Reason::PayloadTooLarge, "{error}");
    assert!(error.message.contains("20"), "{error}");
}

#[tokio::test]
async fn another_user_is_refused_whatever_he_calls() {
    let desktop = Desktop::plan().with_guests().open().await;
    let bus = desktop.bus.address();
    let refusals = do_as_nobody(|| async move {
        let builder = zbus::connection::Builder::address(bus).unwrap();
        let stranger = builder.build().await.expect("the bus lets nobody in");
        let mut refusals = Vec::new();
        for (interface, method, arguments) in CALLS {
            let call =
                zbus::Proxy::new(&stranger, names::BUS_NAME, names::SERVICE_PATH, *interface);
            let call = call.await.unwrap();
            let none = HashMap::<String, Value<'_>>::new();
            let answer = match arguments {
                Some(argument) => call.call_method(*method, &(*argument, none)).await,
                None => call.call_method(*method, &(none,)).await,
            };
            let error = answer.map(drop).expect_err(method);
            refusals.push((*method, Error::from(error)));
        }
        refusals
    });
    let Some(refusals) = refusals else {
        return eprintln!("not tried: only root can become another user");
    };
    for (method, error) in refusals {
        assert_eq!(error.reason, Reason::AccessDenied, "{method}: {error}");
        assert!(
            error.message.contains(&format!("user {NOBODY}")),
            "{method}: {error}"
        );
    }
    let onlooker = Exporter::join(&desktop).await;
    assert_eq!(onlooker.status().await.exchanges, Some(0));
}

#[tokio::test]
async fn a_daemon_with_nothing_to_do_leaves_and_comes_back_when_called() {
    let desktop = Desktop::plan().activated().seconds("idle", 1).open().await;
    let bus = DBusProxy::new(&desktop.bus.connect().await).await.unwrap();
    let owned = [(0, names::BUS_NAME)];
    let mut changes = bus
        .receive_name_owner_changed_with_args(&owned)
        .await
        .unwrap();
    let caller = Exporter::join(&desktop).await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        assert_eq!(caller.status().await.idle_exit, Some(1));
        let came = within("the daemon to come", changes.next()).await.unwrap();
        let came = came
            .args()
            .unwrap()
            .new_owner()
            .as_ref()
            .unwrap()
            .to_string();
        assert!(!seen.contains(&came), "{came} came back");
        seen.push(came);
        let left = within("the daemon to leave", changes.next()).await.unwrap();
        assert!(left.args().unwrap().new_owner().is_none());
    }
}

#[tokio::test]
async fn a_daemon_stays_while_an_exchange_goes_on() {
    let plan = Desktop::plan()
        .activated()
        .seconds("idle", 1)
        .chooser(Script::choose(VAULT));
    let desktop = plan.open().await;
    let bus = DBusProxy::new(&desktop.bus.connect().await).await.unwrap();
    let owned = [(0, names::BUS_NAME)];
    let mut changes = bus
        .receive_name_owner_changed_with_args(&owned)
        .await
        .unwrap();
    let reports = desktop.reports("importer");
    let entry = credex_tests::app::Entry::importer(VAULT);
    desktop.install(&entry.exec(&app::command(&reports, VAULT, Role::Dawdle)));
    let exporter = Exporter::join(&desktop).await;
    let session = exporter.agreed(COUNTS).await;
    within("the daemon to come", changes.next()).await.unwrap();
    // Longer than it stays with nothing to do: the offer, too, takes two seconds to fail.
    let waits = tokio::time::timeout(std::time::Duration::from_secs(2), changes.next()).await;
    assert!(waits.is_err(), "the daemon left with an exchange open");
    session.close().await.unwrap();
    let left = within("the daemon to leave", changes.next()).await.unwrap();
    assert!(left.args().unwrap().new_owner().is_none());
}
