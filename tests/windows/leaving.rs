//! The person says no in every way that there is, or nothing at all: the exporter gets the right answer,
//! on every page.

use credex_tests::Reason;
use credex_tests::desktop::Desktop;
use credex_tests::exporter::Request;
use rustix::process::Signal;

use crate::scene::{COUNTS, Page, Scene, TITLE};

async fn is_declined(request: &Request, how: &str, page: Page) {
    let (response, error) = request.refusal().await;
    assert_eq!(
        (response, error.reason),
        (1, Reason::Cancelled),
        "{how} at {page:?}: {error}"
    );
}

#[tokio::test]
async fn cancel_escape_and_close_decline_on_every_page() {
    let Some(scene) = Scene::open().await else {
        return;
    };
    for page in Page::ALL {
        let request = scene.asked(page).await;
        scene.reader.press("button", "Cancel").await;
        is_declined(&request, "Cancel", page).await;
        scene.no_window_is_left().await;

        let request = scene.asked(page).await;
        scene.screen.give_keyboard_to(TITLE);
        scene.screen.press(&["Escape"]);
        is_declined(&request, "Escape", page).await;
        scene.no_window_is_left().await;

        let request = scene.asked(page).await;
        scene.reader.press("button", "Close").await;
        is_declined(&request, "the close button", page).await;
        scene.no_window_is_left().await;
    }
}

#[tokio::test]
async fn a_chooser_that_is_killed_decides_nothing() {
    for page in Page::ALL {
        let Some(mut scene) = Scene::open().await else {
            return;
        };
        let request = scene.asked(page).await;
        scene.chooser().signal(Signal::KILL);
        let (response, error) = request.refusal().await;
        assert_eq!(
            (response, error.reason),
            (2, Reason::ChooserFailed),
            "{page:?}: {error}"
        );
    }
}

#[tokio::test]
async fn a_question_that_nobody_answers_ends_and_says_so() {
    for page in Page::ALL {
        let mut seconds = 4;
        let (scene, (response, error)) = loop {
            let plan = Desktop::plan().seconds("choose", seconds);
            let Some(scene) = Scene::planned(plan).await else {
                return;
            };
            let request = scene.exporter.ask(COUNTS).await;
            tokio::select! {
                biased;
                () = scene.go_to(page) => break (scene, request.refusal().await),
                // On a busy machine the way there takes longer.
                (response, error) = request.refusal() => {
                    assert_eq!((response, error.reason), (2, Reason::Expired), "{error}");
                    seconds *= 2;
                }
            }
        };
        assert_eq!(
            (response, error.reason),
            (2, Reason::Expired),
            "{page:?}: {error}"
        );
        scene.reader.find("label", "Nothing was sent").await;
        scene.reader.press("button", "Close").await;
        scene.no_window_is_left().await;
    }
}

#[tokio::test]
async fn a_question_that_the_exporter_takes_back_closes() {
    let Some(scene) = Scene::open().await else {
        return;
    };
    for page in Page::ALL {
        let request = scene.asked(page).await;
        request.close().await.unwrap();
        scene.no_window_is_left().await;
    }
}

#[tokio::test]
async fn cancel_stops_what_was_agreed_to_and_nothing_is_handed_over() {
    let Some(scene) = Scene::open().await else {
        return;
    };
    let session = scene.agreed().await;
    scene.reader.find("label", "to hand them over").await;
    scene.reader.press("button", "Cancel").await;
    let (error, handed_over) = session.failure().await;
    assert_eq!(
        (error.reason, handed_over),
        (Reason::Cancelled, false),
        "{error}"
    );
    scene.no_window_is_left().await;

    let session = scene.agreed().await;
    scene.deposit(&session).await;
    scene.importer.offer().await;
    scene.reader.find("label", "to take them").await;
    scene.reader.press("button", "Cancel").await;
    let (error, handed_over) = session.failure().await;
    assert_eq!(
        (error.reason, handed_over),
        (Reason::Cancelled, false),
        "{error}"
    );
    scene.no_window_is_left().await;
}

#[tokio::test]
async fn an_importer_that_never_takes_them_is_told_of_with_what_was_not_handed_over() {
    let plan = Desktop::plan().seconds("offer", 3);
    let Some(scene) = Scene::planned(plan).await else {
        return;
    };
    let session = scene.agreed().await;
    scene.deposit(&session).await;
    scene.importer.offer().await;
    let (error, handed_over) = session.failure().await;
    assert!(!handed_over, "{error}");
    scene.reader.find("label", "was given nothing").await;
    scene.reader.press("button", "Close").await;
    scene.no_window_is_left().await;
}

#[tokio::test]
async fn what_was_handed_over_goes_on_without_its_window() {
    let Some(scene) = Scene::open().await else {
        return;
    };
    let session = scene.agreed().await;
    scene.deposit(&session).await;
    let offer = scene.importer.offer().await;
    offer.redeem().await.unwrap();
    scene.reader.find("label", "is storing them").await;
    scene.reader.press("button", "Close").await;
    scene.no_window_is_left().await;
    offer.complete(&Default::default()).await.unwrap();
    session.receipt().await;
}
