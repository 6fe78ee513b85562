//! What the actors report to the demo: lines of JSON on a socket in the private directory. Never
//! anything of a payload but its length and its SHA-256.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use credex::cxf::Counts;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::UnixListener;
use tokio::sync::{mpsc, watch};

use super::proof::Digest;
use crate::receipt::Told;

/// Something that happened to an actor.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum News {
    /// The exporter is about to ask where its credentials may go.
    Asking { counts: Counts, attachments: usize },
    /// The person agreed; this is what leaves.
    Leaving { counts: Counts, parts: Vec<Digest> },
    /// It is sealed, and the service has it.
    Deposited { micros: u64 },
    /// The exporter has its receipt.
    Receipt(Told),
    /// The importer runs.
    Started { app: String },
    /// It was offered something.
    Offered { exporter: String, assurance: String },
    /// It has opened this.
    Arrived { micros: u64, parts: Vec<Digest> },
    /// An actor could not go on.
    Failed {
        who: String,
        exit: u8,
        what: String,
        advice: Option<String>,
    },
}

/// An actor's end of the socket.
pub(super) struct Reporter(UnixStream);

impl Reporter {
    pub(super) fn connect(path: &Path) -> io::Result<Reporter> {
        UnixStream::connect(path).map(Reporter)
    }

    pub(super) fn tell(&mut self, news: &News) -> io::Result<()> {
        let mut line = serde_json::to_vec(news)?;
        line.push(b'\n');
        self.0.write_all(&line)
    }
}

/// The demo's end.
pub(super) struct Newsroom {
    path: PathBuf,
    news: mpsc::UnboundedReceiver<News>,
    /// How many actors are there.
    actors: watch::Receiver<usize>,
}

impl Newsroom {
    /// Listens at `path`.
    pub(super) fn open(path: PathBuf) -> io::Result<Newsroom> {
        let listener = UnixListener::bind(&path)?;
        let (sender, news) = mpsc::unbounded_channel();
        let (count, actors) = watch::channel(0);
        tokio::spawn(receive(listener, sender, count));
        Ok(Newsroom { path, news, actors })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The next that happens; `None` once nothing can any more.
    pub(super) async fn next(&mut self) -> Option<News> {
        self.news.recv().await
    }

    /// Waits until no actor is left.
    pub(super) async fn empty(&mut self) {
        // An error means that nobody counts any more.
        self.actors.wait_for(|actors| *actors == 0).await.ok();
    }
}

async fn receive(
    listener: UnixListener,
    news: mpsc::UnboundedSender<News>,
    actors: watch::Sender<usize>,
) {
    while let Ok((actor, _)) = listener.accept().await {
        actors.send_modify(|actors| *actors += 1);
        let (news, actors) = (news.clone(), actors.clone());
        tokio::spawn(async move {
            let mut lines = BufReader::new(actor).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let told = serde_json::from_str(&line);
                if told.is_ok_and(|told| news.send(told).is_err()) {
                    break;
                }
            }
            actors.send_modify(|actors| *actors -= 1);
        });
    }
}
