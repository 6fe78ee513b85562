//! What is sent arrives, byte for byte, and costs the daemon nothing (design §4).

use std::path::Path;

use credex::{Payload, cxf, silent};
use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;
use credex_tests::exporter::{APP_ID, Exporter};
use credex_tests::importer::{Importer, all_taken};
use credex_tests::patience::eventually;
use credex_tests::payload;
use futures_util::future::join_all;

use crate::scene::{COUNTS, VAULT};

/// How much more memory the daemon may use while it holds a payload, and afterwards.
const GROWTH_KIB: u64 = 64;
const ITEMS: usize = 100_000;

/// Sends a document from app to app with the client library, and compares what comes out.
async fn arrives(document: &[u8], attachments: &[(&str, &[u8])]) {
    let desktop = Desktop::sending_to(VAULT).await;
    let address = desktop.bus.address();
    let importer = credex::Importer::builder(VAULT).connect_to(address).await;
    let mut importer = importer.unwrap();
    let exporter = credex::Exporter::connect_to(address, APP_ID).await.unwrap();
    let mut payload = Payload::new(document);
    for (id, body) in attachments {
        payload = payload.attachment(*id, body);
    }
    let import = async {
        let offer = importer.next_offer().await.unwrap();
        let import = offer.redeem(&mut silent).await.unwrap();
        let differences = cxf::diff(document, import.document()).unwrap();
        assert!(
            import.document() == document,
            "the document was changed: {differences:?}"
        );
        assert_eq!(import.attachments().collect::<Vec<_>>(), attachments);
        assert_eq!(import.discrepancies(), []);
        import.complete_all().await.unwrap();
    };
    let (receipt, ()) = tokio::join!(exporter.export(payload), import);
    let receipt = receipt.unwrap();
    assert_eq!(receipt.discrepancies, [""; 0]);
    assert!(receipt.total().succeeded > 0, "{receipt:?}");
}

#[tokio::test]
async fn our_own_sample_arrives_with_its_attachments_byte_for_byte() {
    arrives(cxf::sample(), cxf::sample_attachments()).await;
}

#[tokio::test]
async fn the_sample_of_the_standard_arrives_byte_for_byte() {
    shared_document_arrives("appendix-a.json").await;
}

/// One credential of it, alone of its type, has an algorithm that nobody knows.
#[tokio::test]
async fn a_document_with_everything_in_it_arrives_byte_for_byte() {
    shared_document_arrives("kitchen-sink.json").await;
}

/// More types than the protocol carries by name, and parts that nobody can use, or even tell what
/// they are.
#[tokio::test]
async fn a_document_of_many_types_and_many_faults_arrives_byte_for_byte() {
    let invented = (0..100).map(|number| format!(r#"{{"type":"x.example/{number}"}}"#));
    let invented: Vec<_> = invented.collect();
    let document = format!(
        r#"{{"id":"YQ","items":[7, {{"id":"Yg","title":"t","credentials":[{},{{"type":"passkey"}},
        {{"type":7}},{{}}]}}, {{"title":"no id","credentials":[{{"type":"wifi"}}]}}]}}"#,
        invented.join(", ")
    );
    arrives(document.as_bytes(), &[]).await;
}

async fn shared_document_arrives(name: &str) {
    if let Some(document) = shared_document(name) {
        arrives(&document, &[]).await;
    }
}

/// A document that lies beside the repository where it is developed.
fn shared_document(name: &str) -> Option<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let path = root.join("../shared/cxf").join(name);
    let document = std::fs::read(&path);
    let missing = |error| eprintln!("not tried: {}: {error}", path.display());
    document.map_err(missing).ok()
}

#[tokio::test]
async fn the_service_does_not_care_what_is_in_a_payload() {
    let desktop = Desktop::sending_to(VAULT).await;
    let importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let shared = ["appendix-a.json", "kitchen-sink.json"].map(shared_document);
    let strange = [
        b"".to_vec(),
        b"no JSON".to_vec(),
        vec![0; 65536],
        vec![0xff; 65537],
    ];
    for document in shared.into_iter().flatten().chain(strange) {
        let session = exporter.agreed(COUNTS).await;
        session
            .deposit(&payload::seal(&document, &[]), COUNTS)
            .await
            .unwrap();
        assert!(
            importer.import().await.document == document,
            "{} bytes",
            document.len()
        );
        session.receipt().await;
    }
}

#[tokio::test]
async fn two_apps_that_speak_the_wire_by_hand_understand_one_another() {
    let desktop = Desktop::sending_to(VAULT).await;
    let importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let session = exporter.agreed(COUNTS).await;
    let payload = payload::seal(cxf::sample(), cxf::sample_attachments());
    session.deposit(&payload, COUNTS).await.unwrap();
    let opened = importer.import().await;
    assert_eq!(opened.document, cxf::sample());
    let (receipt, discrepancies) = session.receipt().await;
    assert_eq!(receipt["note"].succeeded, 1);
    assert_eq!(discrepancies, [""; 0]);
    assert_eq!(exporter.left().await, [""; 0]);
    assert_eq!(importer.left().await, [""; 0]);
}

#[tokio::test]
async fn many_exchanges_at_once_do_not_get_mixed_up() {
    const MANY: u32 = 40;
    let plan = Desktop::plan().chooser(Script::choose(VAULT));
    let desktop = plan.limit("exchanges_per_app", MANY.into()).open().await;
    let importer = Importer::announced(&desktop, VAULT).await;
    let exports = (1..=MANY).map(|number| {
        let desktop = &desktop;
        async move {
            let exporter = Exporter::join(desktop).await;
            let counts = [("note", number)];
            let session = exporter.agreed(&counts).await;
            let document = format!("this is {number}");
            let payload = payload::seal(document.as_bytes(), &[]);
            session.deposit(&payload, &counts).await.unwrap();
            assert_eq!(session.receipt().await.0["note"].succeeded, number);
        }
    });
    let imports = async {
        for _ in 0..MANY {
            let offer = importer.offer().await;
            let number = offer.options.counts.as_ref().unwrap()["note"];
            let (opened, results) = offer.redeem().await.unwrap();
            assert_eq!(opened.document, format!("this is {number}").as_bytes());
            offer.complete(&all_taken(&results)).await.unwrap();
        }
    };
    tokio::join!(join_all(exports), imports);
}

#[tokio::test]
async fn a_hundred_thousand_items_cost_the_daemon_no_memory() {
    let mut desktop = Desktop::sending_to(VAULT).await;
    let daemon = desktop.daemon().peer();
    let importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    // The first exchange of all is allowed to warm the daemon up.
    let session = exporter.agreed(COUNTS).await;
    session
        .deposit(&payload::seal(b"{}", &[]), COUNTS)
        .await
        .unwrap();
    importer.import().await;
    session.receipt().await;
    let before = daemon.anonymous_kib();
    let little = |now: &u64| *now < before + GROWTH_KIB;

    let vault = cxf::generate_vault(ITEMS);
    assert!(vault.len() > 100_000_000, "{} bytes", vault.len());
    let session = exporter.agreed(COUNTS).await;
    session
        .deposit(&payload::seal(&vault, &[]), COUNTS)
        .await
        .unwrap();
    let offer = importer.offer().await;
    let held = daemon.anonymous_kib();
    assert!(
        little(&held),
        "{before} KiB grew to {held} KiB while the payload was held"
    );
    let (opened, results) = offer.redeem().await.unwrap();
    assert!(opened.document == vault, "the vault was changed");
    offer.complete(&all_taken(&results)).await.unwrap();
    session.receipt().await;
    let look = || daemon.anonymous_kib();
    let after = eventually("the daemon's memory as before", look, little).await;
    eprintln!(
        "{} bytes: {before} KiB before, {held} held, {after} after",
        vault.len()
    );
}

#[tokio::test]
async fn a_hundred_thousand_items_arrive_from_library_to_library() {
    arrives(&cxf::generate_vault(ITEMS), &[]).await;
}
