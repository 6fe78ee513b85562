//! The same windows on a Wayland compositor.

use credex_tests::desktop::Desktop;
use credex_tests::exporter::{Exporter, options};
use credex_tests::importer::Importer;
use credex_tests::reader::Reader;
use credex_tests::screen::Compositor;

use crate::scene::{COUNTS, VAULT};

#[tokio::test]
async fn a_wayland_compositor_shows_the_windows_too() {
    let Some(compositor) = Compositor::open().await else {
        return;
    };
    let desktop = Desktop::plan().with_wayland(&compositor).open().await;
    let _importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let reader = Reader::on(&desktop).await;
    for parent in ["", "wayland:nobody-exported-this", "x11:1"] {
        let request = exporter.request(parent, options(COUNTS)).await.unwrap();
        reader.press("button", "Continue").await;
        reader.press("button", VAULT).await;
        reader.press("button", "Send to").await;
        let session = request.session().await;
        reader.find("label", "to hand them over").await;
        reader.press("button", "Cancel").await;
        session.failure().await;
    }
}
