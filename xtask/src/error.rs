//! What can go wrong, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}; `cargo xtask --help` says how")]
    Usage(#[from] lexopt::Error),
    #[error("--prefix {0}: name an absolute path, such as /usr/local")]
    Prefix(PathBuf),
    #[error("{what} {path}: {source}")]
    File {
        what: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("{0} has something else in it; name an empty directory")]
    Occupied(PathBuf),
    #[error(
        "there is no {name} in {directory}; build all with `cargo build --workspace --all-targets`"
    )]
    NoProgram { name: String, directory: PathBuf },
    #[error("dpkg-shlibdeps names no libraries:\n{0}")]
    NoLibraries(String),
    #[error("{program} cannot be started: {source}; {advice}")]
    NotStarted {
        program: String,
        source: io::Error,
        advice: &'static str,
    },
    #[error("{program} has failed ({status}):\n{said}")]
    Failed {
        program: String,
        status: std::process::ExitStatus,
        said: String,
    },
}

/// Says what was being done to `path` when it failed.
pub(crate) fn at<'a>(
    what: &'static str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> Failure + use<'a> {
    move |source| Failure::File {
        what,
        path: path.to_owned(),
        source,
    }
}

/// Runs `command` and returns what it wrote. `advice` is for where it is not installed.
pub(crate) fn output(command: &mut Command, advice: &'static str) -> Result<String, Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|source| Failure::NotStarted {
        program: program.clone(),
        source,
        advice,
    })?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    match output.status.success() {
        true => Ok(text(output.stdout)),
        false => Err(Failure::Failed {
            program,
            status: output.status,
            said: text(output.stderr),
        }),
    }
}
