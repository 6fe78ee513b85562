//! Everything that goes over the bus, as any process of the same user may see it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use zbus::fdo::MonitoringProxy;
use zbus::message::Type;
use zbus::{Connection, Message, MessageStream};

use super::check::{Finding, trouble};
use super::mailbox::Mailbox;

/// The bus itself must deliver a message within this time.
const DELIVERY: Duration = Duration::from_secs(20);

/// A message, and when it was seen.
#[derive(Debug, Clone)]
pub(super) struct Sighting {
    pub(super) message: Message,
    pub(super) at: Instant,
}

/// Keeps every message on the bus.
pub(super) struct Wire {
    seen: Arc<Mutex<Vec<Sighting>>>,
    marks: Mailbox<String>,
    marker: Connection,
    number: AtomicU32,
    _listening: Connection,
}

impl Wire {
    /// Listens from now on; `None` where the bus lets nobody.
    pub(super) async fn listen(address: &str) -> Option<Wire> {
        let connect = || async {
            zbus::connection::Builder::address(address)
                .ok()?
                .build()
                .await
                .ok()
        };
        let (listening, marker) = (connect().await?, connect().await?);
        let mut stream = MessageStream::from(&listening);
        let monitoring = MonitoringProxy::new(&listening).await.ok()?;
        monitoring.become_monitor(&[], 0).await.ok()?;
        let (seen, marks) = (Arc::new(Mutex::new(Vec::new())), Mailbox::default());
        let (kept, told) = (Arc::clone(&seen), marks.clone());
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                let at = Instant::now();
                if let Some(mark) = mark_of(&message) {
                    told.put(mark);
                }
                let mut seen = kept.lock().unwrap_or_else(PoisonError::into_inner);
                seen.push(Sighting { message, at });
            }
        });
        Some(Wire {
            seen,
            marks,
            marker,
            number: AtomicU32::new(0),
            _listening: listening,
        })
    }

    /// Everything so far. A mark is sent first, so that nothing is still on its way.
    pub(super) async fn seen(&self) -> Result<Vec<Sighting>, Finding> {
        let mark = format!("M{}", self.number.fetch_add(1, Ordering::Relaxed));
        self.marker
            .emit_signal(None::<&str>, "/", MARKS, mark.as_str(), &())
            .await?;
        let wanted = |told: &String| (*told == mark).then_some(());
        let came = self.marks.take(DELIVERY, wanted).await;
        came.ok_or_else(|| trouble("the bus does not tell what goes over it"))?;
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(seen.clone())
    }

    /// The calls of `member` that `sender` has made until now.
    pub(super) async fn calls(&self, sender: &str, member: &str) -> Result<Vec<Message>, Finding> {
        let seen = self.seen().await?;
        let calls = seen.into_iter().map(|sighting| sighting.message);
        Ok(calls
            .filter(|message| is_call(message, member) && is_from(message, sender))
            .collect())
    }

    /// The first call of `member`, by anybody.
    pub(super) async fn call(&self, member: &str) -> Result<Option<Message>, Finding> {
        let mut seen = self.seen().await?.into_iter();
        let call = seen.find(|sighting| is_call(&sighting.message, member));
        Ok(call.map(|sighting| sighting.message))
    }

    /// The answers to the calls of `member`: the call, and its answer.
    pub(super) async fn answers(&self, member: &str) -> Result<Vec<(Sighting, Sighting)>, Finding> {
        let seen = self.seen().await?;
        let calls = seen
            .iter()
            .filter(|sighting| is_call(&sighting.message, member));
        let pairs = calls.filter_map(|call| {
            let answer = seen.iter().find(|other| answers(other, call))?;
            Some((call.clone(), answer.clone()))
        });
        Ok(pairs.collect())
    }
}

const MARKS: &str = "org.credex.Conformance1.Marks";

fn mark_of(message: &Message) -> Option<String> {
    let header = message.header();
    let ours = header.interface().is_some_and(|name| name == MARKS);
    ours.then(|| header.member().map(ToString::to_string))?
}

fn is_call(message: &Message, member: &str) -> bool {
    let header = message.header();
    message.message_type() == Type::MethodCall && header.member().is_some_and(|it| it == member)
}

fn is_from(message: &Message, sender: &str) -> bool {
    let header = message.header();
    header.sender().is_some_and(|name| name.as_str() == sender)
}

fn answers(answer: &Sighting, call: &Sighting) -> bool {
    let (answer, call) = (answer.message.header(), call.message.header());
    answer.reply_serial() == Some(call.primary().serial_num())
        && answer.destination().map(ToString::to_string) == call.sender().map(ToString::to_string)
}
