//! An app with a loop of GLib sends, and shows how far that is.

use std::process::{Command, Stdio};

use credex::cxf;
use credex_tests::c::Workshop;
use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;
use rustix::process::Signal;

use crate::running::{Lines, Running, announced};
use crate::watched::Watched;

const IMPORTER: &str = "org.example.CImporter";

/// Whether GLib is there to build with; if not, says so.
fn is_there() -> bool {
    let mut ask = Command::new("pkg-config");
    ask.args(["--exists", "glib-2.0"]).stdin(Stdio::null());
    let there = ask.status().is_ok_and(|status| status.success());
    if !there {
        eprintln!(
            "glib-2.0 is not installed as pkg-config knows it, so this is not played: run tests/install"
        );
    }
    there
}

/// A desktop with an importer in C, and with an exporter in C that is just asking the person.
struct Scene {
    desktop: Desktop,
    importing: Running,
    exporting: Running,
    said: Lines,
    _workshop: Workshop,
}

impl Scene {
    async fn open(watched: Watched) -> Scene {
        let desktop = Desktop::plan().chooser(Script::Hang).open().await;
        let workshop = Workshop::open();
        let (out, document) = (desktop.path("out"), desktop.path("sent.cxf"));
        std::fs::create_dir(&out).unwrap();
        std::fs::write(&document, cxf::sample()).unwrap();
        let importer = workshop.example("importer", watched.build());
        let importing = Running::start(watched.command(&importer, &desktop).arg(&out));
        announced(&desktop, IMPORTER).await;
        let exporter = workshop.example_with("glib", watched.build(), &["glib-2.0"]);
        let mut exporter = watched.command(&exporter, &desktop);
        let (exporting, mut said) = Running::start_listening(exporter.arg(&document));
        desktop.person.asked().await;
        let first = said.next().await;
        assert_eq!(first.as_deref(), Some("waiting for your answer"));
        Scene {
            desktop,
            importing,
            exporting,
            said,
            _workshop: workshop,
        }
    }
}

async fn comes_about(watched: Watched) {
    if !is_there() || !watched.is_there() {
        return;
    }
    let mut scene = Scene::open(watched).await;
    let person = &scene.desktop.person;
    person.answers(&Script::choose(IMPORTER)).await;
    let finished = person.finished().await;
    assert_eq!(finished["outcome"], "completed", "{finished:#}");
    let mut lines = Vec::new();
    while let Some(line) = scene.said.next().await {
        lines.push(line);
    }
    assert_eq!(
        scene.exporting.ended_saying().await,
        (Some(0), String::new())
    );
    // How much of the sealing is seen depends on how quick it is; what it came to is always seen.
    let on_their_way = lines.iter().find_map(|line| {
        let number = line.strip_suffix(" bytes are on their way")?;
        number.parse::<usize>().ok()
    });
    assert_eq!(on_their_way, Some(cxf::sample().len()), "{lines:?}");
    let receipt = lines
        .iter()
        .filter(|line| line.contains(" taken, "))
        .count();
    assert!(receipt > 5, "{lines:?}");
    scene.importing.signal(Signal::TERM);
    assert_eq!(scene.importing.ended().await, Some(0));
    let arrived = std::fs::read(scene.desktop.path("out/1.cxf")).unwrap();
    assert!(arrived == cxf::sample(), "byte for byte");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_with_a_loop_of_glib_sends_and_shows_how_far_that_is() {
    comes_about(Watched::Alone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_of_glib_leaks_nothing_and_reads_nothing_that_is_not_there() {
    comes_about(Watched::ByValgrind).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_of_glib_is_nothing_that_sanitizers_find() {
    comes_about(Watched::BySanitizers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_interrupted_in_a_loop_of_glib_is_taken_back() {
    if !is_there() {
        return;
    }
    let scene = Scene::open(Watched::Alone).await;
    scene.exporting.signal(Signal::INT);
    let finished = scene.desktop.person.finished().await;
    assert_eq!(finished["outcome"], "cancelled", "{finished:#}");
    let (code, said) = scene.exporting.ended_saying().await;
    assert_eq!(code, Some(1));
    assert!(said.contains("the operation was cancelled"), "{said}");
}
