//! A payload that was handed on as it was opened: what is left is to report.

use super::claim::Claim;
use super::opened::Origin;
use crate::app::App;
use crate::error::Result;
use crate::receipt::Tally;
use crate::wire_limits::per_type;

/// A payload that the app has taken in pieces. Dropping it without reporting tells the exporter
/// that nothing came of it.
#[derive(Debug)]
pub struct Taken {
    claim: Claim,
    origin: Origin,
}

impl Taken {
    pub(super) fn new(claim: Claim, origin: Origin) -> Self {
        Self { claim, origin }
    }

    /// Who exported, as the service established it.
    pub fn exporter(&self) -> &App {
        &self.origin.exporter
    }

    /// The version of the format of the document.
    pub fn format_version(&self) -> &str {
        &self.origin.format_version
    }

    /// Reports what became of each credential type, and ends the exchange.
    ///
    /// # Errors
    /// As [`Opened::complete`](super::Opened::complete).
    pub async fn complete(
        self,
        types: impl IntoIterator<Item = (impl Into<String>, Tally)>,
    ) -> Result<()> {
        self.claim.complete(&per_type(types), Vec::new()).await
    }

    /// Reports that nothing could be made of the payload; `reason` is cut at 256 bytes.
    ///
    /// # Errors
    /// As [`Opened::complete`](super::Opened::complete).
    pub async fn reject(self, reason: &str) -> Result<()> {
        self.claim.decline(reason).await
    }
}
