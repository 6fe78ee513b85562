//! The hold on one offer, which everything done with it shares: the calls, and the last word.

use std::sync::Arc;
use std::time::Duration;

use credex_protocol::proxy::ImportProxy;
use credex_protocol::wire::{CompleteOptions, NoOptions, Receipt};
use credex_protocol::{Reason, wire};
use tokio::sync::watch;
use zbus::Connection;
use zbus::proxy::CacheProperties;

use super::served::Book;
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

    pub(super) async fn proxy(&self) -> Result<ImportProxy<'_>> {
        proxy(self.bus.connection(), &self.service)
            .await
            .map_err(Error::bus)
    }

    pub(super) fn wire_path(&self) -> Result<zbus::zvariant::ObjectPath<'_>> {
        wire::object_path(&self.path).map_err(Error::bus)
    }

    /// Waits until the offer has ended, and tells why.
    pub(super) async fn over(&self) -> Error {
        let mut ended = self.ended.clone();
        tokio::select! {
            biased;
            ended = ended.wait_for(Option::is_some) => match ended.as_deref() {
                Ok(Some(ended)) => Error::Ended(ended.clone()),
                _ => Error::gone(),
            },
            () = self.service_stopped() => Error::gone(),
        }
    }

    /// What a call came to, or why it came to nothing: the end of an offer is told before the
    /// offer is denied.
    pub(super) async fn outcome<T>(
        &self,
        call: impl Future<Output = zbus::Result<T>>,
    ) -> Result<T> {
        let refusal = match call.await {
            Ok(answer) => return Ok(answer),
            Err(refusal) => Error::bus(refusal),
        };
        if refusal.reason() != Some(Reason::NotFound) {
            return Err(refusal);
        }
        let over = tokio::time::timeout(Duration::from_secs(1), self.over()).await;
        Err(over.unwrap_or(refusal))
    }

    pub(super) async fn decline(mut self, reason: &str) -> Result<()> {
        self.last_word = None;
        let import = self.proxy().await?;
        let path = self.wire_path()?;
        self.outcome(import.decline(&path, shortened(reason), NoOptions {}))
            .await
    }

    pub(super) async fn complete(
        mut self,
        receipt: &Receipt,
        discrepancies: Vec<String>,
    ) -> Result<()> {
        self.last_word = None;
        let import = self.proxy().await?;
        let path = self.wire_path()?;
        let options = CompleteOptions {
            discrepancies: Some(discrepancies),
        };
        self.outcome(import.complete(&path, receipt, options)).await
    }

    /// Remembers why nothing came of the offer, for the person and the exporter.
    pub(super) fn give_up(&mut self, error: &Error) {
        self.last_word = match error {
            Error::Ended(_) | Error::ServiceStopped(_) => None,
            error => Some(shortened(&error.to_string()).to_owned()),
        };
    }

    async fn service_stopped(&self) {
        let mut owner = self.bus.owner();
        let stopped =
            |owner: &Owner| !matches!(owner, Owner::Unique(name) if *name == self.service);
        // An error would mean that the connection is gone, which is the same.
        drop(owner.wait_for(stopped).await);
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
        let connection = self.bus.connection().clone();
        let (service, path) = (self.service.clone(), self.path.clone());
        self.bus.spawn(async move {
            if let Err(error) = decline(&connection, &service, &path, &reason).await {
                tracing::debug!(%error, "a dropped offer was over already");
            }
        });
    }
}

async fn decline(
    connection: &Connection,
    service: &str,
    path: &str,
    reason: &str,
) -> zbus::Result<()> {
    let path = wire::object_path(path)?;
    let import = proxy(connection, service).await?;
    import.decline(&path, reason, NoOptions {}).await
}

async fn proxy<'a>(connection: &Connection, service: &'a str) -> zbus::Result<ImportProxy<'a>> {
    ImportProxy::builder(connection)
        .destination(service)?
        .cache_properties(CacheProperties::No)
        .build()
        .await
}
