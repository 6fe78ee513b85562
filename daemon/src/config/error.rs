//! Why the configuration cannot be used. Nothing is started then.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where something is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<Path>,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {}", self.file.display(), self.line)
    }
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file or directory could not be read.
    #[error("cannot read {path}, so nothing is started: {source}")]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not what a configuration file may be.
    #[error("{file} is not used, so nothing is started: it {flaw}")]
    Refused {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// A file is not TOML, or has keys that there are not. The message of the source names line and
    /// key.
    #[error("{file} is not valid, so nothing is started; mend or remove it:\n{source}")]
    Invalid {
        /// The file.
        file: PathBuf,
        /// What is wrong, with the line.
        source: Box<toml::de::Error>,
    },
    /// A value cannot be used.
    #[error("{place}: {key} {what}; nothing is started")]
    Value {
        /// Where it is.
        place: Place,
        /// The key, with its table.
        key: String,
        /// What it must be.
        what: String,
    },
    /// Two values do not fit together.
    #[error("{low} must not be less than {high}; nothing is started")]
    Contradiction {
        /// The value that is too small, and where it is.
        low: String,
        /// The other, and where it is.
        high: String,
    },
}

/// What is wrong with a file before it is even read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// A directory, a pipe, a device.
    #[error("is not a regular file")]
    NotRegular,
    /// More than anybody writes.
    #[error("is longer than {limit} bytes")]
    TooLong {
        /// The most that is read.
        limit: u64,
    },
    /// Not UTF-8.
    #[error("is not UTF-8 text in line {line}")]
    NotText {
        /// The line, from 1.
        line: usize,
    },
    /// Somebody else's.
    #[error("belongs to user {found}, and must belong to user {expected}")]
    Owner {
        /// Whose it is.
        found: u32,
        /// Whose it must be.
        expected: u32,
    },
    /// Others could change it.
    #[error("can be changed by others than its owner; try chmod go-w")]
    Writable,
}
