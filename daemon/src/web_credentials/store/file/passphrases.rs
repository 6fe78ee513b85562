//! Who is asked for the passphrase of the file, and how often. Serves `Chooser1.AskPassphrase`.

use std::path::Path;

use async_trait::async_trait;
use credex_protocol::Passphrase;

use crate::web_credentials::store::{Asking, StoreError};

/// How often the person may try.
pub(super) const ATTEMPTS: u32 = 3;
/// The fewest characters of a new passphrase.
pub(super) const LEAST: usize = 8;

/// What the passphrase is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A file that is there.
    Open,
    /// A file that is to be made: let it be typed twice, and say that it has 8 characters at least.
    Create,
}

/// A question for a passphrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassphraseQuestion {
    /// What it is for.
    pub purpose: Purpose,
    /// What to call the store.
    pub store: &'static str,
    /// 1, or more if those before were not accepted.
    pub attempt: u32,
    /// On whose behalf.
    pub asking: Asking,
}

/// Asks the person for a passphrase.
#[async_trait]
pub trait Passphrases: Send + Sync {
    /// Asks, and waits for the person. `None`: they said no. To drop the future takes the question back.
    ///
    /// # Errors
    /// Nobody can be asked, for the reason given.
    async fn ask(&self, question: PassphraseQuestion) -> Result<Option<Passphrase>, String>;
}

/// What became of an attempt.
pub(super) enum Attempt<T> {
    /// It opened the file.
    Opened(T),
    /// It does not.
    Wrong,
}

/// Refuses what guards a new file too little.
pub(super) fn is_long_enough(passphrase: &Passphrase) -> bool {
    let text = String::from_utf8_lossy(passphrase.as_bytes());
    zeroize::Zeroizing::new(text.into_owned()).chars().count() >= LEAST
}

/// Why there is no further attempt.
pub(super) fn exhausted(purpose: Purpose, path: &Path) -> StoreError {
    match purpose {
        Purpose::Create => StoreError::ShortPassphrase { least: LEAST },
        Purpose::Open => StoreError::WrongPassphrase {
            path: path.to_owned(),
            attempts: ATTEMPTS,
        },
    }
}
