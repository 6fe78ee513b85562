//! Why a store did not do what was asked. Serves design §7: store errors are never discarded.

use std::path::PathBuf;
use std::time::Duration;

use super::PasswordError;

/// Why a store did not do what was asked. What was stored before is still stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store is locked, and stayed so although nobody said no.
    #[error("the store of passwords is locked and could not be unlocked: {0}")]
    Locked(String),
    /// The person closed the store's own question.
    #[error("the person did not unlock the store of passwords")]
    Dismissed,
    /// There is none in this session.
    #[error("no store of passwords runs in this session: {0}")]
    Unavailable(String),
    /// There was one in this session, and it does not run any more.
    #[error(
        "the keyring in which the passwords of this session are kept does not run any more: start it again, \
         or log in anew"
    )]
    Away,
    /// It ended while it was being used. A write may have happened; writing again is safe.
    #[error("the store of passwords went away in the middle of {0}")]
    Gone(&'static str),
    /// It did not answer in time.
    #[error("the store of passwords did not answer within {} s while {doing}", .after.as_secs())]
    TimedOut {
        /// What it was asked to do.
        doing: &'static str,
        /// How long we waited.
        after: Duration,
    },
    /// It said no, with these words.
    #[error("the store of passwords refused {doing}: {reason}")]
    Refused {
        /// What it was asked to do.
        doing: &'static str,
        /// Its own words.
        reason: String,
    },
    /// It confirmed a write, but does not hold what was written.
    #[error("the store of passwords confirmed a change and does not hold it")]
    NotKept,
    /// Somebody else changed it since the person agreed.
    #[error(
        "another program changed what is stored for this account in the same moment, and nothing was \
         written: try again"
    )]
    Changed,
    /// There is no such credential any more.
    #[error("there is no password for this account any more")]
    NotFound,
    /// It holds something under this account that is no password.
    #[error("what is stored for this account cannot be used: {0}")]
    Unusable(#[from] PasswordError),
    /// The passphrase did not open the file, as often as it may be tried.
    #[error("{} was not opened: {attempts} passphrases were wrong", .path.display())]
    WrongPassphrase {
        /// The file.
        path: PathBuf,
        /// How many were tried.
        attempts: u32,
    },
    /// A new file would be guarded by too little.
    #[error("the passphrase is too short: use at least {least} characters")]
    ShortPassphrase {
        /// Characters.
        least: usize,
    },
    /// The person could not be asked for the passphrase.
    #[error("nobody could be asked for the passphrase of the store of passwords: {0}")]
    NobodyToAsk(String),
    /// The file of the store is not what we wrote, or cannot be read or written.
    #[error("{}: {reason}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}
