//! What each value of a document is there for, and which members each kind of object has.
//!
//! The tables follow CXF 1.0 with its errata. A member that is in no table is unknown, which is
//! legal: its value is read only for the grammar.

use std::collections::HashMap;
use std::sync::LazyLock;

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

/// One member that an object may have.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) role: Role,
    pub(super) required: bool,
}

const fn must(name: &'static str, role: Role) -> Member {
    Member {
        name,
        role,
        required: true,
    }
}

const fn may(name: &'static str, role: Role) -> Member {
    Member {
        name,
        role,
        required: false,
    }
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
    pub(super) fn members(self) -> &'static [Member] {
        match self {
            Self::Root => ROOT,
            Self::Version => VERSION,
            Self::Account => ACCOUNT,
            Self::Collection => COLLECTION,
            Self::Link => LINK,
            Self::Item => ITEM,
            Self::Scope => SCOPE,
            Self::AndroidApp => ANDROID_APP,
            Self::Certificate => CERTIFICATE,
            Self::Field => FIELD,
            Self::Fido2Extensions => FIDO2_EXTENSIONS,
            Self::HmacCredentials => HMAC_CREDENTIALS,
            Self::LargeBlob => LARGE_BLOB,
            Self::Extension => EXTENSION,
            _ => &[],
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
        seen.has(self.needs())
            && !(self.needs_content() && seen.has(Seen::EMPTY))
            && !(self != Self::Timestamp && seen.has(Seen::NEGATIVE))
    }

    /// Why a value that was not accepted was not.
    pub(super) fn reason(self, seen: Seen) -> Reason {
        let is_string = seen.has(Seen::STRING);
        match self {
            _ if is_string && self.needs_content() && seen.has(Seen::EMPTY) => Reason::Empty,
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

    fn needs(self) -> Seen {
        match self {
            Self::Unknown => Seen::default(),
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
            | Self::Extension => Seen::OBJECT | Seen::SOUND,
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
            | Self::TotpAlgorithm => Seen::STRING | Seen::SOUND,
            Self::MajorVersion
            | Self::MinorVersion
            | Self::Whole
            | Self::Positive
            | Self::Timestamp => Seen::NUMBER | Seen::WHOLE,
            Self::Flag => Seen::BOOLEAN,
        }
    }

    fn needs_content(self) -> bool {
        matches!(
            self,
            Self::NonEmptyBytes | Self::Base32 | Self::Positive | Self::LinkedItem
        )
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

/// A Header, or the bare Account that some exporters send in its stead. What each requires is
/// judged once it is clear which of the two it is.
static ROOT: &[Member] = &[
    may("version", Role::Version),
    may("exporterRpId", Role::Text),
    may("exporterDisplayName", Role::Text),
    may("timestamp", Role::Timestamp),
    may("accounts", Role::Accounts),
    may("id", Role::AccountId),
    may("username", Role::Text),
    may("email", Role::Text),
    may("fullName", Role::Text),
    may("collections", Role::Collections),
    may("items", Role::Items),
    may("extensions", Role::Extensions),
];

static VERSION: &[Member] = &[
    must("major", Role::MajorVersion),
    may("minor", Role::MinorVersion),
];

static ACCOUNT: &[Member] = &[
    must("id", Role::AccountId),
    must("username", Role::Text),
    must("email", Role::Text),
    may("fullName", Role::Text),
    must("collections", Role::Collections),
    must("items", Role::Items),
    may("extensions", Role::Extensions),
];

static COLLECTION: &[Member] = &[
    must("id", Role::CollectionId),
    may("creationAt", Role::Timestamp),
    may("modifiedAt", Role::Timestamp),
    must("title", Role::Text),
    may("subtitle", Role::Text),
    must("items", Role::Links),
    may("subCollections", Role::Collections),
    may("extensions", Role::Extensions),
];

static LINK: &[Member] = &[
    must("item", Role::LinkedItem),
    may("account", Role::LinkedAccount),
];

static ITEM: &[Member] = &[
    must("id", Role::ItemId),
    may("creationAt", Role::Timestamp),
    may("modifiedAt", Role::Timestamp),
    must("title", Role::Text),
    may("subtitle", Role::Text),
    may("favorite", Role::Flag),
    may("scope", Role::Scope),
    must("credentials", Role::Credentials),
    may("tags", Role::Tags),
    may("extensions", Role::Extensions),
];

static SCOPE: &[Member] = &[
    may("urls", Role::Urls),
    may("androidApps", Role::AndroidApps),
];

static ANDROID_APP: &[Member] = &[
    must("bundleId", Role::Text),
    may("certificate", Role::Certificate),
    may("name", Role::Text),
];

static CERTIFICATE: &[Member] = &[
    must("fingerprint", Role::Bytes),
    must("hashAlg", Role::Text),
];

static FIELD: &[Member] = &[
    may("id", Role::OtherId),
    must("fieldType", Role::Text),
    must("value", Role::FieldValue),
    may("label", Role::Text),
    may("extensions", Role::Extensions),
];

static FIDO2_EXTENSIONS: &[Member] = &[
    may("hmacCredentials", Role::HmacCredentials),
    may("credBlob", Role::Bytes),
    may("largeBlob", Role::LargeBlob),
    may("payments", Role::Flag),
];

static HMAC_CREDENTIALS: &[Member] = &[
    must("algorithm", Role::Text),
    must("credWithUV", Role::Bytes),
    must("credWithoutUV", Role::Bytes),
];

static LARGE_BLOB: &[Member] = &[
    must("uncompressedSize", Role::Whole),
    must("data", Role::Bytes),
];

static EXTENSION: &[Member] = &[must("name", Role::Text)];

/// A credential type of CXF 1.0.
#[derive(Debug)]
pub(super) struct CredentialType {
    pub(super) name: &'static str,
    pub(super) members: &'static [Member],
}

/// The known type of this name, and its place in [`CREDENTIAL_TYPES`].
pub(super) fn credential_type(name: &str) -> Option<(usize, &'static CredentialType)> {
    CREDENTIAL_TYPES
        .iter()
        .enumerate()
        .find(|(_, known)| known.name == name)
}

/// The role of a credential's member while the type is not known yet, which is so when `type` does
/// not stand first. A name may belong to several types: encoded bytes win over a field, and a field
/// over plain text, because only the former two are looked into.
pub(super) fn presumed_role(name: &str) -> Role {
    static ROLES: LazyLock<HashMap<&str, Role>> = LazyLock::new(|| {
        let rank = |role: Role| match role {
            Role::NonEmptyBytes => 2,
            Role::Field => 1,
            _ => 0,
        };
        let mut roles = HashMap::new();
        for member in CREDENTIAL_TYPES.iter().flat_map(|known| known.members) {
            let role = roles.entry(member.name).or_insert(member.role);
            if rank(member.role) > rank(*role) {
                *role = member.role;
            }
        }
        roles
    });
    ROLES.get(name).copied().unwrap_or(Role::Unknown)
}

const TYPE: Member = must("type", Role::CredentialType);

const fn field(name: &'static str) -> Member {
    may(name, Role::Field)
}

/// The types in the order of their names.
pub(super) static CREDENTIAL_TYPES: &[CredentialType] = &[
    CredentialType {
        name: "address",
        members: &[
            TYPE,
            field("streetAddress"),
            field("postalCode"),
            field("city"),
            field("territory"),
            field("country"),
            field("tel"),
        ],
    },
    CredentialType {
        name: "api-key",
        members: &[
            TYPE,
            field("key"),
            field("username"),
            field("keyType"),
            field("url"),
            field("validFrom"),
            field("expiryDate"),
        ],
    },
    CredentialType {
        name: "basic-auth",
        members: &[TYPE, field("username"), field("password")],
    },
    CredentialType {
        name: "credit-card",
        members: &[
            TYPE,
            field("number"),
            field("fullName"),
            field("cardType"),
            field("verificationNumber"),
            field("pin"),
            field("expiryDate"),
            field("validFrom"),
        ],
    },
    CredentialType {
        name: "custom-fields",
        members: &[
            TYPE,
            may("id", Role::OtherId),
            may("label", Role::Text),
            must("fields", Role::Fields),
            may("extensions", Role::Extensions),
        ],
    },
    CredentialType {
        name: "drivers-license",
        members: &[
            TYPE,
            field("fullName"),
            field("birthDate"),
            field("issueDate"),
            field("expiryDate"),
            field("issuingAuthority"),
            field("territory"),
            field("country"),
            field("licenseNumber"),
            field("licenseClass"),
        ],
    },
    CredentialType {
        name: "file",
        members: &[
            TYPE,
            must("id", Role::OtherId),
            must("name", Role::Text),
            must("decryptedSize", Role::Whole),
            must("integrityHash", Role::NonEmptyBytes),
        ],
    },
    CredentialType {
        name: "generated-password",
        members: &[TYPE, must("password", Role::Text)],
    },
    CredentialType {
        name: "identity-document",
        members: &[
            TYPE,
            field("issuingCountry"),
            field("documentNumber"),
            field("identificationNumber"),
            field("nationality"),
            field("fullName"),
            field("birthDate"),
            field("birthPlace"),
            field("sex"),
            field("issueDate"),
            field("expiryDate"),
            field("issuingAuthority"),
        ],
    },
    CredentialType {
        name: "item-reference",
        members: &[TYPE, must("reference", Role::Link)],
    },
    CredentialType {
        name: "note",
        members: &[TYPE, must("content", Role::Field)],
    },
    CredentialType {
        name: "passkey",
        members: &[
            TYPE,
            must("credentialId", Role::NonEmptyBytes),
            must("rpId", Role::Text),
            must("username", Role::Text),
            must("userDisplayName", Role::Text),
            must("userHandle", Role::Bytes),
            must("key", Role::NonEmptyBytes),
            may("fido2Extensions", Role::Fido2Extensions),
        ],
    },
    CredentialType {
        name: "passport",
        members: &[
            TYPE,
            field("issuingCountry"),
            field("passportType"),
            field("passportNumber"),
            field("nationalIdentificationNumber"),
            field("nationality"),
            field("fullName"),
            field("birthDate"),
            field("birthPlace"),
            field("sex"),
            field("issueDate"),
            field("expiryDate"),
            field("issuingAuthority"),
        ],
    },
    CredentialType {
        name: "person-name",
        members: &[
            TYPE,
            field("title"),
            field("given"),
            field("givenInformal"),
            field("given2"),
            field("surnamePrefix"),
            field("surname"),
            field("surname2"),
            field("credentials"),
            field("generation"),
        ],
    },
    CredentialType {
        name: "ssh-key",
        members: &[
            TYPE,
            must("keyType", Role::Text),
            must("privateKey", Role::NonEmptyBytes),
            may("keyComment", Role::Text),
            field("creationDate"),
            field("expiryDate"),
            field("keyGenerationSource"),
        ],
    },
    CredentialType {
        name: "totp",
        members: &[
            TYPE,
            must("secret", Role::Base32),
            must("period", Role::Positive),
            must("digits", Role::Positive),
            must("algorithm", Role::TotpAlgorithm),
            may("username", Role::Text),
            may("issuer", Role::Text),
        ],
    },
    CredentialType {
        name: "wifi",
        members: &[
            TYPE,
            field("ssid"),
            field("networkSecurityType"),
            field("passphrase"),
            field("hidden"),
        ],
    },
];
