//! The Python binding as it was just built: where Python can import it, and as a wheel.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::programs;

/// The system's Python, for which Debian has packages.
pub const PYTHON: &str = "/usr/bin/python3";

/// Where the binding's sources are.
pub fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../client-lib/python")
}

/// The directory to put into `PYTHONPATH`. It is beside the built programs, and leads to the sources
/// and the library, so that it needs no building of its own.
pub fn path() -> PathBuf {
    let library = programs::beside("libcredex_python.so");
    let path = library.with_file_name("python");
    let package = path.join("credex");
    std::fs::create_dir_all(&package).unwrap();
    for source in std::fs::read_dir(sources().join("credex")).unwrap() {
        let source = source.unwrap();
        let own = source.path().extension().is_some_and(|it| it == "pyc");
        if !own && source.file_type().unwrap().is_file() {
            let source_file = source.path().canonicalize().unwrap();
            lead(&package.join(source.file_name()), &source_file);
        }
    }
    lead(&package.join("_credex.abi3.so"), &library);
    path
}

/// Other tests may be at it, too.
fn lead(from: &Path, to: &Path) {
    match symlink(to, from) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => made.unwrap(),
    }
}

/// How `cargo xtask wheel` ends where there is no maturin, and none is to be had.
const NO_MATURIN: i32 = 69;

/// Has `cargo xtask wheel` make a wheel of the built library, in `directory`; returns it. `None`, and a sentence
/// on standard error, where maturin is not installed and PyPI cannot be reached.
pub fn wheel(directory: &Path) -> Option<PathBuf> {
    let programs = programs::credexd().parent().unwrap().to_owned();
    let mut xtask = Command::new(programs.join("xtask"));
    xtask.args(["wheel", "--programs"]).args([&programs]);
    let output = said(xtask.arg(directory));
    let why = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(NO_MATURIN) {
        assert!(!pypi_can_be_reached(), "PyPI is there, and yet: {why}");
        eprintln!("without maturin there is no wheel, so this is not played: {why}");
        return None;
    }
    assert!(output.status.success(), "{why}");
    let printed = String::from_utf8(output.stdout).unwrap();
    Some(PathBuf::from(printed.trim_end()))
}

/// Whether maturin can be downloaded at all, in whatever version.
fn pypi_can_be_reached() -> bool {
    let room = tempfile::tempdir().unwrap();
    let python = environment(&room.path().join("environment"));
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "download", "--no-deps", "--quiet", "--dest"]);
    said(pip.arg(room.path()).arg("maturin")).status.success()
}

/// Puts what is in a wheel into `directory`.
pub fn unpack(wheel: &Path, directory: &Path) {
    let mut python = Command::new(PYTHON);
    python.args(["-m", "zipfile", "-e"]);
    let output = said(python.args([wheel, directory]));
    assert!(output.status.success(), "{output:?}");
}

/// The names of the files in a directory, without those in directories there.
pub fn files_in(directory: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(directory).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    files
        .map(|file| file.file_name().into_string().unwrap())
        .collect()
}

/// Makes a fresh virtual environment in `directory`, and returns its Python.
pub fn environment(directory: &Path) -> PathBuf {
    let mut venv = Command::new(PYTHON);
    let output = said(venv.args(["-m", "venv"]).arg(directory));
    let why = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "run tests/install: {why}");
    directory.join("bin/python")
}

fn said(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}
