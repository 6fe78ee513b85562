//! Writes what is installed beside the `credex` program: a manual page of each of its commands, and
//! completions for bash, zsh and fish.
//!
//! `cargo run -p credex-cli --example manual -- DIRECTORY`; `cargo xtask dist` does it. The program
//! itself does not carry that along.

use std::io;
use std::path::Path;

use clap_complete::Shell;

fn main() -> io::Result<()> {
    let Some(directory) = std::env::args_os().nth(1) else {
        return Err(io::Error::other("name a directory to write to"));
    };
    let directory = Path::new(&directory);
    std::fs::create_dir_all(directory)?;
    clap_mangen::generate_to(described(), directory)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut credex_cli::command(), "credex", directory)?;
    }
    Ok(())
}

/// The commands that have a page: not `help`, which only repeats the others.
fn described() -> clap::Command {
    without_help(credex_cli::command())
}

fn without_help(command: clap::Command) -> clap::Command {
    command
        .disable_help_subcommand(true)
        .mut_subcommands(without_help)
}
