//! Bitwarden's exports in JSON: `.json`, `.json (Encrypted)` with a password, and, for reading, `.zip
//! (with attachments)`.
//!
//! The schemes differ in what they write. `bitwarden:FILE` writes an export that is protected by a
//! password, `bitwarden-plain:FILE` one that is not. Both read either. An export that is restricted
//! to an account holds keys that only Bitwarden's server has, and cannot be opened.
//!
//! | CXF | Bitwarden |
//! | --- | --- |
//! | `basic-auth`, `totp`, `passkey` (P-256), `scope` | login: user name, password, authenticator key, passkeys, URIs (`androidapp://` for apps) |
//! | `credit-card` | card |
//! | `person-name`, `address`, numbers of papers | identity |
//! | `ssh-key` (Ed25519) | SSH key |
//! | `note` | notes |
//! | `custom-fields` | custom fields: text, hidden, boolean, linked |
//! | title, favourite, times, first collection | name, favourite, dates, folder (`/` between names) |
//! | anything else | custom fields of its name, and the hidden field "Credex" |
//!
//! What only Bitwarden knows (match detection, master password re-prompt, former passwords) is passed
//! on in the extension `bitwarden.com/item`, and written back from there. A file of more than
//! [`LARGEST_FILES`] has no place. Items in the trash are not read, nor are passkeys that count.
//!
//! Sources: Bitwarden's help pages "Export Vault Data" and "Encrypted Exports", its Security
//! Whitepaper, and the models of `libs/common/src/models/export` in bitwarden/clients.

mod envelope;
mod native;
mod vault;

use std::path::PathBuf;

use credex::LossReason;
use zeroize::Zeroizing;

use self::envelope::Kdf;
use self::vault::Vault;
use super::REMOVAL;
use crate::file::{self, Seen};
use crate::{
    Access, Adapter, Ask, Asked, Change, Description, Direction, Fault, Foreseen, Quarantined,
    Question, Record, Store, Why, Written, foresee,
};

/// Bytes of files that are kept within an item, in hidden fields: recovery codes and keys, not scans.
pub const LARGEST_FILES: usize = 8 << 10;
/// A vault of ten thousand items has 10 MB.
const LARGEST: u64 = 64 << 20;
/// How often a password may be mistyped.
const TRIES: usize = 3;

/// Exports of Bitwarden.
#[derive(Debug, Clone, Copy)]
pub struct Bitwarden {
    /// Whether they are written without a password.
    pub plain: bool,
}

impl Adapter for Bitwarden {
    fn describe(&self) -> Description {
        Description {
            scheme: match self.plain {
                false => "bitwarden",
                true => "bitwarden-plain",
            },
            name: match self.plain {
                false => "Bitwarden export with a password",
                true => "Bitwarden export without a password",
            },
            location: "FILE",
            direction: Direction::Both,
            plaintext: self.plain,
            native: &[
                "basic-auth",
                "totp",
                "passkey",
                "note",
                "custom-fields",
                "credit-card",
                "person-name",
                "address",
                "ssh-key",
            ],
            removal: REMOVAL,
        }
    }

    fn open(
        &self,
        location: &str,
        access: Access,
        ask: &mut dyn Ask,
    ) -> Result<Box<dyn Store>, Fault> {
        let path = PathBuf::from(location);
        let (content, seen) = match (access, file::try_read(&path, LARGEST)?) {
            (_, Some(content)) => {
                let seen = Seen::of(&content);
                (Some(content), seen)
            }
            (Access::Write, None) => (None, Seen::Nothing),
            (Access::Read, None) => {
                return Err(Fault::Missing {
                    place: location.to_owned(),
                    advice: "Check the spelling".to_owned(),
                });
            }
        };
        let mut lock = None;
        let vault = match content {
            Some(content) => unlock(&content, location, ask, &mut lock)?,
            None => Vault::new(),
        };
        if access == Access::Write {
            vault.check_writable(location)?;
            if self.plain && lock.is_some() {
                return Err(Fault::Malformed {
                    place: location.to_owned(),
                    what: "it has a password, and would have none afterwards".to_owned(),
                    advice: "Write it with bitwarden:FILE, or choose a new file".to_owned(),
                });
            }
            if !self.plain && lock.is_none() {
                let password = ask.ask(&question(location, Asked::NewPassphrase, None))?;
                lock = Some(Lock {
                    password,
                    kdf: Kdf::default(),
                });
            }
        }
        Ok(Box::new(Export {
            path,
            place: location.to_owned(),
            seen,
            vault,
            lock: lock.filter(|_| !self.plain),
        }))
    }
}

/// What an export is written with.
struct Lock {
    password: Zeroizing<String>,
    kdf: Kdf,
}

fn question(place: &str, asked: Asked, again: Option<String>) -> Question {
    Question {
        place: place.to_owned(),
        asked,
        again,
    }
}

/// The vault in a file, for whose password somebody is asked if it has one.
fn unlock(
    content: &[u8],
    place: &str,
    ask: &mut dyn Ask,
    lock: &mut Option<Lock>,
) -> Result<Vault, Fault> {
    let Some(envelope) = vault::envelope(content, place)? else {
        return Vault::read(content, place);
    };
    let fault = |error| vault::fault(error, place);
    let kdf = envelope.kdf().map_err(fault)?;
    let mut again = None;
    for _ in 0..TRIES {
        let password = ask.ask(&question(place, Asked::Passphrase, again.take()))?;
        match envelope.open(&password) {
            Ok(content) => {
                let kdf = kdf.strengthened();
                *lock = Some(Lock { password, kdf });
                return Vault::read(&content, place);
            }
            Err(envelope::EnvelopeError::WrongPassword) => {
                again = Some("This password does not open it".to_owned());
            }
            Err(error) => return Err(fault(error)),
        }
    }
    Err(Fault::WrongPassphrase {
        place: place.to_owned(),
    })
}

/// An open export.
struct Export {
    path: PathBuf,
    place: String,
    seen: Seen,
    vault: Vault,
    lock: Option<Lock>,
}

impl Store for Export {
    fn read(
        &mut self,
        each: &mut dyn FnMut(Result<Record, Quarantined>) -> bool,
    ) -> Result<(), Fault> {
        self.vault.tell(each);
        Ok(())
    }

    fn foresee(&self, record: &Record) -> Foreseen {
        let (kept, lost) = without_large_files(record);
        let written = native::write(&kept, native::id_of(&kept));
        foresee(&kept, &written.native, lost)
    }

    fn write(
        &mut self,
        changes: &[Change],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Written, Fault> {
        let mut vault = self.vault.clone();
        let mut written = Written::default();
        let mut expected = Vec::with_capacity(changes.len());
        let mut edit = vault.edit();
        for (at, change) in changes.iter().enumerate() {
            let (kept, _) = without_large_files(change.record());
            let id = match change {
                Change::Add(_) => Some(edit.add(&kept)),
                Change::Replace(id, _) => edit.replace(id, &kept),
            };
            match id {
                Some(id) => expected.push((id, kept)),
                None => written.refused.push(Quarantined::new(
                    kept.origin,
                    "what it should take the place of is not there any more",
                )),
            }
            progress(at + 1);
        }
        let plain = vault.text(&self.place)?;
        let place = &self.place;
        let content = match &self.lock {
            None => plain,
            Some(lock) => vault::seal(lock.kdf, &lock.password, &plain, place)?,
        };
        let mut read_back = |content: &[u8]| {
            let back = match (&self.lock, vault::envelope(content, place)?) {
                (Some(lock), Some(envelope)) => {
                    let opened = envelope.open(&lock.password);
                    Vault::read(&opened.map_err(|error| vault::fault(error, place))?, place)?
                }
                _ => Vault::read(content, place)?,
            };
            back.verify(&expected, place)
        };
        self.seen = file::replace(&self.path, &self.seen, &content, &mut read_back)?;
        self.vault = vault;
        written.records = expected.len();
        Ok(written)
    }
}

/// The record without files that are too large, which are told with the reason.
fn without_large_files(record: &Record) -> (Record, Vec<(String, Why)>) {
    let mut kept = record.clone();
    let (mut left, mut lost) = (LARGEST_FILES, Vec::new());
    kept.attachments.retain(|file| {
        let fits = file.content.len() <= left;
        match fits {
            true => left -= file.content.len(),
            false => lost.push((
                format!("attachment {}", file.id),
                Why::new(LossReason::TooLarge, format!("an export of Bitwarden has no place for files, and a field none for more than {} KiB", LARGEST_FILES >> 10)),
            )),
        }
        fits
    });
    (kept, lost)
}
