//! Row 7: ten thousand exchanges that wait for their importer, and what a new one pays for them.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use credex::{Delivery, ExportRequest, Exporter, Grant, Importer, Offer};
use credex_protocol::proxy::StatusProxy;
use credex_protocol::wire::NoOptions;
use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;
use tokio::sync::oneshot;

use crate::Pace;
use crate::apps::{IMPORTER, Stage, thread};
use crate::proc;
use crate::stats::p99;
use crate::table::{Aim, Table};

/// Requests of which one p99 is taken, and how many such.
const SAMPLE: usize = 300;
const SAMPLES: usize = 7;
pub(crate) fn measure(pace: Pace, table: &mut Table) {
    let plan = Desktop::plan()
        .chooser(Script::choose(IMPORTER))
        .limit("exchanges", 100_000)
        .limit("exchanges_per_app", 100_000)
        .seconds("offer", 3000)
        .seconds("extended", 3600);
    let mut stage = Stage::open(plan);
    let daemon = stage.daemon();
    let address = stage.desktop.bus.address().to_owned();
    let room = stage.runtime.block_on(room(&stage));
    let most = pace.rounds(10_000, 1_000).min(room);

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
            table.note("10,000 do not fit into the number of files that this machine gives");
        }
    });
    drop(leave);
    importer.join().unwrap();
}

/// How many exchanges the service holds here, but for those that are to be new.
async fn room(stage: &Stage) -> usize {
    let caller = stage.desktop.bus.connect().await;
    let status = StatusProxy::new(&caller).await.unwrap();
    let status = status.get_status(NoOptions {}).await.unwrap();
    status.session_limit.unwrap().saturating_sub(8) as usize
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
