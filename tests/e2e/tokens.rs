//! The token: single use, bound to the importer, and told apart when it no longer serves (design §3).

use credex_tests::Reason;
use credex_tests::desktop::Desktop;
use credex_tests::importer::Importer;

use crate::scene::{DOCUMENT, Scene, State};

#[tokio::test]
async fn a_token_redeems_once() {
    let scene = Scene::at(State::Claimed).await;
    let error = scene.offer().redeem().await.unwrap_err();
    assert_eq!(error.reason, Reason::AlreadyRedeemed, "{error}");
    scene.offer().complete(&Default::default()).await.unwrap();
    let error = scene.offer().redeem().await.unwrap_err();
    assert_eq!(error.reason, Reason::AlreadyRedeemed, "{error}");
    let error = scene
        .offer()
        .complete(&Default::default())
        .await
        .unwrap_err();
    assert_eq!(error.reason, Reason::AlreadyRedeemed, "{error}");
}

#[tokio::test]
async fn of_many_that_redeem_at_once_one_succeeds() {
    let scene = Scene::at(State::Offered).await;
    let offer = scene.offer();
    let all = (0..20).map(|_| offer.redeem());
    let all = futures_util::future::join_all(all).await;
    let (taken, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
    assert_eq!(taken.len(), 1);
    for refusal in refused {
        assert_eq!(refusal.unwrap_err().reason, Reason::AlreadyRedeemed);
    }
}

#[tokio::test]
async fn a_token_is_worth_nothing_to_another_app() {
    let scene = Scene::at(State::Offered).await;
    let token = scene.offer().token_for_service();
    let thief = Importer::join(&scene.desktop).await;
    for _ in 0..10 {
        let error = thief
            .redeem_raw(&scene.offer().path, &token)
            .await
            .unwrap_err();
        assert_eq!(error.reason, Reason::NotFound, "{error}");
    }
    let (opened, _) = scene.offer().redeem().await.unwrap();
    assert_eq!(opened.document, DOCUMENT);
}

#[tokio::test]
async fn a_few_wrong_tokens_are_forgiven_and_no_more() {
    let plan = Desktop::plan().limit("token_attempts", 3);
    let mut scene = Scene::planned(State::Offered, plan).await;
    let offer = scene.offer();
    let wrong = offer.seal_token(&[7; 16]);
    let garbage = vec![7; 64];
    for attempt in [&wrong, &garbage] {
        let error = scene
            .importer
            .redeem_raw(&offer.path, attempt)
            .await
            .unwrap_err();
        assert_eq!(error.reason, Reason::InvalidToken, "{error}");
    }
    let error = scene
        .importer
        .redeem_raw(&offer.path, &wrong)
        .await
        .unwrap_err();
    assert_eq!(error.reason, Reason::AttemptsExhausted, "{error}");
    let error = offer.redeem().await.unwrap_err();
    assert_eq!(error.reason, Reason::AttemptsExhausted, "{error}");
    let (error, handed_over) = scene.session().failure().await;
    assert_eq!(error.reason, Reason::AttemptsExhausted, "{error}");
    assert!(!handed_over);
    assert_eq!(scene.exporter.left().await, [""; 0]);
    scene.nothing_is_left().await;
}

#[tokio::test]
async fn an_offer_that_nobody_takes_expires_and_only_its_importer_learns_how() {
    let plan = Desktop::plan().seconds("offer", 1);
    let mut scene = Scene::planned(State::Offered, plan).await;
    let (error, handed_over) = scene.session().failure().await;
    assert_eq!(error.reason, Reason::Expired, "{error}");
    assert!(!handed_over);
    assert_eq!(
        scene.importer.withdrawn().await.error.reason,
        Reason::Expired
    );
    let error = scene.offer().redeem().await.unwrap_err();
    assert_eq!(error.reason, Reason::Expired, "{error}");
    let stranger = Importer::join(&scene.desktop).await;
    let token = scene.offer().token_for_service();
    let error = stranger
        .redeem_raw(&scene.offer().path, &token)
        .await
        .unwrap_err();
    assert_eq!(error.reason, Reason::NotFound, "{error}");
    scene.nothing_is_left().await;
}

#[tokio::test]
async fn an_importer_can_have_the_offer_extended_but_not_for_ever_and_never_shortened() {
    let plan = Desktop::plan()
        .seconds("offer", 300)
        .seconds("extended", 400);
    let scene = Scene::planned(State::Offered, plan).await;
    let first = scene.offer().options.expires.unwrap();
    assert_eq!(
        scene.offer().extend(10).await.unwrap(),
        first,
        "it is not shortened"
    );
    let longer = scene.offer().extend(350).await.unwrap();
    assert!(
        (first + 45_000..=first + 100_000).contains(&longer),
        "{first} {longer}"
    );
    let longest = scene.offer().extend(100_000).await.unwrap();
    assert_eq!(longest, first + 100_000, "at most 400 s from the deposit");
    assert_eq!(scene.offer().redeem().await.unwrap().0.document, DOCUMENT);
}

#[tokio::test]
async fn an_importer_that_declines_gives_the_exporter_its_reason() {
    for state in [State::Offered, State::Claimed] {
        let mut scene = Scene::at(state).await;
        scene.offer().decline("the disk is full").await.unwrap();
        let (error, handed_over) = scene.session().failure().await;
        assert_eq!(error.reason, Reason::ImporterDeclined, "{error}");
        assert!(error.message.contains("the disk is full"), "{error}");
        assert_eq!(handed_over, state == State::Claimed);
        assert_eq!(scene.importer.left().await, [""; 0]);
        scene.nothing_is_left().await;
    }
}

#[tokio::test]
async fn an_importer_that_never_reports_is_not_waited_for_for_ever() {
    let plan = Desktop::plan().seconds("receipt", 1);
    let mut scene = Scene::planned(State::Claimed, plan).await;
    let (error, handed_over) = scene.session().failure().await;
    assert_eq!(error.reason, Reason::NoReceipt, "{error}");
    assert!(handed_over);
    scene.nothing_is_left().await;
}
