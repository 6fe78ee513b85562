//! What is asked for, and what comes back: a credential, a change, a new password.

use credex_protocol::envelope::keywrap::Direction;
use credex_protocol::envelope::{Password, PrivateKey};
use credex_protocol::wire::{GenerateOptions, GenerateResults, WebResults};

use super::missing;
use crate::error::{Error, Result};

/// The number of a key that was named in the call itself.
const KEY_OF_THE_CALL: u64 = 0;

/// One saved password, and what it is for.
#[derive(Debug)]
#[non_exhaustive]
pub struct WebCredential {
    /// The website's host.
    pub domain: String,
    /// Its port, mostly 443.
    pub port: u16,
    /// The user name.
    pub account: String,
    /// The password; wiped when dropped.
    pub password: Password,
}

impl WebCredential {
    pub(super) fn open(results: WebResults, key: &PrivateKey, path: &str) -> Result<Self> {
        let sealed = results.sealed_password.as_deref();
        let sealed = sealed.ok_or_else(|| missing("sealed_password"))?;
        let to_us = Direction::PasswordToApp;
        let port = results.port.and_then(|port| u16::try_from(port).ok());
        Ok(Self {
            domain: results.domain.ok_or_else(|| missing("domain"))?,
            port: port.ok_or_else(|| missing("port"))?,
            account: results.account.ok_or_else(|| missing("account"))?,
            password: Password::open(sealed, key, to_us, KEY_OF_THE_CALL, path)?,
        })
    }
}

/// Which saved password is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    pub(super) domain: Option<String>,
    pub(super) account: Option<String>,
    pub(super) port: Option<u16>,
}

impl Wanted {
    /// Any, of every domain that the app declares without a wildcard.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Only of this website: `HOST`, or `HOST:PORT`.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Only of this user name.
    #[must_use]
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Only of this port.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }
}

/// What came of saving or deleting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// There was none, and now there is.
    Added,
    /// There was another password.
    Updated,
    /// This very password was saved already; nobody was asked.
    Unchanged,
    /// There was one, and now there is none.
    Deleted,
    /// There was none to delete; nobody was asked.
    Absent,
}

impl Change {
    const ALL: [Self; 5] = [
        Self::Added,
        Self::Updated,
        Self::Unchanged,
        Self::Deleted,
        Self::Absent,
    ];

    /// The word of the protocol, for instance `added`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Deleted => "deleted",
            Self::Absent => "absent",
        }
    }

    pub(super) fn read(results: &WebResults) -> Result<Self> {
        let said = results.outcome.as_deref();
        let known = Self::ALL
            .into_iter()
            .find(|change| said == Some(change.name()));
        known.ok_or_else(|| missing("a known outcome"))
    }
}

/// How a new password is to look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PasswordFormat {
    /// `xxx-xxx-xxx-xxx`.
    #[default]
    Grouped,
    /// 20 characters in syllables.
    Strong,
    /// As the website wants it, in the `passwordrules` language.
    Rules(String),
}

impl From<PasswordFormat> for GenerateOptions {
    fn from(format: PasswordFormat) -> Self {
        let format_named = |name: &str| GenerateOptions {
            format: Some(name.to_owned()),
            rules: None,
        };
        match format {
            PasswordFormat::Grouped => format_named("grouped"),
            PasswordFormat::Strong => format_named("strong"),
            PasswordFormat::Rules(rules) => GenerateOptions {
                format: None,
                rules: Some(rules),
            },
        }
    }
}

/// A new password.
#[derive(Debug)]
#[non_exhaustive]
pub struct Generated {
    /// The password; wiped when dropped.
    pub password: Password,
    /// How hard it is to guess, in bits.
    pub entropy: f64,
}

impl Generated {
    pub(super) fn open(
        sealed: &[u8],
        results: &GenerateResults,
        key: &PrivateKey,
        path: &str,
    ) -> Result<Self> {
        let to_us = Direction::PasswordToApp;
        let password = Password::open(sealed, key, to_us, KEY_OF_THE_CALL, path);
        Ok(Self {
            password: password.map_err(Error::from)?,
            entropy: results.entropy.ok_or_else(|| missing("entropy"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_is_known_by_its_word_and_no_other_passes() {
        for change in Change::ALL {
            let results = WebResults {
                outcome: Some(change.name().to_owned()),
                ..WebResults::default()
            };
            assert_eq!(Change::read(&results).unwrap(), change);
        }
        assert!(Change::read(&WebResults::default()).is_err());
    }
}
