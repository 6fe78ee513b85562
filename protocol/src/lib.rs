//! The wire of Credex: names, types, the one error, a proxy per interface, and the sealed envelope.
//!
//! `interfaces/*.xml` is the source of truth, and `README.md` beside it tells the whole protocol to
//! somebody who writes a client in another language.

pub mod envelope;
pub mod error;
pub mod names;
mod passphrase;
pub mod proxy;
pub mod wire;

pub use error::{Error, Reason};
pub use passphrase::{LONGEST_PASSPHRASE, Passphrase, PassphraseError};
