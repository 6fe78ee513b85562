//! Where a store is, as a person types it: `kdbx:old.kdbx`.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::bounded::Bounded;
use crate::{Access, Adapter, Ask, Description, Direction, Fault, Store, stores};

/// By what its name ends with, what a file is meant as that is named without a kind.
const ENDINGS: [(&str, &str); 4] = [
    ("age", "archive"),
    ("csv", "csv"),
    ("kdbx", "kdbx"),
    ("1pux", "onepux"),
];

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
        "{text:?} does not say what kind of store it is: write KIND:PLACE{}, where KIND is one of {kinds}",
        .meant.as_ref().map(|meant| format!(", such as {meant}")).unwrap_or_default()
    )]
    NoKind {
        /// What was typed.
        text: String,
        /// What is probably meant.
        meant: Option<String>,
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
            let meant = Self::meant_by(text).filter(|meant| Self::parse(meant, access).is_ok());
            let text = text.to_owned();
            return Err(LocationError::NoKind { text, meant, kinds });
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

    /// What the name of a file is probably meant as, by its ending: `kdbx:old.kdbx`.
    #[must_use]
    pub fn meant_by(file: &str) -> Option<String> {
        let ending = Path::new(file).extension()?;
        let known = |(known, _): &&(&str, &str)| ending.eq_ignore_ascii_case(known);
        let (_, kind) = ENDINGS.iter().find(known)?;
        Some(format!("{kind}:{file}"))
    }

    /// Whether `other` is the same store, however the two are spelt, and wherever links lead.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        let one_file = self.inode().is_some_and(|own| other.inode() == Some(own));
        one_file || self.to_string() == other.to_string()
    }

    /// The device and the number of the file or directory that it is, if it is one, and there.
    fn inode(&self) -> Option<(u64, u64)> {
        let location = self.describe().location;
        if !location.starts_with("FILE") && !location.starts_with("DIRECTORY") {
            return None;
        }
        let with_key = self.place.rsplit_once(stores::kdbx::KEYFILE);
        let path = with_key.map_or(self.place.as_str(), |(path, _)| path);
        let told = std::fs::metadata(path).ok()?;
        Some((told.dev(), told.ino()))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn location(text: &str) -> Location {
        Location::parse(text, Access::Read).unwrap()
    }

    #[test]
    fn one_store_is_the_same_by_every_spelling() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name).display().to_string();
        std::fs::write(at("a"), "").unwrap();
        std::fs::write(at("b"), "").unwrap();
        std::os::unix::fs::symlink(at("a"), at("link")).unwrap();
        let a = location(&format!("kdbx:{}", at("a")));
        for (other, same) in [
            (format!("kdbx:{}", at("link")), true),
            (format!("kdbx:{}?keyfile=/k", at("./a")), true),
            (format!("csv:{}", at("a")), true),
            (format!("kdbx:{}", at("b")), false),
            (format!("secret-service:{}", at("a")), false),
        ] {
            assert_eq!(a.is_same_as(&location(&other)), same, "{other}");
        }
        let nowhere = location("kdbx:/nowhere/new");
        assert!(nowhere.is_same_as(&location("kdbx:/nowhere/new")));
        assert!(!nowhere.is_same_as(&location("kdbx:/nowhere/newer")));
    }

    #[test]
    fn a_file_without_a_kind_is_answered_with_what_is_probably_meant() {
        let said = |text, access| Location::parse(text, access).unwrap_err().to_string();
        assert!(said("Old.KDBX", Access::Read).contains("such as kdbx:Old.KDBX"));
        assert!(said("old.csv", Access::Read).contains("such as csv:old.csv"));
        // That kind cannot be written.
        assert!(!said("new.csv", Access::Write).contains("such as"));
        assert!(!said("passwords", Access::Read).contains("such as"));
    }
}
