//! The text of a desktop entry → the keys of the groups that matter to us. Serves design §6 and the
//! Desktop Entry Specification, section "Basic format of the file".
//!
//! Values are read by `freedesktop-desktop-entry`. What it lets pass is refused before: a group or
//! key that occurs twice, of which each reader takes another one. Keys that do not matter to us do
//! not reach it, so a slip in one of them costs nobody a provider.

use std::collections::BTreeSet;
use std::path::Path;

use credex_protocol::names::{EXPORTER, IMPORTER, WEB_CREDENTIALS_GROUP};
use freedesktop_desktop_entry::{DesktopEntry, Line, parse_line};

/// The first group of every desktop entry.
pub(super) const ENTRY: &str = "Desktop Entry";

const KEYS: [(&str, &[&str]); 4] = [
    (
        ENTRY,
        &[
            "Type",
            "Name",
            "Icon",
            "Hidden",
            "Terminal",
            "TryExec",
            "Exec",
            "DBusActivatable",
            "Implements",
            "X-Flatpak",
            "X-SnapInstanceName",
        ],
    ),
    (IMPORTER, &["FormatVersions", "CredentialTypes"]),
    (EXPORTER, &["Providers"]),
    (WEB_CREDENTIALS_GROUP, &["Domains"]),
];

/// What is wrong with a desktop entry, and where in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// A line that cannot be read.
    #[error("line {line}: {problem}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A key that is missing, or whose value makes no sense.
    #[error("key {key} of [{group}]: {problem}")]
    Key {
        /// The group it is in, or should be.
        group: &'static str,
        /// The key.
        key: &'static str,
        /// What is wrong, and what to do.
        problem: String,
    },
}

impl EntryError {
    fn line(index: usize, problem: impl Into<String>) -> EntryError {
        EntryError::Line {
            line: index + 1,
            problem: problem.into(),
        }
    }

    pub(super) fn key(
        group: &'static str,
        key: &'static str,
        problem: impl Into<String>,
    ) -> EntryError {
        EntryError::Key {
            group,
            key,
            problem: problem.into(),
        }
    }
}

/// A desktop entry, reduced to the keys that matter to us.
#[derive(Debug)]
pub(super) struct Groups {
    entry: DesktopEntry,
}

impl Groups {
    /// Reads `text`, the content of the file at `path`, which must end in `.desktop`.
    pub(super) fn read(text: &str, path: &Path) -> Result<Groups, EntryError> {
        let lines = relevant_lines(text)?;
        let kept: String = lines.iter().map(|(_, line)| line.as_str()).collect();
        let entry = DesktopEntry::from_str(path, &kept, None::<&[&str]>)
            .map_err(|error| blame(&lines, path, &error))?;
        Ok(Groups { entry })
    }

    pub(super) fn has(&self, group: &str) -> bool {
        self.entry.groups.group(group).is_some()
    }

    /// The value of a key, without trailing white space; `None` if missing or empty.
    pub(super) fn string(&self, group: &str, key: &str) -> Option<&str> {
        let value = self.entry.groups.group(group)?.entry(key)?.trim_end();
        Some(value).filter(|value| !value.is_empty())
    }

    /// The value of a key in the first of `locales` that it has, else its plain value.
    pub(super) fn localized(&self, group: &str, key: &str, locales: &[String]) -> Option<&str> {
        let group = self.entry.groups.group(group)?;
        let value = group.localized_entry(key, locales)?.trim_end();
        Some(value).filter(|value| !value.is_empty())
    }

    /// A boolean, `false` if missing.
    pub(super) fn boolean(
        &self,
        group: &'static str,
        key: &'static str,
    ) -> Result<bool, EntryError> {
        match self.string(group, key) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(EntryError::key(group, key, "must be true or false")),
        }
    }

    /// A list with `;` after each element, `None` if missing.
    pub(super) fn list(&self, group: &str, key: &str) -> Option<Vec<String>> {
        let value = self.entry.groups.group(group)?.entry(key)?;
        let elements = value.split(';').map(str::trim);
        let elements = elements.filter(|element| !element.is_empty());
        Some(elements.map(str::to_owned).collect())
    }
}

/// The lines to read, each with its number and in normal form.
fn relevant_lines(text: &str) -> Result<Vec<(usize, String)>, EntryError> {
    let mut groups = BTreeSet::new();
    let mut keys = BTreeSet::new();
    let mut wanted: Option<&[&str]> = None;
    let mut kept = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let parsed = parse_line(line).map_err(|_| {
            EntryError::line(index, "is neither [group], nor key=value, nor # comment")
        })?;
        match parsed {
            Line::Comment(_) => {}
            Line::Group(name) => {
                if !groups.insert(name) {
                    let problem = format!("group [{name}] occurs twice; merge the two");
                    return Err(EntryError::line(index, problem));
                }
                keys.clear();
                wanted = KEYS.iter().find(|(group, _)| *group == name).map(|k| k.1);
                if wanted.is_some() {
                    kept.push((index, format!("[{name}]\n")));
                }
            }
            Line::Entry(key, value) => {
                let key = key.trim_end();
                let plain = key.split_once('[').map_or(key, |(plain, _)| plain);
                if !wanted.is_some_and(|keys| keys.contains(&plain)) {
                    continue;
                }
                if !keys.insert(key) {
                    let problem = format!("key {key} occurs twice; keep one of the two");
                    return Err(EntryError::line(index, problem));
                }
                kept.push((index, format!("{key}={}\n", value.trim_start())));
            }
        }
    }
    Ok(kept)
}

/// Finds the line that made the whole unreadable; the parser does not tell.
fn blame(
    lines: &[(usize, String)],
    path: &Path,
    error: &freedesktop_desktop_entry::DecodeError,
) -> EntryError {
    let unreadable = |line: &str| {
        let key = line.split(['[', '=']).next().unwrap_or_default();
        let alone = format!("[{ENTRY}]\n{key}=\n{line}");
        DesktopEntry::from_str(path, &alone, None::<&[&str]>).is_err()
    };
    let culprit = lines
        .iter()
        .find(|(_, line)| !line.starts_with('[') && unreadable(line));
    let (line, problem) = match culprit {
        Some((line, _)) => (
            *line,
            "has a backslash that is none of \\s \\n \\t \\r \\\\".to_owned(),
        ),
        None => (
            lines.first().map_or(0, |(line, _)| *line),
            error.to_string(),
        ),
    };
    EntryError::line(line, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Groups, EntryError> {
        Groups::read(text, Path::new("/a/applications/b.desktop"))
    }

    #[track_caller]
    fn refused(text: &str, message: &str) {
        assert_eq!(read(text).unwrap_err().to_string(), message);
    }

    #[test]
    fn values_are_read_with_their_escapes_and_lists_without_empty_elements() {
        let groups = read("# c\n[Desktop Entry]\nName = A\\sB\nImplements=a;;b\n").unwrap();
        assert_eq!(groups.string(ENTRY, "Name"), Some("A B"));
        assert_eq!(groups.list(ENTRY, "Implements").unwrap(), ["a", "b"]);
        assert_eq!(groups.list(ENTRY, "Exec"), None);
    }

    #[test]
    fn the_name_is_read_in_the_first_language_that_has_it() {
        let groups = read("[Desktop Entry]\nName=Key\nName[de]=Schlüssel\n").unwrap();
        let locales = ["de_AT", "de"].map(String::from);
        assert_eq!(groups.localized(ENTRY, "Name", &locales), Some("Schlüssel"));
        assert_eq!(groups.localized(ENTRY, "Name", &["fr".into()]), Some("Key"));
    }

    #[test]
    fn what_occurs_twice_is_refused_so_that_no_two_readers_see_different_entries() {
        refused(
            "[Desktop Entry]\nExec=a\nExec=b\n",
            "line 3: key Exec occurs twice; keep one of the two",
        );
        refused(
            "[Desktop Entry]\nExec=a\n[x]\n[Desktop Entry]\n",
            "line 4: group [Desktop Entry] occurs twice; merge the two",
        );
    }

    #[test]
    fn a_broken_line_is_named_by_its_number() {
        refused(
            "[Desktop Entry]\n\nrubbish\n",
            "line 3: is neither [group], nor key=value, nor # comment",
        );
        refused(
            "[Desktop Entry]\nName=a\nExec=a\\q\n",
            "line 3: has a backslash that is none of \\s \\n \\t \\r \\\\",
        );
    }

    #[test]
    fn a_slip_in_a_key_that_does_not_matter_to_us_costs_nothing() {
        let text = "[Desktop Entry]\nName=a\nKeywords=a\\;b;\nKeywords=c\nComment[de]=x\n";
        assert_eq!(read(text).unwrap().string(ENTRY, "Name"), Some("a"));
    }

    #[test]
    fn a_boolean_is_true_or_false_and_nothing_between() {
        let groups = read("[Desktop Entry]\nHidden=1\nTerminal=true \n").unwrap();
        assert!(groups.boolean(ENTRY, "Hidden").is_err());
        assert_eq!(groups.boolean(ENTRY, "Terminal"), Ok(true));
        assert_eq!(groups.boolean(ENTRY, "DBusActivatable"), Ok(false));
    }
}
