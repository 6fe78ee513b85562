//! A payload that neither app in C has in memory: read from a file while it is sealed, and taken piece by
//! piece.

use std::path::Path;

use credex::{Error, Payload, Reason};
use credex_tests::c::Workshop;
use credex_tests::desktop::Desktop;
use data_encoding::BASE64URL_NOPAD;
use ring::digest::{SHA256, digest};

use crate::running::{Running, announced};
use crate::watched::Watched;

const IMPORTER: &str = "org.example.CPieces";
const ID: &str = "cGljdHVyZQ";

/// Several mebibytes that are nowhere the same.
fn attachment() -> Vec<u8> {
    let numbers = 0..700_000_u64;
    numbers.flat_map(|it| (it * it).to_le_bytes()).collect()
}

/// A document with one item, which has `attached`.
fn document(attached: &[u8]) -> String {
    let hash = BASE64URL_NOPAD.encode(digest(&SHA256, attached).as_ref());
    let length = attached.len();
    format!(
        r#"{{"version":{{"major":1,"minor":0}},"exporterRpId":"example.org","exporterDisplayName":"Example",
        "timestamp":1700000000,"accounts":[{{"id":"YWNj","username":"ada","email":"","collections":[],
        "items":[{{"id":"aXRlbQ","title":"Picture","credentials":[{{"type":"file","id":"{ID}",
        "name":"picture.raw","decryptedSize":{length},"integrityHash":"{hash}"}}]}}]}}]}}"#
    )
}

/// A desktop on which the person sends everything to the importer, which is there.
struct Scene {
    desktop: Desktop,
    workshop: Workshop,
    watched: Watched,
    importing: Option<Running>,
}

impl Scene {
    async fn open(watched: Watched, how: &[&str]) -> Scene {
        let mut scene = Scene {
            desktop: Desktop::sending_to(IMPORTER).await,
            workshop: Workshop::open(),
            watched,
            importing: None,
        };
        scene.importing = Some(scene.start(how));
        announced(&scene.desktop, IMPORTER).await;
        scene
    }

    fn start(&self, arguments: &[&str]) -> Running {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("c/pieces.c");
        let program = self.workshop.build(&source, self.watched.build());
        let mut command = self.watched.command(&program, &self.desktop);
        command
            .current_dir(self.desktop.path("home"))
            .args(arguments);
        Running::start(&mut command)
    }

    /// Why an export by the library for Rust came to nothing.
    async fn refused(&self) -> credex::Ended {
        let address = self.desktop.bus.address();
        let exporter = credex::Exporter::connect_to(address, "org.example.PiecesOut");
        let (attached, exporter) = (attachment(), exporter.await.unwrap());
        let document = document(&attached);
        let payload = Payload::new(&document).attachment(ID, &attached);
        match exporter.export(payload).await.unwrap_err() {
            Error::Ended(ended) => ended,
            other => panic!("{other:?}"),
        }
    }
}

async fn arrives(watched: Watched) {
    if !watched.is_there() {
        return;
    }
    let mut scene = Scene::open(watched, &["take", "."]).await;
    let home = scene.desktop.path("home");
    let attached = attachment();
    std::fs::write(home.join("sent.cxf"), document(&attached)).unwrap();
    std::fs::write(home.join("picture.raw"), &attached).unwrap();
    let exporting = scene.start(&["send", "sent.cxf", ID, "picture.raw"]);
    assert_eq!(exporting.ended().await, Some(0));
    assert_eq!(scene.importing.take().unwrap().ended().await, Some(0));
    let arrived = std::fs::read_to_string(home.join("1.cxf")).unwrap();
    assert_eq!(arrived, document(&attached), "byte for byte");
    let arrived = std::fs::read(home.join(ID)).unwrap();
    assert!(arrived == attached, "the attachment, byte for byte");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_goes_from_a_file_to_a_file_piece_by_piece() {
    arrives(Watched::Alone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pieces_leak_nothing_and_read_nothing_that_is_not_there() {
    arrives(Watched::ByValgrind).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pieces_are_nothing_that_sanitizers_find() {
    arrives(Watched::BySanitizers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_document_goes_as_it_is() {
    let mut scene = Scene::open(Watched::BySanitizers, &["take", "."]).await;
    let home = scene.desktop.path("home");
    std::fs::write(home.join("picture.raw"), attachment()).unwrap();
    let exporting = scene.start(&["send-file", "picture.raw"]);
    assert_eq!(exporting.ended().await, Some(0));
    assert_eq!(scene.importing.take().unwrap().ended().await, Some(0));
    let arrived = std::fs::read(home.join("1.cxf")).unwrap();
    assert!(arrived == attachment(), "byte for byte");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_puts_pieces_aside_has_declined_and_the_exporter_is_told() {
    let scene = Scene::open(Watched::Alone, &["give-up"]).await;
    let ended = scene.refused().await;
    assert_eq!(ended.reason, Some(Reason::ImporterDeclined), "{ended}");
    assert!(ended.handed_over, "{ended}");
}

async fn ends_in_the_middle(watched: Watched) {
    if !watched.is_there() {
        return;
    }
    let mut scene = Scene::open(watched, &["leave"]).await;
    let ended = scene.refused().await;
    assert!(ended.handed_over, "{ended}");
    assert_eq!(scene.importing.take().unwrap().ended().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_may_end_in_the_middle_of_a_payload() {
    ends_in_the_middle(Watched::Alone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_middle_of_a_payload_leaks_nothing() {
    ends_in_the_middle(Watched::ByValgrind).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_middle_of_a_payload_is_nothing_that_sanitizers_find() {
    ends_in_the_middle(Watched::BySanitizers).await;
}
