//! The passphrase of a store of passwords: the only secret that a chooser ever holds, and only while
//! the person types it. Serves `Chooser1.AskPassphrase`.

use credex_protocol::wire::PassphraseRequest;

use crate::hostile;

/// Why a passphrase cannot be asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PassphraseError {
    /// There is nothing like it.
    #[error("purpose is {0:?}: it must be open or create")]
    Purpose(String),
}

/// What the passphrase is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To open a store that exists.
    Open,
    /// To make one: to be typed twice.
    Create,
}

/// The question to the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassphraseQuestion {
    /// What it is for.
    pub purpose: Purpose,
    /// What to call the store; safe to show, and never empty.
    pub store: String,
    /// Whether one has been given that was not accepted.
    pub again: bool,
    /// XDG activation token, for a front end with windows.
    pub activation_token: Option<String>,
}

impl PassphraseQuestion {
    /// Reads the question, and makes its texts safe to show.
    ///
    /// # Errors
    /// The purpose is unheard of.
    pub fn parse(request: PassphraseRequest) -> Result<PassphraseQuestion, PassphraseError> {
        let store = hostile::name(request.store.as_deref().unwrap_or_default());
        Ok(PassphraseQuestion {
            purpose: match request.purpose.as_deref() {
                Some("open") => Purpose::Open,
                Some("create") => Purpose::Create,
                other => {
                    let other = other.unwrap_or_default().to_owned();
                    return Err(PassphraseError::Purpose(other));
                }
            },
            store: match store.is_empty() {
                true => crate::wording::nameless_store(),
                false => store,
            },
            again: request.attempt.is_some_and(|attempt| attempt > 1),
            activation_token: request.activation_token,
        })
    }
}
