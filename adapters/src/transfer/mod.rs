//! Moving records from one store to another: which of them, what is there already, what would be
//! lost, and whether all of it arrived.
//!
//! Everything here is pure. Whoever moves credentials opens the stores and carries the records; this
//! says what is to be done with them, as data that can be shown before anything is.
//!
//! - [`Location`]: `kdbx:old.kdbx`, as a person types it.
//! - [`Selection`]: which records, and which of their credentials.
//! - [`keys`]: what makes two records the same one.
//! - [`Plan`]: what becomes of each record, and what is lost by that; it turns into [`Change`]s.
//! - [`takes`]: which types a store can take.
//! - [`missing`]: which changes are not found in the store afterwards.
//!
//! [`Change`]: crate::Change

mod bounded;
mod content;
mod key;
mod location;
mod losses;
mod plan;
mod read_back;
mod selection;
mod summary;
mod takes;
mod told;

pub use key::{Key, keys};
pub use location::{Location, LocationError};
pub use plan::{Entry, Lost, OnDifference, Plan, Planning, Status};
pub use read_back::missing;
pub use selection::Selection;
pub use summary::{Loss, Summary};
pub use takes::takes;

#[cfg(test)]
mod tests;
