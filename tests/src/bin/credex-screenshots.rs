//! `tests/screenshots DIRECTORY`: pictures of every page of the windows, in every look, for somebody
//! to look at.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a program for developers, which may fail loudly"
)]

fn main() {
    let directory = std::env::args_os()
        .nth(1)
        .expect("one argument: a directory");
    credex_tests::album::take(directory.as_ref());
}
