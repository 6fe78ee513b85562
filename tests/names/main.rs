//! What we say by name is there: the manual pages, completions, documents and what `credex doctor` advises
//! are walked, and every command, option, file, package, unit, interface and variable in them is looked up in
//! what `cargo xtask dist` lays out, in the command line itself and in the sources.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a walk that cannot go on has to stop, and to say why"
)]

mod commands;
mod configuration;
mod constants;
mod files;
mod installing;
mod interfaces;
mod packages;
mod texts;
mod variables;
