//! A payload on its way, and what became of it.

use std::sync::Arc;
use std::time::Duration;

use super::session::Session;
use crate::clock::left_until;
use crate::cxf::Report;
use crate::error::Result;
use crate::receipt::Receipt;

/// A payload that waits for its importer. Dropping it calls the exchange off.
#[derive(Debug)]
pub struct Delivery {
    session: Arc<Session>,
    expires: u64,
    report: Report,
}

impl Delivery {
    pub(super) fn new(session: Arc<Session>, expires: u64, report: Report) -> Self {
        Self {
            session,
            expires,
            report,
        }
    }

    /// How long the importer has at first; it may ask for more.
    pub fn expires_in(&self) -> Duration {
        left_until(self.expires)
    }

    /// What the check of the document found: parts of it that an importer will not take. Empty
    /// for an opaque payload.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Waits until the importer has reported, or the exchange ended otherwise. May be dropped and
    /// called again until it has returned.
    ///
    /// # Errors
    /// [`Error::Ended`](crate::Error::Ended), which says whether anything was handed over;
    /// [`Error::ServiceStopped`](crate::Error::ServiceStopped).
    pub async fn receipt(&mut self) -> Result<Receipt> {
        self.session.end().await
    }

    /// Takes the payload back. What the importer has already redeemed it keeps.
    ///
    /// # Errors
    /// [`Error::Service`](crate::Error::Service) if the exchange was over already.
    pub async fn cancel(self) -> Result<()> {
        self.session.close().await
    }
}
