//! The `credexd` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args_os().skip(1).eq(["--launcher"]) {
        return credexd::launcher::run_zygote();
    }
    ExitCode::SUCCESS
}
