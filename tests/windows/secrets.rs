//! What the process of the windows never has: keys, tokens and payloads.

use credex_tests::memory::{Memory, disguises};
use credex_tests::payload;

use crate::scene::{COUNTS, Scene, VAULT};

#[tokio::test]
async fn the_window_never_holds_plaintext_key_or_token() {
    let Some(mut scene) = Scene::open().await else {
        return;
    };
    let session = scene.agreed().await;
    let marker = "correct horse battery staple ".repeat(200);
    let payload = payload::seal(marker.as_bytes(), &[]);
    session.deposit(&payload, COUNTS).await.unwrap();
    let offer = scene.importer.offer().await;
    scene.reader.find("label", "to take them").await;
    let (token, key) = (offer.token(), *payload.key.as_bytes());
    let secrets: [(&str, &[u8]); 3] = [
        ("the plaintext", &marker.as_bytes()[..28]),
        ("the content key", &key),
        ("the token", &token),
    ];
    let chooser = scene.chooser();
    let look = |when: &str| {
        let memory = match Memory::of(chooser.pid()) {
            Ok(memory) => memory,
            Err(error) => return eprintln!("the memory is not looked at: {error}"),
        };
        // That the search finds what is there.
        assert!(!memory.places(VAULT.as_bytes()).is_empty());
        for (name, secret) in secrets {
            for (disguise, needle) in disguises(secret) {
                let places = memory.places(&needle);
                assert!(
                    places.is_empty(),
                    "{when}: {name} as {disguise}: {places:?}"
                );
            }
        }
    };
    look("before the redemption");
    offer.redeem().await.unwrap();
    scene.reader.find("label", "is storing them").await;
    look("after the redemption");
    offer.complete(&Default::default()).await.unwrap();
    session.receipt().await;
    scene.reader.find("heading", "reports").await;
    look("after the end");
}
