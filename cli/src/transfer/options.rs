//! The options that name stores, and what is done with them.

use std::path::PathBuf;
use std::sync::Arc;

use credex_adapters::Access;
use credex_adapters::transfer::{Location, LocationError, OnDifference, Selection};

use super::passphrase::Passphrases;
use crate::exit::Exit;
use crate::failure::Failure;

/// Which credentials of a store go, and how it is opened.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct SourceOptions {
    /// Read the passphrase of the source from this file descriptor, instead of asking for it
    #[arg(long, value_name = "N")]
    from_passphrase_fd: Option<u32>,

    /// Only credentials of these CXF types: passkey,totp
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    types: Vec<String>,

    /// Only what is in this collection or below it: Work/Servers
    #[arg(long, value_name = "PATH")]
    collection: Vec<String>,

    /// Only items with this text in a title, user name, address or tag
    #[arg(long, value_name = "TEXT")]
    query: Option<String>,
}

/// How a store is opened and written.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct TargetOptions {
    /// Read the passphrase of the target from this file descriptor, instead of asking for it
    #[arg(long, value_name = "N")]
    to_passphrase_fd: Option<u32>,

    /// What to do with an item that the target has, and that says something else there; asked for if
    /// not given, and `keep` where nobody can be asked
    #[arg(long, value_name = "WHAT")]
    pub(super) differing: Option<Differing>,

    /// Allow a target that is not encrypted
    #[arg(long)]
    plaintext: bool,

    /// Go on without asking
    #[arg(long)]
    pub(super) yes: bool,
}

/// How all passphrases are asked for.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Pinentry {
    /// Ask for passphrases through a pinentry
    #[arg(
        long,
        value_name = "PROGRAM",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "pinentry"
    )]
    pinentry: Option<PathBuf>,
}

/// What to do with an item that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Differing {
    /// Leave the target's
    Keep,
    /// Put the new one in its place
    Replace,
    /// Keep both
    Both,
}

impl From<Differing> for OnDifference {
    fn from(differing: Differing) -> Self {
        match differing {
            Differing::Keep => Self::Keep,
            Differing::Replace => Self::Replace,
            Differing::Both => Self::Both,
        }
    }
}

impl SourceOptions {
    /// Whether only a part of the source is meant.
    pub(super) fn selects(&self) -> bool {
        self.selection() != Selection::default()
    }

    pub(super) fn selection(&self) -> Selection {
        Selection {
            types: self.types.iter().cloned().collect(),
            collections: self.collection.clone(),
            query: self.query.clone(),
        }
    }

    pub(super) fn passphrases(&self, pinentry: &Pinentry) -> Passphrases {
        let option = "--from-passphrase-fd";
        Passphrases::new(self.from_passphrase_fd, option, pinentry.pinentry.clone())
    }
}

impl TargetOptions {
    pub(super) fn passphrases(&self, pinentry: &Pinentry) -> Passphrases {
        let option = "--to-passphrase-fd";
        Passphrases::new(self.to_passphrase_fd, option, pinentry.pinentry.clone())
    }

    /// The location `text`, which is to be written.
    pub(super) fn location(&self, text: &str) -> Result<Arc<Location>, Failure> {
        let location = location(text, Access::Write)?;
        if location.describe().plaintext && !self.plaintext {
            let what = format!(
                "{location} would not be encrypted: everybody who can read it has all passwords"
            );
            return Err(Failure::new(Exit::Usage, what).advise("add --plaintext if you want that"));
        }
        Ok(location)
    }
}

/// Understands a location.
pub(super) fn location(text: &str, access: Access) -> Result<Arc<Location>, Failure> {
    let location = Location::parse(text, access).map_err(|error: LocationError| {
        Failure::new(Exit::Usage, error.to_string()).advise("`credex stores` says more about them")
    })?;
    Ok(Arc::new(location))
}
