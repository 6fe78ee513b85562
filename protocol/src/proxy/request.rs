//! The proxy of `org.credex.Exchange1.Request`.

use crate::wire::ExportResults;

/// One long call, until it is answered.
#[zbus::proxy(
    interface = "org.credex.Exchange1.Request",
    default_service = "org.credex.Exchange1",
    gen_blocking = false
)]
pub trait Request {
    /// The caller no longer wants an answer.
    fn close(&self) -> zbus::Result<()>;

    /// The answer.
    #[zbus(signal)]
    fn response(&self, response: u32, results: ExportResults) -> zbus::Result<()>;

    /// The version of the interface.
    #[zbus(property(emits_changed_signal = "const"), name = "version")]
    fn version(&self) -> zbus::Result<u32>;
}
