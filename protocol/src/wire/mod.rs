//! What travels in the `a{sv}` and the compound arguments of the interfaces, as Rust types.
//! Serves `interfaces/*.xml`; unknown keys are ignored, missing ones are `None`.

mod plan;
mod web;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zbus::zvariant::{DeserializeDict, ObjectPath, OwnedFd, OwnedObjectPath, SerializeDict, Type};

pub use plan::{LossReason, Plan, PlannedLoss};
pub use web::{
    AddOptions, CheckOptions, DecisionInfo, DomainReport, GenerateOptions, GenerateResults,
    RefreshOptions, StageReport, WebRequestOptions, WebResults,
};

/// How many credentials there are of each CXF credential type.
pub type Counts = BTreeMap<String, u32>;

/// What an importer made of one credential type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Tally {
    /// Taken over.
    pub succeeded: u32,
    /// Meant to be taken, and not.
    pub failed: u32,
    /// Left out on purpose.
    pub ignored: u32,
}

/// What an importer made of a payload, by CXF credential type.
pub type Receipt = BTreeMap<String, Tally>;

/// Options of `Export.RequestExport`.
#[derive(Debug, Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct ExportOptions {
    /// Last element of the request's path.
    pub handle_token: Option<String>,
    /// Last element of the session's path.
    pub session_handle_token: Option<String>,
    /// The desktop-entry ID the caller says it has.
    pub app_id: Option<String>,
    /// The exporting provider of the app.
    #[zvariant(rename = "for")]
    pub provider: Option<String>,
    /// Format versions that the caller can write, best first.
    pub format_versions: Option<Vec<String>>,
    /// Credentials per type.
    pub counts: Option<Counts>,
    /// What the caller foresees at one importer.
    pub plan: Option<Plan>,
    /// XDG activation token.
    pub activation_token: Option<String>,
}

/// Results of a `Request.Response`: what was promised (0), or what went wrong (1 and 2).
#[derive(Debug, Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct ExportResults {
    /// Path of the session that takes the payload.
    pub session: Option<OwnedObjectPath>,
    /// The version to write.
    pub format_version: Option<String>,
    /// 32 bytes, X25519.
    pub session_public_key: Option<Vec<u8>>,
    /// The credential types that may go.
    pub types: Option<Vec<String>>,
    /// `id` of the chosen importer, only where the administrator lets exporters learn it.
    pub importer: Option<String>,
    /// Name of an error of the table.
    pub error: Option<String>,
    /// A sentence that says why.
    pub message: Option<String>,
}

/// The `response` of `Request.Response` and of the questions of `Chooser1`.
pub mod response {
    /// Done.
    pub const DONE: u32 = 0;
    /// The person said no.
    pub const DECLINED: u32 = 1;
    /// It ended otherwise.
    pub const ENDED: u32 = 2;
    /// `Chooser1.AskConsent`: the person said no for good.
    pub const NEVER: u32 = 2;
}

/// An app as the service established it: to the importer, and to the person.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct AppIdentity {
    /// Desktop-entry ID, empty where there is none.
    pub app_id: Option<String>,
    /// Display name. May be hostile text.
    pub name: Option<String>,
    /// `unverified`, `installed`, `launched` or `sandboxed`: how sure the service is.
    pub assurance: Option<String>,
    /// The exporting provider of the app, where it has several.
    pub provider: Option<String>,
    /// `flatpak-system`, `flatpak-user`, `snap` or `system`: where it was installed from, if known.
    pub origin: Option<String>,
    /// A warning about what it says of itself, if there is one.
    pub conflict: Option<String>,
}

/// Options of `Importer1.Offer`.
#[derive(Debug, Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct OfferOptions {
    /// Who exports.
    pub exporter: Option<AppIdentity>,
    /// The version of the document.
    pub format_version: Option<String>,
    /// Credentials per type.
    pub counts: Option<Counts>,
    /// What the person let go.
    pub types: Option<Vec<String>>,
    /// 32 bytes, X25519.
    pub session_public_key: Option<Vec<u8>>,
    /// Milliseconds of `CLOCK_BOOTTIME`.
    pub expires: Option<u64>,
    /// XDG activation token.
    pub activation_token: Option<String>,
    /// As in `Export.RequestExport`.
    pub parent_window: Option<String>,
}

/// Results of `Import.Redeem`.
#[derive(Debug, Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct RedeemResults {
    /// Who exports.
    pub exporter: Option<AppIdentity>,
    /// The version of the document.
    pub format_version: Option<String>,
    /// Counts in the request.
    pub declared: Option<Counts>,
    /// Counts with the payload.
    pub deposited: Option<Counts>,
    /// What the person let go.
    pub types: Option<Vec<String>>,
}

/// Options of `Import.Announce`.
#[derive(Debug, Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct AnnounceOptions {
    /// Display name.
    pub name: Option<String>,
    /// Format versions that the caller can read.
    pub format_versions: Option<Vec<String>>,
    /// Credential types that it takes; all if missing.
    pub credential_types: Option<Vec<String>>,
}

/// Options of `Import.Complete`, and details of `Session.Completed`.
#[derive(Debug, Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct CompleteOptions {
    /// Where what was opened differs from what was declared and let go.
    pub discrepancies: Option<Vec<String>>,
}

/// Details of `Session.Closed`.
#[derive(Debug, Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct ClosedDetails {
    /// Whether the importer had redeemed the payload.
    pub handed_over: Option<bool>,
}

/// Options of a method that has none yet.
#[derive(Debug, Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct NoOptions {}

/// An importing provider, in `Chooser1.ChooseImporter` and `Status.Providers`.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct ImporterInfo {
    /// Desktop-entry ID.
    pub id: Option<String>,
    /// Display name. May be hostile text.
    pub name: Option<String>,
    /// Icon name.
    pub icon: Option<String>,
    /// `system`, `user` or `running`.
    pub origin: Option<String>,
    /// Format versions that it reads.
    pub format_versions: Option<Vec<String>>,
    /// Credential types that it takes; all if missing.
    pub credential_types: Option<Vec<String>>,
    /// The types among the counts that it does not take.
    pub will_not_take: Option<Vec<String>>,
    /// A warning for the person.
    pub conflict: Option<String>,
    /// As in [`AppIdentity`]; only of those that run already.
    pub assurance: Option<String>,
    /// What the exporter says will become of it there. Only in `Chooser1.ChooseImporter`.
    pub plan: Option<Plan>,
}

/// The question of `Chooser1.ChooseImporter`.
#[derive(Debug, Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct ChooseRequest {
    /// Who exports.
    pub exporter: Option<AppIdentity>,
    /// Credentials per type.
    pub counts: Option<Counts>,
    /// Whom the person can choose.
    pub importers: Option<Vec<ImporterInfo>>,
    /// XDG activation token.
    pub activation_token: Option<String>,
    /// `asked`, `unchecked` or `waived`: whether the person must then prove who they are.
    pub authentication: Option<String>,
}

/// The answer of `Chooser1.ChooseImporter`.
#[derive(Debug, Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct ChooseResults {
    /// `id` of the chosen importer.
    pub importer: Option<String>,
    /// The credential types that may go.
    pub types: Option<Vec<String>>,
}

/// The question of `Chooser1.AskConsent`.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct ConsentRequest {
    /// `add`, `update`, `delete` or `choose`.
    pub kind: Option<String>,
    /// Who asks.
    pub app: Option<AppIdentity>,
    /// The website.
    pub domain: Option<String>,
    /// Its port, where it is not the standard one.
    pub port: Option<u32>,
    /// The one account, or the candidates of `choose`. May be hostile text.
    pub accounts: Option<Vec<String>>,
    /// Developer mode is on.
    pub developer: Option<bool>,
    /// XDG activation token.
    pub activation_token: Option<String>,
}

/// The answer of `Chooser1.AskConsent`.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct ConsentResults {
    /// The account that the person chose.
    pub account: Option<String>,
}

/// The question of `Chooser1.AskPassphrase`.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct PassphraseRequest {
    /// `open` or `create`.
    pub purpose: Option<String>,
    /// What to call the store. May be hostile text.
    pub store: Option<String>,
    /// 1, or more if those before were not accepted.
    pub attempt: Option<u32>,
    /// XDG activation token.
    pub activation_token: Option<String>,
}

/// The answer of `Chooser1.AskPassphrase`. What is in the pipe is a [`Passphrase`](crate::Passphrase).
#[derive(Debug, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct PassphraseResults {
    /// The read end of a pipe.
    pub passphrase: Option<OwnedFd>,
}

/// Details of `Chooser1.Progress`.
#[derive(Debug, Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct ProgressDetails {
    /// Milliseconds of `CLOCK_BOOTTIME`.
    pub expires: Option<u64>,
}

/// Details of `Chooser1.Finished`.
#[derive(Debug, Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct FinishedDetails {
    /// What the importer made of the payload.
    pub receipt: Option<Receipt>,
    /// Where what arrived differs from what was declared and let go.
    pub discrepancies: Option<Vec<String>>,
    /// Name of an error of the table.
    pub error: Option<String>,
    /// A sentence that says why.
    pub message: Option<String>,
    /// Whether the importer had redeemed the payload.
    pub handed_over: Option<bool>,
}

/// Answer of `Status.GetStatus`.
#[derive(Debug, Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct ServiceStatus {
    /// Version of the program.
    pub program_version: Option<String>,
    /// Live exchanges.
    pub exchanges: Option<u32>,
    /// Live exchanges in each state.
    pub states: Option<BTreeMap<String, u32>>,
    /// Whether the keys are locked into memory.
    pub memory_locked: Option<bool>,
    /// Whether the process is kept out of core dumps and debuggers.
    pub undumpable: Option<bool>,
    /// Largest payload, in bytes.
    pub payload_limit: Option<u64>,
    /// Exchanges at once.
    pub session_limit: Option<u32>,
    /// Seconds without an exchange after which the service exits; 0: never.
    pub idle_exit: Option<u32>,
    /// The configuration files in force, in the order in which they were applied.
    pub configuration: Option<Vec<String>>,
    /// What protects the service: `in-force`, or else what this system does not offer.
    pub protections: Option<BTreeMap<String, String>>,
}

/// A path for the wire. Fails only on a string that is no object path.
///
/// # Errors
/// The string is not a valid D-Bus object path.
pub fn object_path(path: &str) -> Result<ObjectPath<'_>, zbus::Error> {
    Ok(ObjectPath::try_from(path)?)
}
