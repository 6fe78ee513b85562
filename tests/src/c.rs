//! Programs in C, built against the library for C as an app builds them (client-lib/c/README.md).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::programs;

/// The library as it is installed, and the programs that are built against it. Gone when dropped.
#[derive(Debug)]
pub struct Workshop {
    directory: TempDir,
}

/// How a program is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// As an app is, with every warning an error.
    Plain,
    /// With the address sanitizer and that for undefined behaviour.
    Sanitized,
}

impl Workshop {
    /// Puts the library where programs find it.
    pub fn open() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let library = programs::beside("libcredex.so");
        for name in ["libcredex.so", "libcredex.so.0"] {
            std::os::unix::fs::symlink(&library, directory.path().join(name)).unwrap();
        }
        let here = directory.path().to_str().unwrap();
        let headers = sources().join("include");
        let mut description = std::fs::read_to_string(sources().join("credex.pc.in")).unwrap();
        for (name, value) in [
            ("@prefix@", here),
            ("@libdir@", here),
            ("@includedir@", headers.to_str().unwrap()),
            ("@version@", env!("CARGO_PKG_VERSION")),
        ] {
            description = description.replace(name, value);
        }
        assert!(!description.contains('@'), "{description}");
        std::fs::write(directory.path().join("credex.pc"), description).unwrap();
        Self { directory }
    }

    /// What the README says to give to the compiler, for an app that uses these packages besides.
    fn flags(&self, packages: &[&str]) -> Vec<String> {
        let mut ask = Command::new("pkg-config");
        ask.args(["--cflags", "--libs", "credex"]).args(packages);
        ask.env("PKG_CONFIG_PATH", self.path());
        let flags = said(&mut ask);
        flags.split_whitespace().map(str::to_owned).collect()
    }

    /// Where the library is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Builds a program of one file.
    pub fn build(&self, source: &Path, build: Build) -> PathBuf {
        self.build_with(source, build, &[])
    }

    fn build_with(&self, source: &Path, build: Build, packages: &[&str]) -> PathBuf {
        let name = source.file_stem().unwrap().to_str().unwrap();
        let program = self.path().join(format!("{name}-{build:?}"));
        let mut cc = Command::new("cc");
        cc.args([
            "-std=c11",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
            "-O1",
            "-g",
        ]);
        if build == Build::Sanitized {
            cc.args(["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
        }
        cc.arg(source).args(self.flags(packages)).arg("-pthread");
        cc.arg(format!("-Wl,-rpath,{}", self.path().display()));
        said(cc.arg("-o").arg(&program));
        program
    }

    /// Builds an example.
    pub fn example(&self, name: &str, build: Build) -> PathBuf {
        self.example_with(name, build, &[])
    }

    /// Builds an example that uses other libraries, by the names under which pkg-config knows them.
    pub fn example_with(&self, name: &str, build: Build, packages: &[&str]) -> PathBuf {
        let source = sources().join(format!("examples/{name}.c"));
        self.build_with(&source, build, packages)
    }
}

/// The directory of the library for C.
pub fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../client-lib/c")
}

fn said(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|why| panic!("{command:?}: {why}: run tests/install"));
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {why}");
    String::from_utf8(output.stdout).unwrap()
}
