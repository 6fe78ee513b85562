//! The client library for C and C++ (design §3): `libcredex.so`, described by `include/credex.h`.
//!
//! What C holds are names of objects in a [`table`], never their addresses, so that a name that is wrong
//! is refused. Each exported function runs behind the one [`boundary`], which turns what failed, and what
//! panicked, into a status. One thread for each client does the work ([`client`]); what is finished waits
//! for the app's own thread to ask ([`operation`]).

mod boundary;
pub mod client;
pub mod error;
pub mod exporter;
mod failure;
pub mod grant;
pub mod import;
pub mod importer;
pub mod offer;
pub mod operation;
pub mod payload;
pub mod pieces;
pub mod plan;
pub mod progress;
pub mod receipt;
pub mod report;
pub mod request;
pub mod status;
mod table;
mod thread;
pub mod web;
pub mod words;
