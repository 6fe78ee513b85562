//! The proxy of `org.credex.Exchange1.Session`.

use zbus::zvariant::Fd;

use crate::wire::{ClosedDetails, CompleteOptions, Counts, NoOptions, Receipt};

/// An exchange to which the person has agreed.
#[zbus::proxy(
    interface = "org.credex.Exchange1.Session",
    default_service = "org.credex.Exchange1",
    gen_blocking = false
)]
pub trait Session {
    /// Hands the payload over. Returns when the offer ends, in milliseconds of `CLOCK_BOOTTIME`.
    fn deposit(
        &self,
        payload: Fd<'_>,
        wrapped_key: &[u8],
        counts: &Counts,
        options: NoOptions,
    ) -> zbus::Result<u64>;

    /// The exporter takes its offer back.
    fn close(&self) -> zbus::Result<()>;

    /// The importer has reported.
    #[zbus(signal)]
    fn completed(&self, receipt: Receipt, details: CompleteOptions) -> zbus::Result<()>;

    /// The exchange ended without a receipt.
    #[zbus(signal)]
    fn closed(
        &self,
        outcome: &str,
        error: &str,
        message: &str,
        details: ClosedDetails,
    ) -> zbus::Result<()>;

    /// The version of the interface.
    #[zbus(property(emits_changed_signal = "const"), name = "version")]
    fn version(&self) -> zbus::Result<u32>;
}
