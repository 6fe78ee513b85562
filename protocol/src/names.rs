//! The names by which things are called on the bus. Serves `interfaces/*.xml`.

/// The bus name of the service.
pub const BUS_NAME: &str = "org.credex.Exchange1";
/// The object that serves [`EXPORT`], [`IMPORT`], [`WEB_CREDENTIALS`] and [`STATUS`].
pub const SERVICE_PATH: &str = "/org/credex/Exchange1";
/// Requests live below it: `…/request/SENDER/TOKEN`.
pub const REQUEST_PREFIX: &str = "/org/credex/Exchange1/request";
/// Sessions live below it: `…/session/SENDER/TOKEN`.
pub const SESSION_PREFIX: &str = "/org/credex/Exchange1/session";
/// Offers are named below it; no object is served there.
pub const OFFER_PREFIX: &str = "/org/credex/Exchange1/offer";
/// The object that an importing provider serves.
pub const IMPORTER_PATH: &str = "/org/credex/Importer1";
/// The object that a chooser serves on its own socket.
pub const CHOOSER_PATH: &str = "/org/credex/Chooser1";
/// The environment variable that tells a chooser the number of its socket.
pub const CHOOSER_FD: &str = "CREDEX_CHOOSER_FD";

/// Interface of the exporting side of the service.
pub const EXPORT: &str = "org.credex.Exchange1.Export";
/// Interface of the importing side of the service.
pub const IMPORT: &str = "org.credex.Exchange1.Import";
/// Interface of the passwords that apps share with their websites.
pub const WEB_CREDENTIALS: &str = "org.credex.Exchange1.WebCredentials";
/// The group of an app that shares passwords with websites, in its desktop entry.
pub const WEB_CREDENTIALS_GROUP: &str = "org.credex.WebCredentials1";
/// Interface of one long call.
pub const REQUEST: &str = "org.credex.Exchange1.Request";
/// Interface of one agreed exchange.
pub const SESSION: &str = "org.credex.Exchange1.Session";
/// Interface that tells what the service is doing.
pub const STATUS: &str = "org.credex.Exchange1.Status";
/// Interface that an importing provider serves, and its group in a desktop entry.
pub const IMPORTER: &str = "org.credex.Importer1";
/// The group of an exporting provider in a desktop entry.
pub const EXPORTER: &str = "org.credex.Exporter1";
/// Interface that a chooser serves.
pub const CHOOSER: &str = "org.credex.Chooser1";

/// The version of every interface here.
pub const INTERFACE_VERSION: u32 = 1;
/// The version of the Credential Exchange Format that this release reads and writes.
pub const FORMAT_VERSION: &str = "1.0";

/// `:1.42` → `1_42`: a unique name as an element of an object path, as desktop portals write it.
#[must_use]
pub fn sender_element(unique_name: &str) -> String {
    unique_name.trim_start_matches(':').replace('.', "_")
}

/// Whether `token` may be the last element of a request's or a session's path: `[A-Za-z0-9_]{1,64}`.
#[must_use]
pub fn is_handle_token(token: &str) -> bool {
    (1..=64).contains(&token.len())
        && token
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The path of the request that `unique_name` makes with `handle_token`.
#[must_use]
pub fn request_path(unique_name: &str, handle_token: &str) -> String {
    format!(
        "{REQUEST_PREFIX}/{}/{handle_token}",
        sender_element(unique_name)
    )
}

/// The path below which the requests of `unique_name` are; what `WebCredentials.Generate` seals is
/// bound to it.
#[must_use]
pub fn requests_path(unique_name: &str) -> String {
    format!("{REQUEST_PREFIX}/{}", sender_element(unique_name))
}

/// The path of the session that `unique_name` gets with `session_handle_token`.
#[must_use]
pub fn session_path(unique_name: &str, session_handle_token: &str) -> String {
    format!(
        "{SESSION_PREFIX}/{}/{session_handle_token}",
        sender_element(unique_name)
    )
}

/// The interface descriptions that are the source of truth, by interface name.
pub const INTERFACES: [(&str, &str); 8] = [
    (
        EXPORT,
        include_str!("../interfaces/org.credex.Exchange1.Export.xml"),
    ),
    (
        IMPORT,
        include_str!("../interfaces/org.credex.Exchange1.Import.xml"),
    ),
    (
        WEB_CREDENTIALS,
        include_str!("../interfaces/org.credex.Exchange1.WebCredentials.xml"),
    ),
    (
        REQUEST,
        include_str!("../interfaces/org.credex.Exchange1.Request.xml"),
    ),
    (
        SESSION,
        include_str!("../interfaces/org.credex.Exchange1.Session.xml"),
    ),
    (
        STATUS,
        include_str!("../interfaces/org.credex.Exchange1.Status.xml"),
    ),
    (
        IMPORTER,
        include_str!("../interfaces/org.credex.Importer1.xml"),
    ),
    (
        CHOOSER,
        include_str!("../interfaces/org.credex.Chooser1.xml"),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_can_compute_its_request_path_before_it_calls() {
        assert_eq!(
            request_path(":1.42", "t0"),
            "/org/credex/Exchange1/request/1_42/t0"
        );
    }

    #[test]
    fn a_handle_token_cannot_leave_its_place_in_the_path() {
        for bad in ["", "a/b", "../x", "a-b", "a\0", "ä", &"x".repeat(65)] {
            assert!(!is_handle_token(bad), "{bad:?}");
        }
        assert!(is_handle_token("credex_1"));
    }
}
