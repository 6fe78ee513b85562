//! The Credex session service, as a library: `main.rs` is a thin program around it.
//!
//! Inside: `bus → desk → {caller, exchange, custody, providers} → traits`. The exchange is pure; what
//! touches the world stands behind a trait each (`caller::Porter`, `chooser::Chooser`,
//! `launcher::Launcher`), which a test replaces when it builds the daemon.

pub mod audit;
pub mod authorization;
pub mod bus;
pub mod caller;
pub mod chooser;
pub mod clock;
pub mod config;
pub mod custody;
pub mod daemon;
pub mod desk;
pub mod exchange;
pub mod landlock;
pub mod launcher;
mod log;
pub mod policy;
mod process;
pub mod program;
pub mod protections;
pub mod providers;
pub mod sandbox;
pub mod seccomp;
pub mod web_credentials;
