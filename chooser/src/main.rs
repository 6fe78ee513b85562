//! The `credex-chooser` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    credex_chooser::main_with(std::env::args_os())
}
