//! Who takes part: made-up apps, as their desktop entries describe them.

use crate::exit::Exit;
use crate::failure::Failure;

/// The desktop-entry ID of the exporting app.
pub(super) const EXPORTER_ID: &str = "example.lantern.Keys";
/// Its name; the sample document has it, too.
pub(super) const EXPORTER_NAME: &str = "Lantern Keys";

/// An app to which credentials can be sent.
#[derive(Debug)]
pub(super) struct Importing {
    /// Desktop-entry ID.
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    /// The credential types that it takes; all if there are none.
    pub(super) types: &'static [&'static str],
}

/// The two that stand for all: one takes everything, one does not.
pub(super) const IMPORTING: [Importing; 2] = [
    Importing {
        id: "example.granite.Vault",
        name: "Granite Vault",
        types: &[],
    },
    Importing {
        id: "example.pocket.Notes",
        name: "Pocket Notes",
        types: &["basic-auth", "note", "totp"],
    },
];

/// The one that takes everything.
pub(super) fn first() -> &'static Importing {
    &IMPORTING[0]
}

/// The importing app of this name or ID.
pub(super) fn called(name: &str) -> Result<&'static Importing, Failure> {
    let fits = |app: &&Importing| app.id == name || app.name.eq_ignore_ascii_case(name);
    IMPORTING.iter().find(fits).ok_or_else(|| {
        let names = IMPORTING.map(|app| format!("“{}”", app.name)).join(" and ");
        let what = format!(
            "no app of the demo is called {}",
            crate::output::quoted(name)
        );
        Failure::new(Exit::Usage, what).advise(format!("there are {names}"))
    })
}

impl Importing {
    /// Its desktop entry, which starts it with `exec`.
    pub(super) fn desktop_entry(&self, exec: &str) -> String {
        let types = match self.types {
            [] => String::new(),
            types => format!("CredentialTypes={};\n", types.join(";")),
        };
        format!(
            "[Desktop Entry]\nType=Application\nName={}\nExec={exec}\n\
             Implements=org.credex.Importer1;\n\n[org.credex.Importer1]\nFormatVersions=1.0;\n{types}",
            self.name
        )
    }
}

/// The desktop entry of the exporting app.
pub(super) fn exporter_entry(exec: &str) -> String {
    format!(
        "[Desktop Entry]\nType=Application\nName={EXPORTER_NAME}\nExec={exec}\n\
         Implements=org.credex.Exporter1;\n"
    )
}

/// An argument of an `Exec` line, quoted as the Desktop Entry Specification asks: once for the
/// command line, and once more for a string of the file.
pub(super) fn exec_argument(raw: &str) -> String {
    let mut quoted = String::from("\"");
    for c in raw.chars() {
        match c {
            '"' | '`' | '$' => quoted.extend(['\\', '\\', c]),
            '\\' => quoted.push_str(r"\\\\"),
            '%' => quoted.push_str("%%"),
            '\n' => quoted.push_str(r"\n"),
            '\t' => quoted.push_str(r"\t"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_somebody_unknown_is_told_who_there_is() {
        assert_eq!(called("granite vault").unwrap().id, first().id);
        assert_eq!(called("example.pocket.Notes").unwrap().name, "Pocket Notes");
        let failure = called("Bitwarden").unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        let advice = failure.advice().unwrap();
        assert!(
            IMPORTING.iter().all(|app| advice.contains(app.name)),
            "{advice}"
        );
    }

    #[test]
    fn the_sample_is_from_the_app_that_exports_it() {
        let sample = std::str::from_utf8(credex::cxf::sample()).unwrap();
        assert!(sample.contains(EXPORTER_NAME));
    }
}
