//! The `credexd` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    credexd::program::main(std::env::args_os().skip(1).collect())
}
