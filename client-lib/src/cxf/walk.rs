//! One pass over a document: roles are handed down from the Header to the last field, and what was
//! seen comes back up in a few bits.
//!
//! The state lives in [`Walk`], whose size is bounded by the depth and the width that one object
//! may have, not by the document. What an object amounts to is decided in [`super::judge`].

use std::borrow::Cow;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::credential_types::{self, CredentialType};
use super::findings::{Findings, Mark};
use super::ids::Ids;
use super::path::{self, Step};
use super::role::{FAR_FUTURE, Role};
use super::seen::Seen;
use super::tally::Tally;
use super::{Invalid, Quirk, Reason, Unit, text};

/// The most levels of objects and arrays in one another.
const DEEPEST: usize = 64;

/// A member of an object that is being read.
#[derive(Debug)]
pub(super) struct Met<'de> {
    pub(super) name: Cow<'de, str>,
    pub(super) seen: Seen,
    /// Its place in the shape of the object, if it has one.
    pub(super) place: Option<usize>,
}

/// The state of one pass.
#[derive(Debug, Default)]
pub(super) struct Walk<'de> {
    /// The way from the root to the value that is being read.
    pub(super) steps: Vec<Step>,
    /// The members met in all objects on that way.
    pub(super) met: Vec<Met<'de>>,
    /// Why the document as a whole is refused; serde's own errors could not carry it.
    pub(super) fatal: Option<Invalid>,
    pub(super) findings: Findings,
    /// Usable credentials.
    pub(super) counts: Tally,
    /// Credentials whose type was read.
    pub(super) present: Tally,
    /// Of one-time passwords with an unknown algorithm, in usable items.
    pub(super) ignored: u32,
    /// Unusable parts without a type to count them by.
    pub(super) untyped: u32,
    /// The usable credentials of the item that is being read, which may yet turn out to be unusable.
    pub(super) pending: Tally,
    /// As `ignored`, of that item.
    pub(super) pending_ignored: u32,
    /// Whether that item has any credentials.
    pub(super) has_credentials: bool,
    pub(super) accounts: u32,
    pub(super) collections: u32,
    pub(super) items: u32,
    /// The `type` of the credential that is being read.
    pub(super) type_name: Option<Cow<'de, str>>,
    pub(super) known_type: Option<(usize, &'static CredentialType)>,
    /// The findings before that credential, to go back to if its type is unknown.
    pub(super) before: Mark,
    /// Kept only by an inspection.
    pub(super) ids: Option<Ids<'de>>,
}

impl Walk<'_> {
    /// Where the reading stands.
    pub(super) fn path(&self) -> String {
        path_to(&self.steps, &self.met, None)
    }

    pub(super) fn problem(&mut self, unit: Unit, reason: Reason, member: Option<&str>) {
        let Self {
            findings,
            steps,
            met,
            ..
        } = self;
        findings.problem(unit, reason, || path_to(steps, met, member));
    }

    pub(super) fn note(&mut self, quirk: Quirk, member: Option<&str>) {
        let Self {
            findings,
            steps,
            met,
            ..
        } = self;
        findings.note(quirk, || path_to(steps, met, member));
    }

    pub(super) fn refuse<E: Error>(&mut self, invalid: Invalid) -> E {
        self.fatal = Some(invalid);
        E::custom("the document is refused")
    }

    fn descend<E: Error>(&mut self) -> Result<(), E> {
        if self.steps.len() < DEEPEST {
            return Ok(());
        }
        let path = self.path();
        Err(self.refuse(Invalid::TooDeep {
            path,
            limit: DEEPEST,
        }))
    }
}

fn path_to(steps: &[Step], met: &[Met<'_>], member: Option<&str>) -> String {
    let path = path::render(steps, |place| met.get(place).map_or("", |met| &*met.name));
    match member {
        Some(name) => path::with_member(path, name),
        None => path,
    }
}

/// Reads one value in its role.
pub(super) struct Value<'w, 'de> {
    pub(super) walk: &'w mut Walk<'de>,
    pub(super) role: Role,
}

impl<'de> DeserializeSeed<'de> for Value<'_, 'de> {
    type Value = Seen;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Seen, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, 'de> {
    type Value = Seen;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    #[inline]
    fn visit_unit<E: Error>(self) -> Result<Seen, E> {
        Ok(Seen::NULL)
    }

    #[inline]
    fn visit_bool<E: Error>(self, _: bool) -> Result<Seen, E> {
        Ok(Seen::BOOLEAN)
    }

    #[inline]
    fn visit_u64<E: Error>(self, number: u64) -> Result<Seen, E> {
        if self.role == Role::MajorVersion && number != 1 {
            return Err(self.walk.refuse(Invalid::UnsupportedVersion {
                major: Some(number),
            }));
        }
        let is_later = self.role == Role::MinorVersion && number > 0;
        Ok(Seen::NUMBER
            | Seen::WHOLE
            | Seen::when(number == 0, Seen::EMPTY)
            | Seen::when(is_later, Seen::LATER)
            | Seen::when(number >= FAR_FUTURE, Seen::FAR))
    }

    #[inline]
    fn visit_i64<E: Error>(self, number: i64) -> Result<Seen, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Ok(Seen::NUMBER | Seen::WHOLE | Seen::NEGATIVE),
        }
    }

    #[inline]
    fn visit_f64<E: Error>(self, _: f64) -> Result<Seen, E> {
        Ok(Seen::NUMBER)
    }

    #[inline]
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Seen, E> {
        Ok(self.walk.string(self.role, text, || Cow::Borrowed(text)))
    }

    #[inline]
    fn visit_str<E: Error>(self, text: &str) -> Result<Seen, E> {
        Ok(self
            .walk
            .string(self.role, text, || Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Seen, A::Error> {
        let Self { walk, role } = self;
        walk.descend()?;
        let element = role.element();
        let mut whole = Seen::ARRAY;
        for index in 0.. {
            walk.steps.push(Step::Element(index));
            let Some(seen) = array.next_element_seed(Value {
                walk,
                role: element,
            })?
            else {
                break;
            };
            whole = walk.close_element(element, seen, whole);
            walk.steps.pop();
        }
        walk.steps.pop();
        Ok(whole)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Seen, A::Error> {
        let Self { walk, role } = self;
        // While a credential's type is not known, `key` may be a passkey's bytes or a field.
        let role = if role == Role::NonEmptyBytes {
            Role::Field
        } else {
            role
        };
        walk.descend()?;
        let mut frame = walk.open(role);
        while let Some(name) = object.next_key_seed(Name)? {
            let value_role = frame.meet(walk, name);
            frame.admit(walk)?;
            let seen = object.next_value_seed(Value {
                walk,
                role: value_role,
            })?;
            walk.steps.pop();
            frame.settle(walk, seen);
        }
        let seen = walk.close(role, &frame);
        walk.met.truncate(frame.first);
        match walk.fatal {
            None => Ok(seen),
            Some(_) => Err(A::Error::custom("the document is refused")),
        }
    }
}

impl<'de> Walk<'de> {
    /// Looks at a string as closely as its role asks for.
    #[inline]
    fn string(&mut self, role: Role, text: &str, keep: impl FnOnce() -> Cow<'de, str>) -> Seen {
        let seen = Seen::STRING | Seen::when(text.is_empty(), Seen::EMPTY);
        match role {
            Role::AccountId
            | Role::CollectionId
            | Role::ItemId
            | Role::OtherId
            | Role::LinkedItem
            | Role::LinkedAccount => {
                let read = text::base64url(text);
                if self.ids.is_some() {
                    self.remember_id(role, keep());
                }
                seen | Seen::when(read.valid && read.fits_id, Seen::SOUND)
                    | Seen::when(read.padded, Seen::PADDED)
                    | Seen::when(!read.fits_id, Seen::LONG)
            }
            Role::Bytes | Role::NonEmptyBytes => {
                let read = text::base64url(text);
                seen | Seen::when(read.valid, Seen::SOUND) | Seen::when(read.padded, Seen::PADDED)
            }
            Role::Base32 => seen | Seen::when(text::is_base32(text), Seen::SOUND),
            Role::TotpAlgorithm => {
                seen | Seen::when(matches!(text, "sha1" | "sha256" | "sha512"), Seen::SOUND)
            }
            Role::FieldValue => seen | Seen::when(text.starts_with("otpauth://"), Seen::OTPAUTH),
            Role::Url => seen | Seen::when(text.contains(':'), Seen::SOUND),
            Role::CredentialType => {
                self.known_type = credential_types::find(text);
                self.type_name = Some(keep());
                seen
            }
            _ => seen,
        }
    }
}

/// Reads the name of a member, without a copy where the document spells it plainly.
pub(super) struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the name of a member")
    }

    #[inline]
    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    #[inline]
    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}
