//! A file that does not say what it means to say, and where. Serves "The site's statement" of section
//! "Shared web credentials: association" of `protocol/README.md`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};

use super::MAX_FILE;

/// The longest explanation, in characters. It repeats words of the file.
const MAX_PROBLEM: usize = 200;

/// A file that does not say what it means to say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct Malformed {
    /// Where, as a path of JSON members and indexes such as `[0].target.app_id`; `.` is the whole.
    pub path: String,
    /// What is wrong there. Without control characters, and short.
    pub problem: String,
}

impl Malformed {
    pub(super) fn new(path: impl Into<String>, problem: impl AsRef<str>) -> Malformed {
        let shown = |sign: char| if sign.is_control() { '\u{fffd}' } else { sign };
        let path = path.into();
        let short = |text: &str| text.chars().take(MAX_PROBLEM).map(shown).collect();
        Malformed {
            path: short(&path),
            problem: short(problem.as_ref()),
        }
    }
}

/// Reads the members of `T`, each at most once; others are left aside.
pub(super) fn read<T: DeserializeOwned>(file: &[u8]) -> Result<T, Malformed> {
    if file.len() > MAX_FILE {
        return Err(Malformed::new(".", "is longer than 128 KiB"));
    }
    // Older files of Apple's are signed: DER, which begins with a sequence.
    if file.starts_with(&[0x30]) {
        let problem = "is signed (CMS); serve it as plain JSON";
        return Err(Malformed::new(".", problem));
    }
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let Ok(file) = std::str::from_utf8(file) else {
        return Err(Malformed::new(".", "is not UTF-8"));
    };
    let mut json = serde_json::Deserializer::from_str(file);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        Malformed::new(path, error.inner().to_string())
    })?;
    json.end()
        .map_err(|error| Malformed::new(".", error.to_string()))?;
    Ok(read)
}

/// A JSON object and nothing else: a struct of serde's would also be read from an array.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object<T>, D::Error> {
        deserializer.deserialize_map(Members(PhantomData))
    }
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Object)
    }
}
