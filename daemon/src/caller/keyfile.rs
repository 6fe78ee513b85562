//! A key file (`[group]`, `key=value`) of GLib's, read strictly: whatever two readers could take
//! differently is refused. Pure. Serves design §5, for what Flatpak writes.

use std::collections::BTreeMap;

use freedesktop_desktop_entry::{Line, parse_line};

/// Groups, and in each the keys with their values as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyFile(BTreeMap<String, BTreeMap<String, String>>);

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum KeyFileError {
    #[error("it is not UTF-8 text")]
    Encoding,
    #[error("it contains a NUL byte")]
    Nul,
    #[error("line {0} is neither [group], nor key=value, nor # comment")]
    Line(usize),
    #[error("line {0} is a key outside of any group")]
    Groupless(usize),
    #[error("line {0} begins a group for the second time")]
    SecondGroup(usize),
    #[error("line {0} gives a key for the second time")]
    SecondKey(usize),
}

impl KeyFile {
    pub(super) fn read(bytes: &[u8]) -> Result<KeyFile, KeyFileError> {
        let text = std::str::from_utf8(bytes).map_err(|_| KeyFileError::Encoding)?;
        if text.contains('\0') {
            return Err(KeyFileError::Nul);
        }
        let mut groups = BTreeMap::<String, BTreeMap<String, String>>::new();
        let mut current: Option<String> = None;
        for (index, line) in text.split('\n').enumerate() {
            let number = index + 1;
            match parse_line(line).map_err(|_| KeyFileError::Line(number))? {
                Line::Comment(_) => {}
                Line::Group(name) => {
                    let whole = line.trim_end() == format!("[{name}]");
                    if !whole || name.contains(['[', ']']) || name.chars().any(char::is_control) {
                        return Err(KeyFileError::Line(number));
                    }
                    if groups.insert(name.to_owned(), BTreeMap::new()).is_some() {
                        return Err(KeyFileError::SecondGroup(number));
                    }
                    current = Some(name.to_owned());
                }
                Line::Entry(key, value) => {
                    let group = current.as_ref().and_then(|name| groups.get_mut(name));
                    let group = group.ok_or(KeyFileError::Groupless(number))?;
                    let (key, value) = (key.trim_end(), value.trim());
                    if key.is_empty() || key.starts_with(char::is_whitespace) {
                        return Err(KeyFileError::Line(number));
                    }
                    if group.insert(key.to_owned(), value.to_owned()).is_some() {
                        return Err(KeyFileError::SecondKey(number));
                    }
                }
            }
        }
        Ok(KeyFile(groups))
    }

    /// The value of a key that is there and not empty.
    pub(super) fn get(&self, group: &str, key: &str) -> Option<&str> {
        let value = self.0.get(group)?.get(key)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_group_and_key() {
        let read = KeyFile::read(b"# c\n\n[A]\nname = x y \n[B C]\nname=\nother=a=b\n").unwrap();
        assert_eq!(read.get("A", "name"), Some("x y"));
        assert_eq!(read.get("B C", "name"), None);
        assert_eq!(read.get("B C", "other"), Some("a=b"));
        assert_eq!(read.get("C", "name"), None);
    }

    #[test]
    fn whatever_could_be_read_in_two_ways_is_refused() {
        for (bytes, error) in [
            (&b"[A]\nname=a\nname=b\n"[..], KeyFileError::SecondKey(3)),
            (b"[A]\nname=a\nname =b\n", KeyFileError::SecondKey(3)),
            (b"[A]\nn=a\n[B]\n[A]\nn=b\n", KeyFileError::SecondGroup(4)),
            (b"name=a\n[A]\n", KeyFileError::Groupless(1)),
            (b"[A]\nname\n", KeyFileError::Line(2)),
            (b"[A] x\n", KeyFileError::Line(1)),
            (b"[A]]\n", KeyFileError::Line(1)),
            (b"[A\n", KeyFileError::Line(1)),
            (b"[A]\n name=a\n", KeyFileError::Line(2)),
            (b"[A]\nname=a\0b\n", KeyFileError::Nul),
            (b"[A]\nname=\xff\n", KeyFileError::Encoding),
        ] {
            let shown = String::from_utf8_lossy(bytes);
            assert_eq!(KeyFile::read(bytes), Err(error), "{shown}");
        }
    }
}
