//! Attachments as files of a directory: each under the id of its `file` credential, in a spelling that
//! cannot leave the directory.

use std::fs::File;
use std::path::Path;

use crate::exit::Exit;
use crate::failure::Failure;

/// A file of an attachments directory.
#[derive(Debug)]
pub(crate) struct Found {
    /// The id of its `file` credential.
    pub(crate) id: String,
    pub(crate) file: File,
    /// Bytes.
    pub(crate) length: u64,
}

/// Opens every file of `directory`, in the order of their names.
pub(crate) fn open_all(directory: &Path) -> Result<Vec<Found>, Failure> {
    let failed = |error| Failure::file("read", directory, &error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let unreadable = |error| Failure::file("read", &path, &error);
        let id = path.file_name().and_then(|name| id_of(name.to_str()?));
        let file = File::open(&path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        let (Some(id), true) = (id, metadata.is_file()) else {
            let what = format!("{} is no attachment", path.display());
            return Err(Failure::new(Exit::Usage, what).advise(
                "the directory may only have files, named after the ids of `file` credentials",
            ));
        };
        found.push(Found {
            id,
            file,
            length: metadata.len(),
        });
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(found)
}

/// The file name for an id: base64url as it is, every other byte as `%XX`.
pub(crate) fn file_name(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'=' => name.push(byte.into()),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    match name.is_empty() {
        true => "%".to_owned(),
        false => name,
    }
}

/// The id that a file name stands for; `None` for a name that stands for none.
fn id_of(name: &str) -> Option<String> {
    if name == "%" {
        return Some(String::new());
    }
    let mut id = Vec::new();
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        id.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                *data_encoding::HEXUPPER.decode(&digits).ok()?.first()?
            }
            byte => byte,
        });
    }
    String::from_utf8(id).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_has_a_name_that_stays_in_its_directory_and_comes_back() {
        for id in [
            "ZmlsZQ",
            "ZmlsZQ==",
            "",
            ".",
            "..",
            "../../etc/passwd",
            "a\0b",
            "ä/%41",
            "\n",
        ] {
            let name = file_name(id);
            assert!(
                !name.contains(['/', '\0', '.', '\n']) && !name.is_empty(),
                "{name}"
            );
            assert_eq!(id_of(&name).as_deref(), Some(id));
        }
        assert_eq!(
            file_name("ZmlsZQ"),
            "ZmlsZQ",
            "the usual id is its own name"
        );
        assert_eq!(id_of("100%"), None);
    }

    #[test]
    fn a_directory_with_something_else_in_it_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("b"), "two").unwrap();
        std::fs::write(directory.path().join("a"), "one!").unwrap();
        let found = open_all(directory.path()).unwrap();
        let seen: Vec<_> = found
            .iter()
            .map(|each| (each.id.as_str(), each.length))
            .collect();
        assert_eq!(seen, [("a", 4), ("b", 3)]);
        std::fs::create_dir(directory.path().join("c")).unwrap();
        assert_eq!(open_all(directory.path()).unwrap_err().exit, Exit::Usage);
    }
}
