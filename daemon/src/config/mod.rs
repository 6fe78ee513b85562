//! What an administrator can set, and what of it the person can tighten. Serves "Configuration" of
//! `daemon/README.md`.
//!
//! `sources` finds and reads the files, `layers` puts one upon the other, `tables` has every key.
//! A missing file says nothing; one that cannot be used is an error that names file, line and key, and
//! nothing starts.

mod error;
mod layers;
mod rules;
mod sources;
mod strictness;
mod tables;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::exchange::state::Terms;
use crate::policy::Policy;

pub use error::{ConfigError, Flaw, Place};
pub use sources::{OwnerOf, Places};
pub use tables::{
    Authentication, ChooserConfig, ExportAuthentication, Exporter, Limits, PasswordStore, Seconds,
    WebCredentials, WithoutPolkit,
};

/// The administrator's main file.
pub const DEFAULT_FILE: &str = "/etc/credex/credexd.conf";

/// The whole configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// How much and how many.
    pub limits: Limits,
    /// How long, in seconds.
    pub seconds: Seconds,
    /// Who asks the person.
    pub chooser: ChooserConfig,
    /// Whether the person must prove who they are.
    pub authentication: Authentication,
    /// What an exporter learns.
    pub exporter: Exporter,
    /// Passwords that apps share with their websites.
    pub web_credentials: WebCredentials,
    /// Who may do what.
    pub policy: Policy,
    /// The files that it was read from, in the order in which they were applied.
    pub files: Vec<PathBuf>,
}

/// A configuration, and what was said in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Loaded {
    /// What holds.
    pub config: Config,
    /// What the person's files tried in vain: file, line and key, and what holds instead.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads the file `named` alone, as an administrator's; or else all files of [`Places::of_session`].
    ///
    /// # Errors
    /// A file cannot be read or is not valid; a file that was named must exist.
    pub fn load(named: Option<&Path>) -> Result<Loaded, ConfigError> {
        Config::load_asking(named, &|_, uid| Ok(uid))
    }

    /// The same where a file's owner is not who the kernel says, and has to be asked for.
    ///
    /// # Errors
    /// The same, and `owner_of` does not know.
    pub fn load_asking(named: Option<&Path>, owner_of: OwnerOf<'_>) -> Result<Loaded, ConfigError> {
        match named {
            Some(file) => layers::settle(&[sources::named(file)?]),
            None => layers::settle(&Places::of_session().read(owner_of)?),
        }
    }

    /// Reads all files of `places`, of which each may be missing.
    ///
    /// # Errors
    /// A file cannot be read or is not valid.
    pub fn load_from(places: &Places) -> Result<Loaded, ConfigError> {
        layers::settle(&places.read(&|_, uid| Ok(uid))?)
    }

    /// The terms of every exchange.
    #[must_use]
    pub fn terms(&self) -> Terms {
        let span = |seconds| Duration::from_secs(u64::from(seconds));
        let seconds = &self.seconds;
        Terms {
            choose: span(seconds.choose),
            deposit: span(seconds.deposit),
            acknowledge: span(seconds.acknowledge),
            offer: span(seconds.offer),
            extended: span(seconds.extended),
            receipt: span(seconds.receipt),
            attempts: self.limits.token_attempts,
        }
    }
}
