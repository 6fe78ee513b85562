//! The 17 credential types of CXF 1.0 and their members.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::members::{Member, Shape, TYPE, may, must, shape};
use super::role::Role;

/// A credential type of CXF 1.0.
#[derive(Debug)]
pub(super) struct CredentialType {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
}

/// The known type of this name, and its place in [`CREDENTIAL_TYPES`].
pub(super) fn find(name: &str) -> Option<(usize, &'static CredentialType)> {
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
        for member in CREDENTIAL_TYPES
            .iter()
            .flat_map(|known| known.shape.members)
        {
            let role = roles.entry(member.name).or_insert(member.role);
            if rank(member.role) > rank(*role) {
                *role = member.role;
            }
        }
        roles
    });
    ROLES.get(name).copied().unwrap_or(Role::Unknown)
}

const fn field(name: &'static str) -> Member {
    may(name, Role::Field)
}

/// The types in the order of their names.
pub(super) static CREDENTIAL_TYPES: &[CredentialType] = &[
    CredentialType {
        name: "address",
        shape: shape(
            const {
                &[
                    TYPE,
                    field("streetAddress"),
                    field("postalCode"),
                    field("city"),
                    field("territory"),
                    field("country"),
                    field("tel"),
                ]
            },
        ),
    },
    CredentialType {
        name: "api-key",
        shape: shape(
            const {
                &[
                    TYPE,
                    field("key"),
                    field("username"),
                    field("keyType"),
                    field("url"),
                    field("validFrom"),
                    field("expiryDate"),
                ]
            },
        ),
    },
    CredentialType {
        name: "basic-auth",
        shape: shape(const { &[TYPE, field("username"), field("password")] }),
    },
    CredentialType {
        name: "credit-card",
        shape: shape(
            const {
                &[
                    TYPE,
                    field("number"),
                    field("fullName"),
                    field("cardType"),
                    field("verificationNumber"),
                    field("pin"),
                    field("expiryDate"),
                    field("validFrom"),
                ]
            },
        ),
    },
    CredentialType {
        name: "custom-fields",
        shape: shape(
            const {
                &[
                    TYPE,
                    may("id", Role::OtherId),
                    may("label", Role::Text),
                    must("fields", Role::Fields),
                    may("extensions", Role::Extensions),
                ]
            },
        ),
    },
    CredentialType {
        name: "drivers-license",
        shape: shape(
            const {
                &[
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
                ]
            },
        ),
    },
    CredentialType {
        name: "file",
        shape: shape(
            const {
                &[
                    TYPE,
                    must("id", Role::OtherId),
                    must("name", Role::Text),
                    must("decryptedSize", Role::Whole),
                    must("integrityHash", Role::NonEmptyBytes),
                ]
            },
        ),
    },
    CredentialType {
        name: "generated-password",
        shape: shape(const { &[TYPE, must("password", Role::Text)] }),
    },
    CredentialType {
        name: "identity-document",
        shape: shape(
            const {
                &[
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
                ]
            },
        ),
    },
    CredentialType {
        name: "item-reference",
        shape: shape(const { &[TYPE, must("reference", Role::Link)] }),
    },
    CredentialType {
        name: "note",
        shape: shape(const { &[TYPE, must("content", Role::Field)] }),
    },
    CredentialType {
        name: "passkey",
        shape: shape(
            const {
                &[
                    TYPE,
                    must("credentialId", Role::NonEmptyBytes),
                    must("rpId", Role::Text),
                    must("username", Role::Text),
                    must("userDisplayName", Role::Text),
                    must("userHandle", Role::Bytes),
                    must("key", Role::NonEmptyBytes),
                    may("fido2Extensions", Role::Fido2Extensions),
                ]
            },
        ),
    },
    CredentialType {
        name: "passport",
        shape: shape(
            const {
                &[
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
                ]
            },
        ),
    },
    CredentialType {
        name: "person-name",
        shape: shape(
            const {
                &[
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
                ]
            },
        ),
    },
    CredentialType {
        name: "ssh-key",
        shape: shape(
            const {
                &[
                    TYPE,
                    must("keyType", Role::Text),
                    must("privateKey", Role::NonEmptyBytes),
                    may("keyComment", Role::Text),
                    field("creationDate"),
                    field("expiryDate"),
                    field("keyGenerationSource"),
                ]
            },
        ),
    },
    CredentialType {
        name: "totp",
        shape: shape(
            const {
                &[
                    TYPE,
                    must("secret", Role::Base32),
                    must("period", Role::Positive),
                    must("digits", Role::Positive),
                    must("algorithm", Role::TotpAlgorithm),
                    may("username", Role::Text),
                    may("issuer", Role::Text),
                ]
            },
        ),
    },
    CredentialType {
        name: "wifi",
        shape: shape(
            const {
                &[
                    TYPE,
                    field("ssid"),
                    field("networkSecurityType"),
                    field("passphrase"),
                    field("hidden"),
                ]
            },
        ),
    },
];
