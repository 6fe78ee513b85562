//! The importing provider's side: be there for offers, and take them
//! (`org.credex.Importer1.xml`, `org.credex.Exchange1.Import.xml`).

mod announce;
mod attachments;
mod builder;
mod claim;
mod import;
mod offer;
mod opened;
mod served;
mod split;
mod taken;

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;

pub use attachments::AttachmentProblem;
pub use builder::ImporterBuilder;
pub use import::Import;
pub use offer::Offer;
pub use opened::Opened;
pub use taken::Taken;

use crate::bus::{Bus, Owner};
use crate::error::{Error, Result};
use served::{Book, Ready};

/// An app that credentials can be sent to, as long as it lives.
///
/// It serves `org.credex.Importer1` on a connection of its own, and acknowledges every offer by
/// itself. Several offers may be open at once.
#[derive(Debug)]
pub struct Importer {
    bus: Arc<Bus>,
    book: Arc<Book>,
    offers: mpsc::UnboundedReceiver<Ready>,
    announcing: Option<AbortHandle>,
    limit: u64,
}

impl Importer {
    /// Begins to describe the app whose desktop-entry ID is `app_id`.
    pub fn builder(app_id: impl Into<String>) -> ImporterBuilder {
        ImporterBuilder::new(app_id.into())
    }

    /// The unique name of its connection to the bus.
    #[must_use]
    pub fn unique_name(&self) -> &str {
        self.bus.unique_name()
    }

    /// Waits for the next offer that is still open. May be dropped and called again.
    ///
    /// # Errors
    /// [`Error::ServiceStopped`] once the bus itself is gone. The service may come and go.
    pub async fn next_offer(&mut self) -> Result<Offer> {
        let mut owner = self.bus.owner();
        loop {
            let ready = tokio::select! {
                biased;
                ready = self.offers.recv() => ready.ok_or_else(Error::gone)?,
                _gone = owner.wait_for(|owner| *owner == Owner::BusGone) => {
                    return Err(Error::gone());
                }
            };
            if ready.ended.borrow().is_none() {
                let (bus, book) = (Arc::clone(&self.bus), Arc::clone(&self.book));
                return Ok(Offer::new(bus, book, ready, self.limit));
            }
        }
    }
}

impl Drop for Importer {
    fn drop(&mut self) {
        if let Some(announcing) = &self.announcing {
            announcing.abort();
        }
    }
}
