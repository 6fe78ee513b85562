//! A whole exchange between two programs in C: with callbacks in a loop on one side, and waiting on the other.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use credex::cxf;
use credex_tests::c::Workshop;
use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;
use credex_tests::exporter::Exporter;
use rustix::process::{Pid, Signal, kill_process};

use crate::watched::Watched;

/// Long enough for valgrind on a busy machine. It only ends a story that has failed.
const DEADLINE: Duration = Duration::from_secs(180);
const IMPORTER: &str = "org.example.CImporter";

/// A program that ends with the story.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Self(command.spawn().unwrap())
    }

    /// Its exit code.
    async fn ended(mut self) -> Option<i32> {
        let wait = tokio::task::spawn_blocking(move || self.0.wait());
        wait.await.unwrap().unwrap().code()
    }

    fn tell_to_end(&self) {
        kill_process(Pid::from_child(&self.0), Signal::TERM).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Waits until the importer can be chosen.
async fn announced(desktop: &Desktop) {
    let observer = Exporter::join(desktop).await;
    let began = Instant::now();
    loop {
        let (providers, _) = observer.providers().await;
        let mut ids = providers.into_iter().filter_map(|it| it.id);
        if ids.any(|id| id.starts_with(IMPORTER)) {
            return;
        }
        assert!(
            began.elapsed() < DEADLINE,
            "the importer does not announce itself"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

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
    announced(&desktop).await;
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
    importing.tell_to_end();
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
