//! The `credex` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    credex_cli::main()
}
