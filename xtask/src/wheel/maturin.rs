//! Where maturin is, which Debian 12 does not have: among the commands, or else from PyPI, in an environment
//! of its own that is made once, below cargo's target directory.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Failure, at, output};
use crate::options::target_directory;

/// What is taken from PyPI: the newest that the wheel was tried with.
const VERSION: &str = "1.16.0";

const PYTHON: &str = "install python3 and python3-venv";

/// maturin, ready to be started.
pub(super) fn at_hand() -> Result<PathBuf, Failure> {
    let installed = Path::new("maturin");
    match Command::new(installed).arg("--version").output() {
        Ok(_) => Ok(installed.to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => from_pypi(),
        Err(error) => Err(at("cannot start", installed)(error)),
    }
}

fn from_pypi() -> Result<PathBuf, Failure> {
    let directory = target_directory();
    let place = directory.join(format!("maturin-{VERSION}"));
    let program = place.join("bin/maturin");
    if program.is_file() {
        return absolute(&program);
    }
    say(&format!(
        "there is no maturin: installing {VERSION} from PyPI in {}",
        place.display()
    ))?;
    fs::create_dir_all(&directory).map_err(at("cannot make", &directory))?;
    // Somebody else may be at it: whoever is done first puts theirs into its place. It is a program that does
    // not care where it is.
    let room = tempfile::tempdir_in(&directory).map_err(at("cannot write to", &directory))?;
    let environment = room.path().join("environment");
    let mut venv = Command::new("python3");
    output(venv.args(["-m", "venv"]).arg(&environment), PYTHON)?;
    let mut pip = Command::new(environment.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check"]);
    pip.arg(format!("maturin=={VERSION}"));
    output(&mut pip, PYTHON).map_err(|failure| Failure::NoMaturin {
        version: VERSION,
        source: Box::new(failure),
    })?;
    match fs::rename(&environment, &place) {
        Err(_) if program.is_file() => {}
        moved => moved.map_err(at("cannot make", &place))?,
    }
    absolute(&program)
}

/// It is started in another directory.
fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    fs::canonicalize(path).map_err(at("cannot find", path))
}

fn say(what: &str) -> Result<(), Failure> {
    let said = writeln!(std::io::stderr(), "xtask: {what}");
    said.map_err(at("cannot write to", Path::new("standard error")))
}
