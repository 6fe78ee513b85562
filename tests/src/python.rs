//! The Python binding as it was just built, where Python can import it.

use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

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
