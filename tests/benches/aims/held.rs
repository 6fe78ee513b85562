//! Row 7: ten thousand exchanges that wait for their importer, and what a new one pays for them.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use credex::{Delivery, ExportRequest, Exporter, Grant, Importer, Offer};
use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;
use rustix::process::{Resource, getrlimit};
use tokio::sync::oneshot;

use crate::Pace;
use crate::apps::{IMPORTER, Stage, thread};
use crate::proc;
use crate::stats::p99;
use crate::table::{Aim, Table};

/// Requests of which one p99 is taken, and how many such.
const SAMPLE: usize = 300;
const SAMPLES: usize = 7;
/// What the daemon does not count on for exchanges, and what each takes (daemon/src/process.rs).
const RESERVED: u64 = 24;
const PER_EXCHANGE: u64 = 2;

pub(crate) fn measure(pace: Pace, table: &mut Table) {
    let files = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    let room = (files.saturating_sub(RESERVED) / PER_EXCHANGE).saturating_sub(8);
    let most = (pace.rounds(10_000, 1_000)).min(usize::try_from(room).unwrap());
    let plan = Desktop::plan()
        .chooser(Script::choose(IMPORTER))
        .limit("exchanges", 100_000)
        .limit("exchanges_per_app", 100_000)
        .seconds("offer", 3000)
        .seconds("extended", 3600);
    let mut stage = Stage::open(plan);
    let daemon = stage.daemon();
    let address = stage.desktop.bus.address().to_owned();

    let (leave, left) = oneshot::channel::<()>();
    let (arrived, arrivals) = channel();
    let at = address.clone();
    let importer = std::thread::spawn(move || {
        thread().block_on(async {
            let mut importer = Importer::builder(IMPORTER).connect_to(&at).await.unwrap();
            arrived.send(()).unwrap();
            let mut offers: Vec<Offer> = Vec::new();
            let hold = async {
                while let Ok(offer) = importer.next_offer().await {
                    offers.push(offer);
                    arrived.send(()).unwrap();
                }
            };
            tokio::select! {
                () = hold => {}
                _ = left => {}
            }
            offers.into_iter().for_each(std::mem::forget);
        });
    });
    arrivals.recv().unwrap();

    thread().block_on(async {
        let exporter = Exporter::connect_to(&address, "org.example.Exporter")
            .await
            .unwrap();
        // With one exchange held, the chooser runs, as it does with thousands.
        let mut held = vec![deposit(&exporter).await];
        arrivals.recv().unwrap();
        let idle = latency(&exporter).await;
        let before = proc::anonymous_kib(daemon);
        for _ in 0..most {
            held.push(deposit(&exporter).await);
        }
        for _ in 0..most {
            arrivals.recv().unwrap();
        }
        let grown = (proc::anonymous_kib(daemon) - before) as f64 / most as f64;
        let busy = latency(&exporter).await;
        let what = format!("{most} held exchanges: KiB each in the daemon");
        table.row(
            &what,
            "",
            &format!("{grown:.2} KiB"),
            grown,
            Aim::AtMost(2.0),
        );
        table.times(
            "  a new request's p99, against none held",
            idle,
            busy,
            Aim::AtMost(1.5),
        );
        if most < 10_000 && pace == Pace::Full {
            table.note(&format!(
                "10,000 do not fit: this machine gives {files} files"
            ));
        }
    });
    drop(leave);
    importer.join().unwrap();
}

async fn request(exporter: &Exporter) -> Grant {
    let counts = [("note".to_owned(), 1)].into_iter().collect();
    exporter
        .request(ExportRequest::new().declare(counts))
        .await
        .unwrap()
}

async fn deposit(exporter: &Exporter) -> Delivery {
    let grant = request(exporter).await;
    grant.send_opaque(&b"{}"[..], 2).await.unwrap()
}

/// From the question to the answer: the p99 of a request, in the least disturbed of several samples.
async fn latency(exporter: &Exporter) -> Duration {
    let mut samples = Vec::new();
    for _ in 0..SAMPLES {
        let mut times = Vec::new();
        for _ in 0..SAMPLE {
            let start = Instant::now();
            let grant = request(exporter).await;
            times.push(start.elapsed());
            drop(grant);
        }
        samples.push(p99(times));
    }
    samples.into_iter().min().unwrap()
}
