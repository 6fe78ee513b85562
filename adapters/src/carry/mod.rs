//! What a store cannot hold by itself, put into fields that it can hold, so that a later reading
//! turns it back.
//!
//! A store writes what it has a native form for, and looks at what that would be read back as. What
//! the result lacks of the whole is the *residue*: a short JSON text which the store keeps in one
//! field of its own. Credentials of which it has nothing at all (a credit card in a database of
//! logins) are shown as fields with a name each, which a person can read and change, and the residue
//! only refers to them. Whatever a person changes natively afterwards wins over the residue.
//!
//! [`restore`] of the native form with what [`carry`] found is the whole again, whatever the store
//! holds natively: the property test of this module says so.

mod fields;
mod patch;
mod residue;

pub use fields::CarriedField;
pub use residue::{Residue, ResidueError};

use crate::Record;

/// What has to be kept beside the native form of a record.
#[derive(Debug, Default)]
pub struct Carried {
    /// Fields that a person can read.
    pub fields: Vec<CarriedField>,
    /// The rest; `None` if the native form is the whole.
    pub residue: Option<Residue>,
}

/// Finds what `native`, which is what a store would read back, lacks of `whole`. `taken` says which
/// names of fields cannot be used, because the store uses them itself.
///
/// Credentials are taken for one another by type, in their order: a store that merges two of them
/// into one (custom fields, say) should hold the first natively and leave the others out of
/// `native`. The bytes of attachments that are not in `native` are carried too, in base64: a store
/// that does not want that takes them out of `whole` before.
#[must_use]
pub fn carry(whole: &Record, native: &Record, taken: &dyn Fn(&str) -> bool) -> Carried {
    residue::find(whole, native, taken)
}

/// Puts together what a store reads natively and what was carried. Fields that the residue refers to
/// are taken out of `fields`; a store leaves those with one of [`Residue::labels`] out of `native`.
#[must_use]
pub fn restore(native: Record, fields: &mut Vec<CarriedField>, residue: &Residue) -> Record {
    residue.restore(native, fields)
}

#[cfg(test)]
mod tests;
