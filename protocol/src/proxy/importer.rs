//! The proxy of `org.credex.Importer1`, which an app serves.

use zbus::zvariant::ObjectPath;

use crate::wire::{NoOptions, OfferOptions};

/// An app that takes credentials.
#[zbus::proxy(
    interface = "org.credex.Importer1",
    default_path = "/org/credex/Importer1",
    gen_blocking = false
)]
pub trait Importer {
    /// Acknowledged with a fresh X25519 public key.
    fn offer(&self, offer: &ObjectPath<'_>, options: OfferOptions) -> zbus::Result<Vec<u8>>;

    /// Brings the one-time token.
    #[zbus(no_reply)]
    fn import(
        &self,
        offer: &ObjectPath<'_>,
        sealed_token: &[u8],
        options: NoOptions,
    ) -> zbus::Result<()>;

    /// The offer ended before it was completed.
    #[zbus(no_reply)]
    fn withdrawn(
        &self,
        offer: &ObjectPath<'_>,
        outcome: &str,
        error: &str,
        message: &str,
        options: NoOptions,
    ) -> zbus::Result<()>;

    /// The version of the interface.
    #[zbus(property(emits_changed_signal = "const"), name = "version")]
    fn version(&self) -> zbus::Result<u32>;
}
