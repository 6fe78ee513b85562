//! The hold on one offer, which everything done with it shares: the calls, and the last word.

use std::sync::Arc;
use std::time::Duration;

use credex_protocol::wire::{CompleteOptions, NoOptions, Receipt};
use credex_protocol::{Reason, names, wire};
use serde::Serialize;
use tokio::sync::watch;
use zbus::zvariant::{DynamicDeserialize, DynamicType};

use super::served::Book;
use crate::answer::Method;
use crate::bus::{Bus, Owner};
use crate::error::{Ended, Error, Result};
use crate::wire_limits::shortened;

/// A hold on an offer. Dropping one that is still open declines the offer.
#[derive(Debug)]
pub(super) struct Claim {
    bus: Arc<Bus>,
    book: Arc<Book>,
    service: String,
    path: String,
    ended: watch::Receiver<Option<Ended>>,
    /// Why the offer is declined if nothing better happens; `None` once it is over.
    last_word: Option<String>,
}

impl Claim {
    pub(super) fn new(
        bus: Arc<Bus>,
        book: Arc<Book>,
        service: String,
        path: String,
        ended: watch::Receiver<Option<Ended>>,
    ) -> Self {
        Self {
            bus,
            book,
            service,
            path,
            ended,
            last_word: Some("The importing app put the offer aside.".to_owned()),
        }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn wire_path(&self) -> Result<zbus::zvariant::ObjectPath<'_>> {
        wire::object_path(&self.path).map_err(Error::bus)
    }

    /// Waits until the offer has ended, and tells why; for ever, if that was our own doing.
    pub(super) fn over(&self) -> impl Future<Output = Error> + Send + use<> {
        let (mut ended, owner) = (self.ended.clone(), self.bus.owner());
        let service = self.service.clone();
        async move {
            let ended = async {
                let ended = ended.wait_for(Option::is_some).await;
                ended.ok().and_then(|ended| ended.clone())
            };
            tokio::select! {
                biased;
                ended = ended => match ended {
                    Some(ended) => Error::Ended(ended),
                    None => std::future::pending().await,
                },
                () = stopped(owner, service) => Error::gone(),
            }
        }
    }

    /// What a call on the offer came to, or why it came to nothing: the end of an offer is told
    /// before the offer is denied.
    pub(super) async fn call<T>(
        &self,
        method: &str,
        body: &(impl Serialize + DynamicType),
    ) -> Result<T>
    where
        T: for<'d> DynamicDeserialize<'d>,
    {
        let called = self.bus.call(&self.service, import(method), body).await;
        match called {
            Err(refusal) if refusal.reason() == Some(Reason::NotFound) => {
                let over = tokio::time::timeout(Duration::from_secs(1), self.over()).await;
                Err(over.unwrap_or(refusal))
            }
            called => called,
        }
    }

    pub(super) async fn decline(mut self, reason: &str) -> Result<()> {
        self.last_word = None;
        let body = (self.wire_path()?, shortened(reason), NoOptions {});
        self.call("Decline", &body).await
    }

    pub(super) async fn complete(
        mut self,
        receipt: &Receipt,
        discrepancies: Vec<String>,
    ) -> Result<()> {
        self.last_word = None;
        let options = CompleteOptions {
            discrepancies: Some(discrepancies),
        };
        let body = (self.wire_path()?, receipt, options);
        self.call("Complete", &body).await
    }

    /// Remembers why nothing came of the offer, for the person and the exporter.
    pub(super) fn give_up(&mut self, error: &Error) {
        self.last_word = match error {
            Error::Ended(_) | Error::ServiceStopped(_) => None,
            error => Some(shortened(&error.to_string()).to_owned()),
        };
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.book.forget(&self.path);
        let Some(reason) = self.last_word.take() else {
            return;
        };
        if self.ended.borrow().is_some() {
            return;
        }
        let bus = Arc::clone(&self.bus);
        let (service, path) = (self.service.clone(), self.path.clone());
        self.bus.spawn(async move {
            if let Err(error) = decline(&bus, &service, &path, &reason).await {
                tracing::debug!(%error, "a dropped offer was over already");
            }
        });
    }
}

/// Waits until `service` does not own the name of the service any more.
async fn stopped(mut owner: watch::Receiver<Owner>, service: String) {
    let other = |owner: &Owner| !matches!(owner, Owner::Unique(name) if *name == service);
    // An error would mean that the connection is gone, which is the same.
    drop(owner.wait_for(other).await);
}

async fn decline(bus: &Bus, service: &str, path: &str, reason: &str) -> Result<()> {
    let path = wire::object_path(path).map_err(Error::bus)?;
    let body = (path, reason, NoOptions {});
    bus.call(service, import("Decline"), &body).await
}

fn import(name: &str) -> Method<'_> {
    Method {
        path: names::SERVICE_PATH,
        interface: names::IMPORT,
        name,
    }
}
