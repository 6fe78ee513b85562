//! What can go wrong, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

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
    #[error("{path}: {what}")]
    Project { path: PathBuf, what: String },
    #[error(
        "maturin {version} cannot be had from PyPI; install it some other way, or try again where \
         PyPI can be reached: {source}"
    )]
    NoMaturin {
        version: &'static str,
        source: Box<Failure>,
    },
    #[error("maturin has made no wheel, and says nothing of it")]
    NoWheel,
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

impl Failure {
    /// For who calls this program: whether it is in order, and the network is not (`EX_UNAVAILABLE`).
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Failure::NoMaturin { .. } => ExitCode::from(69),
            _ => ExitCode::FAILURE,
        }
    }
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
            // Some say on standard output what is wrong.
            said: text([output.stdout, output.stderr].concat()),
        }),
    }
}
