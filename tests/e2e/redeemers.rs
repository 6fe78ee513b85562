//! Everybody who wants the payload: a thousand at once, with tokens that are none, from other
//! connections, with keys that are none (design §3 and §4).

use credex_protocol::envelope::keywrap::{self, Direction};
use credex_protocol::envelope::{PrivateKey, PublicKey};
use credex_protocol::names::OFFER_PREFIX;
use credex_protocol::wire::{AnnounceOptions, NoOptions, object_path};
use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;
use credex_tests::exporter::Exporter;
use credex_tests::importer::{Importer, Manners, Offer};
use credex_tests::patience::within;
use credex_tests::{Error, Reason};
use futures_util::future::join_all;

use crate::scene::{COUNTS, DOCUMENT, Scene, State, VAULT, payload};

const ROUNDS: usize = 100;
/// Of each of four connections: the rightful one and three others.
const CALLS: usize = 250;

/// What came of many calls of `Import.Redeem` at once.
async fn redeem_at_once(app: &Importer, offer: &Offer, token: &[u8]) -> Vec<Option<Error>> {
    let (proxy, path) = (app.proxy().await, object_path(&offer.path).unwrap());
    let (proxy, path) = (&proxy, &path);
    let call = || async move {
        let answer = proxy.redeem(path, token, NoOptions {}).await;
        answer.err().map(Error::from)
    };
    join_all((0..CALLS).map(|_| call())).await
}

#[tokio::test]
async fn of_a_thousand_redeemers_at_once_the_rightful_one_wins_and_wins_once() {
    let desktop = Desktop::sending_to(VAULT).await;
    let importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let thieves = join_all((0..3).map(|_| Importer::join(&desktop))).await;
    for round in 0..ROUNDS {
        let session = exporter.agreed(COUNTS).await;
        session.deposit(&payload(), COUNTS).await.unwrap();
        let offer = importer.offer().await;
        let token = offer.token_for_service();
        let rightful = redeem_at_once(&importer, &offer, &token);
        let others = thieves
            .iter()
            .map(|thief| redeem_at_once(thief, &offer, &token));
        let all = futures_util::future::join(join_all(others), rightful);
        let (others, rightful) = within("an answer to every redeemer", all).await;
        let reasons = |answers: Vec<Option<Error>>| answers.into_iter().flatten();
        for refusal in others.into_iter().flat_map(reasons) {
            assert_eq!(refusal.reason, Reason::NotFound, "round {round}: {refusal}");
        }
        let refused: Vec<Error> = reasons(rightful).collect();
        assert_eq!(refused.len(), CALLS - 1, "round {round}");
        for refusal in refused {
            assert_eq!(
                refusal.reason,
                Reason::AlreadyRedeemed,
                "round {round}: {refusal}"
            );
        }
        offer.complete(&Default::default()).await.unwrap();
        session.receipt().await;
    }
}

#[tokio::test]
async fn a_flood_of_one_importers_calls_still_redeems_once_and_answers_all() {
    let scene = Scene::at(State::Offered).await;
    let token = scene.offer().token_for_service();
    let floods = (0..4).map(|_| redeem_at_once(&scene.importer, scene.offer(), &token));
    let answers = within("an answer to every call", join_all(floods)).await;
    let answers: Vec<Option<Error>> = answers.into_iter().flatten().collect();
    assert_eq!(answers.iter().filter(|answer| answer.is_none()).count(), 1);
    for refusal in answers.into_iter().flatten() {
        let allowed = [Reason::AlreadyRedeemed, Reason::QuotaExceeded];
        assert!(allowed.contains(&refusal.reason), "{refusal}");
    }
}

/// Things that are no token of `offer`, by name.
fn malformed(offer: &Offer) -> Vec<(&'static str, Vec<u8>)> {
    let (token, service) = (offer.token(), service_key(offer));
    let wrap = |secret: &[u8], to: &PublicKey, direction, path: &str| {
        keywrap::wrap(secret, to, direction, path).unwrap()
    };
    let stranger = PrivateKey::generate().unwrap().public_key();
    let right = offer.token_for_service();
    let mut flipped = right.clone();
    flipped[40] ^= 1;
    let other_path = format!("{OFFER_PREFIX}/0123456789abcdef");
    let back = Direction::TokenToDaemon;
    vec![
        ("nothing", Vec::new()),
        ("a byte less", right[..63].to_vec()),
        ("a byte more", [&right[..], &[0]].concat()),
        ("64 KiB", vec![b'x'; 1 << 16]),
        ("zeros", vec![0; 64]),
        (
            "text",
            br#"{"token":"00000000-0000-0000-0000-000000000000","offer":"{}{}{}"}"#[..64].to_vec(),
        ),
        ("the token in the clear", token.clone()),
        ("the token as it came", offer.sealed_token.clone()),
        ("a flipped bit", flipped),
        (
            "sealed for another offer",
            wrap(&token, &service, back, &other_path),
        ),
        (
            "sealed to another service",
            wrap(&token, &stranger, back, &offer.path),
        ),
        (
            "sealed in the other direction",
            wrap(&token, &service, Direction::TokenToImporter, &offer.path),
        ),
        (
            "a content key",
            wrap(&[7; 32], &service, Direction::DaemonToImporter, &offer.path),
        ),
        ("another token", offer.seal_token(&[7; 16])),
        ("no token at all, well sealed", offer.seal_token(&[0; 16])),
    ]
}

fn service_key(offer: &Offer) -> PublicKey {
    let key = offer.options.session_public_key.as_deref();
    PublicKey::from_bytes(key.unwrap()).unwrap()
}

#[tokio::test]
async fn what_is_no_token_is_refused_and_the_payload_stays() {
    let plan = Desktop::plan().limit("token_attempts", 100);
    let mut scene = Scene::planned(State::Offered, plan).await;
    for (name, token) in malformed(scene.offer()) {
        let refused = scene.importer.redeem_raw(&scene.offer().path, &token).await;
        assert_eq!(refused.unwrap_err().reason, Reason::InvalidToken, "{name}");
    }
    let (opened, _) = scene.offer().redeem().await.unwrap();
    assert_eq!(opened.document, DOCUMENT);
    scene.offer().complete(&Default::default()).await.unwrap();
    assert!(scene.desktop.daemon().process.is_running());
    assert_eq!(scene.exporter.status().await.exchanges, Some(0));
}

#[tokio::test]
async fn the_tokens_of_two_offers_cannot_be_swapped() {
    let one = Scene::at(State::Offered).await;
    let session = one.exporter.agreed(COUNTS).await;
    session.deposit(&payload(), COUNTS).await.unwrap();
    let two = one.importer.offer().await;
    for (offer, token) in [(one.offer(), &two), (&two, one.offer())] {
        for sealed in [token.token_for_service(), offer.seal_token(&token.token())] {
            let refused = one.importer.redeem_raw(&offer.path, &sealed).await;
            assert_eq!(refused.unwrap_err().reason, Reason::InvalidToken);
        }
    }
    one.offer().redeem().await.unwrap();
    two.redeem().await.unwrap();
}

#[tokio::test]
async fn an_offer_is_known_by_its_own_path_alone() {
    let scene = Scene::at(State::Offered).await;
    let (offer, importer) = (scene.offer(), &scene.importer);
    let id = offer.path.rsplit('/').next().unwrap();
    let strays = [
        "/".to_owned(),
        OFFER_PREFIX.to_owned(),
        format!("{OFFER_PREFIX}/{id}/more"),
        format!("{OFFER_PREFIX}/0{id}"),
        format!("{OFFER_PREFIX}/{}", id.to_uppercase() + "_"),
        format!("{OFFER_PREFIX}/{}{id}", "0".repeat(100_000)),
        format!("/org/credex/Exchange1/session/{id}"),
        scene.session().path.clone(),
    ];
    let token = offer.token_for_service();
    for stray in &strays {
        let shown = &stray[..stray.len().min(60)];
        let path = object_path(stray).unwrap();
        let refusals = [
            importer.redeem_raw(stray, &token).await.map(drop),
            importer
                .proxy()
                .await
                .extend(&path, 1, NoOptions {})
                .await
                .map(drop)
                .map_err(Error::from),
            importer
                .proxy()
                .await
                .decline(&path, "", NoOptions {})
                .await
                .map_err(Error::from),
        ];
        for refusal in refusals {
            let refusal = refusal.expect_err(shown);
            assert_eq!(refusal.reason, Reason::NotFound, "{shown}: {refusal}");
            assert!(
                refusal.message.len() < 1024,
                "{shown}: the answer repeats too much"
            );
        }
    }
    assert_eq!(offer.redeem().await.unwrap().0.document, DOCUMENT);
}

#[tokio::test]
async fn a_token_is_worth_nothing_to_the_right_app_on_another_connection() {
    let scene = Scene::at(State::Offered).await;
    let token = scene.offer().token_for_service();
    let again = Importer::join(&scene.desktop).await;
    let announced = again.announce(VAULT, AnnounceOptions::default()).await;
    announced.expect("an app may connect twice");
    let refused = again.redeem_raw(&scene.offer().path, &token).await;
    assert_eq!(refused.unwrap_err().reason, Reason::NotFound);
    let path = scene.offer().path.clone();
    scene.importer.clone().vanish().await;
    let (error, handed_over) = scene.session().failure().await;
    assert_eq!(
        (error.reason, handed_over),
        (Reason::ImporterVanished, false)
    );
    let refused = again.redeem_raw(&path, &token).await;
    assert_eq!(refused.unwrap_err().reason, Reason::NotFound);
}

/// Public keys with which anybody could open what is wrapped to them, and what is no key.
fn useless_keys() -> Vec<Vec<u8>> {
    let hex = |digits: &str| data_encoding::HEXLOWER.decode(digits.as_bytes()).unwrap();
    let mut one = vec![0; 32];
    one[0] = 1;
    vec![
        Vec::new(),
        vec![9; 31],
        vec![9; 33],
        vec![9; 1 << 20],
        vec![0; 32],
        one,
        // Points of order 8, p - 1, p and p + 1.
        hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
        hex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
        hex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        hex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        hex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        // The same with the bit that X25519 ignores.
        hex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
    ]
}

#[tokio::test]
async fn an_importer_with_a_useless_key_is_refused_and_reported() {
    for key in useless_keys() {
        let shown = format!("{} bytes {:?}", key.len(), &key[..key.len().min(32)]);
        let plan = Desktop::plan().chooser(Script::choose(VAULT));
        let desktop = plan.open().await;
        let importer = Importer::announced_with(&desktop, VAULT, Manners::Send(key)).await;
        let exporter = Exporter::join(&desktop).await;
        let session = exporter.agreed(COUNTS).await;
        session.deposit(&payload(), COUNTS).await.unwrap();
        let (error, handed_over) = session.failure().await;
        assert_eq!(
            error.reason,
            Reason::ImporterUnavailable,
            "{shown}: {error}"
        );
        assert!(!handed_over, "{shown}");
        let finished = desktop.person.finished().await;
        assert_eq!(finished["handed_over"], false, "{shown}");
        let message = finished["message"].as_str().unwrap();
        assert!(message.contains("public key"), "{shown}: {message}");
        let (path, _) = importer.offered().await;
        assert_eq!(importer.left().await, [""; 0], "{shown}: no token came");
        let refused = importer.redeem_raw(&path, &[0; 64]).await;
        assert_eq!(refused.unwrap_err().reason, Reason::NotFound, "{shown}");
    }
}
