//! KDBX, the database of KeePass: 4 both ways, 3.1 for reading. KeePassXC, GNOME Secrets, KeePassDX,
//! KeePassium and Strongbox have it too.
//!
//! # What has a place of its own
//!
//! | CXF | KDBX | whose convention |
//! | --- | --- | --- |
//! | item id | UUID, if it has 16 bytes | KeePass |
//! | title, times | `Title`, `Times` | KeePass |
//! | `basic-auth` | `UserName`, `Password` | KeePass |
//! | addresses | `URL`, then `KP2A_URL`, `KP2A_URL_1` … | KeePassXC, Keepass2Android |
//! | `totp` | `otp`, an `otpauth://` URI; read also `TimeOtp-*`, `TOTP Seed`, KeeOtp's | KeePassXC; KeePass 2.47, TrayTOTP |
//! | `note` | `Notes` | KeePass |
//! | `passkey` | `KPEX_PASSKEY_*` | KeePassXC 2.7.7 |
//! | `custom-fields` | strings; concealed ones are protected | KeePass |
//! | `file` | attachments | KeePass |
//! | tags, favourite | `Tags`, the tag `Favorite` | KeePass 2.48; Strongbox |
//! | collections | groups | KeePass |
//! | a custom field `Expires` | the moment of expiry | ours |
//!
//! Of each kind of credential, the first one of an item. Everything else is carried (`crate::carry`):
//! as strings, and in the protected string `Credex`. A value that refers to another entry (`{REF:…}`)
//! is read as what it leads to.
//!
//! # What is not read
//!
//! Icons, colours, auto-type, what plugins keep, older versions of entries (the history), and the
//! recycle bin, of which it is told how many entries it has. A writing leaves all of that as it is;
//! an entry that is replaced goes into its own history. Where a collection has the name of a group
//! that is there, it becomes that group.
//!
//! # Why not the crate `keepass`
//!
//! Its version 0.17 unpacks what is compressed without a limit and reads groups in one another by
//! recursion, so that a small hostile file takes all memory or the stack, and the process with it; one
//! malformed entry costs the whole database; elements that it does not know are gone after a writing;
//! it keeps decrypted copies that are not wiped; and a verified read-back would need another key
//! derivation. So the layers are put together here from the crates that it uses itself (RustCrypto,
//! `flate2`, `quick-xml`), each with a limit.
//!
//! # Bounds
//!
//! A file of 256 MiB, unpacked 512 MiB; 1 GiB of memory for the key, and a minute for it; 5 million
//! elements, 512 in one another. A new database has Argon2id with 64 MiB, three passes and four lanes
//! (RFC 9106, § 4), and an old one gets that if it had less.
//!
//! # What is wiped
//!
//! Keys, passphrases, the unpacked document and every value in it, and the bytes of attachments. What
//! is not: the window of the decompressor (32 KiB of the document, in which protected values are still
//! encrypted), and the states of SHA-2, which the crates drop as they are.

mod entry;
mod format;
mod groups;
mod plan;
mod pool;
mod problem;
mod store;
#[cfg(test)]
mod tests;
mod times;

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::file::{self, Seen};
use crate::{Access, Adapter, Ask, Asked, Description, Direction, Fault, Question, Store};
use format::{CompositeKey, Database, DerivedKey, Element, unlock};
use problem::Problem;
use store::KdbxStore;

/// The largest file that is read.
const MOST_BYTES: u64 = 256 << 20;
/// The largest key file that is read: any file can be one, and is hashed.
const MOST_KEYFILE: u64 = 64 << 20;
/// How often a passphrase is asked for.
const ATTEMPTS: usize = 3;
/// What stands between the database and its key file in a location.
pub(crate) const KEYFILE: &str = "?keyfile=";

/// Databases of KeePass.
pub struct Kdbx;

impl Adapter for Kdbx {
    fn describe(&self) -> Description {
        Description {
            scheme: "kdbx",
            name: "KeePass database (KDBX 4)",
            location: "FILE, or FILE?keyfile=KEYFILE",
            direction: Direction::Both,
            plaintext: false,
            native: &[
                "basic-auth",
                "custom-fields",
                "file",
                "note",
                "passkey",
                "totp",
            ],
            removal: "Delete the file {} once no program has it open, and any copy of it.",
        }
    }

    fn open(
        &self,
        location: &str,
        access: Access,
        ask: &mut dyn Ask,
    ) -> Result<Box<dyn Store>, Fault> {
        let location = Location::parse(location)?;
        let content = match access {
            Access::Read => Some(file::read(&location.path, MOST_BYTES)?.0),
            Access::Write => file::try_read(&location.path, MOST_BYTES)?,
        };
        let store = match content {
            Some(content) => location.unlock(&content, access, ask)?,
            None => location.create(ask)?,
        };
        Ok(Box::new(store))
    }
}

/// Where a database is, and what opens it besides a passphrase.
struct Location {
    path: PathBuf,
    place: String,
    keyfile: Option<Zeroizing<Vec<u8>>>,
}

impl Location {
    fn parse(location: &str) -> Result<Self, Fault> {
        let (path, keyfile) = match location.rsplit_once(KEYFILE) {
            Some((path, keyfile)) => (path, Some(keyfile)),
            None => (location, None),
        };
        if path.is_empty() {
            return Err(Fault::Missing {
                place: "kdbx:".to_owned(),
                advice: "Name the file: kdbx:passwords.kdbx".to_owned(),
            });
        }
        let keyfile = keyfile.map(|keyfile| file::read(Path::new(keyfile), MOST_KEYFILE));
        Ok(Self {
            path: PathBuf::from(path),
            place: path.to_owned(),
            keyfile: keyfile.transpose()?.map(|(content, _)| content),
        })
    }

    fn key(&self, passphrase: &str) -> Result<CompositeKey, Fault> {
        let keyfile = self.keyfile.as_ref().map(|keyfile| keyfile.as_slice());
        // With a key file, no passphrase at all is one that is not asked for.
        let passphrase = Some(passphrase).filter(|text| keyfile.is_none() || !text.is_empty());
        CompositeKey::new(passphrase, keyfile).map_err(|problem| problem.at(&self.place))
    }

    fn unlock(self, content: &[u8], access: Access, ask: &mut dyn Ask) -> Result<KdbxStore, Fault> {
        let fault = |problem: Problem| problem.at(&self.place);
        // Before anybody is asked: what is too large, damaged or old needs no passphrase.
        let locked = unlock(content).map_err(fault)?;
        if access == Access::Write && !locked.is_current() {
            return Err(fault(Problem::OLD));
        }
        let mut question = Question {
            place: self.place.clone(),
            asked: Asked::Passphrase,
            again: None,
        };
        for _ in 0..ATTEMPTS {
            let passphrase = ask.ask(&question)?;
            let key = self.key(&passphrase)?;
            let opened: Result<(DerivedKey, Database), Problem> =
                unlock(content).and_then(|locked| {
                    let derived = locked.derive(&key)?;
                    let database = locked.open(&derived)?;
                    Ok((derived, database))
                });
            match opened {
                Ok((derived, database)) => {
                    let seen = Seen::of(content);
                    return Ok(self.store(seen, key, Some(derived), database));
                }
                Err(Problem::WrongKey) => question.again = Some("That does not open it".to_owned()),
                Err(problem) => return Err(fault(problem)),
            }
        }
        Err(fault(Problem::WrongKey))
    }

    fn create(self, ask: &mut dyn Ask) -> Result<KdbxStore, Fault> {
        let mut question = Question {
            place: self.place.clone(),
            asked: Asked::NewPassphrase,
            again: None,
        };
        for _ in 0..ATTEMPTS {
            let passphrase = ask.ask(&question)?;
            if passphrase.is_empty() && self.keyfile.is_none() {
                question.again = Some("A database needs a passphrase".to_owned());
                continue;
            }
            let key = self.key(&passphrase)?;
            return Ok(self.store(Seen::Nothing, key, None, Database::new(document())));
        }
        Err(Fault::Cancelled)
    }

    fn store(
        self,
        seen: Seen,
        key: CompositeKey,
        derived: Option<DerivedKey>,
        database: Database,
    ) -> KdbxStore {
        KdbxStore {
            path: self.path,
            place: self.place,
            seen,
            key,
            derived,
            database,
            groups: RefCell::new(None),
        }
    }
}

/// The document of a new database.
fn document() -> Element {
    let protects = |name: &str, whether: bool| {
        Element::with_text(name, if whether { "True" } else { "False" })
    };
    let memory = Element::new("MemoryProtection").with([
        protects("ProtectTitle", false),
        protects("ProtectUserName", false),
        protects("ProtectPassword", true),
        protects("ProtectURL", false),
        protects("ProtectNotes", false),
    ]);
    let id = data_encoding::BASE64.encode(uuid::Uuid::new_v4().as_bytes());
    let root = Element::new("Group").with([
        Element::with_text("UUID", &id),
        Element::with_text("Name", "Root"),
    ]);
    Element::new("KeePassFile").with([
        Element::new("Meta").with([Element::with_text("Generator", "Credex"), memory]),
        Element::new("Root").with([root]),
    ])
}
