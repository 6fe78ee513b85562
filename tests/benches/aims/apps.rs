//! Two apps on one desktop, each in a thread with a runtime of its own, as two processes would be:
//! one sends, the other takes whatever it is offered. Both use the client library as apps do.

use std::io::Read;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use credex::cxf::Counts;
use credex::{ExportRequest, Exporter, Grant, Importer, Tally, silent};
use credex_tests::chooser::Script;
use credex_tests::desktop::{Desktop, Plan};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

pub(crate) const IMPORTER: &str = "org.example.Vault";
const EXPORTER: &str = "org.example.Exporter";

/// The desktop, its exporter in the caller's thread, and its importer in another.
pub(crate) struct Apps {
    receiver: Option<JoinHandle<()>>,
    leave: Option<oneshot::Sender<()>>,
    arrivals: Receiver<Instant>,
    pub(crate) exporter: Exporter,
    pub(crate) thread: Runtime,
    pub(crate) desktop: Stage,
}

/// The desktop, with a thread that listens to what its person reports.
pub(crate) struct Stage {
    // Dropped in this order: the desktop's tasks run on the runtime.
    pub(crate) desktop: Desktop,
    pub(crate) runtime: Runtime,
}

impl Stage {
    /// Opens a desktop as it ships: without the harness's debug log.
    pub(crate) fn open(plan: Plan) -> Stage {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let plan = plan.variable("CREDEX_LOG", "info");
        let desktop = runtime.block_on(plan.open());
        Stage { desktop, runtime }
    }

    /// The process ID of the daemon, if the desktop has started it itself.
    pub(crate) fn daemon(&mut self) -> u32 {
        self.desktop.daemon().process.pid()
    }
}

/// How the importer takes an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taking {
    /// Whatever bytes they are.
    Opaque,
    /// Read through as CXF.
    Checked,
}

pub(crate) fn thread() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

impl Apps {
    pub(crate) fn start(taking: Taking) -> Apps {
        let plan = Desktop::plan().chooser(Script::choose(IMPORTER));
        Apps::on(Stage::open(plan), taking)
    }

    pub(crate) fn on(desktop: Stage, taking: Taking) -> Apps {
        let address = desktop.desktop.bus.address().to_owned();
        let (arrived, arrivals) = channel();
        let (ready, is_ready) = channel();
        let (leave, left) = oneshot::channel();
        let at = address.clone();
        let receiver = std::thread::spawn(move || {
            thread().block_on(async {
                let importer = Importer::builder(IMPORTER).connect_to(&at).await.unwrap();
                ready.send(()).unwrap();
                let take = take_all(importer, taking, |at| arrived.send(at).unwrap());
                tokio::select! {
                    () = take => {}
                    _ = left => {}
                }
            });
        });
        is_ready.recv().unwrap();
        let thread = thread();
        let exporter = thread
            .block_on(Exporter::connect_to(&address, EXPORTER))
            .unwrap();
        Apps {
            receiver: Some(receiver),
            leave: Some(leave),
            arrivals,
            exporter,
            thread,
            desktop,
        }
    }

    /// Asks the person, who agrees at once.
    pub(crate) fn grant(&self, counts: Counts) -> Grant {
        let request = ExportRequest::new().declare(counts);
        self.thread
            .block_on(self.exporter.request(request))
            .unwrap()
    }

    /// Sends bytes, and returns the time from the deposit to the opened payload.
    pub(crate) fn hand_over(&self, bytes: &[u8]) -> Duration {
        let grant = self.grant([("note".to_owned(), 1)].into_iter().collect());
        self.thread.block_on(async {
            let start = Instant::now();
            let reader: &mut (dyn Read + Send) = &mut &*bytes;
            let delivery = grant.send_opaque(reader, bytes.len() as u64).await;
            let receipt = delivery.unwrap().receipt().await;
            receipt.unwrap();
            self.arrivals.recv().unwrap() - start
        })
    }

    /// Sends a document that is checked at both ends, and returns that time.
    pub(crate) fn hand_over_checked(&self, document: &[u8]) -> Duration {
        let counts = credex::cxf::validate(document).unwrap().present;
        let grant = self.grant(counts);
        self.thread.block_on(async {
            let start = Instant::now();
            let delivery = grant.send(document).await;
            delivery.unwrap().receipt().await.unwrap();
            self.arrivals.recv().unwrap() - start
        })
    }

    /// Does a whole exchange of a document, from the question to the receipt.
    pub(crate) fn export(&self, document: &[u8]) -> Duration {
        let start = Instant::now();
        self.thread
            .block_on(self.exporter.export(document))
            .unwrap();
        let time = start.elapsed();
        self.arrivals.recv().unwrap();
        time
    }
}

impl Drop for Apps {
    fn drop(&mut self) {
        drop(self.leave.take());
        self.receiver.take().unwrap().join().unwrap();
    }
}

/// Takes every offer, tells when its plaintext was there, and reports.
async fn take_all(mut importer: Importer, taking: Taking, arrived: impl Fn(Instant)) {
    while let Ok(offer) = importer.next_offer().await {
        match taking {
            Taking::Opaque => {
                let opened = offer.redeem_opaque(&mut silent).await.unwrap();
                arrived(Instant::now());
                opened.complete([("note", Tally::default())]).await.unwrap();
            }
            Taking::Checked => {
                let import = offer.redeem(&mut silent).await.unwrap();
                arrived(Instant::now());
                import.complete_all().await.unwrap();
            }
        }
    }
}
