//! Collections of real Secret Services: gnome-keyring and KeePassXC.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::print_stderr
)] // A failure in the scaffold is a failed test.

mod gnome;
mod keepassxc;
mod killed;
mod session;
