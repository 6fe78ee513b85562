//! The `credex-fetcher` program. `credexd` starts it for one file.

use std::process::ExitCode;

fn main() -> ExitCode {
    credex_fetcher::main()
}
