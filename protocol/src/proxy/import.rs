//! The proxy of `org.credex.Exchange1.Import`.

use zbus::zvariant::{ObjectPath, OwnedFd};

use crate::wire::{AnnounceOptions, CompleteOptions, NoOptions, Receipt, RedeemResults};

/// Takes credentials that another app offers.
#[zbus::proxy(
    interface = "org.credex.Exchange1.Import",
    default_service = "org.credex.Exchange1",
    default_path = "/org/credex/Exchange1",
    gen_blocking = false
)]
pub trait Import {
    /// Says that this connection serves `org.credex.Importer1`.
    fn announce(&self, app_id: &str, options: AnnounceOptions) -> zbus::Result<()>;

    /// Takes an `announce` back.
    fn withdraw(&self, options: NoOptions) -> zbus::Result<()>;

    /// Exchanges the token for the payload, its wrapped key and its origin, once.
    fn redeem(
        &self,
        offer: &ObjectPath<'_>,
        sealed_token: &[u8],
        options: NoOptions,
    ) -> zbus::Result<(OwnedFd, Vec<u8>, RedeemResults)>;

    /// Gives the person time to unlock. Returns when the offer now ends, in milliseconds of
    /// `CLOCK_BOOTTIME`.
    fn extend(&self, offer: &ObjectPath<'_>, seconds: u32, options: NoOptions)
    -> zbus::Result<u64>;

    /// The importer does not want the offer.
    fn decline(&self, offer: &ObjectPath<'_>, reason: &str, options: NoOptions)
    -> zbus::Result<()>;

    /// Reports what became of a redeemed payload.
    fn complete(
        &self,
        offer: &ObjectPath<'_>,
        receipt: &Receipt,
        options: CompleteOptions,
    ) -> zbus::Result<()>;

    /// The version of the interface.
    #[zbus(property(emits_changed_signal = "const"), name = "version")]
    fn version(&self) -> zbus::Result<u32>;
}
