//! The proxy of `org.credex.Exchange1.WebCredentials`.

use zbus::zvariant::OwnedObjectPath;

use crate::wire::{
    AddOptions, CheckOptions, DecisionInfo, DomainReport, GenerateOptions, GenerateResults,
    NoOptions, RefreshOptions, WebRequestOptions,
};

/// Passwords that an app shares with its website.
#[zbus::proxy(
    interface = "org.credex.Exchange1.WebCredentials",
    default_service = "org.credex.Exchange1",
    default_path = "/org/credex/Exchange1",
    gen_blocking = false
)]
pub trait WebCredentials {
    /// A key for one password, and its number.
    fn get_key(&self, options: NoOptions) -> zbus::Result<(Vec<u8>, u64)>;

    /// Adds, changes or deletes a password. Returns the path of the request that will answer.
    fn add(
        &self,
        parent_window: &str,
        domain: &str,
        account: &str,
        sealed_password: &[u8],
        options: AddOptions,
    ) -> zbus::Result<OwnedObjectPath>;

    /// Asks for a saved password. Returns the path of the request that will answer.
    fn request(
        &self,
        parent_window: &str,
        public_key: &[u8],
        options: WebRequestOptions,
    ) -> zbus::Result<OwnedObjectPath>;

    /// A random password, sealed to `public_key`.
    fn generate(
        &self,
        public_key: &[u8],
        options: GenerateOptions,
    ) -> zbus::Result<(Vec<u8>, GenerateResults)>;

    /// Reads a website's statement anew. Returns the path of the request that will answer.
    fn refresh(&self, domain: &str, options: RefreshOptions) -> zbus::Result<OwnedObjectPath>;

    /// Whether an app and a website belong together, stage by stage.
    fn check_domain(&self, domain: &str, options: CheckOptions) -> zbus::Result<DomainReport>;

    /// What the person decided.
    fn list_decisions(&self, options: NoOptions) -> zbus::Result<Vec<DecisionInfo>>;

    /// Forgets what the person decided.
    fn revoke_decision(&self, app_id: &str, domain: &str, options: NoOptions) -> zbus::Result<()>;

    /// The version of the interface.
    #[zbus(property(emits_changed_signal = "const"), name = "version")]
    fn version(&self) -> zbus::Result<u32>;
}
