//! Password stores, with the real `gpg`, `git`, `pass` and gopass.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::print_stderr
)] // A failure in the scaffold is a failed test.

mod hostile;
mod killed;
mod programs;
mod round_trip;
mod scene;
