//! The stores of `pass` (passwordstore.org) and gopass: a folder with a file for every entry,
//! encrypted with OpenPGP.
//!
//! | CXF | In the store |
//! | --- | --- |
//! | title | name of the file; letters that it cannot have become `_`, the title is carried |
//! | first collection | folders; their `.gpg-id` says for whom is encrypted |
//! | first `basic-auth` | first line; `login:` (browserpass, gopass) |
//! | `scope.urls` | `url:` lines (browserpass) |
//! | every `totp` | `otpauth://` lines (pass-otp) |
//! | first `note` | everything below the first empty line |
//! | everything else | lines `key: value`, and one line `credex: {…}` |
//! | attachments | in base64 in that line, up to 8 MiB for an entry; more is lost |
//!
//! Read are also browserpass's synonyms of keys, gopass's files in base64, its YAML, and its former
//! "GOPASS-SECRET-1.0". An entry that is replaced stays where it is, whatever its new title.
//!
//! Everything secret goes through the pipes of the person's own `gpg`, whose agent asks for
//! passphrases. A writing is prepared in a copy of the whole store beside it (hard links, but for what
//! is new and what git writes into), read back there, committed there with the store's own git, and
//! then takes the place of the store in one step: whoever kills us at any moment leaves the old store
//! or the new one, with its history, and at most ciphertext in a folder `.NAME.credex-new` beside it.
//! A shell in the store is in the old one afterwards, which is no more: it has to `cd` again.
//!
//! Stores that are mount points, on file systems without `RENAME_EXCHANGE`, or with a git folder
//! elsewhere (submodules) cannot be written to so, and are not written to otherwise.

mod entry;
mod git;
mod gpg;
mod name;
mod native;
mod process;
mod stage;
mod store;
mod tree;

use std::path::PathBuf;

pub use gpg::Gpg;
pub use process::Patience;

use crate::{Access, Adapter, Ask, Description, Direction, Fault, Store};
use store::Folder;
use tree::Keys;

/// The adapter.
#[derive(Debug, Clone)]
pub struct Pass {
    gpg: Gpg,
    keys: Keys,
    /// Where the store is if nobody says so.
    usual: Option<PathBuf>,
}

impl Default for Pass {
    /// With the settings of `pass` in the environment.
    fn default() -> Self {
        let words = |name: &str| {
            let text = std::env::var(name).unwrap_or_default();
            text.split_whitespace().map(str::to_owned).collect()
        };
        Self {
            gpg: Gpg::default(),
            keys: Keys {
                instead: words("PASSWORD_STORE_KEY"),
                signers: words("PASSWORD_STORE_SIGNING_KEY"),
            },
            usual: usual(),
        }
    }
}

impl Pass {
    /// With this `gpg`.
    #[must_use]
    pub fn with(gpg: Gpg) -> Self {
        Self {
            gpg,
            ..Self::default()
        }
    }
}

/// Where `pass` has its store; if there is none, where gopass has its own.
fn usual() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(said) = variable("PASSWORD_STORE_DIR") {
        return Some(said.into());
    }
    let home = variable("HOME").map(PathBuf::from)?;
    let pass = home.join(".password-store");
    let data = variable("XDG_DATA_HOME").map_or_else(|| home.join(".local/share"), PathBuf::from);
    let gopass = data.join("gopass/stores/root");
    match !pass.exists() && gopass.exists() {
        true => Some(gopass),
        false => Some(pass),
    }
}

impl Adapter for Pass {
    fn describe(&self) -> Description {
        Description {
            scheme: "pass",
            name: "Password store (pass, gopass)",
            location: "DIRECTORY, or nothing for the usual one",
            direction: Direction::Both,
            plaintext: false,
            native: &["basic-auth", "totp", "note"],
            removal: "rm -r {}; and where it was pushed to, its copies",
        }
    }

    fn open(
        &self,
        location: &str,
        _access: Access,
        _ask: &mut dyn Ask,
    ) -> Result<Box<dyn Store>, Fault> {
        let missing = |place: String| Fault::Missing {
            place,
            advice: "Make one for your OpenPGP key, with: pass init KEY".to_owned(),
        };
        let root = match location {
            "" => self
                .usual
                .clone()
                .ok_or_else(|| missing("pass".to_owned()))?,
            location => PathBuf::from(location),
        };
        let shown = root.display().to_string();
        // The usual place may be a link to another one, where the store is replaced.
        let root = match root.canonicalize() {
            Ok(root) if root.is_dir() => root,
            Ok(_) => {
                return Err(Fault::Malformed {
                    place: shown,
                    what: "it is no folder".to_owned(),
                    advice: "Give the folder of the store".to_owned(),
                });
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(missing(shown));
            }
            Err(source) => {
                return Err(Fault::Io {
                    place: shown,
                    source,
                });
            }
        };
        let folder = Folder::open(root, self.gpg.clone(), self.keys.clone())?;
        Ok(Box::new(folder))
    }
}
