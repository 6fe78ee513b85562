//! Misuse is an error, and never a crash.

use std::path::Path;
use std::process::Stdio;

use credex_tests::c::Workshop;
use credex_tests::desktop::Desktop;

use crate::watched::Watched;

async fn is_an_error(watched: Watched) {
    if !watched.is_there() {
        return;
    }
    let desktop = Desktop::plan().open().await;
    let workshop = Workshop::open();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("c/misuse.c");
    let mut command = watched.command(&workshop.build(&source, watched.build()), &desktop);
    let output = tokio::task::spawn_blocking(move || command.stdin(Stdio::null()).output());
    let output = output.await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.is_empty(),
        "{:?}\n{said}",
        output.status
    );
}

#[tokio::test]
async fn misuse_is_an_error_and_no_crash() {
    is_an_error(Watched::Alone).await;
}

#[tokio::test]
async fn misuse_touches_no_memory_that_is_not_there() {
    is_an_error(Watched::ByValgrind).await;
}

#[tokio::test]
async fn misuse_is_nothing_that_sanitizers_find() {
    is_an_error(Watched::BySanitizers).await;
}
