//! What a site states about apps in its well-known files, and what that means for one app. Pure.
//! Serves "The site's statement" of section "Shared web credentials: association" of
//! `protocol/README.md`.
//!
//! [`asset_links`] and [`apple`] read one file each; [`Inquiry`] says which files are to be fetched
//! and comes to the verdict.

pub mod apple;
pub mod asset_links;
mod inquiry;
mod malformed;

pub use inquiry::{Answer, Inquiry, MAX_INCLUDE_DEPTH, MAX_INCLUDES, Outcome, Silence, Source};
pub use malformed::Malformed;

/// The longest file that is read, in bytes.
pub const MAX_FILE: usize = 128 * 1024;

/// The two kinds of files in which a site names apps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Vocabulary {
    /// Digital Asset Links, as on Android.
    AssetLinks,
    /// Associated domains, as on Apple's systems.
    Apple,
}

impl Vocabulary {
    /// Both, in the order in which they are asked.
    pub const ALL: [Vocabulary; 2] = [Vocabulary::AssetLinks, Vocabulary::Apple];

    /// The name of the file in `/.well-known/`.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Vocabulary::AssetLinks => "assetlinks.json",
            Vocabulary::Apple => "apple-app-site-association",
        }
    }
}

/// Whether `text` can be an app's ID: 1 to 255 of `A-Z a-z 0-9 . _ -`, as in the name of its desktop
/// entry.
fn is_app_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=255).contains(&text.len()) && text.bytes().all(allowed)
}
