//! The order in which the kinds of sandbox are looked for. Each says `AnotherKind` or has the last
//! word: what is found unconvincing, or cannot be read, is never given to a weaker kind. Serves
//! design §5.

use std::io::{self, ErrorKind};

use super::peer::{FileId, Peer};
use super::witness::Known;
use super::{Evidence, Surroundings, flatpak, host, snap};

/// What one kind says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Look {
    /// Not one of this kind.
    AnotherKind,
    /// One of this kind.
    Found(Evidence),
}

/// A look-up that failed; the caller is denied.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Failed(pub(super) String);

/// In which of the namespaces that matter a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Namespaces {
    mount: FileId,
    user: FileId,
}

impl Look {
    pub(super) fn unverified(why: &str) -> Look {
        Look::Found(Evidence::Unverified {
            why: why.to_owned(),
            confined_as: None,
        })
    }

    /// The same of what is in a sandbox which calls it `name`; empty if it gives it none.
    pub(super) fn unverified_in(name: String, why: &str) -> Look {
        Look::Found(Evidence::Unverified {
            why: why.to_owned(),
            confined_as: Some(name),
        })
    }
}

impl Namespaces {
    /// Those of `peer`; `None` if it hides, as password managers do.
    pub(super) fn of(peer: &Peer) -> Result<Option<Namespaces>, Failed> {
        let look = || -> io::Result<Namespaces> {
            Ok(Namespaces {
                mount: peer.namespace("mnt")?,
                user: peer.namespace("user")?,
            })
        };
        match look() {
            Ok(namespaces) => Ok(Some(namespaces)),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(None),
            Err(error) => Err(Failed(format!("its namespaces: {error}"))),
        }
    }

    /// Whether a look at it touches file systems that are not ours, and may not answer.
    pub(super) fn are_foreign(&self, ours: &Surroundings) -> bool {
        self.mount != ours.mount_namespace
    }
}

/// What was found of `peer`, which is in `namespaces`. `before` is what was found of the same process earlier.
///
/// # Errors
/// A look-up failed.
pub(super) fn look(
    peer: &Peer,
    namespaces: Namespaces,
    ours: &Surroundings,
    before: Option<&Known>,
) -> Result<Evidence, Failed> {
    if namespaces.are_foreign(ours)
        && let Look::Found(evidence) = flatpak::look(peer, namespaces.mount, ours)?
    {
        return Ok(evidence);
    }
    if let Look::Found(evidence) = snap::look(peer)? {
        return Ok(evidence);
    }
    if namespaces.are_foreign(ours) || namespaces.user != ours.user_namespace {
        let why = "it has its own view of the system, which no sandbox that we know has made";
        return Ok(Evidence::Unverified {
            why: why.into(),
            confined_as: None,
        });
    }
    match host::look(peer, ours, before)? {
        Look::Found(evidence) => Ok(evidence),
        Look::AnotherKind => Ok(Evidence::Unverified {
            why: "it is of no kind that we know".into(),
            confined_as: None,
        }),
    }
}
