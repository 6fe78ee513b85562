//! The `credex` program. Its file name decides what it is: `cargo run` builds this one program only,
//! and `credex demo` must use the service that was built with it, not one that lies around. So the
//! demo starts itself under the names of all that takes part.
//!
//! A library only so that [`command`] can be asked for manual pages and completions.

mod agent;
mod arguments;
mod attachments;
mod conformance;
mod demo;
mod diff;
mod doctor;
mod document;
mod domain;
mod exit;
mod export;
mod failure;
mod import;
mod interrupt;
mod log;
mod output;
mod progress;
mod providers;
mod receipt;
mod secret;
mod service;
mod status;
mod terminal;
mod transfer;
mod validate;
mod web;

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

/// The command line with all its subcommands, as `credex --help` tells it.
#[must_use]
pub fn command() -> clap::Command {
    arguments::command()
}

/// The whole program.
#[must_use]
pub fn main() -> ExitCode {
    let name = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&name).file_name().and_then(OsStr::to_str);
    let rest = || std::env::args_os().skip(1);
    match name.unwrap_or_default() {
        "credexd" => credexd::program::main(rest().collect()),
        "credex-fetcher" => credex_fetcher::main(&rest().collect::<Vec<_>>()),
        "credex-chooser" => credex_chooser::main_with(std::env::args_os()),
        conformance::CHOOSER => conformance::chooser(rest().collect::<Vec<_>>().into_iter()),
        name => match demo::Role::called(name) {
            Some(role) => role.play(rest().collect()),
            None => arguments::run(),
        },
    }
}
