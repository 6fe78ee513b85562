//! What a kind of store offers to whoever moves credentials.
//!
//! An [`Adapter`] is opened at a location and becomes a [`Store`], which is read, looked ahead with,
//! and written to once. All of it blocks: whoever is asynchronous runs it on a thread of its own.

use std::{fmt, io};

use credex::LossReason;
use zeroize::Zeroizing;

use crate::{Quarantined, Record};

/// What can be done with stores of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// They can be read.
    In,
    /// They can be read and written.
    Both,
}

/// A kind of store, for a person who chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Description {
    /// What stands before the colon of a location: `kdbx` in `kdbx:old.kdbx`.
    pub scheme: &'static str,
    /// The name: "KeePass database (KDBX 4)".
    pub name: &'static str,
    /// What stands after the colon: "FILE", "DIRECTORY, or nothing for the usual one".
    pub location: &'static str,
    /// Whether they can be written.
    pub direction: Direction,
    /// Whether what is written is plaintext, so that a person has to insist on it.
    pub plaintext: bool,
    /// The CXF types of credentials that the store itself knows what to do with.
    pub native: &'static [&'static str],
    /// How the person removes the old copy for good, once the new one is complete; `{}` stands for
    /// the location.
    pub removal: &'static str,
}

/// What a store is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To be read: it must be there.
    Read,
    /// To be read and written: where it is not there, it is empty, and begins to be with the first
    /// writing.
    Write,
}

/// A kind of store.
pub trait Adapter: Send + Sync {
    /// What kind it is.
    fn describe(&self) -> Description;

    /// Opens the store at `location`, which is what stands after the colon.
    ///
    /// # Errors
    /// [`Fault`], of which [`Fault::Cancelled`] is the person's.
    fn open(
        &self,
        location: &str,
        access: Access,
        ask: &mut dyn Ask,
    ) -> Result<Box<dyn Store>, Fault>;
}

/// An open store.
pub trait Store: Send {
    /// Tells every record to `each`, in the order of the store, and what had to be set aside. `each`
    /// says whether to go on.
    ///
    /// # Errors
    /// [`Fault`], if the store as a whole cannot be read.
    fn read(
        &mut self,
        each: &mut dyn FnMut(Result<Record, Quarantined>) -> bool,
    ) -> Result<(), Fault>;

    /// What would become of a record if it was written. Nothing is written, and nobody asked.
    fn foresee(&self, record: &Record) -> Foreseen;

    /// Makes all changes at once, reads them back, and only then puts them in the place of what was
    /// there; `progress` is told how many of them are done. A failure leaves the store as it was.
    ///
    /// # Errors
    /// [`Fault`]; nothing was changed then, unless it says otherwise.
    fn write(
        &mut self,
        changes: &[Change],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Written, Fault>;
}

/// What becomes of a record in a store.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Foreseen {
    /// Paths in the item that the store holds by itself (`credentials[0].password`).
    pub native: Vec<String>,
    /// Paths that are kept as fields or notes, which a later reading turns back.
    pub carried: Vec<String>,
    /// Paths that are lost, each with the reason.
    pub lost: Vec<(String, Why)>,
}

/// Why something is lost: a word for programs, and words for a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Why {
    /// The word.
    pub reason: LossReason,
    /// What it comes to in this store, without secrets: "Firefox has no place for it".
    pub words: String,
}

impl Why {
    /// A reason, in words of the store.
    #[must_use]
    pub fn new(reason: LossReason, words: impl Into<String>) -> Self {
        Self {
            reason,
            words: words.into(),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl serde::Serialize for Why {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.words)
    }
}

/// One change to a store.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A record that is not there yet.
    Add(Record),
    /// A record in the place of the one with this item id, as [`Store::read`] told it.
    Replace(String, Record),
}

impl Change {
    /// What will be there afterwards.
    #[must_use]
    pub fn record(&self) -> &Record {
        match self {
            Self::Add(record) | Self::Replace(_, record) => record,
        }
    }
}

/// What a writing came to, after it was read back.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Written {
    /// Changes that were made and found again.
    pub records: usize,
    /// Records that the store did not take, and nothing of which was written.
    pub refused: Vec<Quarantined>,
}

/// What stopped work on a store.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// There is no such store.
    #[error("{place}: there is nothing. {advice}")]
    Missing {
        /// Where.
        place: String,
        /// What to do.
        advice: String,
    },
    /// It is not what its scheme says, or damaged.
    #[error("{place}: {what}. {advice}")]
    Malformed {
        /// Where: a file, and as far as it is known a line or an entry.
        place: String,
        /// What is wrong, without secrets.
        what: String,
        /// What to do.
        advice: String,
    },
    /// It asks for more memory, time or depth than is sensible.
    #[error("{place}: {what}, which is more than {limit}. {advice}")]
    TooLarge {
        /// Where.
        place: String,
        /// What there is too much of.
        what: String,
        /// How much is let pass.
        limit: String,
        /// What to do.
        advice: String,
    },
    /// The passphrase or key does not open it.
    #[error("{place}: the passphrase or key does not open it")]
    WrongPassphrase {
        /// Where.
        place: String,
    },
    /// A program that is needed is missing, fails, or does not answer.
    #[error("{program}: {what}. {advice}")]
    Program {
        /// Which.
        program: String,
        /// What happened, without secrets.
        what: String,
        /// What to do.
        advice: String,
    },
    /// It changed while it was being worked on; nothing was written.
    #[error("{place}: it was changed meanwhile, and was left as it is. Try again")]
    Changed {
        /// Where.
        place: String,
    },
    /// What was written could not be read back as it should be; the store is as it was.
    #[error(
        "{place}: what was written did not read back as it should ({what}), and was taken back"
    )]
    ReadBack {
        /// Where.
        place: String,
        /// What differs: paths, never values.
        what: String,
    },
    /// The operating system refuses.
    #[error("{place}: {source}")]
    Io {
        /// Where.
        place: String,
        /// What it says.
        source: io::Error,
    },
    /// The person said no, or closed the question.
    #[error("called off")]
    Cancelled,
}

/// What a store needs to know from the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What the answer is for: "old.kdbx".
    pub place: String,
    /// What is asked for.
    pub asked: Asked,
    /// Why it is asked once more, where it is.
    pub again: Option<String>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The passphrase of a store that is there.
    Passphrase,
    /// A passphrase for a new store, to be typed twice.
    NewPassphrase,
}

/// Where passphrases come from: a prompt, a file descriptor, a pinentry. Never an argument, and
/// never the environment.
pub trait Ask {
    /// Asks.
    ///
    /// # Errors
    /// [`Fault::Cancelled`]; [`Fault::Io`] if there is nobody to ask.
    fn ask(&mut self, question: &Question) -> Result<Zeroizing<String>, Fault>;
}
