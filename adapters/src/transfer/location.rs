//! Where a store is, as a person types it: `kdbx:old.kdbx`.

use std::path::Path;

use super::bounded::Bounded;
use crate::{Access, Adapter, Ask, Description, Direction, Fault, Store, stores};

/// A kind of store, and where one of that kind is.
pub struct Location {
    adapter: Box<dyn Adapter>,
    /// What stands after the colon.
    place: String,
}

/// Why a text is no location, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// It has no colon.
    #[error(
        "{text:?} does not say what kind of store it is: write KIND:PLACE, where KIND is one of {kinds}"
    )]
    NoKind {
        /// What was typed.
        text: String,
        /// What there is.
        kinds: String,
    },
    /// There is no such kind.
    #[error("there is no kind of store {kind:?}: there is {kinds}")]
    Unknown {
        /// What was typed before the colon.
        kind: String,
        /// What there is.
        kinds: String,
    },
    /// It cannot be written.
    #[error("{name} can be read, and not written: choose one of {kinds}")]
    ReadOnly {
        /// The name of the kind.
        name: String,
        /// What can be written.
        kinds: String,
    },
}

impl Location {
    /// Understands `text`, which stands for a store to be opened for `access`.
    ///
    /// # Errors
    /// [`LocationError`].
    pub fn parse(text: &str, access: Access) -> Result<Self, LocationError> {
        let possible = |description: &Description| {
            access == Access::Read || description.direction == Direction::Both
        };
        let all = stores::all();
        let schemes = all.iter().map(|adapter| adapter.describe());
        let schemes: Vec<_> = schemes.filter(possible).map(|each| each.scheme).collect();
        let kinds = schemes.join(", ");
        let Some((kind, place)) = text.split_once(':') else {
            let text = text.to_owned();
            return Err(LocationError::NoKind { text, kinds });
        };
        let mut all = all.into_iter();
        let Some(adapter) = all.find(|adapter| adapter.describe().scheme == kind) else {
            let kind = kind.to_owned();
            return Err(LocationError::Unknown { kind, kinds });
        };
        let description = adapter.describe();
        if !possible(&description) {
            let name = description.name.to_owned();
            return Err(LocationError::ReadOnly { name, kinds });
        }
        Ok(Self {
            adapter,
            place: place.to_owned(),
        })
    }

    /// What kind of store it is.
    #[must_use]
    pub fn describe(&self) -> Description {
        self.adapter.describe()
    }

    /// A name by which a person knows it among others: "KeePass database new.kdbx".
    #[must_use]
    pub fn name(&self) -> String {
        let kind = self.adapter.describe().name;
        let kind = kind.split(" (").next().unwrap_or(kind);
        let last = Path::new(&self.place).file_name();
        match last {
            Some(last) => format!("{kind} {}", last.to_string_lossy()),
            None => kind.to_owned(),
        }
    }

    /// What the person does to remove what is there.
    #[must_use]
    pub fn removal(&self) -> String {
        self.describe().removal.replace("{}", &self.place)
    }

    /// Opens it, to be read no further than what can be held at once.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn open(&self, access: Access, ask: &mut dyn Ask) -> Result<Box<dyn Store>, Fault> {
        let store = self.adapter.open(&self.place, access, ask)?;
        Ok(Box::new(Bounded::new(store, self.place.clone())))
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.adapter.describe().scheme, self.place)
    }
}

impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Location({self})")
    }
}
