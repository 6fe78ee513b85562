//! The options and results of `org.credex.Exchange1.WebCredentials`.

use zbus::zvariant::{DeserializeDict, SerializeDict, Type};

/// Options of `WebCredentials.Add`.
#[derive(Debug, Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct AddOptions {
    /// Last element of the request's path.
    pub handle_token: Option<String>,
    /// Which key of `GetKey` the password is sealed to.
    pub key_id: Option<u64>,
    /// The desktop-entry ID the caller says it has.
    pub app_id: Option<String>,
    /// XDG activation token.
    pub activation_token: Option<String>,
}

/// Options of `WebCredentials.Request`.
#[derive(Debug, Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct WebRequestOptions {
    /// Last element of the request's path.
    pub handle_token: Option<String>,
    /// `HOST` or `HOST:PORT`; all of the app's if missing.
    pub domain: Option<String>,
    /// Only this user name.
    pub account: Option<String>,
    /// Only this port.
    pub port: Option<u32>,
    /// The desktop-entry ID the caller says it has.
    pub app_id: Option<String>,
    /// XDG activation token.
    pub activation_token: Option<String>,
}

/// Options of `WebCredentials.Generate`.
#[derive(Debug, Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct GenerateOptions {
    /// `grouped` or `strong`.
    pub format: Option<String>,
    /// In the `passwordrules` language; instead of a format.
    pub rules: Option<String>,
}

/// Results of `WebCredentials.Generate`.
#[derive(Debug, Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct GenerateResults {
    /// Bits.
    pub entropy: Option<f64>,
}

/// Options of `WebCredentials.Refresh`.
#[derive(Debug, Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct RefreshOptions {
    /// Last element of the request's path.
    pub handle_token: Option<String>,
    /// The desktop-entry ID the caller says it has.
    pub app_id: Option<String>,
}

/// Options of `WebCredentials.CheckDomain`.
#[derive(Debug, Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct CheckOptions {
    /// Which app it is about; the caller if missing.
    pub app_id: Option<String>,
    /// Have the statement fetched anew.
    pub refresh: Option<bool>,
}

/// Results of the `Request.Response` of `WebCredentials`: what was promised (0), or what went wrong
/// (1 and 2).
#[derive(Debug, Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct WebResults {
    /// `added`, `updated`, `unchanged`, `deleted` or `absent`: of `Add`.
    pub outcome: Option<String>,
    /// The website: of `Request` and `Refresh`.
    pub domain: Option<String>,
    /// Its port: of `Request`.
    pub port: Option<u32>,
    /// The user name: of `Request`.
    pub account: Option<String>,
    /// Sealed to the caller: of `Request`.
    pub sealed_password: Option<Vec<u8>>,
    /// The app: of `Refresh`.
    pub app_id: Option<String>,
    /// Whether app and website belong together: of `Refresh`.
    pub associated: Option<bool>,
    /// Developer mode is on: of `Refresh`.
    pub developer: Option<bool>,
    /// What was found: of `Refresh`.
    pub stages: Option<Vec<StageReport>>,
    /// Name of an error of the table.
    pub error: Option<String>,
    /// A sentence that says why.
    pub message: Option<String>,
    /// Where it ended.
    pub stage: Option<String>,
    /// The file of the website that could not be had.
    pub url: Option<String>,
    /// The HTTP status that came instead.
    pub status: Option<u32>,
}

/// The answer of `WebCredentials.CheckDomain`.
#[derive(Debug, Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct DomainReport {
    /// The website.
    pub domain: Option<String>,
    /// The app.
    pub app_id: Option<String>,
    /// Whether they belong together.
    pub associated: Option<bool>,
    /// Developer mode is on.
    pub developer: Option<bool>,
    /// What was found, in order.
    pub stages: Option<Vec<StageReport>>,
}

/// One stage of a [`DomainReport`].
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct StageReport {
    /// `declaration`, `decision` or `association`.
    pub stage: Option<String>,
    /// Whether it stands in nobody's way.
    pub passed: Option<bool>,
    /// What was found. May quote hostile text.
    pub message: Option<String>,
    /// What to change, where it did not pass.
    pub advice: Option<String>,
    /// The file that was looked for.
    pub url: Option<String>,
    /// The HTTP status.
    pub status: Option<u32>,
    /// Whose certificate was shown, and until when it holds.
    pub certificate: Option<String>,
    /// `network`, `cache` or `stale`.
    pub source: Option<String>,
    /// Seconds since it was fetched.
    pub age: Option<u64>,
}

/// One of `WebCredentials.ListDecisions`.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zvariant(signature = "dict")]
pub struct DecisionInfo {
    /// The app.
    pub app_id: Option<String>,
    /// Its domain.
    pub domain: Option<String>,
    /// `never`.
    pub decision: Option<String>,
    /// Seconds since 1970.
    pub decided: Option<u64>,
}
