//! Which members each kind of object has, by CXF 1.0 with its errata.
//!
//! A member that is in no table is unknown, which is legal: its value is read only for the grammar.
//! The credential types have a table of their own, [`super::credential_types`].

use super::role::Role;
use super::seen::Seen;

/// One member that an object may have.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) role: Role,
    pub(super) required: bool,
    /// What the role needs and forbids, worked out when the program is built.
    needs: Seen,
    forbids: Seen,
}

impl Member {
    /// Whether the value fits the member's role.
    #[inline]
    pub(super) fn accepts(&self, seen: Seen) -> bool {
        seen.has(self.needs) && !seen.has_any(self.forbids)
    }
}

pub(super) const fn must(name: &'static str, role: Role) -> Member {
    Member {
        name,
        role,
        required: true,
        needs: role.needs(),
        forbids: role.forbids(),
    }
}

pub(super) const fn may(name: &'static str, role: Role) -> Member {
    Member {
        required: false,
        ..must(name, role)
    }
}

/// The members of one kind of object, of which there are at most 64.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) members: &'static [Member],
    /// A bit for each member that is required.
    pub(super) required: u64,
}

pub(super) const fn shape(members: &'static [Member]) -> Shape {
    let mut required = 0;
    let mut place = 0;
    while place < members.len() {
        if members[place].required {
            required |= 1 << place;
        }
        place += 1;
    }
    Shape { members, required }
}

/// An object of which nothing is known.
pub(super) static NOTHING: Shape = shape(&[]);

/// A credential whose type is unknown, or not known yet. In the table of every credential type,
/// `type` stands first as well.
pub(super) static ONLY_TYPE: Shape = shape(const { &[TYPE] });
pub(super) const TYPE: Member = must("type", Role::CredentialType);

/// A Header, or the bare Account that some exporters send in its stead. What each requires is
/// judged once it is clear which of the two it is.
pub(super) static ROOT: Shape = shape(
    const {
        &[
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
        ]
    },
);

pub(super) static VERSION: Shape = shape(
    const {
        &[
            must("major", Role::MajorVersion),
            may("minor", Role::MinorVersion),
        ]
    },
);

pub(super) static ACCOUNT: Shape = shape(
    const {
        &[
            must("id", Role::AccountId),
            must("username", Role::Text),
            must("email", Role::Text),
            may("fullName", Role::Text),
            must("collections", Role::Collections),
            must("items", Role::Items),
            may("extensions", Role::Extensions),
        ]
    },
);

pub(super) static COLLECTION: Shape = shape(
    const {
        &[
            must("id", Role::CollectionId),
            may("creationAt", Role::Timestamp),
            may("modifiedAt", Role::Timestamp),
            must("title", Role::Text),
            may("subtitle", Role::Text),
            must("items", Role::Links),
            may("subCollections", Role::Collections),
            may("extensions", Role::Extensions),
        ]
    },
);

pub(super) static LINK: Shape = shape(
    const {
        &[
            must("item", Role::LinkedItem),
            may("account", Role::LinkedAccount),
        ]
    },
);

pub(super) static ITEM: Shape = shape(
    const {
        &[
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
        ]
    },
);

pub(super) static SCOPE: Shape = shape(
    const {
        &[
            may("urls", Role::Urls),
            may("androidApps", Role::AndroidApps),
        ]
    },
);

pub(super) static ANDROID_APP: Shape = shape(
    const {
        &[
            must("bundleId", Role::Text),
            may("certificate", Role::Certificate),
            may("name", Role::Text),
        ]
    },
);

pub(super) static CERTIFICATE: Shape = shape(
    const {
        &[
            must("fingerprint", Role::Bytes),
            must("hashAlg", Role::Text),
        ]
    },
);

pub(super) static FIELD: Shape = shape(
    const {
        &[
            may("id", Role::OtherId),
            must("fieldType", Role::Text),
            must("value", Role::FieldValue),
            may("label", Role::Text),
            may("extensions", Role::Extensions),
        ]
    },
);

pub(super) static FIDO2_EXTENSIONS: Shape = shape(
    const {
        &[
            may("hmacCredentials", Role::HmacCredentials),
            may("credBlob", Role::Bytes),
            may("largeBlob", Role::LargeBlob),
            may("payments", Role::Flag),
        ]
    },
);

pub(super) static HMAC_CREDENTIALS: Shape = shape(
    const {
        &[
            must("algorithm", Role::Text),
            must("credWithUV", Role::Bytes),
            must("credWithoutUV", Role::Bytes),
        ]
    },
);

pub(super) static LARGE_BLOB: Shape = shape(
    const {
        &[
            must("uncompressedSize", Role::Whole),
            must("data", Role::Bytes),
        ]
    },
);

pub(super) static EXTENSION: Shape = shape(const { &[must("name", Role::Text)] });
