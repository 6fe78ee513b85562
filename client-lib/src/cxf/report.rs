//! What a reading of a document found: counts, what must be left out, and what was tolerated.
//!
//! A report speaks of places and kinds, never of values: it may be logged and shown.

use serde::Serialize;

use super::Counts;

/// The result of reading a document that as a whole is acceptable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Usable credentials by type. A quarantined credential, or one in a quarantined item, is not
    /// among them; unknown types are, under their own name.
    pub counts: Counts,
    /// All credentials by type, usable or not, as long as their `type` can be read: what an exporter
    /// declares, a person lets go, and an importer should find.
    pub present: Counts,
    /// Those of the unusable credentials that are without fault, but that CXF says to ignore: a TOTP
    /// with an unknown algorithm.
    pub ignored: Counts,
    /// What is unusable and cannot be counted by type: credentials whose `type` cannot be read, and
    /// items and accounts in which no credential is to be found.
    pub untyped: u32,
    /// Accounts met.
    pub accounts: u32,
    /// Usable collections, those inside other collections included.
    pub collections: u32,
    /// Usable items.
    pub items: u32,
    /// The first 1000 parts of the document that an importer should ignore, and why.
    pub quarantined: Vec<Problem>,
    /// How many such parts there are in all.
    pub quarantined_total: u64,
    /// Habits of real exporters that were tolerated, each once.
    pub notes: Vec<Note>,
    /// Only from [`super::inspect`]: the first 1000 ids used twice and references into nowhere.
    pub inconsistencies: Vec<Problem>,
    /// How many inconsistencies there are in all.
    pub inconsistencies_total: u64,
}

/// A part of the document that should be ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{path}: {reason}; {unit} ignored")]
pub struct Problem {
    /// Where, for instance `$.accounts[0].items[3].credentials[1].key`.
    pub path: String,
    /// What is wrong there.
    pub reason: Reason,
    /// How much is lost by it.
    pub unit: Unit,
}

/// How much of the document a [`Problem`] costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Unit {
    /// An account with everything in it.
    Account,
    /// A collection; its items stay.
    Collection,
    /// An item with all its credentials.
    Item,
    /// One credential of an item.
    Credential,
    /// One optional member, or one entry of a list.
    Member,
}

impl std::fmt::Display for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Account => "the account is",
            Self::Collection => "the collection is",
            Self::Item => "the item is",
            Self::Credential => "the credential is",
            Self::Member => "the member is",
        })
    }
}

/// What is wrong with a part of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    /// A required member is absent or null.
    #[error("the required member `{member}` is missing")]
    Missing {
        /// The name of the member.
        member: &'static str,
    },
    /// A value of another kind is due here.
    #[error("{expected} is expected, {found} was found")]
    WrongKind {
        /// What CXF asks for.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// An identifier of more than 64 bytes, once decoded.
    #[error("the identifier is longer than 64 bytes")]
    IdTooLong,
    /// Characters or a length that base64url does not have.
    #[error("the value is not base64url")]
    NotBase64Url,
    /// Characters that base32 does not have.
    #[error("the value is not base32")]
    NotBase32,
    /// An empty value where an empty one is worth nothing.
    #[error("the value is empty")]
    Empty,
    /// A one-time password that nobody knows how to compute.
    #[error("the TOTP algorithm is none of sha1, sha256 and sha512")]
    UnknownTotpAlgorithm,
    /// Well-formed, but beyond what the types of the `typed` feature can hold.
    #[error("the typed representation cannot hold the value")]
    Untyped,
    /// Another item or collection of the account has the same identifier.
    #[error("the identifier is already used in this account")]
    DuplicateId,
    /// A link to an item that the document does not hold.
    #[error("the reference leads to no item of the document")]
    DanglingReference,
}

/// A habit of real exporters that was met and tolerated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{quirk} ({count} times, first at {first})")]
pub struct Note {
    /// Which habit.
    pub quirk: Quirk,
    /// How often it was met.
    pub count: u32,
    /// The path of the first place.
    pub first: String,
}

/// The habits that are tolerated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Quirk {
    /// The document is an Account where a Header is due.
    #[error("a bare Account stands where a Header is due")]
    BareAccount,
    /// The Header has no version; 1.0 is assumed.
    #[error("the format version is missing")]
    NoVersion,
    /// A later minor version, whose additions are carried along unread.
    #[error("a minor version above 0")]
    MinorVersion,
    /// A Header or an Account lacks a required member; nothing is ignored for it.
    #[error("a required member of the Header or of an Account is missing")]
    MissingMember,
    /// A moment before 1970.
    #[error("a timestamp before 1970")]
    NegativeTimestamp,
    /// A moment from 2050 on, usually a mistaken epoch.
    #[error("a timestamp from 2050 on")]
    FarFutureTimestamp,
    /// An identifier that identifies nothing.
    #[error("an empty identifier")]
    EmptyId,
    /// `null` where an absent member is meant.
    #[error("null stands for an absent member")]
    NullForAbsent,
    /// An `otpauth://` address in a custom field instead of a `totp` credential.
    #[error("a one-time password is kept as a custom field")]
    TotpAsCustomField,
    /// A domain without a scheme among the URLs of an item.
    #[error("a bare domain stands where a URL is due")]
    BareDomain,
    /// base64url with `=` at its end.
    #[error("base64url with padding")]
    PaddedBase64Url,
}
