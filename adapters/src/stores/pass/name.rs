//! What an entry is called: folders and a title as a path that every file system takes, and that
//! stays in the store.

use std::path::{Path, PathBuf};

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

use crate::{Place, Record};

/// What the file of an entry ends with.
pub(super) const SUFFIX: &str = ".gpg";
/// Bytes of a name. A file system takes 255; the rest is for a number, and for what programs append.
const LONGEST: usize = 200;
/// Folders within one another, and bytes of all their names: a path has 4096 at most.
const DEEPEST: usize = 32;
const LONGEST_PATH: usize = 2000;

/// Where a record goes that is not there yet, without the suffix.
pub(super) fn path(record: &Record) -> PathBuf {
    let mut path = PathBuf::new();
    let folders = record.places.first().into_iter().flat_map(Place::titles);
    for folder in folders.take(DEEPEST) {
        let mut name = component(folder);
        // `x.gpg` is what the entry `x` is called.
        if name.ends_with(SUFFIX) {
            name.push('_');
        }
        if path.as_os_str().len() + name.len() > LONGEST_PATH {
            break;
        }
        path.push(name);
    }
    path.push(component(record.item.title()));
    path
}

/// The file of the entry of this path; `turn` tells entries apart that have the same one.
pub(super) fn file(path: &Path, turn: usize) -> PathBuf {
    let mut file = path.as_os_str().to_owned();
    if turn > 1 {
        file.push(format!(" {turn}"));
    }
    file.push(SUFFIX);
    file.into()
}

/// The title of the entry in this file.
pub(super) fn title(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(SUFFIX).unwrap_or(&name).to_owned()
}

/// The folders that this file is in.
pub(super) fn place(file: &Path) -> Option<Place> {
    let folders = file.parent()?;
    let titles: Vec<_> = folders
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    (!titles.is_empty()).then(|| Place::titled(titles.iter().map(String::as_str)))
}

/// The id of the entry in this file, as long as it says no other.
pub(super) fn id(file: &Path) -> String {
    let digest = Sha256::digest(file.as_os_str().as_encoded_bytes());
    BASE64URL_NOPAD.encode(&digest[..16])
}

/// A title as the name of a file or a folder.
fn component(title: &str) -> String {
    let mut name = String::with_capacity(title.len());
    for letter in title.trim().chars() {
        let letter = match letter {
            '/' | '\\' => '_',
            letter if letter.is_control() => '_',
            letter => letter,
        };
        if name.len() + letter.len_utf8() > LONGEST {
            break;
        }
        name.push(letter);
    }
    // Hidden files are no entries, `..` leads out, and `-` begins an option.
    if name.starts_with(['.', '-']) {
        name.replace_range(..1, "_");
    }
    match name.is_empty() {
        true => "Untitled".to_owned(),
        false => name,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Item;

    fn record(folders: &[&str], title: &str) -> Record {
        let mut record = Record::new(Item::new(None, title), "");
        record.places = vec![Place::titled(folders.iter().copied())];
        record
    }

    #[test]
    fn no_name_leads_out_of_the_store_or_hides_in_it() {
        for (folders, title, expected) in [
            (&["a"][..], "b", "a/b"),
            (
                &["..", ".git"],
                "../../etc/passwd",
                "_./_git/_._.._etc_passwd",
            ),
            (&["/abs"], "/etc", "_abs/_etc"),
            (&["x.gpg"], ".gpg-id", "x.gpg_/_gpg-id"),
            (&[], "", "Untitled"),
            (&[], "a\0b\nc", "a_b_c"),
            (&[], "-rf", "_rf"),
        ] {
            assert_eq!(path(&record(folders, title)), Path::new(expected));
        }
    }

    #[test]
    fn a_name_is_no_longer_than_a_file_system_takes() {
        let long = "é".repeat(4000);
        let deep = vec![long.as_str(); 100_000];
        let file = file(&path(&record(&deep, &long)), 100_000);
        assert!(file.as_os_str().len() < 3000);
        assert!(file.iter().all(|name| name.len() <= 255));
    }

    proptest! {
        #[test]
        fn every_name_is_one_component_that_is_no_other_thing(title in any::<String>()) {
            let name = component(&title);
            prop_assert!(!name.starts_with('.') && !name.contains('/') && !name.contains('\0'));
            prop_assert_eq!(Path::new(&name).components().count(), 1);
        }
    }
}
