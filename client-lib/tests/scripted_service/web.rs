//! An app that shares a password, and a service that is made to behave in every way.

use credex::{Change, Error, Password, Reason, SharedWebCredentials, Wanted, WebCredential};
use credex_protocol::envelope::keywrap::Direction;
use credex_protocol::envelope::{PrivateKey, PublicKey};
use credex_protocol::names::{REQUEST, request_path};
use credex_protocol::wire::{AddOptions, WebRequestOptions, WebResults};
use tokio::task::JoinHandle;
use zbus::Message;
use zbus::zvariant::OwnedObjectPath;

use crate::stage::{Bus, Service, forge, sender, signal};

const DOMAIN: &str = "example.org";

fn password() -> Password {
    Password::new(b"geheim".to_vec()).unwrap()
}

async fn app(bus: &Bus) -> SharedWebCredentials {
    let app = SharedWebCredentials::connect_to(bus.address(), "org.example.Shop");
    app.await.unwrap()
}

/// An app that adds a password.
async fn adding(bus: &Bus) -> JoinHandle<credex::Result<Change>> {
    let app = app(bus).await;
    tokio::spawn(async move { app.add(DOMAIN, "ada", &password()).await })
}

/// An app that asks for one, its call, and the path at which it waits.
async fn requesting(
    bus: &Bus,
    service: &mut Service,
) -> (JoinHandle<credex::Result<WebCredential>>, Message, String) {
    let app = app(bus).await;
    let asking = tokio::spawn(async move { app.request(Wanted::any()).await });
    let ping = service.called("Ping").await;
    service.answer(&ping, &()).await;
    let call = service.called("Request").await;
    let body = call.body();
    let (_, _, options): (String, Vec<u8>, WebRequestOptions) = body.deserialize().unwrap();
    let path = request_path(&sender(&call), &options.handle_token.unwrap());
    (asking, call, path)
}

fn path(path: &str) -> OwnedObjectPath {
    OwnedObjectPath::try_from(path.to_owned()).unwrap()
}

/// What the service sends: a password that is sealed to the key in `call`.
fn sealed(call: &Message, at: &str) -> WebResults {
    let body = call.body();
    let (_, key, _): (String, Vec<u8>, WebRequestOptions) = body.deserialize().unwrap();
    let key = PublicKey::from_bytes(&key).unwrap();
    let to_app = Direction::PasswordToApp;
    WebResults {
        domain: Some(DOMAIN.to_owned()),
        port: Some(443),
        account: Some("ada".to_owned()),
        sealed_password: Some(password().seal(&key, to_app, 0, at).unwrap()),
        ..WebResults::default()
    }
}

#[tokio::test]
async fn a_password_is_sealed_to_the_services_key_for_its_own_request() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let adding = adding(&bus).await;
    let ours = PrivateKey::generate().unwrap();
    let call = service.called("GetKey").await;
    let key = (ours.public_key().as_bytes().to_vec(), 7_u64);
    service.answer(&call, &key).await;
    let call = service.called("Add").await;
    let body = call.body();
    let (_, domain, account, sealed, options): (String, String, String, Vec<u8>, AddOptions) =
        body.deserialize().unwrap();
    assert_eq!((domain.as_str(), account.as_str()), (DOMAIN, "ada"));
    let at = request_path(&sender(&call), &options.handle_token.unwrap());
    let to_us = Direction::PasswordToDaemon;
    let opened = Password::open(&sealed, &ours, to_us, 7, &at).unwrap();
    assert_eq!(opened.expose(), "geheim");
    service.answer(&call, &path(&at)).await;
    let results = WebResults {
        outcome: Some("added".to_owned()),
        ..WebResults::default()
    };
    let there = (at.as_str(), REQUEST, "Response");
    signal(
        &service.connection,
        &sender(&call),
        there,
        &(0_u32, results),
    )
    .await;
    assert_eq!(adding.await.unwrap().unwrap(), Change::Added);
}

#[tokio::test]
async fn who_gives_a_key_in_the_services_place_gets_no_password() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let impostor = bus.anybody().await;
    let adding = adding(&bus).await;
    let call = service.called("GetKey").await;
    let theirs = PrivateKey::generate().unwrap().public_key();
    forge(&impostor, &call, &(theirs.as_bytes().to_vec(), 7_u64)).await;
    let error = adding.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::NotTheService { .. }), "{error:?}");
}

#[tokio::test]
async fn a_password_from_anybody_but_the_service_is_none() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let impostor = bus.anybody().await;
    let (asking, call, at) = requesting(&bus, &mut service).await;
    service.answer(&call, &path(&at)).await;
    let there = (at.as_str(), REQUEST, "Response");
    let forged = (0_u32, sealed(&call, &at));
    signal(&impostor, &sender(&call), there, &forged).await;
    let declined = WebResults {
        error: Some(Reason::Declined.dbus_name().to_owned()),
        stage: Some("consent".to_owned()),
        ..WebResults::default()
    };
    signal(
        &service.connection,
        &sender(&call),
        there,
        &(1_u32, declined),
    )
    .await;
    match asking.await.unwrap().unwrap_err() {
        Error::Web(refusal) => {
            assert_eq!(refusal.reason, Reason::Declined);
            assert_eq!(refusal.stage, "consent");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_password_that_was_sealed_for_another_request_does_not_open() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let (asking, call, at) = requesting(&bus, &mut service).await;
    service.answer(&call, &path(&at)).await;
    let there = (at.as_str(), REQUEST, "Response");
    let elsewhere = (0_u32, sealed(&call, &format!("{at}0")));
    signal(&service.connection, &sender(&call), there, &elsewhere).await;
    let error = asking.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Password(_)), "{error:?}");
}

#[tokio::test]
async fn to_drop_a_question_takes_it_back() {
    let bus = Bus::start();
    let mut service = bus.service().await;
    let (asking, call, at) = requesting(&bus, &mut service).await;
    service.answer(&call, &path(&at)).await;
    asking.abort();
    let close = service.called("Close").await;
    assert_eq!(close.header().path().unwrap().as_str(), at);
}
