//! Whoever listens on the bus: any process of the same user may. Serves design §4.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use zbus::fdo::MonitoringProxy;
use zbus::{Message, MessageStream};

use crate::desktop::Desktop;
use crate::mailbox::Mailbox;

/// Keeps every message on the bus, and a copy of every fd.
#[derive(Debug)]
pub struct Monitor {
    seen: Arc<Mutex<Vec<Message>>>,
    heard: Mailbox<Message>,
    witness: zbus::Connection,
    connection: zbus::Connection,
}

impl Monitor {
    /// Listens from now on. `meddle` is called for each fd as soon as it arrives.
    pub async fn listen(desktop: &Desktop, meddle: fn(OwnedFd)) -> Monitor {
        let connection = desktop.bus.connect().await;
        let mut stream = MessageStream::from(&connection);
        let proxy = MonitoringProxy::new(&connection).await.unwrap();
        proxy
            .become_monitor(&[], 0)
            .await
            .expect("anybody may listen");
        let (seen, heard) = (Arc::new(Mutex::new(Vec::new())), Mailbox::default());
        let (kept, box_) = (Arc::clone(&seen), heard.clone());
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                for fd in message.data().fds() {
                    meddle(
                        fd.as_fd()
                            .try_clone_to_owned()
                            .expect("an fd can be doubled"),
                    );
                }
                kept.lock().unwrap().push(message.clone());
                box_.put(message);
            }
        });
        Monitor {
            seen,
            heard,
            witness: desktop.bus.connect().await,
            connection,
        }
    }

    /// Everything so far. A mark is sent over the bus first, so that nothing is still on its way.
    pub async fn seen(&self) -> Vec<Message> {
        let mark = format!("Mark{}", self.seen.lock().unwrap().len());
        let sent =
            self.witness
                .emit_signal(None::<&str>, "/", "org.example.Mark", mark.as_str(), &());
        sent.await.unwrap();
        self.hears(&mark).await;
        self.seen.lock().unwrap().clone()
    }

    /// Waits for the next call or signal of this name.
    pub async fn hears(&self, member: &str) -> Message {
        let wanted = |message: &Message| {
            let found = message.header().member().is_some_and(|name| name == member);
            found.then(|| message.clone())
        };
        self.heard
            .take(&format!("{member} on the bus"), wanted)
            .await
    }

    /// Stops listening.
    pub async fn leave(self) {
        self.connection.close().await.ok();
    }
}

/// Everything that was in `messages`, as the bytes that travelled.
pub fn bytes(messages: &[Message]) -> Vec<u8> {
    let bytes = messages
        .iter()
        .flat_map(|message| message.data().bytes().to_vec());
    bytes.collect()
}

/// A copy of every fd that was in `messages`.
pub fn fds(messages: &[Message]) -> Vec<OwnedFd> {
    let fds = messages.iter().flat_map(|message| message.data().fds());
    fds.map(|fd| {
        fd.as_fd()
            .try_clone_to_owned()
            .expect("an fd can be doubled")
    })
    .collect()
}

/// Whether `needle` occurs in `hay`.
pub fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}
