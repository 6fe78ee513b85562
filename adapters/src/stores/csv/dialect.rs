//! What columns mean, and what each browser has.

/// What a column means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Column {
    Title,
    Url,
    Username,
    Password,
    Note,
    Totp,
    /// What Firefox says of a login: the name that it has in the extension.
    Firefox(&'static str),
    Guid,
    Created,
    Changed,
    /// A column that nobody here knows: a custom field of this name.
    Other(String),
}

/// Names of columns, in small letters: those of the browsers, and of other managers that people
/// have made such files with.
const NAMES: [(&str, Column); 24] = [
    ("name", Column::Title),
    ("title", Column::Title),
    ("url", Column::Url),
    ("login_uri", Column::Url),
    ("website", Column::Url),
    ("username", Column::Username),
    ("user name", Column::Username),
    ("login_username", Column::Username),
    ("password", Column::Password),
    ("login_password", Column::Password),
    ("note", Column::Note),
    ("notes", Column::Note),
    ("extra", Column::Note),
    ("comments", Column::Note),
    ("otpauth", Column::Totp),
    ("totp", Column::Totp),
    ("otp", Column::Totp),
    ("login_totp", Column::Totp),
    ("httprealm", Column::Firefox("httpRealm")),
    ("formactionorigin", Column::Firefox("formActionOrigin")),
    ("timelastused", Column::Firefox("timeLastUsed")),
    ("guid", Column::Guid),
    ("timecreated", Column::Created),
    ("timepasswordchanged", Column::Changed),
];

impl Column {
    /// What the columns of a header mean. A second one of the same meaning is a custom field.
    pub(super) fn of_header<'n>(names: impl Iterator<Item = &'n str>) -> Vec<Self> {
        let mut columns = Vec::new();
        for name in names {
            let known = NAMES
                .iter()
                .find(|(known, _)| *known == name.trim().to_lowercase());
            let column = known.map(|(_, column)| column.clone());
            columns.push(match column.filter(|column| !columns.contains(column)) {
                Some(column) => column,
                None => Self::Other(name.trim().to_owned()),
            });
        }
        columns
    }
}

/// A way of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Firefox's "Export Passwords" (`LoginExport.sys.mjs`, `LoginCSVImport.sys.mjs`).
    Firefox,
    /// Chromium's, Chrome's and Edge's.
    Chromium,
    /// Apple Passwords and Safari.
    Apple,
}

impl Dialect {
    /// The names of the columns in their order, and what they mean.
    pub(super) fn columns(self) -> &'static [(&'static str, Column)] {
        match self {
            Self::Firefox => &[
                ("url", Column::Url),
                ("username", Column::Username),
                ("password", Column::Password),
                ("httpRealm", Column::Firefox("httpRealm")),
                ("formActionOrigin", Column::Firefox("formActionOrigin")),
                ("guid", Column::Guid),
                ("timeCreated", Column::Created),
                ("timeLastUsed", Column::Firefox("timeLastUsed")),
                ("timePasswordChanged", Column::Changed),
            ],
            Self::Chromium => &[
                ("name", Column::Title),
                ("url", Column::Url),
                ("username", Column::Username),
                ("password", Column::Password),
                ("note", Column::Note),
            ],
            Self::Apple => &[
                ("Title", Column::Title),
                ("URL", Column::Url),
                ("Username", Column::Username),
                ("Password", Column::Password),
                ("Notes", Column::Note),
                ("OTPAuth", Column::Totp),
            ],
        }
    }

    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Firefox => "Firefox",
            Self::Chromium => "Chromium",
            Self::Apple => "Apple Passwords",
        }
    }

    /// Whether it takes logins for websites only.
    pub(super) fn is_for_websites(self) -> bool {
        self != Self::Apple
    }

    /// The longest note that it takes, in UTF-16 units; `None` if there is no place for notes.
    pub(super) fn longest_note(self) -> Option<usize> {
        match self {
            Self::Firefox => None,
            // A row with a longer one is refused (`kMaxPasswordNoteLength` of Chromium's importer).
            Self::Chromium => Some(1000),
            Self::Apple => Some(usize::MAX),
        }
    }

    /// The most rows that it takes of one file.
    pub(super) fn most_rows(self) -> usize {
        match self {
            // A file with more is refused (`kMaxPasswordsPerCSVFile` of Chromium's importer).
            Self::Chromium => 3000,
            Self::Firefox | Self::Apple => usize::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_reads_the_header_that_it_writes() {
        for dialect in [Dialect::Firefox, Dialect::Chromium, Dialect::Apple] {
            let columns = dialect.columns();
            let read = Column::of_header(columns.iter().map(|(name, _)| *name));
            assert!(
                read.iter().eq(columns.iter().map(|(_, column)| column)),
                "{read:?}"
            );
        }
    }

    #[test]
    fn a_second_column_of_the_same_name_is_a_field() {
        let columns = Column::of_header(["URL", "url ", "Shoe size"].into_iter());
        let other = |name: &str| Column::Other(name.to_owned());
        assert_eq!(columns, [Column::Url, other("url"), other("Shoe size")]);
    }
}
