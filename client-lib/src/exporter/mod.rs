//! The exporting provider's side: ask the person, send the payload, learn what became of it
//! (`org.credex.Exchange1.Export.xml`, `…Request.xml`, `…Session.xml`).

mod delivery;
mod grant;
mod payload;
mod plan;
mod request;
mod seal;
mod session;

use std::sync::Arc;

use tokio::sync::watch;

pub use delivery::Delivery;
pub use grant::Grant;
pub use payload::Payload;
pub use plan::{LossReason, Lost, Plan};
pub use request::ExportRequest;

use crate::bus::{Bus, Owner};
use crate::error::Result;
use crate::receipt::Receipt;

/// An app that can send credentials to others.
///
/// It holds a connection of its own to the session bus, and may export several times at once.
#[derive(Debug, Clone)]
pub struct Exporter {
    bus: Arc<Bus>,
    app_id: String,
}

impl Exporter {
    /// Connects to the session bus; `app_id` is the app's desktop-entry ID. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`Error::NoBus`](crate::Error::NoBus).
    pub async fn connect(app_id: impl Into<String>) -> Result<Self> {
        Self::on(None, app_id.into()).await
    }

    /// Connects to the bus at a D-Bus `address`.
    ///
    /// # Errors
    /// [`Error::NoBus`](crate::Error::NoBus).
    pub async fn connect_to(address: &str, app_id: impl Into<String>) -> Result<Self> {
        Self::on(Some(address), app_id.into()).await
    }

    async fn on(address: Option<&str>, app_id: String) -> Result<Self> {
        let owner = watch::Sender::new(Owner::Unknown);
        let bus = Arc::new(Bus::connect(Bus::at(address)?, owner).await?);
        Ok(Self { bus, app_id })
    }

    /// Does a whole exchange: checks the payload, asks the person, sends what was let go, and waits
    /// until the importer has reported.
    ///
    /// # Errors
    /// [`Error::Document`](crate::Error::Document) before anybody is asked,
    /// [`Error::Declined`](crate::Error::Declined), and everything else of
    /// [`request`](Self::request), [`Grant::send`] and [`Delivery::receipt`].
    pub async fn export<'a>(&self, payload: impl Into<Payload<'a>>) -> Result<Receipt> {
        let mut payload = payload.into();
        let request = ExportRequest::new().declare(payload.check()?.present.clone());
        let grant = self.request(request).await?;
        grant.send(payload).await?.receipt().await
    }

    /// Asks the person to whom credentials may go, and which. Waits as long as the person takes;
    /// to drop the future is to take the question back.
    ///
    /// # Errors
    /// [`Error::Declined`](crate::Error::Declined); [`Error::Service`](crate::Error::Service) with
    /// one of the reasons that `org.credex.Exchange1.Export.xml` lists;
    /// [`Error::ServiceStopped`](crate::Error::ServiceStopped);
    /// [`Error::NotTheService`](crate::Error::NotTheService), and nothing is sealed.
    pub async fn request(&self, request: ExportRequest) -> Result<Grant> {
        request.ask(&self.bus, &self.app_id).await
    }
}
