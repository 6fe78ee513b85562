//! An importer and a service that is made to behave in every way: `Importer1`, `Import`.

use std::io::Write;

use credex::{Error, Importer, Reason};
use credex_protocol::envelope::keywrap::{self, Direction};
use credex_protocol::envelope::parts::{Part, write_part_header};
use credex_protocol::envelope::{ContentKey, PrivateKey, PublicKey, Sealer, memfd};
use credex_protocol::proxy::ImporterProxy;
use credex_protocol::wire::{AnnounceOptions, NoOptions, OfferOptions, RedeemResults};
use zbus::zvariant::{Fd, ObjectPath};
use zbus::{Connection, Message};

use crate::stage::{Bus, Service, forge, sender};

const OFFER: &str = "/org/credex/Exchange1/offer/1";

/// An importer that has announced itself, and its unique name.
async fn announced(bus: &Bus, service: &mut Service) -> (Importer, String) {
    let address = bus.address().to_owned();
    let importer = tokio::spawn(async move {
        let importer = Importer::builder("org.example.Vault").name("Vault");
        importer.connect_to(&address).await.unwrap()
    });
    let call = service.called("Announce").await;
    service.answer(&call, &()).await;
    (importer.await.unwrap(), sender(&call))
}

async fn importer_seen_by<'a>(who: &Connection, name: &'a str) -> ImporterProxy<'a> {
    ImporterProxy::builder(who)
        .destination(name)
        .unwrap()
        .build()
        .await
        .unwrap()
}

fn offer() -> ObjectPath<'static> {
    ObjectPath::try_from(OFFER).unwrap()
}

fn options() -> OfferOptions {
    let key = PrivateKey::generate().unwrap().public_key();
    OfferOptions {
        session_public_key: Some(key.as_bytes().to_vec()),
        expires: Some(u64::MAX),
        ..OfferOptions::default()
    }
}

/// An offer with a token that is none.
async fn offered(bus: &Bus, service: &mut Service) -> (Importer, String, credex::Offer) {
    let (mut importer, name) = announced(bus, service).await;
    let seen = importer_seen_by(&service.connection, &name).await;
    let key = seen.offer(&offer(), options()).await.unwrap();
    assert_eq!(key.len(), 32);
    seen.import(&offer(), &[0; 64], NoOptions {}).await.unwrap();
    let offer = importer.next_offer().await.unwrap();
    (importer, name, offer)
}

/// An offer with a token that opens, and the key that the importer made for it.
async fn offered_in_earnest(bus: &Bus, service: &mut Service) -> (credex::Offer, PublicKey) {
    let (mut importer, name) = announced(bus, service).await;
    let seen = importer_seen_by(&service.connection, &name).await;
    let key = seen.offer(&offer(), options()).await.unwrap();
    let key = PublicKey::from_bytes(&key).unwrap();
    let token = keywrap::wrap(&[7; 16], &key, Direction::TokenToImporter, OFFER).unwrap();
    seen.import(&offer(), &token, NoOptions {}).await.unwrap();
    (importer.next_offer().await.unwrap(), key)
}

/// Anybody's payload, sealed for the importer whose key this is, and the wrapped content key.
fn sealed_by_anybody(importer: &PublicKey) -> (std::fs::File, Vec<u8>) {
    const DOCUMENT: &[u8] = b"{}";
    let key = ContentKey::generate().unwrap();
    let mut sealer = Sealer::new(memfd::create().unwrap(), &key).unwrap();
    write_part_header(&mut sealer, Part::Document, DOCUMENT.len() as u64).unwrap();
    sealer.write_all(DOCUMENT).unwrap();
    let file = sealer.finish().unwrap();
    memfd::seal(&file).unwrap();
    let to_importer = Direction::DaemonToImporter;
    (file, key.wrap(importer, to_importer, OFFER).unwrap())
}

async fn declined(service: &mut Service) -> (Message, String) {
    let call = service.called("Decline").await;
    let body = call.body();
    let (_, reason, _): (ObjectPath<'_>, String, NoOptions) = body.deserialize().unwrap();
    (call, reason)
}

#[tokio::test]
async fn only_the_service_may_make_an_offer() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let impostor = bus.anybody().await;
    let (_importer, name) = announced(&bus, &mut service).await;
    let seen = importer_seen_by(&impostor, &name).await;
    let refusal = seen.offer(&offer(), options()).await.unwrap_err();
    let refusal = credex_protocol::Error::from(refusal);
    assert_eq!(refusal.reason, Reason::AccessDenied);
    let seen = importer_seen_by(&service.connection, &name).await;
    seen.offer(&offer(), options()).await.unwrap();
}

#[tokio::test]
async fn an_offer_that_comes_before_the_answer_to_the_announcement_is_taken() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let address = bus.address().to_owned();
    let importer = tokio::spawn(async move {
        let importer = Importer::builder("org.example.Vault");
        importer.connect_to(&address).await
    });
    let call = service.called("Announce").await;
    let name = sender(&call);
    let seen = importer_seen_by(&service.connection, &name).await;
    let path = offer();
    let (offered, ()) = tokio::join!(seen.offer(&path, options()), service.answer(&call, &()));
    assert_eq!(offered.unwrap().len(), 32);
    importer.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_app_that_owns_its_name_is_found_without_an_announcement() {
    let bus = Bus::start();
    let service = bus.service().await;
    let importer = Importer::builder("org.example.Vault").own_name(true);
    let _importer = importer.clone().connect_to(bus.address()).await.unwrap();
    let seen = importer_seen_by(&service.connection, "org.example.Vault").await;
    seen.offer(&offer(), options()).await.unwrap();
    let twice = importer.connect_to(bus.address()).await.unwrap_err();
    assert!(matches!(twice, Error::NameTaken { .. }), "{twice:?}");
}

#[tokio::test]
async fn an_importer_announces_itself_to_the_service_that_comes_after() {
    let bus = Bus::start();
    let mut first = bus.service().await;
    let (_importer, name) = announced(&bus, &mut first).await;
    first.connection.close().await.unwrap();
    let mut second = bus.service().await;
    let call = second.called("Announce").await;
    assert_eq!(sender(&call), name);
    let body = call.body();
    let (app_id, options): (String, AnnounceOptions) = body.deserialize().unwrap();
    assert_eq!(app_id, "org.example.Vault");
    assert_eq!(options.name.as_deref(), Some("Vault"));
}

#[tokio::test]
async fn an_offer_that_is_withdrawn_says_why() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let (_importer, name, offered) = offered(&bus, &mut service).await;
    let seen = importer_seen_by(&service.connection, &name).await;
    seen.withdrawn(
        &offer(),
        "expired",
        "Expired",
        "The time was up.",
        NoOptions {},
    )
    .await
    .unwrap();
    let error = offered.withdrawn().await;
    assert_eq!(error.reason(), Some(Reason::Expired));
}

#[tokio::test]
async fn an_offer_that_is_dropped_is_declined() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let (_importer, _, offered) = offered(&bus, &mut service).await;
    drop(offered);
    let (_, reason) = declined(&mut service).await;
    assert_eq!(reason, "The importing app put the offer aside.");
}

#[tokio::test]
async fn an_offer_that_we_ended_ourselves_is_withdrawn_by_nobody() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let (_importer, _, offered) = offered(&bus, &mut service).await;
    let withdrawn = offered.withdrawn();
    drop(offered);
    declined(&mut service).await;
    tokio::select! {
        biased;
        error = withdrawn => panic!("{error}"),
        () = std::future::ready(()) => {}
    }
}

#[tokio::test]
async fn a_token_that_does_not_open_is_not_redeemed_and_the_exporter_is_told() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let (_importer, _, offered) = offered(&bus, &mut service).await;
    let error = offered.redeem(&mut credex::silent).await.unwrap_err();
    assert!(matches!(error, Error::Keywrap(_)), "{error:?}");
    let (_, reason) = declined(&mut service).await;
    assert_eq!(reason, error.to_string());
}

#[tokio::test]
async fn nobodys_payload_is_taken_for_that_of_the_service() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let impostor = bus.anybody().await;
    let (offered, key) = offered_in_earnest(&bus, &mut service).await;
    let redeemed = tokio::spawn(async move { offered.redeem_opaque(&mut credex::silent).await });
    let call = service.called("Redeem").await;

    let (payload, wrapped) = sealed_by_anybody(&key);
    let forged = (Fd::from(&payload), wrapped, RedeemResults::default());
    forge(&impostor, &call, &forged).await;

    let error = redeemed.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::NotTheService { .. }), "{error:?}");
    let (_, reason) = declined(&mut service).await;
    assert_eq!(reason, error.to_string());
}

#[tokio::test]
async fn nobody_takes_an_announcement_in_the_services_place() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let impostor = bus.anybody().await;
    let address = bus.address().to_owned();
    let importer = tokio::spawn(async move {
        let importer = Importer::builder("org.example.Vault");
        importer.connect_to(&address).await
    });
    let call = service.called("Announce").await;
    forge(&impostor, &call, &()).await;
    let error = importer.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::NotTheService { .. }), "{error:?}");
}

#[tokio::test]
async fn a_service_that_leaves_the_bus_ends_its_offers() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let (_importer, _, offered) = offered(&bus, &mut service).await;
    service.connection.close().await.unwrap();
    let error = offered.withdrawn().await;
    assert!(matches!(error, Error::ServiceStopped(_)), "{error:?}");
}
