//! An exporter and a service that is made to behave in every way: `Export`, `Request`, `Session`.

use credex::{Error, ExportRequest, Exporter, Grant, Outcome, Reason};
use credex_protocol::envelope::PrivateKey;
use credex_protocol::names::{REQUEST, SESSION};
use credex_protocol::wire::{
    ClosedDetails, CompleteOptions, ExportOptions, ExportResults, Receipt, Tally,
};
use tokio::task::JoinHandle;
use zbus::Message;
use zbus::zvariant::OwnedObjectPath;

use crate::stage::{Bus, Service, forge, forge_refusal, sender, signal};

type Asked = JoinHandle<credex::Result<Grant>>;

/// An exporter that has asked, and the call by which it did.
async fn asked(bus: &Bus, service: &mut Service) -> (Asked, Message) {
    let exporter = Exporter::connect_to(bus.address(), "org.example.Vault");
    let exporter = exporter.await.unwrap();
    let asked = tokio::spawn(async move { exporter.request(ExportRequest::new()).await });
    (asked, service.called("RequestExport").await)
}

/// Where the request and the session of a call are.
fn paths(call: &Message) -> (OwnedObjectPath, OwnedObjectPath) {
    let body = call.body();
    let (_, options): (String, ExportOptions) = body.deserialize().unwrap();
    let request =
        credex_protocol::names::request_path(&sender(call), &options.handle_token.unwrap());
    let token = options.session_handle_token.unwrap();
    let session = credex_protocol::names::session_path(&sender(call), &token);
    let path = |path: String| OwnedObjectPath::try_from(path).unwrap();
    (path(request), path(session))
}

fn consent(session: OwnedObjectPath, types: &[&str]) -> (u32, ExportResults) {
    let key = PrivateKey::generate().unwrap().public_key();
    let results = ExportResults {
        session: Some(session),
        format_version: Some("1.0".to_owned()),
        session_public_key: Some(key.as_bytes().to_vec()),
        types: Some(types.iter().copied().map(String::from).collect()),
        ..ExportResults::default()
    };
    (0, results)
}

/// A grant of `types`, the exporter's unique name, and the path of its session.
async fn granted(bus: &Bus, service: &mut Service, types: &[&str]) -> (Grant, String, String) {
    let (asked, call) = asked(bus, service).await;
    let (request, session) = paths(&call);
    service.answer(&call, &request).await;
    let answer = consent(session.clone(), types);
    let there = (request.as_str(), REQUEST, "Response");
    signal(&service.connection, &sender(&call), there, &answer).await;
    let grant = asked.await.unwrap().unwrap();
    (grant, sender(&call), session.to_string())
}

const NOTE: &str = r#"{"version":{"major":1,"minor":0},"exporterRpId":"e","exporterDisplayName":"e",
    "timestamp":1,"accounts":[{"id":"YQ","username":"","email":"","collections":[],"items":[
    {"id":"Yg","title":"t","credentials":[{"type":"note","content":{"fieldType":"string",
    "value":"v"}},{"type":"totp","secret":"MFRGG","period":30,"digits":6,"algorithm":"sha1"}]}]}]}"#;

#[tokio::test]
async fn an_answer_from_anybody_but_the_service_is_no_answer() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let impostor = bus.anybody().await;
    let (asked, call) = asked(&bus, &mut service).await;
    let (request, session) = paths(&call);
    let there = (request.as_str(), REQUEST, "Response");

    let forged = consent(session, &["note"]);
    signal(&impostor, &sender(&call), there, &forged).await;
    service.answer(&call, &request).await;
    signal(&impostor, &sender(&call), there, &forged).await;
    let declined = (1_u32, ExportResults::default());
    signal(&service.connection, &sender(&call), there, &declined).await;

    let error = asked.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Declined(_)), "{error:?}");
}

#[tokio::test]
async fn who_answers_in_the_services_place_gets_nothing_sealed_to_its_key() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let impostor = bus.anybody().await;
    let (asked, call) = asked(&bus, &mut service).await;
    let (request, session) = paths(&call);

    forge(&impostor, &call, &request).await;
    let there = (request.as_str(), REQUEST, "Response");
    let forged = consent(session, &["note"]);
    signal(&impostor, &sender(&call), there, &forged).await;

    let error = asked.await.unwrap().unwrap_err();
    let Error::NotTheService { sender, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(sender, impostor.unique_name().unwrap().as_str());
    // The person may be looking at the real question by now.
    let close = service.called("Close").await;
    assert_eq!(close.header().path().unwrap().as_str(), request.as_str());
}

#[tokio::test]
async fn nobody_refuses_in_the_services_place() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let impostor = bus.anybody().await;
    let (asked, call) = asked(&bus, &mut service).await;
    let nobody = credex_protocol::Error::plain(Reason::NoImporter);
    forge_refusal(&impostor, &call, nobody).await;
    let error = asked.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::NotTheService { .. }), "{error:?}");
}

#[tokio::test]
async fn nobody_takes_a_deposit_in_the_services_place() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let impostor = bus.anybody().await;
    let (grant, _, _) = granted(&bus, &mut service, &["note"]).await;
    let sent = tokio::spawn(async move { grant.send(NOTE).await });
    let deposit = service.called("Deposit").await;
    forge(&impostor, &deposit, &u64::MAX).await;
    let error = sent.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::NotTheService { .. }), "{error:?}");
}

#[tokio::test]
async fn the_bus_is_asked_only_once_who_the_service_is() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let mut calls = bus.calls_to_the_bus().await;
    let exporter = Exporter::connect_to(bus.address(), "org.example.Vault");
    let exporter = exporter.await.unwrap();
    for _ in 0..3 {
        let exporter = exporter.clone();
        let asked = tokio::spawn(async move { exporter.request(ExportRequest::new()).await });
        let call = service.called("RequestExport").await;
        let busy = credex_protocol::Error::plain(Reason::QuotaExceeded);
        service.refuse(&call, busy).await;
        let error = asked.await.unwrap().unwrap_err();
        assert_eq!(error.reason(), Some(Reason::QuotaExceeded));
    }
    let calls = calls.until(&bus.anybody().await).await;
    let asked = calls.iter().filter(|member| *member == "GetNameOwner");
    assert_eq!(asked.count(), 1, "{calls:?}");
}

#[tokio::test]
async fn why_nobody_could_be_asked_is_told() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let (asked, call) = asked(&bus, &mut service).await;
    let (request, _) = paths(&call);
    service.answer(&call, &request).await;
    let results = ExportResults {
        error: Some("NoImporter".to_owned()),
        ..ExportResults::default()
    };
    let there = (request.as_str(), REQUEST, "Response");
    signal(
        &service.connection,
        &sender(&call),
        there,
        &(2_u32, results),
    )
    .await;
    let error = asked.await.unwrap().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::NoImporter));
    assert!(
        error.to_string().contains("No app on this computer"),
        "{error}"
    );
}

#[tokio::test]
async fn a_question_that_is_dropped_is_taken_back() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let (asked, call) = asked(&bus, &mut service).await;
    let (request, _) = paths(&call);
    asked.abort();
    let close = service.called("Close").await;
    assert_eq!(close.header().path().unwrap().as_str(), request.as_str());
}

#[tokio::test]
async fn a_service_that_leaves_the_bus_ends_the_question() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let (asked, call) = asked(&bus, &mut service).await;
    service.answer(&call, &paths(&call).0).await;
    service.connection.close().await.unwrap();
    let error = asked.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::ServiceStopped(_)), "{error:?}");
}

#[tokio::test]
async fn a_grant_that_is_dropped_calls_the_exchange_off() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let (grant, _, session) = granted(&bus, &mut service, &["note"]).await;
    drop(grant);
    let close = service.called("Close").await;
    assert_eq!(close.header().path().unwrap().as_str(), session);
}

#[tokio::test]
async fn what_was_not_let_go_is_neither_sent_nor_counted() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let (grant, exporter, session) = granted(&bus, &mut service, &["note"]).await;
    let sent = tokio::spawn(async move { grant.send(NOTE).await });

    let deposit = service.called("Deposit").await;
    let body = deposit.body();
    type Deposit = (
        zbus::zvariant::OwnedFd,
        Vec<u8>,
        credex_protocol::wire::Counts,
        credex_protocol::wire::NoOptions,
    );
    let (payload, _, counts, _): Deposit = body.deserialize().unwrap();
    assert_eq!(counts, [("note".to_owned(), 1)].into());
    let payload = credex_protocol::envelope::CheckedEnvelope::check(payload.into(), 1 << 20);
    assert!(payload.unwrap().plaintext_len() < NOTE.len() as u64);
    service.answer(&deposit, &u64::MAX).await;

    let mut delivery = sent.await.unwrap().unwrap();
    let taken = Tally {
        succeeded: 1,
        ..Tally::default()
    };
    let receipt: Receipt = [("note".to_owned(), taken)].into();
    let there = (session.as_str(), SESSION, "Completed");
    let body = (receipt.clone(), CompleteOptions::default());
    signal(&service.connection, &exporter, there, &body).await;
    assert_eq!(delivery.receipt().await.unwrap().types, receipt);
}

#[tokio::test]
async fn a_session_that_ended_during_the_sealing_says_why() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let (grant, exporter, session) = granted(&bus, &mut service, &["note", "totp"]).await;
    let sent = tokio::spawn(async move { grant.send(NOTE).await });
    let deposit = service.called("Deposit").await;
    let there = (session.as_str(), SESSION, "Closed");
    let details = ClosedDetails {
        handed_over: Some(false),
    };
    let closed = ("cancelled", "Cancelled", "The person stopped it.", details);
    signal(&service.connection, &exporter, there, &closed).await;
    let gone = credex_protocol::Error::plain(Reason::NotFound);
    service.refuse(&deposit, gone).await;

    let error = sent.await.unwrap().unwrap_err();
    let Error::Ended(ended) = error else {
        panic!("{error:?}");
    };
    assert_eq!(ended.outcome, Outcome::Cancelled);
    assert_eq!(ended.message, "The person stopped it.");
}

#[tokio::test]
async fn a_document_that_nobody_could_import_is_refused_before_anybody_is_asked() {
    let bus = Bus::start();
    let exporter = Exporter::connect_to(bus.address(), "org.example.Vault");
    let error = exporter.await.unwrap().export("{}").await.unwrap_err();
    assert!(matches!(error, Error::Document(_)), "{error:?}");
}

#[tokio::test]
async fn without_a_service_the_error_says_so() {
    let bus = Bus::start();
    let exporter = Exporter::connect_to(bus.address(), "org.example.Vault");
    let error = exporter.await.unwrap().export(NOTE).await.unwrap_err();
    assert!(matches!(error, Error::ServiceStopped(_)), "{error:?}");
}
