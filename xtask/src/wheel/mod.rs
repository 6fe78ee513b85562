//! The wheel for Python. maturin makes it: the one that is installed, or else one from PyPI (`maturin`).

mod built;
mod maturin;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Failure, at, output};
use crate::options::{Options, source};

/// The package, as cargo calls it.
pub(crate) const PACKAGE: &str = "credex-python";
/// The compiled half, by the name that cargo gives it.
pub(crate) const LIBRARY: &str = "libcredex_python.so";

/// Has the wheel made; returns it.
pub(crate) fn build(options: &Options) -> Result<PathBuf, Failure> {
    let directory = options.directory("wheels");
    fs::create_dir_all(&directory).map_err(at("cannot make", &directory))?;
    let room = tempfile::tempdir_in(&directory).map_err(at("cannot write to", &directory))?;
    // maturin stands elsewhere.
    let stage = fs::canonicalize(room.path()).map_err(at("cannot find", room.path()))?;
    let wheels = stage.join("wheels");
    let mut command = Command::new(maturin::at_hand()?);
    command.current_dir(source());
    command.args(["build", "--quiet", "--release", "--locked"]);
    command.args(["--manifest-path", "client-lib/python/Cargo.toml"]);
    command.arg("--out").arg(&wheels);
    if let Some(programs) = &options.programs {
        built::take_from(programs, &stage, &mut command)?;
    }
    output(&mut command, "it was just found")?;
    let made = only_file_in(&wheels)?;
    let wheel = directory.join(made.file_name().unwrap_or_default());
    fs::rename(&made, &wheel).map_err(at("cannot make", &wheel))?;
    Ok(wheel)
}

fn only_file_in(directory: &Path) -> Result<PathBuf, Failure> {
    let mut files = fs::read_dir(directory).map_err(at("cannot read", directory))?;
    let file = files.next().ok_or(Failure::NoWheel)?;
    Ok(file.map_err(at("cannot read", directory))?.path())
}
