//! How processes that a test did not start itself tell it what they see: JSON lines over a socket of
//! the test's own. A report has a member `said`, which names it; lines go the other way, too.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixListener;
use tokio::net::unix::OwnedWriteHalf;
use tokio::task::AbortHandle;

use crate::mailbox::Mailbox;

/// The test's end.
#[derive(Debug)]
pub struct Reports {
    path: PathBuf,
    said: Mailbox<Value>,
    tellers: Arc<tokio::sync::Mutex<Vec<OwnedWriteHalf>>>,
    listening: AbortHandle,
}

impl Reports {
    /// Listens at `path`.
    pub(crate) fn open(path: PathBuf) -> Reports {
        let listener = UnixListener::bind(&path).unwrap();
        let said = Mailbox::default();
        let tellers = Arc::default();
        let listening = tokio::spawn(listen(listener, said.clone(), Arc::clone(&tellers)));
        Reports {
            path,
            said,
            tellers,
            listening: listening.abort_handle(),
        }
    }

    /// Where processes report to.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The next report of this name.
    pub async fn next(&self, name: &str) -> Value {
        let wanted = |report: &Value| (report["said"] == name).then(|| report.clone());
        self.said
            .take(&format!("the report {name:?}"), wanted)
            .await
    }

    /// Reports that have arrived and that nobody has taken.
    pub fn left(&self) -> Vec<Value> {
        self.said.left(Value::clone)
    }

    /// Tells every process that reports here.
    pub async fn tell(&self, line: &str) {
        for teller in self.tellers.lock().await.iter_mut() {
            // One that has ended cannot be told.
            teller.write_all(format!("{line}\n").as_bytes()).await.ok();
        }
    }
}

impl Drop for Reports {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(
    listener: UnixListener,
    said: Mailbox<Value>,
    tellers: Arc<tokio::sync::Mutex<Vec<OwnedWriteHalf>>>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (reader, writer) = stream.into_split();
        tellers.lock().await.push(writer);
        let said = said.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(reader).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                said.put(serde_json::from_str(&line).expect("reports are JSON"));
            }
        });
    }
}

/// The end of a process that reports.
#[derive(Debug)]
pub struct Reporter(Mutex<UnixStream>);

impl Reporter {
    /// Reports to the test that listens at `path`, first of all that this process has started.
    pub fn connect(path: &Path) -> Reporter {
        let stream = UnixStream::connect(path).expect("the test listens");
        let reporter = Reporter(Mutex::new(stream));
        reporter.say("started", serde_json::json!({}));
        reporter
    }

    /// Reports `details`, with the name of the report and of this process.
    pub fn say(&self, name: &str, mut details: Value) {
        details["said"] = name.into();
        details["pid"] = std::process::id().into();
        let line = format!("{details}\n");
        self.0.lock().unwrap().write_all(line.as_bytes()).ok();
    }

    /// A second handle, to read what the test tells.
    pub fn orders(&self) -> tokio::net::UnixStream {
        let stream = self
            .0
            .lock()
            .unwrap()
            .try_clone()
            .expect("a socket can be doubled");
        stream
            .set_nonblocking(true)
            .expect("a socket can be watched");
        tokio::net::UnixStream::from_std(stream).expect("a socket can be watched")
    }
}
