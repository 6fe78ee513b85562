//! The `credex-fetcher` program. `credexd` starts it for one file.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    credex_fetcher::main(&arguments)
}
