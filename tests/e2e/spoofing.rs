//! Messages in somebody else's name: neither the libraries nor the daemon are fooled (design §5).

use std::collections::HashMap;

use credex::{ExportRequest, Exporter, Importer, Payload, cxf, silent};
use credex_protocol::names;
use credex_protocol::wire::{
    ClosedDetails, CompleteOptions, ExportOptions, ExportResults, NoOptions, OfferOptions, Receipt,
    Tally, response,
};
use credex_tests::Reason;
use credex_tests::chooser::{self, Script};
use credex_tests::desktop::Desktop;
use credex_tests::monitor::Monitor;
use credex_tests::patience::within;
use credex_tests::process::Peer;
use rustix::process::Signal;
use serde::Serialize;
use zbus::fdo::DBusProxy;
use zbus::zvariant::{DynamicType, ObjectPath};
use zbus::{Connection, Message};

use crate::scene::{DOCUMENT, Scene, State, VAULT};

/// Sends a signal to `to`, and returns when the bus has passed it on.
async fn signal<B: Serialize + DynamicType>(
    from: &Connection,
    to: &str,
    (path, interface, member): (&str, &str, &str),
    body: &B,
) {
    let signal = from.emit_signal(Some(to), path, interface, member, body);
    signal.await.unwrap();
    let bus = DBusProxy::new(from).await.unwrap();
    bus.get_id().await.unwrap();
}

/// The call of `RequestExport` that was made, by whom, and the token of its paths.
async fn overheard(monitor: &Monitor) -> (String, String) {
    let seen = monitor.seen().await;
    let is_call = |message: &&Message| {
        let header = message.header();
        header.member().is_some_and(|name| name == "RequestExport")
    };
    let call = seen.iter().find(is_call).expect("there was a request");
    let (_, options): (String, ExportOptions) = call.body().deserialize().unwrap();
    let sender = call.header().sender().unwrap().to_string();
    (sender, options.handle_token.unwrap())
}

#[tokio::test]
async fn a_forged_answer_to_a_request_does_not_fool_an_exporter() {
    let desktop = Desktop::plan().chooser(Script::Hang).open().await;
    let _importer = credex_tests::importer::Importer::announced(&desktop, VAULT).await;
    let monitor = Monitor::listen(&desktop, drop).await;
    let exporter = Exporter::connect_to(desktop.bus.address(), "org.example.Exporter").await;
    let exporter = exporter.unwrap();
    let request = tokio::spawn(async move { exporter.request(ExportRequest::new()).await });
    let asked = desktop.person.asked().await;
    let (victim, token) = overheard(&monitor).await;
    let attacker = desktop.bus.connect().await;
    let path = names::request_path(&victim, &token);
    let session = names::session_path(&victim, &token);
    let own_key = credex_protocol::envelope::PrivateKey::generate().unwrap();
    let forged = ExportResults {
        session: Some(session.try_into().unwrap()),
        format_version: Some("1.0".to_owned()),
        session_public_key: Some(own_key.public_key().as_bytes().to_vec()),
        types: Some(vec!["note".to_owned()]),
        ..ExportResults::default()
    };
    let member = (path.as_str(), names::REQUEST, "Response");
    signal(&attacker, &victim, member, &(response::DONE, forged)).await;
    // The bus's own news, in an attacker's words: the attacker would be the service.
    let news = (
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus",
        "NameOwnerChanged",
    );
    let attackers = attacker.unique_name().unwrap().as_str();
    signal(&attacker, &victim, news, &(names::BUS_NAME, "", attackers)).await;
    // The true answer comes last: the chooser has died.
    let chooser = Peer::of_pid(chooser::pid(&asked)).unwrap();
    chooser.signal(Signal::KILL);
    let answer = within("the true answer", request).await.unwrap();
    let error = answer.expect_err("the forged answer was believed");
    assert_eq!(error.reason(), Some(Reason::ChooserFailed), "{error}");
}

#[tokio::test]
async fn a_forged_end_of_a_session_does_not_fool_an_exporter() {
    let desktop = Desktop::sending_to(VAULT).await;
    let importer = credex_tests::importer::Importer::announced(&desktop, VAULT).await;
    let monitor = Monitor::listen(&desktop, drop).await;
    let exporter = Exporter::connect_to(desktop.bus.address(), "org.example.Exporter").await;
    let exporter = exporter.unwrap();
    let request = ExportRequest::of_document(cxf::sample()).unwrap();
    let grant = exporter.request(request).await.unwrap();
    let (victim, token) = overheard(&monitor).await;
    let attacker = desktop.bus.connect().await;
    let path = names::session_path(&victim, &token);
    let at = |member| (path.as_str(), names::SESSION, member);
    let forge = async || {
        let lie = Tally {
            failed: 99,
            ..Tally::default()
        };
        let receipt = Receipt::from([("note".to_owned(), lie)]);
        let body = (receipt, CompleteOptions::default());
        signal(&attacker, &victim, at("Completed"), &body).await;
        let body = (
            "failed",
            Reason::Internal.dbus_name(),
            "a lie",
            ClosedDetails::default(),
        );
        signal(&attacker, &victim, at("Closed"), &body).await;
    };
    forge().await;
    let mut payload = Payload::new(cxf::sample());
    for (id, bytes) in cxf::sample_attachments() {
        payload = payload.attachment(*id, bytes);
    }
    let mut delivery = grant.send(payload).await.unwrap();
    forge().await;
    importer.import().await;
    let receipt = within("the true receipt", delivery.receipt())
        .await
        .unwrap();
    assert_eq!(receipt.total().failed, 0);
    assert!(receipt.total().succeeded > 0);
}

#[tokio::test]
async fn a_forged_offer_does_not_fool_an_importer() {
    let desktop = Desktop::sending_to(VAULT).await;
    let mut importer = Importer::builder(VAULT)
        .connect_to(desktop.bus.address())
        .await
        .unwrap();
    let exporter = credex_tests::exporter::Exporter::join(&desktop).await;
    let monitor = Monitor::listen(&desktop, drop).await;
    let session = exporter.agreed(&[("note", 1)]).await;
    let payload = credex_tests::payload::seal(cxf::sample(), cxf::sample_attachments());
    session.deposit(&payload, &[("note", 1)]).await.unwrap();
    let offer = within("the true offer", importer.next_offer())
        .await
        .unwrap();
    let attacker = desktop.bus.connect().await;
    let (victim, path) = offer_overheard(&monitor).await;
    let path = ObjectPath::try_from(path).unwrap();
    let fresh =
        ObjectPath::from_static_str_unchecked("/org/credex/Exchange1/offer/0123456789abcdef");
    let own_key = credex_protocol::envelope::PrivateKey::generate().unwrap();
    let options = OfferOptions {
        session_public_key: Some(own_key.public_key().as_bytes().to_vec()),
        ..OfferOptions::default()
    };
    let refused = [
        call(&attacker, &victim, "Offer", &(&fresh, options)).await,
        call(
            &attacker,
            &victim,
            "Import",
            &(&fresh, vec![0u8; 64], NoOptions {}),
        )
        .await,
        call(
            &attacker,
            &victim,
            "Import",
            &(&path, vec![0u8; 64], NoOptions {}),
        )
        .await,
        call(
            &attacker,
            &victim,
            "Withdrawn",
            &(
                &path,
                "failed",
                Reason::Internal.dbus_name(),
                "a lie",
                NoOptions {},
            ),
        )
        .await,
    ];
    for refusal in refused {
        assert_eq!(refusal, Some(Reason::AccessDenied));
    }
    let import = offer.redeem(&mut silent).await.unwrap();
    assert_eq!(import.document(), cxf::sample());
    import.complete_all().await.unwrap();
    session.receipt().await;
}

/// To whom the daemon made its offer, and the path of it.
async fn offer_overheard(monitor: &Monitor) -> (String, String) {
    let seen = monitor.seen().await;
    let is_offer = |message: &&Message| {
        let header = message.header();
        header
            .interface()
            .is_some_and(|name| name == names::IMPORTER)
            && header.member().is_some_and(|name| name == "Offer")
    };
    let call = seen.iter().find(is_offer).expect("there was an offer");
    let (path, _): (zbus::zvariant::OwnedObjectPath, OfferOptions) =
        call.body().deserialize().unwrap();
    (
        call.header().destination().unwrap().to_string(),
        path.to_string(),
    )
}

async fn call<B: Serialize + DynamicType>(
    from: &Connection,
    to: &str,
    method: &str,
    body: &B,
) -> Option<Reason> {
    let (path, interface) = (names::IMPORTER_PATH, Some(names::IMPORTER));
    let answer = from.call_method(Some(to), path, interface, method, body);
    let error = within("an answer", answer).await.err();
    error.map(|error| credex_tests::Error::from(error).reason)
}

#[tokio::test]
async fn forged_news_of_the_bus_and_of_the_service_do_not_fool_the_daemon() {
    let scene = Scene::at(State::Offered).await;
    let attacker = scene.desktop.bus.connect().await;
    let news = (
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus",
        "NameOwnerChanged",
    );
    for victim in [scene.exporter.name(), scene.importer.name()] {
        let gone = (victim.as_str(), victim.as_str(), "");
        signal(&attacker, names::BUS_NAME, news, &gone).await;
    }
    // What the service itself would say, said to the service.
    let empty: HashMap<String, u32> = HashMap::new();
    let session = (scene.session().path.as_str(), names::SESSION, "Completed");
    signal(&attacker, names::BUS_NAME, session, &(&empty, &empty)).await;
    let cancelled = (names::CHOOSER_PATH, names::CHOOSER, "Cancelled");
    signal(&attacker, names::BUS_NAME, cancelled, &scene.exchange).await;
    let (opened, _) = scene.offer().redeem().await.unwrap();
    assert_eq!(opened.document, DOCUMENT);
    scene.offer().complete(&Default::default()).await.unwrap();
    scene.session().receipt().await;
    assert_eq!(scene.importer.left().await, [""; 0]);
}
