//! A check: its name, the sentences of the protocol that it holds an implementation to, and how it is
//! played. And what came of it.

use std::future::Future;
use std::pin::Pin;

use super::scene::{Scene, Setting};
use crate::exit::Exit;
use crate::failure::Failure;

/// One thing that an implementation must do.
pub(super) struct Check {
    /// What it is called on the command line: words with hyphens.
    pub(super) name: &'static str,
    /// What is expected, in a few words.
    pub(super) expects: &'static str,
    /// Where the protocol says so.
    pub(super) says: Reference,
    /// What the stage looks like.
    pub(super) setting: Setting,
    /// How it is played.
    pub(super) play: for<'a> fn(&'a mut Scene) -> Played<'a>,
}

/// A check that is being played.
pub(super) type Played<'a> = Pin<Box<dyn Future<Output = Seen> + 'a>>;

/// A sentence of `protocol/README.md`, to the letter but for its line breaks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reference {
    /// The heading below which it stands, as an anchor.
    pub(super) anchor: &'static str,
    /// The sentence, or a part of it.
    pub(super) sentence: &'static str,
}

/// What was seen if it passed, or why it did not.
pub(super) type Seen = Result<String, Finding>;

/// Why a check did not pass.
#[derive(Debug)]
pub(super) enum Finding {
    /// The implementation does something else.
    Failed(String),
    /// It cannot be tried here, or with this implementation.
    Skipped(String),
    /// The kit itself could not go on.
    Trouble(Failure),
}

/// The implementation does something else.
pub(super) fn failed(what: impl Into<String>) -> Finding {
    Finding::Failed(what.into())
}

/// It cannot be tried.
pub(super) fn skipped(why: impl Into<String>) -> Finding {
    Finding::Skipped(why.into())
}

/// The kit itself could not go on.
pub(super) fn trouble(what: impl std::fmt::Display) -> Finding {
    Finding::Trouble(Failure::new(Exit::Failed, what.to_string()))
}

/// Fails unless it is so.
pub(super) fn hold(is_so: bool, otherwise: impl Into<String>) -> Result<(), Finding> {
    match is_so {
        true => Ok(()),
        false => Err(failed(otherwise)),
    }
}

impl From<Failure> for Finding {
    fn from(failure: Failure) -> Finding {
        Finding::Trouble(failure)
    }
}

/// Whatever fails on the side of the kit.
macro_rules! troubles {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Finding {
            fn from(error: $error) -> Finding {
                trouble(error)
            }
        })+
    };
}

troubles!(
    std::io::Error,
    zbus::Error,
    zbus::fdo::Error,
    zbus::zvariant::Error,
    credex_protocol::Error,
    credex_protocol::envelope::SealError,
    credex_protocol::envelope::NoRandomness,
    credex_protocol::envelope::KeyError,
    credex_protocol::envelope::keywrap::KeywrapError,
    serde_json::Error,
);

/// The table of checks: each is an `async fn` of the same name as on the command line.
macro_rules! checks {
    ($(
        $play:path, $name:literal, $setting:expr;
            $expects:literal;
            $anchor:literal: $sentence:literal;
    )+) => {
        &[$($crate::conformance::check::Check {
            name: $name,
            expects: $expects,
            says: $crate::conformance::check::Reference { anchor: $anchor, sentence: $sentence },
            setting: $setting,
            play: |scene| Box::pin($play(scene)),
        },)+]
    };
}
pub(super) use checks;
