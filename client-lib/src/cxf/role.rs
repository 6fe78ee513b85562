//! What each value of a document is there for, what that asks of it, and what its failing costs.

use super::members::{self, Shape};
use super::seen::Seen;
use super::{Reason, Unit};

/// The first moment, in seconds since 1970, that is taken for a mistake: 2050-01-01. A moment
/// counted from Apple's 2001 and shifted twice lands about 2056.
pub(super) const FAR_FUTURE: u64 = 2_524_608_000;

/// The part that one value plays in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Unknown,
    // Objects.
    Root,
    Version,
    Account,
    Collection,
    Link,
    Item,
    Scope,
    AndroidApp,
    Certificate,
    Credential,
    Field,
    Fido2Extensions,
    HmacCredentials,
    LargeBlob,
    Extension,
    // Arrays.
    Accounts,
    Collections,
    Links,
    Items,
    Urls,
    AndroidApps,
    Tags,
    Credentials,
    Fields,
    Extensions,
    // Strings.
    AccountId,
    CollectionId,
    ItemId,
    OtherId,
    LinkedItem,
    LinkedAccount,
    CredentialType,
    Text,
    Url,
    FieldValue,
    Bytes,
    NonEmptyBytes,
    Base32,
    TotpAlgorithm,
    // Numbers and booleans.
    MajorVersion,
    MinorVersion,
    Whole,
    Positive,
    Timestamp,
    Flag,
}

/// What a missing required member costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// The object itself, which reports it.
    Itself(Unit),
    /// Whatever the enclosing object decides; it is the one to report.
    Enclosing,
    /// Nothing: it is noted.
    Nothing,
}

impl Role {
    /// The members of an object in this role. Those of a credential depend on its type.
    pub(super) fn shape(self) -> &'static Shape {
        match self {
            Self::Root => &members::ROOT,
            Self::Version => &members::VERSION,
            Self::Account => &members::ACCOUNT,
            Self::Collection => &members::COLLECTION,
            Self::Link => &members::LINK,
            Self::Item => &members::ITEM,
            Self::Scope => &members::SCOPE,
            Self::AndroidApp => &members::ANDROID_APP,
            Self::Certificate => &members::CERTIFICATE,
            Self::Field => &members::FIELD,
            Self::Fido2Extensions => &members::FIDO2_EXTENSIONS,
            Self::HmacCredentials => &members::HMAC_CREDENTIALS,
            Self::LargeBlob => &members::LARGE_BLOB,
            Self::Extension => &members::EXTENSION,
            Self::Credential => &members::ONLY_TYPE,
            _ => &members::NOTHING,
        }
    }

    /// The role of each element of an array in this role.
    pub(super) fn element(self) -> Self {
        match self {
            Self::Accounts => Self::Account,
            Self::Collections => Self::Collection,
            Self::Links => Self::Link,
            Self::Items => Self::Item,
            Self::Urls => Self::Url,
            Self::AndroidApps => Self::AndroidApp,
            Self::Tags => Self::Text,
            Self::Credentials => Self::Credential,
            Self::Fields => Self::Field,
            Self::Extensions => Self::Extension,
            _ => Self::Unknown,
        }
    }

    /// What is lost when an object in this role lacks what it needs.
    pub(super) fn cost(self) -> Cost {
        match self {
            Self::Account => Cost::Nothing,
            Self::Collection => Cost::Itself(Unit::Collection),
            Self::Item => Cost::Itself(Unit::Item),
            Self::Credential => Cost::Itself(Unit::Credential),
            _ => Cost::Enclosing,
        }
    }

    /// What is lost when a value in this role, as the element of an array, is none.
    pub(super) fn unit(self) -> Unit {
        match (self, self.cost()) {
            (Self::Account, _) => Unit::Account,
            (_, Cost::Itself(unit)) => unit,
            _ => Unit::Member,
        }
    }

    /// Whether the value fits its role. An object that reports its own faults always does.
    pub(super) fn accepts(self, seen: Seen) -> bool {
        seen.has(self.needs()) && !seen.has_any(self.forbids())
    }

    /// Why a value that was not accepted was not.
    pub(super) fn reason(self, seen: Seen) -> Reason {
        let is_string = seen.has(Seen::STRING);
        match self {
            _ if is_string && self.forbids().has(Seen::EMPTY) && seen.has(Seen::EMPTY) => {
                Reason::Empty
            }
            Self::TotpAlgorithm if is_string => Reason::UnknownTotpAlgorithm,
            Self::Base32 if is_string => Reason::NotBase32,
            _ if is_string && seen.has(Seen::LONG) => Reason::IdTooLong,
            _ if is_string && self.needs().has(Seen::SOUND | Seen::STRING) => Reason::NotBase64Url,
            _ => Reason::WrongKind {
                expected: self.expected(),
                found: seen.kind(),
            },
        }
    }

    pub(super) const fn needs(self) -> Seen {
        match self {
            Self::Unknown => Seen::NONE,
            Self::Root
            | Self::Version
            | Self::Account
            | Self::Collection
            | Self::Item
            | Self::Scope
            | Self::Credential
            | Self::Fido2Extensions => Seen::OBJECT,
            Self::Link
            | Self::AndroidApp
            | Self::Certificate
            | Self::Field
            | Self::HmacCredentials
            | Self::LargeBlob
            | Self::Extension => Seen::OBJECT.and(Seen::SOUND),
            Self::Accounts
            | Self::Collections
            | Self::Links
            | Self::Items
            | Self::Urls
            | Self::AndroidApps
            | Self::Tags
            | Self::Credentials
            | Self::Fields
            | Self::Extensions => Seen::ARRAY,
            Self::CredentialType | Self::Text | Self::Url | Self::FieldValue => Seen::STRING,
            Self::AccountId
            | Self::CollectionId
            | Self::ItemId
            | Self::OtherId
            | Self::LinkedItem
            | Self::LinkedAccount
            | Self::Bytes
            | Self::NonEmptyBytes
            | Self::Base32
            | Self::TotpAlgorithm => Seen::STRING.and(Seen::SOUND),
            Self::MajorVersion
            | Self::MinorVersion
            | Self::Whole
            | Self::Positive
            | Self::Timestamp => Seen::NUMBER.and(Seen::WHOLE),
            Self::Flag => Seen::BOOLEAN,
        }
    }

    pub(super) const fn forbids(self) -> Seen {
        match self {
            Self::NonEmptyBytes | Self::Base32 | Self::LinkedItem => Seen::EMPTY,
            Self::Positive => Seen::EMPTY.and(Seen::NEGATIVE),
            Self::MajorVersion | Self::MinorVersion | Self::Whole => Seen::NEGATIVE,
            _ => Seen::NONE,
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Field => "a field with `fieldType` and `value`",
            Self::Link => "a link with `item`",
            Self::AndroidApp => "an app with `bundleId`",
            Self::Certificate => "a certificate with `fingerprint` and `hashAlg`",
            Self::HmacCredentials => "an object with its algorithm and both secrets",
            Self::LargeBlob => "an object with `uncompressedSize` and `data`",
            Self::Extension => "an object with a `name`",
            Self::Positive => "a whole number above 0",
            Self::MajorVersion | Self::MinorVersion | Self::Whole => "a whole number from 0 on",
            Self::Timestamp => "a whole number of seconds",
            Self::Flag => "a boolean",
            _ if self.needs().has(Seen::OBJECT) => "an object",
            _ if self.needs().has(Seen::ARRAY) => "an array",
            _ => "a string",
        }
    }
}
