//! The library for C (`client-lib/c`), used by programs in C: exporter and importer through the real
//! service, and everything that an app can do wrong, as it is, under valgrind, and with sanitizers.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

mod exchange;
mod glib;
mod library;
mod misuse;
mod offers;
mod pieces;
mod plans;
mod running;
mod watched;
mod web;
