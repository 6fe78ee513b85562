//! What an administrator can set: limits, lifetimes, and the chooser. Serves "Configuration" of
//! `daemon/README.md`.
//!
//! One TOML file, `/etc/credex/credexd.conf` unless the command line names another. A missing file
//! is the defaults; an invalid one is an error that names file, line and key, and nothing starts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::exchange::state::Terms;

/// The file that is read unless another is named.
pub const DEFAULT_FILE: &str = "/etc/credex/credexd.conf";

/// The whole configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How much and how many.
    pub limits: Limits,
    /// How long, in seconds.
    pub seconds: Seconds,
    /// Who asks the person.
    pub chooser: ChooserConfig,
}

/// How much and how many.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Largest payload, in bytes.
    pub payload: u64,
    /// Exchanges at once of one app.
    pub exchanges_per_app: u32,
    /// Exchanges at once together. Lowered where the system gives too few file descriptors.
    pub exchanges: u32,
    /// Importers that have announced themselves, at once.
    pub running_importers: u32,
    /// Wrong tokens after which an offer is withdrawn.
    pub token_attempts: u32,
}

/// How long, in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seconds {
    /// The person's time to decide.
    pub choose: u32,
    /// The exporter's time to deposit, from the person's answer.
    pub deposit: u32,
    /// The importer's time to appear and acknowledge, from the deposit.
    pub acknowledge: u32,
    /// The token's life, from the deposit.
    pub offer: u32,
    /// The token's life with all extensions, from the deposit.
    pub extended: u32,
    /// The importer's time to report, from the redemption.
    pub receipt: u32,
    /// How long the service stays without an exchange; 0: for ever.
    pub idle: u32,
}

/// Who asks the person. Programs with their arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChooserConfig {
    /// For a session with a display; none is built in.
    pub graphical: Option<Vec<String>>,
    /// For a terminal; `credex-chooser` beside the daemon if missing.
    pub terminal: Option<Vec<String>>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            payload: 1 << 30,
            exchanges_per_app: 8,
            exchanges: 64,
            running_importers: 64,
            token_attempts: 5,
        }
    }
}

impl Default for Seconds {
    fn default() -> Seconds {
        Seconds {
            choose: 600,
            deposit: 300,
            acknowledge: 60,
            offer: 300,
            extended: 1800,
            receipt: 1800,
            idle: 60,
        }
    }
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read {file}: {source}")]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not valid. The message of the source names line and key.
    #[error("{file} is not valid, so nothing is started; mend or remove it:\n{source}")]
    Invalid {
        /// The file.
        file: PathBuf,
        /// What is wrong, with the line.
        source: Box<toml::de::Error>,
    },
    /// Two values do not fit together.
    #[error("{file}: {what}")]
    Contradiction {
        /// The file.
        file: PathBuf,
        /// Which values, and what would fit.
        what: &'static str,
    },
}

impl Config {
    /// Reads `named`, or else [`DEFAULT_FILE`] if there is one.
    ///
    /// # Errors
    /// The file cannot be read or is not valid; a file that was named must exist.
    pub fn load(named: Option<&Path>) -> Result<Config, ConfigError> {
        let file = named.unwrap_or(Path::new(DEFAULT_FILE));
        match std::fs::read_to_string(file) {
            Ok(text) => Config::parse(&text, file),
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Config::default())
            }
            Err(source) => Err(ConfigError::Read {
                file: file.into(),
                source,
            }),
        }
    }

    fn parse(text: &str, file: &Path) -> Result<Config, ConfigError> {
        let config: Config = toml::from_str(text).map_err(|source| ConfigError::Invalid {
            file: file.into(),
            source: source.into(),
        })?;
        let contradiction = |what| {
            Err(ConfigError::Contradiction {
                file: file.into(),
                what,
            })
        };
        if config.seconds.extended < config.seconds.offer {
            return contradiction("seconds.extended must not be less than seconds.offer");
        }
        let (limits, seconds) = (&config.limits, &config.seconds);
        for (zero, what) in [
            (
                limits.exchanges_per_app,
                "limits.exchanges_per_app must be at least 1",
            ),
            (limits.exchanges, "limits.exchanges must be at least 1"),
            (
                limits.token_attempts,
                "limits.token_attempts must be at least 1",
            ),
            (seconds.choose, "seconds.choose must be at least 1"),
            (seconds.deposit, "seconds.deposit must be at least 1"),
            (
                seconds.acknowledge,
                "seconds.acknowledge must be at least 1",
            ),
            (seconds.offer, "seconds.offer must be at least 1"),
            (seconds.receipt, "seconds.receipt must be at least 1"),
        ] {
            if zero == 0 {
                return contradiction(what);
            }
        }
        Ok(config)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("credexd.conf"))
    }

    #[test]
    fn what_is_not_set_is_the_default() {
        let config = parse("[limits]\npayload = 5\n").unwrap();
        assert_eq!(config.limits.payload, 5);
        assert_eq!(config.limits.exchanges, Limits::default().exchanges);
        assert_eq!(config.seconds, Seconds::default());
    }

    #[test]
    fn the_documented_values_are_the_defaults() {
        let readme = include_str!("../README.md");
        let (_, rest) = readme.split_once("```toml\n").unwrap();
        let (documented, _) = rest.split_once("```").unwrap();
        assert_eq!(parse(documented).unwrap(), Config::default());
        let keys = documented
            .lines()
            .filter(|line| line.contains(" = "))
            .count();
        assert_eq!(keys, 14, "every key is documented");
    }

    #[test]
    fn a_broken_file_is_refused_with_file_line_and_key() {
        let error = parse("[seconds]\noffer = 10\nofer = 20\n")
            .unwrap_err()
            .to_string();
        for part in ["credexd.conf", "line 3", "ofer"] {
            assert!(error.contains(part), "{part} is missing in {error}");
        }
        let error = parse("[seconds]\noffer = 4000\n").unwrap_err().to_string();
        assert!(error.contains("seconds.extended"), "{error}");
        let error = parse("[seconds]\nchoose = 0\n").unwrap_err().to_string();
        assert!(error.contains("seconds.choose"), "{error}");
    }
}
