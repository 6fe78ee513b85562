//! A website on this computer, over real TLS: as good or as bad as a story needs it.
//!
//! ```no_run
//! use credex_tests::website::{Authority, Identity, Page, Website};
//! let authority = Authority::new();
//! let site = Website::open(&authority, Identity::Good);
//! site.serve("/.well-known/assetlinks.json", Page::json("[]"));
//! println!("{} shows a certificate of {}", site.host(), authority.file().display());
//! ```

mod authority;
mod page;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

pub use authority::{Authority, Identity};
pub use page::Page;

/// A running website. It stops when it is dropped.
pub struct Website {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

/// What the threads of a site have in common.
#[derive(Default)]
struct Shared {
    pages: Mutex<HashMap<String, Page>>,
    requests: Mutex<Vec<String>>,
    closed: Mutex<bool>,
    closing: Condvar,
}

impl Website {
    /// Opens a site at `localhost` that has no page yet, and answers with 404.
    pub fn open(authority: &Authority, identity: Identity) -> Website {
        let config = Arc::new(authority.server(identity));
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::<Shared>::default();
        let accepting = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &config, &shared)
        });
        Website {
            address,
            shared,
            accepting: Some(accepting),
        }
    }

    /// Its host and port, as an app asks for it.
    pub fn host(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    /// The URL of `path`.
    pub fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.host())
    }

    /// Serves `page` at `path` from now on.
    pub fn serve(&self, path: &str, page: Page) {
        let mut pages = self.shared.pages.lock().expect("pages are whole");
        pages.insert(path.to_owned(), page);
    }

    /// The paths that were asked for, in order.
    pub fn requests(&self) -> Vec<String> {
        self.shared
            .requests
            .lock()
            .expect("requests are whole")
            .clone()
    }
}

impl Drop for Website {
    fn drop(&mut self) {
        *self
            .shared
            .closed
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.closing.notify_all();
        // Whoever waits for a connection gets one, and sees that it was the last.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            drop(accepting.join());
        }
    }
}

impl Shared {
    /// Waits, but not beyond the end of the site; whether it is still open.
    fn pause(&self, time: Duration) -> bool {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .closing
            .wait_timeout_while(closed, time, |closed| !*closed);
        !*waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

fn accept(listener: &TcpListener, config: &Arc<ServerConfig>, shared: &Arc<Shared>) {
    for connection in listener.incoming() {
        if *shared.closed.lock().unwrap_or_else(PoisonError::into_inner) {
            return;
        }
        let Ok(connection) = connection else { continue };
        let (config, shared) = (Arc::clone(config), Arc::clone(shared));
        // A client that does not like what it sees breaks off: no reason for the site to fail.
        std::thread::spawn(move || drop(answer(connection, config, &shared)));
    }
}

fn answer(socket: TcpStream, config: Arc<ServerConfig>, shared: &Shared) -> std::io::Result<()> {
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(connection, socket));
    let mut first = String::new();
    stream.read_line(&mut first)?;
    let path = first
        .split(' ')
        .nth(1)
        .ok_or(ErrorKind::InvalidData)?
        .to_owned();
    let mut line = String::new();
    while stream.read_line(&mut line)? > 2 {
        line.clear();
    }
    shared
        .requests
        .lock()
        .expect("requests are whole")
        .push(path.clone());
    let page = shared
        .pages
        .lock()
        .expect("pages are whole")
        .get(&path)
        .cloned();
    let mut stream = stream.into_inner();
    let whole = page
        .unwrap_or(Page::Status(404))
        .write(&mut stream, |time| shared.pause(time))?;
    if whole {
        stream.conn.send_close_notify();
    }
    stream.flush()
}
