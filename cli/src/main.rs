//! The `credex` program.

mod arguments;
mod attachments;
mod diff;
mod document;
mod exit;
mod export;
mod failure;
mod import;
mod interrupt;
mod output;
mod progress;
mod providers;
mod receipt;
mod service;
mod status;
mod terminal;
mod validate;

use std::process::ExitCode;

fn main() -> ExitCode {
    arguments::run()
}
