//! What can be wrong with a database, wherever it lies.

use crate::Fault;

/// What is wrong with a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    /// It is not what it should be.
    #[error("{0}")]
    Malformed(&'static str),
    /// It is well-formed, and nothing that this code knows.
    #[error("{what}")]
    Unknown {
        what: &'static str,
        advice: &'static str,
    },
    /// It asks for too much.
    #[error("{what}, which is more than {limit}")]
    TooLarge { what: String, limit: String },
    /// The passphrase or key file is another.
    #[error("the passphrase or key file is another")]
    WrongKey,
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers")]
    NoRandomness,
}

impl Problem {
    /// KDBX 3.1, where something should be written.
    pub(super) const OLD: Self = Self::Unknown {
        what: "it is KDBX 3.1, which can only be read",
        advice: "Save it as KDBX 4 in your password manager first",
    };

    /// The fault, for the database at `place`.
    pub(super) fn at(self, place: &str) -> Fault {
        let place = place.to_owned();
        let malformed = |what: &str, advice: &str| Fault::Malformed {
            place: place.clone(),
            what: what.to_owned(),
            advice: advice.to_owned(),
        };
        match self {
            Self::Malformed(what) => malformed(what, "Take a copy that is whole"),
            Self::Unknown { what, advice } => malformed(what, advice),
            Self::TooLarge { what, limit } => Fault::TooLarge {
                place,
                what,
                limit,
                advice: "Open it in your password manager, and make it smaller there".to_owned(),
            },
            Self::WrongKey => Fault::WrongPassphrase { place },
            Self::NoRandomness => malformed(&self.to_string(), "Try again"),
        }
    }
}
