//! What the exit code says: the one table, for the program, its `--help` and `cli/README.md`.

use std::process::ExitCode;

macro_rules! exits {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal as $key:literal,)+) => {
        /// How a command ended.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Exit {
            $($(#[doc = $doc])+ $name = $code,)+
        }

        impl Exit {
            /// Every exit code, in their order.
            pub(crate) const ALL: &'static [Exit] = &[$(Exit::$name,)+];

            /// Its name in JSON.
            pub(crate) const fn key(self) -> &'static str {
                match self { $(Exit::$name => $key,)+ }
            }

            /// What it means.
            pub(crate) fn meaning(self) -> &'static str {
                match self { $(Exit::$name => concat!($($doc,)+).trim_ascii(),)+ }
            }
        }
    };
}

exits! {
    /// Done.
    Done = 0 as "done",
    /// Something failed; the message says what.
    Failed = 1 as "failed",
    /// The command line is wrong, or a file is in the way.
    Usage = 2 as "usage",
    /// You said no, or pressed Ctrl-C.
    Declined = 3 as "declined",
    /// The document is not valid CXF.
    Invalid = 4 as "invalid",
    /// Differences: the documents differ, or parts of one are or would be left out.
    Differences = 5 as "differences",
    /// The Credex service is not there, or there is no session bus.
    Unavailable = 6 as "unavailable",
    /// The time was up.
    Expired = 7 as "expired",
    /// No app can take the credentials, or the chosen one does not want them.
    NoImporter = 8 as "no-importer",
    /// The app and the website do not belong together, or the website cannot be asked.
    NotAssociated = 9 as "not-associated",
    /// No password is saved that fits.
    NoCredential = 10 as "no-credential",
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }

    /// The table, a line for each.
    pub(crate) fn table() -> String {
        let line = |exit: &Exit| format!("  {}  {}", exit.code(), exit.meaning());
        let lines: Vec<String> = Exit::ALL.iter().map(line).collect();
        format!("Exit codes:\n{}", lines.join("\n"))
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_tells_the_exit_codes_as_they_are() {
        let readme = include_str!("../README.md");
        for (index, exit) in Exit::ALL.iter().enumerate() {
            assert_eq!(usize::from(exit.code()), index, "no code is left out");
            let row = format!("| {} | `{}` | {} |", index, exit.key(), exit.meaning());
            assert!(readme.contains(&row), "cli/README.md should say: {row}");
        }
        let rows = readme.lines().filter(|line| {
            let mut cells = line.split('|').map(str::trim).skip(1);
            cells.next().is_some_and(|code| code.parse::<u8>().is_ok())
        });
        assert_eq!(rows.count(), Exit::ALL.len(), "no code is made up");
    }
}
