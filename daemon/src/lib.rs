//! The Credex session service, as a library: `main.rs` is a thin program around it.
//!
//! Inside: `bus → {caller, exchange} → traits`. The exchange is pure; what touches the world stands
//! behind a trait each (`caller::Porter`, `chooser::Chooser`, `launcher::Launcher`), which a test
//! replaces when it builds the daemon.

pub mod caller;
pub mod chooser;
pub mod clock;
pub mod config;
pub mod custody;
pub mod exchange;
pub mod launcher;
pub mod providers;
