//! Stories of `credex transfer`: stores as apps of a real desktop, and the credentials between them.
//! One file a story area.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a story that cannot go on has failed"
)]

mod asking;
mod chain;
mod hops;
mod hostile;
mod interruptions;
mod providers;
mod stage;
mod told;
