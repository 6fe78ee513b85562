//! One entry and one item: what of CXF has a place of its own in an entry, and which.
//!
//! [`draw`] makes an entry of a record, and looks with [`Reading::new`] at what that would be read
//! back as, so that the two cannot disagree; what is missing then is carried.

mod draw;
mod one_time;
mod passkey;
mod read;
mod references;

pub(super) use draw::{Drawn, draw};
pub(super) use read::Reading;
pub(super) use references::References;

use uuid::Uuid;

/// The strings that every entry has.
const TITLE: &str = "Title";
const USERNAME: &str = "UserName";
const PASSWORD: &str = "Password";
const URL: &str = "URL";
const NOTES: &str = "Notes";
/// Where KeePassXC keeps what makes a one-time password.
const OTP: &str = "otp";
/// Where KeePassXC and Keepass2Android keep further addresses: the name, and the name with `_1` …
const MORE_URLS: &str = "KP2A_URL";
/// The residue of what is carried.
const RESIDUE: &str = "Credex";
/// The label of the custom field that stands for the moment at which an entry expires.
const EXPIRES: &str = "Expires";
/// The tag by which Strongbox knows a favourite.
const FAVORITE: &str = "Favorite";

/// Strings that no custom field can have for its name.
const OWN: [&str; 6] = [TITLE, USERNAME, PASSWORD, URL, NOTES, RESIDUE];

/// The UUID in an element; `None` if there is none.
pub(super) fn uuid(element: &super::format::Element) -> Option<Uuid> {
    let text = element.child_text("UUID")?;
    let bytes = data_encoding::BASE64.decode(text.trim().as_bytes()).ok()?;
    Uuid::from_slice(&bytes).ok()
}

/// A UUID as the id of an item, in base64url.
pub(super) fn id_of(uuid: Uuid) -> String {
    data_encoding::BASE64URL_NOPAD.encode(uuid.as_bytes())
}

/// The UUID that an id of CXF is, or one that always stands for this id.
pub(super) fn uuid_of(kind: &str, id: &str) -> Uuid {
    use sha2::{Digest, Sha256};
    let bytes = data_encoding::BASE64URL_NOPAD.decode(id.as_bytes());
    if let Ok(bytes) = bytes
        && let Ok(uuid) = Uuid::from_slice(&bytes)
        && !uuid.is_nil()
    {
        return uuid;
    }
    let digest: [u8; 32] = Sha256::digest(format!("credex {kind} {id}")).into();
    let half = digest.first_chunk::<16>().copied().unwrap_or_default();
    uuid::Builder::from_custom_bytes(half).into_uuid()
}

/// Whether XML 1.0 can say this (§ 2.2).
pub(super) fn is_xml(text: &str) -> bool {
    text.chars().all(|letter| {
        matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
            || letter > '\u{ffff}'
    })
}
