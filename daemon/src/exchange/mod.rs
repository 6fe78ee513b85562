//! The exchange itself, pure: no D-Bus, no runtime, no clock of its own. Serves design §3.
//!
//! `state` says what may happen and what follows from it, `token` what the importer must show,
//! `quota` how much one app may have going on.

pub mod quota;
pub mod state;
pub mod token;
