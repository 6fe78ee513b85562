//! The Secret Service of a session: GNOME Keyring, KWallet, KeePassXC, and whoever else owns
//! `org.freedesktop.secrets`.
//!
//! | CXF | In the collection |
//! | --- | --- |
//! | a `basic-auth` with a website | GNOME Web's item for the first `http` or `https` URL: the browser fills it in |
//! | another `basic-auth` | `org.credex.Item`: label, `username`, `url`, the password as the secret |
//! | a `note` without those | `org.credex.Item`, with the note as the secret |
//! | everything else of a record | a companion `org.credex.Residue`, as text with fields that a person can read |
//! | what has none of these | `org.credex.Item`, with that text as the secret |
//! | attachments | in that text, up to 256 KiB for an item; more is lost |
//!
//! Read are by default the items that hold logins, of the schemas in `schema`; all others if the
//! location ends with `?all`. The item of another app that is replaced keeps its label and attributes,
//! by which that app finds it. Nothing secret is in an attribute.
//!
//! A writing counts as a whole or not at all, for every reader of ours: `view` tells how. Other apps
//! see new items one after the other, within the time that the service needs for them, and for a
//! moment beside those that they replace; if we are killed then, they see the rest after the next
//! transfer to the collection, or when it is opened for one.
//!
//! KeePassXC 2.7 changes no attributes for others, so that each item has to be made twice there; and
//! while it saves after every change it may crash under many of them (2.7.4 did, in `QtCore`). What was
//! said above holds then too, but its database is better written to as a file, with `kdbx:`. It also
//! resolves what looks like a placeholder in a secret: such a record is refused.

mod bus;
mod fault;
mod form;
mod found;
mod prompt;
mod schema;
mod store;
mod view;
mod write;

use std::time::Duration;

pub use bus::Patience;

use crate::{Access, Adapter, Ask, Description, Direction, Fault, Store};
use bus::Bus;
use found::Collection;
use store::{Keyring, Opened};

/// What a location ends with that asks for everything.
const ALL: &str = "?all";

/// The adapter.
#[derive(Debug, Clone)]
pub struct SecretService {
    /// The address of the bus, if it is not that of the session.
    address: Option<String>,
    patience: Patience,
}

impl Default for SecretService {
    /// That of the session. A keyring that writes all of its items for each that changes gets a
    /// minute for that, and a person ten.
    fn default() -> Self {
        Self {
            address: None,
            patience: Patience {
                service: Duration::from_secs(60),
                person: Duration::from_secs(600),
            },
        }
    }
}

impl SecretService {
    /// That of another bus.
    #[must_use]
    pub fn at(address: impl Into<String>) -> Self {
        Self {
            address: Some(address.into()),
            ..Self::default()
        }
    }

    /// With other times to wait.
    #[must_use]
    pub fn waiting(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    async fn opened(&self, location: &str, access: Access) -> Result<Opened, Fault> {
        let (label, all) = match location.strip_suffix(ALL) {
            Some(label) => (label, true),
            None => (location, false),
        };
        let bus = Bus::open(self.address.as_deref(), self.patience).await?;
        let collection = find(&bus, label, access).await?;
        bus.open_collection(&collection).await?;
        let opened = Opened::new(bus, collection, all);
        if access == Access::Write {
            opened.recover().await?;
        }
        Ok(opened)
    }
}

async fn find(bus: &Bus, label: &str, access: Access) -> Result<Collection, Fault> {
    if label.is_empty() {
        return match (bus.default_collection().await?, access) {
            (Some(found), _) => Ok(found),
            (None, Access::Write) => bus.create_default().await,
            (None, Access::Read) => Err(Fault::Missing {
                place: "the default collection of the Secret Service".to_owned(),
                advice: "No app has kept anything there yet".to_owned(),
            }),
        };
    }
    let collections = bus.collections().await?;
    let labels: Vec<_> = collections
        .iter()
        .map(|each| format!("“{}”", each.label))
        .collect();
    let advice = format!("There are {}", labels.join(", "));
    let found = collections.into_iter().find(|each| each.label == label);
    found.ok_or_else(|| Fault::Missing {
        place: format!("a collection “{label}” in the Secret Service"),
        advice,
    })
}

impl Adapter for SecretService {
    fn describe(&self) -> Description {
        Description {
            scheme: "secret-service",
            name: "Keyring of this session (Secret Service)",
            location: "LABEL of a collection, or nothing for the default one; ?all for what is no login too",
            direction: Direction::Both,
            plaintext: false,
            native: &["basic-auth", "note"],
            removal: "delete the items of {} in Passwords and Keys (seahorse), or in KeePassXC",
        }
    }

    fn open(
        &self,
        location: &str,
        access: Access,
        _ask: &mut dyn Ask,
    ) -> Result<Box<dyn Store>, Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.map_err(|source| Fault::Io {
            place: "the Secret Service".to_owned(),
            source,
        })?;
        let opened = runtime.block_on(self.opened(location, access))?;
        Ok(Box::new(Keyring { runtime, opened }))
    }
}
