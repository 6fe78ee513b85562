//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::error::Failure;

pub(crate) const USAGE: &str = "\
cargo xtask: puts Credex together as it is installed

Usage: cargo xtask dist [--prefix DIR] [--programs DIR] [DIR]
       cargo xtask deb [--version VERSION] [--programs DIR] [DIR]
       cargo xtask wheel [--programs DIR] [DIR]

  dist   a tree of all files, in DIR or target/dist, to be copied to /
  deb    Debian packages, in DIR or target/debian: of everything, and for Python
  wheel  a wheel for Python, in DIR or target/wheels; by maturin, from PyPI where it is not installed

  --prefix DIR       where the tree will be, /usr if missing
  --programs DIR     take the programs in DIR, as in target/debug, instead of building them for release
  --version VERSION  of the package, if another than that of the programs";

/// What to do.
#[derive(Debug)]
pub(crate) enum Task {
    Dist(Options),
    Deb(Options),
    Wheel(Options),
    Help,
}

/// How to do it.
#[derive(Debug)]
pub(crate) struct Options {
    /// Absolute: where the tree will be once it is installed.
    pub(crate) prefix: PathBuf,
    /// Where the programs are; they are built if missing.
    pub(crate) programs: Option<PathBuf>,
    /// Of the Debian packages.
    pub(crate) version: String,
    directory: Option<PathBuf>,
}

impl Options {
    /// Where the result goes: what the command line says, or `name` in cargo's target directory.
    pub(crate) fn directory(&self, name: &str) -> PathBuf {
        let target = || target_directory().join(name);
        self.directory.clone().unwrap_or_else(target)
    }
}

/// The source tree that this program was built from.
pub(crate) fn source() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Where cargo builds.
pub(crate) fn target_directory() -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    named.unwrap_or_else(|| source().join("target"))
}

pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Task, Failure> {
    use lexopt::prelude::*;
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut task: Option<fn(Options) -> Task> = None;
    let mut options = Options {
        prefix: "/usr".into(),
        programs: None,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        directory: None,
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Value(word) if task.is_none() && word == "dist" => task = Some(Task::Dist),
            Value(word) if task.is_none() && word == "deb" => task = Some(Task::Deb),
            Value(word) if task.is_none() && word == "wheel" => task = Some(Task::Wheel),
            Value(word) if task.is_some() && options.directory.is_none() => {
                options.directory = Some(word.into());
            }
            Long("prefix") => options.prefix = parser.value()?.into(),
            Long("programs") => options.programs = Some(parser.value()?.into()),
            Long("version") => options.version = parser.value()?.string()?,
            Long("help") | Short('h') => return Ok(Task::Help),
            other => return Err(other.unexpected().into()),
        }
    }
    if !options.prefix.is_absolute() {
        return Err(Failure::Prefix(options.prefix));
    }
    Ok(task.map_or(Task::Help, |task| task(options)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Task, Failure> {
        parse(words.iter().map(OsString::from))
    }

    #[test]
    fn a_prefix_that_depends_on_where_one_stands_is_refused() {
        assert!(parsed(&["dist", "--prefix", "usr"]).is_err());
        let Ok(Task::Dist(options)) = parsed(&["dist", "--prefix", "/opt/credex", "out"]) else {
            panic!("a tree was asked for");
        };
        assert_eq!(options.prefix, PathBuf::from("/opt/credex"));
        assert_eq!(options.directory("dist"), PathBuf::from("out"));
    }

    #[test]
    fn whoever_asks_for_nothing_is_told_what_there_is() {
        assert!(matches!(parsed(&[]), Ok(Task::Help)));
        assert!(parsed(&["dost"]).is_err());
        assert!(parsed(&["deb", "a", "b"]).is_err());
    }
}
