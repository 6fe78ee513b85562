//! What no D-Bus library would send: the daemon lives, and goes on with what it was doing.

use credex_protocol::names;
use credex_tests::raw::{self, RawPeer};
use zbus::Message;

use crate::scene::{DOCUMENT, Scene, State};

/// A call that the daemon would answer.
fn call() -> Message {
    let call = Message::method_call(names::SERVICE_PATH, "GetStatus").unwrap();
    let call = call.destination(names::BUS_NAME).unwrap();
    let call = call.interface(names::STATUS).unwrap();
    call.build(&(std::collections::HashMap::<String, u32>::new()))
        .unwrap()
}

/// Sends `bytes` in the midst of an exchange, which then comes to its good end with the same daemon.
async fn goes_on_after(bytes: Vec<u8>) {
    let mut scene = Scene::at(State::Offered).await;
    let mut peer = RawPeer::join(&scene.desktop);
    peer.write(&bytes);
    assert!(!peer.is_let_go(), "the bus takes it, and passes it on");
    let (opened, _) = scene.offer().redeem().await.unwrap();
    assert_eq!(opened.document, DOCUMENT);
    scene.offer().complete(&Default::default()).await.unwrap();
    scene.session().receipt().await;
    assert!(scene.desktop.daemon().process.is_running());
}

#[tokio::test]
async fn a_message_of_a_type_of_the_future_is_ignored() {
    goes_on_after(raw::of_type(&call(), 77)).await;
}

#[tokio::test]
async fn flags_of_the_future_are_ignored() {
    goes_on_after(raw::with_flags(&call(), 0xf0)).await;
}

#[tokio::test]
async fn a_header_field_of_the_future_is_ignored() {
    goes_on_after(raw::with_field(&call(), 77)).await;
}
