//! What was seen of one JSON value, in a few bits: enough to judge it once its surroundings are
//! known, which for a credential may be only at its end, where its `type` may stand.

use std::ops::{BitOr, BitOrAssign};

/// The kind of a value and the remarks of its [`super::role::Role`] on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Seen(u32);

impl Seen {
    pub(super) const NONE: Self = Self(0);
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(1 << 1);
    pub(super) const NUMBER: Self = Self(1 << 2);
    pub(super) const STRING: Self = Self(1 << 3);
    pub(super) const ARRAY: Self = Self(1 << 4);
    pub(super) const OBJECT: Self = Self(1 << 5);

    /// A number without fraction.
    pub(super) const WHOLE: Self = Self(1 << 6);
    /// Zero, the empty string or the empty array.
    pub(super) const EMPTY: Self = Self(1 << 7);
    pub(super) const NEGATIVE: Self = Self(1 << 8);
    /// A number from [`super::role::FAR_FUTURE`] on.
    pub(super) const FAR: Self = Self(1 << 9);
    /// A string in the encoding, or an object with the members, that the role asks for.
    pub(super) const SOUND: Self = Self(1 << 10);
    /// Too long for an identifier.
    pub(super) const LONG: Self = Self(1 << 11);
    /// base64url that ends with `=`.
    pub(super) const PADDED: Self = Self(1 << 12);
    /// A minor version that is not the first.
    pub(super) const LATER: Self = Self(1 << 14);
    /// A string, or a field with one, that starts with `otpauth://`.
    pub(super) const OTPAUTH: Self = Self(1 << 13);

    /// What may be a habit of some exporter, if the role says so.
    pub(super) const ODD: Self = Self::EMPTY
        .and(Self::NEGATIVE)
        .and(Self::FAR)
        .and(Self::PADDED)
        .and(Self::OTPAUTH)
        .and(Self::LATER);

    /// Whether all of `bits` are set.
    pub(super) const fn has(self, bits: Self) -> bool {
        self.0 & bits.0 == bits.0
    }

    /// Whether any of `bits` is set.
    pub(super) const fn has_any(self, bits: Self) -> bool {
        self.0 & bits.0 != 0
    }

    /// Both together; `|` cannot be used in constants.
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// `bits` if `condition` holds, else nothing.
    pub(super) fn when(condition: bool, bits: Self) -> Self {
        if condition { bits } else { Self::default() }
    }

    /// The kind of value, for people.
    pub(super) fn kind(self) -> &'static str {
        match self {
            _ if self.has(Self::NULL) => "null",
            _ if self.has(Self::BOOLEAN) => "a boolean",
            _ if self.has(Self::NUMBER) => "another number",
            _ if self.has(Self::STRING) => "a string",
            _ if self.has(Self::ARRAY) => "an array",
            _ => "an object of another shape",
        }
    }
}

impl BitOr for Seen {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Seen {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}
