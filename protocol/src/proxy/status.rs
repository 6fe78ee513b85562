//! The proxy of `org.credex.Exchange1.Status`.

use crate::wire::{ImporterInfo, NoOptions, ServiceStatus};

/// What the service is doing.
#[zbus::proxy(
    interface = "org.credex.Exchange1.Status",
    default_service = "org.credex.Exchange1",
    default_path = "/org/credex/Exchange1",
    gen_blocking = false
)]
pub trait Status {
    /// Every importing provider, and the entries that could not be read.
    fn providers(&self, options: NoOptions) -> zbus::Result<(Vec<ImporterInfo>, Vec<String>)>;

    /// How the service is.
    fn get_status(&self, options: NoOptions) -> zbus::Result<ServiceStatus>;

    /// The version of the interface.
    #[zbus(property(emits_changed_signal = "const"), name = "version")]
    fn version(&self) -> zbus::Result<u32>;
}
