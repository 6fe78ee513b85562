//! The proxy of `org.credex.Chooser1`, spoken over a socket of its own.

use crate::wire::{
    ChooseRequest, ChooseResults, ConsentRequest, ConsentResults, FinishedDetails,
    PassphraseRequest, PassphraseResults, ProgressDetails,
};

/// The dialog in which a person decides.
#[zbus::proxy(
    interface = "org.credex.Chooser1",
    default_path = "/org/credex/Chooser1",
    gen_blocking = false
)]
pub trait Chooser {
    /// Asks.
    fn choose_importer(
        &self,
        exchange: &str,
        parent_window: &str,
        request: ChooseRequest,
    ) -> zbus::Result<(u32, ChooseResults)>;

    /// Asks whether an app may touch a shared web credential.
    fn ask_consent(
        &self,
        prompt: &str,
        parent_window: &str,
        request: ConsentRequest,
    ) -> zbus::Result<(u32, ConsentResults)>;

    /// Asks for the passphrase of a store.
    fn ask_passphrase(
        &self,
        prompt: &str,
        parent_window: &str,
        request: PassphraseRequest,
    ) -> zbus::Result<(u32, PassphraseResults)>;

    /// A consent or a passphrase is no longer needed.
    #[zbus(no_reply)]
    fn withdraw(&self, prompt: &str) -> zbus::Result<()>;

    /// The exchange went on.
    #[zbus(no_reply)]
    fn progress(&self, exchange: &str, state: &str, details: ProgressDetails) -> zbus::Result<()>;

    /// The exchange has ended.
    #[zbus(no_reply)]
    fn finished(&self, exchange: &str, outcome: &str, details: FinishedDetails)
    -> zbus::Result<()>;

    /// The person stops an exchange to which they had agreed.
    #[zbus(signal)]
    fn cancelled(&self, exchange: &str) -> zbus::Result<()>;

    /// The version of the interface.
    #[zbus(property(emits_changed_signal = "const"), name = "version")]
    fn version(&self) -> zbus::Result<u32>;
}
