//! Somebody goes, or changes his mind, in any state: whoever is left is told once, and nothing stays
//! behind (design §3: "No request ends unanswered").

use credex_tests::Reason;
use credex_tests::exporter::Exporter;
use credex_tests::process::Peer;
use rustix::process::Signal;

use crate::scene::{COUNTS, DOCUMENT, Scene, State, payload};

/// The states before the payload was handed over.
fn before_hand_over() -> impl Iterator<Item = State> {
    State::ALL
        .into_iter()
        .filter(|state| *state < State::Claimed)
}

/// The importer is told if it had an offer, and of nothing otherwise.
async fn importer_is_told(scene: &Scene, state: State, reason: Reason) {
    if state >= State::Offered {
        let withdrawn = scene.importer.withdrawn().await;
        assert_eq!(withdrawn.error.reason, reason, "{state:?}");
        assert_eq!(withdrawn.offer, scene.offer().path, "{state:?}");
        if state == State::Offered {
            let refused = scene.offer().redeem().await.unwrap_err();
            assert_eq!(refused.reason, reason, "{state:?}");
        }
    }
    assert_eq!(scene.importer.left().await, [""; 0], "{state:?}");
}

#[tokio::test]
async fn an_exporter_that_leaves_the_bus_has_called_everything_off() {
    for state in before_hand_over() {
        let mut scene = Scene::at(state).await;
        scene.exporter.clone().vanish().await;
        let finished = scene.desktop.person.finished().await;
        assert_eq!(finished["outcome"], "cancelled", "{state:?}: {finished}");
        importer_is_told(&scene, state, Reason::Cancelled).await;
        scene.nothing_is_left().await;
    }
}

#[tokio::test]
async fn an_exporter_that_leaves_after_the_hand_over_only_misses_the_receipt() {
    let mut scene = Scene::at(State::Claimed).await;
    scene.exporter.clone().vanish().await;
    scene.offer().complete(&Default::default()).await.unwrap();
    assert_eq!(
        scene.desktop.person.finished().await["outcome"],
        "completed"
    );
    scene.nothing_is_left().await;
}

#[tokio::test]
async fn an_exporter_that_closes_is_not_answered_any_more() {
    for state in before_hand_over() {
        let mut scene = Scene::at(state).await;
        match &scene.session {
            Some(session) => session.close().await.unwrap(),
            None => scene.request.close().await.unwrap(),
        }
        let finished = scene.desktop.person.finished().await;
        assert_eq!(finished["outcome"], "cancelled", "{state:?}: {finished}");
        importer_is_told(&scene, state, Reason::Cancelled).await;
        assert_eq!(scene.exporter.left().await, [""; 0], "{state:?}");
        scene.nothing_is_left().await;
    }
}

#[tokio::test]
async fn an_importer_that_leaves_before_the_deposit_turns_out_to_be_gone_at_the_deposit() {
    let mut scene = Scene::at(State::Exporting).await;
    scene.importer.clone().vanish().await;
    scene.session().deposit(&payload(), COUNTS).await.unwrap();
    let (error, handed_over) = scene.session().failure().await;
    assert_eq!(error.reason, Reason::ImporterUnavailable, "{error}");
    assert!(!handed_over);
    assert_eq!(scene.exporter.left().await, [""; 0]);
    scene.nothing_is_left().await;
}

#[tokio::test]
async fn an_importer_that_leaves_with_an_offer_ends_the_exchange() {
    let cases = [
        (State::Deposited, Reason::ImporterUnavailable),
        (State::Offered, Reason::ImporterVanished),
        (State::Claimed, Reason::ImporterVanished),
    ];
    for (state, reason) in cases {
        let mut scene = Scene::at(state).await;
        scene.importer.clone().vanish().await;
        let (error, handed_over) = scene.session().failure().await;
        assert_eq!(error.reason, reason, "{state:?}: {error}");
        assert_eq!(handed_over, state == State::Claimed, "{state:?}");
        let finished = scene.desktop.person.finished().await;
        assert_eq!(finished["outcome"], "failed", "{state:?}");
        assert_eq!(finished["handed_over"], handed_over, "{state:?}");
        assert_eq!(scene.exporter.left().await, [""; 0], "{state:?}");
        scene.nothing_is_left().await;
    }
}

#[tokio::test]
async fn a_chooser_that_is_killed_while_it_asks_ends_the_request() {
    let mut scene = Scene::at(State::Choosing).await;
    Peer::of_pid(scene.chooser).unwrap().signal(Signal::KILL);
    let (response, error) = scene.request.refusal().await;
    assert_eq!(
        (response, error.reason),
        (2, Reason::ChooserFailed),
        "{error}"
    );
    assert_eq!(scene.exporter.left().await, [""; 0]);
    scene.nothing_is_left().await;
}

#[tokio::test]
async fn a_chooser_that_is_killed_later_takes_nothing_with_it() {
    for state in [
        State::Exporting,
        State::Deposited,
        State::Offered,
        State::Claimed,
    ] {
        let mut scene = Scene::at(state).await;
        let chooser = Peer::of_pid(scene.chooser).unwrap();
        chooser.signal(Signal::KILL);
        chooser.ended().await;
        if state == State::Exporting {
            scene.session().deposit(&payload(), COUNTS).await.unwrap();
            assert_eq!(scene.importer.import().await.document, DOCUMENT);
            scene.session().receipt().await;
        } else if state == State::Claimed {
            scene.offer().complete(&Default::default()).await.unwrap();
            scene.session().receipt().await;
        } else {
            scene.session().close().await.unwrap();
        }
        assert_eq!(scene.exporter.left().await, [""; 0], "{state:?}");
        scene.nothing_is_left().await;
    }
}

#[tokio::test]
async fn the_person_can_stop_what_she_agreed_to_until_it_is_handed_over() {
    for state in [State::Exporting, State::Deposited, State::Offered] {
        let mut scene = Scene::at(state).await;
        scene.desktop.person.stops(&scene.exchange).await;
        let (error, handed_over) = scene.session().failure().await;
        assert_eq!(error.reason, Reason::Cancelled, "{state:?}: {error}");
        assert!(error.message.contains("person"), "{state:?}: {error}");
        assert!(!handed_over);
        importer_is_told(&scene, state, Reason::Cancelled).await;
        assert_eq!(scene.exporter.left().await, [""; 0], "{state:?}");
        scene.nothing_is_left().await;
    }
}

#[tokio::test]
async fn the_person_cannot_stop_what_was_handed_over() {
    let mut scene = Scene::at(State::Claimed).await;
    scene.desktop.person.stops(&scene.exchange).await;
    scene.offer().complete(&Default::default()).await.unwrap();
    scene.session().receipt().await;
    scene.nothing_is_left().await;
}

#[tokio::test]
async fn a_daemon_that_is_asked_to_stop_tells_everybody_first() {
    for state in State::ALL {
        let mut scene = Scene::at(state).await;
        let status = scene.desktop.daemon().process.stop().await;
        assert!(status.success(), "{state:?}: {status}");
        let reason = match &scene.session {
            Some(session) => {
                let (error, handed_over) = session.failure().await;
                assert_eq!(handed_over, state == State::Claimed, "{state:?}");
                error.reason
            }
            None => scene.request.refusal().await.1.reason,
        };
        assert_eq!(reason, Reason::ServiceStopped, "{state:?}");
        if state >= State::Offered {
            let withdrawn = scene.importer.withdrawn().await;
            assert_eq!(withdrawn.error.reason, Reason::ServiceStopped, "{state:?}");
        }
        scene.desktop.person.finished().await;
        scene.restart_daemon().await;
        assert_eq!(Exporter::left(&scene.exporter).await, [""; 0], "{state:?}");
        scene.nothing_is_left().await;
    }
}
