//! Whose window ours belongs to.

use credex_tests::exporter::options;
use credex_tests::screen::Screen;

use crate::scene::{COUNTS, Scene, TITLE};

fn transient_for(screen: &Screen, window: u32) -> Option<String> {
    let properties = screen.properties(window);
    let line = properties
        .lines()
        .find(|line| line.starts_with("WM_TRANSIENT_FOR"))?;
    Some(line.rsplit(' ').next()?.to_owned())
}

#[tokio::test]
async fn a_window_belongs_to_the_one_that_the_exporter_names() {
    let Some(scene) = Scene::open().await else {
        return;
    };
    // Any window will do as the exporter's: that of another question does.
    let other = scene.exporter.ask(COUNTS).await;
    scene.reader.find("button", "Continue").await;
    let parent = scene.screen.only_window(TITLE);
    assert_eq!(transient_for(&scene.screen, parent), None);
    other.close().await.unwrap();
    scene.no_window_is_left().await;

    let handle = format!("x11:{parent:x}");
    let request = scene
        .exporter
        .request(&handle, options(COUNTS))
        .await
        .unwrap();
    scene.reader.find("button", "Continue").await;
    let window = scene.screen.only_window(TITLE);
    assert_eq!(
        transient_for(&scene.screen, window),
        Some(format!("0x{parent:x}"))
    );
    let properties = scene.screen.properties(window);
    assert!(properties.contains("_NET_WM_STATE_MODAL"), "{properties}");
    request.close().await.unwrap();
    scene.no_window_is_left().await;
}

#[tokio::test]
async fn a_window_whose_parent_makes_no_sense_is_shown_all_the_same() {
    let Some(scene) = Scene::open().await else {
        return;
    };
    for handle in ["x11:ffffffff", "x11:nonsense", "wayland:gone", "mir:1"] {
        let asked = scene.exporter.request(handle, options(COUNTS)).await;
        let Ok(request) = asked else { continue };
        scene.reader.press("button", "Cancel").await;
        let (response, error) = request.refusal().await;
        assert_eq!(response, 1, "{handle}: {error}");
        scene.no_window_is_left().await;
    }
}
