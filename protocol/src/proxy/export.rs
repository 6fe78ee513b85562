//! The proxy of `org.credex.Exchange1.Export`.

use zbus::zvariant::OwnedObjectPath;

use crate::wire::ExportOptions;

/// Asks the person to send credentials to another app.
#[zbus::proxy(
    interface = "org.credex.Exchange1.Export",
    default_service = "org.credex.Exchange1",
    default_path = "/org/credex/Exchange1",
    gen_blocking = false
)]
pub trait Export {
    /// Returns the path of the request that will answer.
    fn request_export(
        &self,
        parent_window: &str,
        options: ExportOptions,
    ) -> zbus::Result<OwnedObjectPath>;

    /// The version of the interface.
    #[zbus(property(emits_changed_signal = "const"), name = "version")]
    fn version(&self) -> zbus::Result<u32>;
}
