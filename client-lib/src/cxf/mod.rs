//! The payload: FIDO Credential Exchange Format 1.0, read as bytes and carried as bytes.
//!
//! Everything here is pure: no file, no bus, no clock. Documents are never re-written from parsed
//! values, so that members nobody here knows survive; no error, report or difference contains a
//! value of the document.

mod choice;
mod counts;
mod credential_types;
mod diff;
mod findings;
mod fingerprint;
mod frame;
#[cfg(feature = "testing")]
mod generate;
mod ids;
mod invalid;
mod judge;
mod members;
mod narrow;
mod path;
mod raw;
mod report;
mod role;
mod sample;
mod seen;
mod tally;
mod text;
#[cfg(feature = "typed")]
pub mod typed;
mod validate;
mod walk;

pub(crate) use choice::Choice;
pub use counts::{Counts, Discrepancy, compare_counts};
pub use diff::{Change, Difference, diff};
#[cfg(feature = "testing")]
pub use generate::generate_vault;
pub use invalid::Invalid;
pub(crate) use narrow::narrow_to;
pub use narrow::{Narrowed, narrow};
pub use report::{Note, Problem, Quirk, Reason, Report, Unit};
pub use sample::{sample, sample_attachments};
pub use validate::{inspect, validate};
