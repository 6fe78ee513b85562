//! `cargo xtask`: puts Credex together as it is installed.
//!
//! `files` is the table of all that is installed, `programs` builds or finds the programs, `tree` lays
//! everything out below a prefix, `deb` makes Debian packages of that, `wheel` a package for Python.

mod deb;
mod error;
mod files;
mod options;
mod programs;
mod tree;
mod wheel;

use std::io::Write;
use std::process::ExitCode;

use error::Failure;
use options::{Options, Task};

fn main() -> ExitCode {
    let mut stderr = std::io::stderr();
    match run() {
        Ok(said) => {
            let heard = writeln!(std::io::stdout(), "{said}");
            heard.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
        }
        Err(failure) => {
            // Without anybody to tell, the exit code is all that is left to say it with.
            writeln!(stderr, "xtask: {failure}").ok();
            failure.exit_code()
        }
    }
}

/// Does what the command line says; returns what to tell.
fn run() -> Result<String, Failure> {
    match options::parse(std::env::args_os().skip(1))? {
        Task::Help => Ok(options::USAGE.to_owned()),
        Task::Dist(options) => dist(&options),
        Task::Deb(options) => deb(&options),
        Task::Wheel(options) => Ok(wheel::build(&options)?.display().to_string()),
    }
}

fn dist(options: &Options) -> Result<String, Failure> {
    let programs = programs::at_hand(options)?;
    let directory = options.directory("dist");
    tree::lay_out(&programs, &options.prefix, &directory)?;
    Ok(format!(
        "{} is ready to be copied to /",
        directory.display()
    ))
}

fn deb(options: &Options) -> Result<String, Failure> {
    let programs = programs::at_hand(options)?;
    let packages = deb::pack(&programs, options)?;
    let lines: Vec<String> = packages
        .iter()
        .map(|package| package.display().to_string())
        .collect();
    Ok(lines.join("\n"))
}
