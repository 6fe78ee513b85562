//! What a program in C can know of an offer and of a document besides what is in them.

use std::path::Path;

use credex_tests::c::Workshop;
use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;

use crate::running::Running;
use crate::watched::Watched;

async fn is_told(watched: Watched) {
    if !watched.is_there() {
        return;
    }
    let desktop = Desktop::plan().chooser(Script::choose("org.example.COffers"));
    let desktop = desktop.configured("[exporter]\ntold_destination = true");
    let desktop = desktop.open().await;
    let workshop = Workshop::open();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("c/offers.c");
    let program = workshop.build(&source, watched.build());
    let playing = Running::start(&mut watched.command(&program, &desktop));
    assert_eq!(playing.ended().await, Some(0), "nothing was found in it");
}

#[tokio::test]
async fn an_app_in_c_is_told_when_an_offer_is_withdrawn_and_what_of_it_can_be_used() {
    is_told(Watched::Alone).await;
}

#[tokio::test]
async fn an_offer_leaks_nothing_and_reads_nothing_that_is_not_there() {
    is_told(Watched::ByValgrind).await;
}

#[tokio::test]
async fn an_offer_is_nothing_that_sanitizers_find() {
    is_told(Watched::BySanitizers).await;
}
