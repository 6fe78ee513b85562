//! The session that a grant opened, shared by everything that is done in it: `Session.Deposit`,
//! and the one signal with which it ends.

use std::fs::File;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use credex_protocol::Reason;
use credex_protocol::wire::{ClosedDetails, CompleteOptions, NoOptions};
use credex_protocol::{names, wire};
use tokio::sync::Mutex;
use zbus::Message;
use zbus::zvariant::Fd;

use crate::answer::Method;
use crate::bus::{Bus, Mailbox, already_sent, next_from};
use crate::cxf::Counts;
use crate::error::{Ended, Error, Result};
use crate::receipt::Receipt;
use crate::wire_limits::per_type;

/// Closed when the last who needs it is dropped, unless it is over.
#[derive(Debug)]
pub(super) struct Session {
    bus: Arc<Bus>,
    service: String,
    path: String,
    news: Mutex<Mailbox>,
    over: AtomicBool,
}

impl Session {
    pub(super) fn new(bus: Arc<Bus>, service: String, path: String, news: Mailbox) -> Self {
        Self {
            bus,
            service,
            path,
            news: Mutex::new(news),
            over: AtomicBool::new(false),
        }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Hands the payload over, and returns when the offer ends on the clock of the protocol.
    pub(super) async fn deposit(&self, file: &File, key: &[u8], counts: Counts) -> Result<u64> {
        let counts = per_type(counts.iter());
        let body = (Fd::from(file.as_fd()), key, counts, NoOptions {});
        let deposit = method(&self.path, "Deposit");
        match self.bus.call(&self.service, deposit, &body).await {
            Ok(expires) => Ok(expires),
            Err(refusal) => Err(self.why_over(refusal).await),
        }
    }

    /// Waits for the end of the session.
    pub(super) async fn end(&self) -> Result<Receipt> {
        let news = next_from(&mut *self.news.lock().await, &self.service).await;
        self.over.store(true, Ordering::Relaxed);
        read_end(&news?)
    }

    /// Takes the exchange back; what was not redeemed yet is forgotten.
    pub(super) async fn close(&self) -> Result<()> {
        if self.over.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let close = method(&self.path, "Close");
        self.bus.call(&self.service, close, &()).await
    }

    /// A session that is not there any more has said why before.
    async fn why_over(&self, refusal: Error) -> Error {
        if refusal.reason() != Some(Reason::NotFound) {
            return refusal;
        }
        self.over.store(true, Ordering::Relaxed);
        match already_sent(&mut *self.news.lock().await, &self.service).await {
            Some(news) => read_end(&news).err().unwrap_or(refusal),
            None => refusal,
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.bus.close_mailbox(&self.path);
        if *self.over.get_mut() {
            return;
        }
        let bus = Arc::clone(&self.bus);
        let (service, path) = (self.service.clone(), self.path.clone());
        self.bus.spawn(async move {
            let closed: Result<()> = bus.call(&service, method(&path, "Close"), &()).await;
            if let Err(error) = closed {
                tracing::debug!(%error, "a dropped session was over already");
            }
        });
    }
}

pub(super) fn method<'a>(path: &'a str, name: &'a str) -> Method<'a> {
    Method {
        path,
        interface: names::SESSION,
        name,
    }
}

/// `Completed` or `Closed`.
fn read_end(news: &Message) -> Result<Receipt> {
    let header = news.header();
    let (interface, member) = (header.interface(), header.member());
    let body = news.body();
    if interface.is_none_or(|name| name != names::SESSION) {
        return Err(Error::Protocol(format!("{interface:?} on a session")));
    }
    match member.map(|name| name.as_str()) {
        Some("Completed") => {
            let (types, details): (wire::Receipt, CompleteOptions) =
                body.deserialize().map_err(Error::unreadable)?;
            Ok(Receipt {
                types,
                discrepancies: details.discrepancies.unwrap_or_default(),
            })
        }
        Some("Closed") => {
            let (outcome, error, message, details): (&str, &str, String, ClosedDetails) =
                body.deserialize().map_err(Error::unreadable)?;
            let handed_over = details.handed_over.unwrap_or(false);
            Err(Error::Ended(Ended::from_wire(
                outcome,
                error,
                message,
                handed_over,
            )))
        }
        other => Err(Error::Protocol(format!("a session's signal {other:?}"))),
    }
}
