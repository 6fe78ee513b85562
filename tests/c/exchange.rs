//! A whole exchange between two programs in C: with callbacks in a loop on one side, and waiting on the other.

use credex::cxf;
use credex_tests::c::Workshop;
use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;
use rustix::process::Signal;

use crate::running::{Running, announced};
use crate::watched::Watched;

const IMPORTER: &str = "org.example.CImporter";

async fn comes_about(watched: Watched) {
    if !watched.is_there() {
        return;
    }
    let desktop = Desktop::plan()
        .chooser(Script::choose(IMPORTER))
        .open()
        .await;
    let workshop = Workshop::open();
    let (out, document) = (desktop.path("out"), desktop.path("sent.cxf"));
    let attachments = desktop.path("attachments");
    std::fs::create_dir(&out).unwrap();
    std::fs::create_dir(&attachments).unwrap();
    std::fs::write(&document, cxf::sample()).unwrap();
    for (id, bytes) in cxf::sample_attachments() {
        std::fs::write(attachments.join(id), bytes).unwrap();
    }

    let importer = workshop.example("importer", watched.build());
    let importing = Running::start(watched.command(&importer, &desktop).arg(&out));
    announced(&desktop, IMPORTER).await;
    let exporter = workshop.example("exporter", watched.build());
    let mut exporter = watched.command(&exporter, &desktop);
    let exporting = Running::start(exporter.arg(&document).arg(&attachments));
    let finished = desktop.person.finished().await;
    assert_eq!(finished["outcome"], "completed", "{finished:#}");
    assert_eq!(
        exporting.ended().await,
        Some(0),
        "nothing was found in the exporter"
    );
    importing.signal(Signal::TERM);
    assert_eq!(
        importing.ended().await,
        Some(0),
        "nothing was found in the importer"
    );

    let arrived = std::fs::read(out.join("1.cxf")).unwrap();
    assert!(arrived == cxf::sample(), "byte for byte");
    for (id, bytes) in cxf::sample_attachments() {
        let arrived = std::fs::read(out.join("1.cxf.attachments").join(id)).unwrap();
        assert!(arrived == *bytes, "the attachment, byte for byte");
    }
}

#[tokio::test]
async fn a_password_manager_in_c_sends_to_another() {
    comes_about(Watched::Alone).await;
}

#[tokio::test]
async fn an_exchange_leaks_nothing_and_reads_nothing_that_is_not_there() {
    comes_about(Watched::ByValgrind).await;
}

#[tokio::test]
async fn an_exchange_is_nothing_that_sanitizers_find() {
    comes_about(Watched::BySanitizers).await;
}
