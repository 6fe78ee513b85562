//! A chooser that answers by script; see `credex_tests::chooser`.

use std::process::ExitCode;

fn main() -> ExitCode {
    credex_tests::chooser::main(std::env::args_os().skip(1))
}
