//! An encrypted archive of our own, for a backup or for another computer (scheme `archive`).
//!
//! It is an [age](https://age-encryption.org/v1) file under a passphrase (scrypt), which the `age`
//! program opens, too: `age -d FILE`. Its content is what travels between two apps
//! ([`credex::Part`], `protocol/README.md`): a CXF document, and the bytes of its `file` credentials
//! after it. So an archive holds everything that CXF can say, and nothing is ever lost in one.

mod seal;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use credex_protocol::envelope::parts;
use zeroize::Zeroizing;

use crate::file::{self, Seen};
use crate::record::tell_apart;
use crate::{
    Access, Adapter, Ask, Asked, Attachment, Change, Description, Direction, Fault, Foreseen,
    Quarantined, Question, Record, Store, Written, read_document, write_document,
};
use seal::{open, seal};

/// As much as an importer takes: 1 GiB of attachments and 64 MiB for the document.
const LARGEST: u64 = (1 << 30) + (64 << 20);
/// How often a passphrase is asked for.
const TRIES: usize = 3;
/// Who writes the document, as its header says.
const EXPORTER: (&str, &str) = ("org.credex", "Credex archive");

/// Encrypted archives.
pub struct Archive;

impl Adapter for Archive {
    fn describe(&self) -> Description {
        Description {
            scheme: "archive",
            name: "Encrypted archive (age)",
            location: "FILE",
            direction: Direction::Both,
            plaintext: false,
            native: &[
                "address",
                "api-key",
                "basic-auth",
                "credit-card",
                "custom-fields",
                "drivers-license",
                "file",
                "generated-password",
                "identity-document",
                "item-reference",
                "note",
                "passkey",
                "passport",
                "person-name",
                "ssh-key",
                "totp",
                "wifi",
            ],
            removal: "Delete the file {}, and any copy of it.",
        }
    }

    fn open(
        &self,
        location: &str,
        access: Access,
        ask: &mut dyn Ask,
    ) -> Result<Box<dyn Store>, Fault> {
        let path = PathBuf::from(location);
        let place = path.display().to_string();
        let sealed = match access {
            Access::Read => Some(file::read(&path, LARGEST)?.0),
            Access::Write => file::try_read(&path, LARGEST)?,
        };
        let Some(sealed) = sealed else {
            let asked = Asked::NewPassphrase;
            let again = None;
            let passphrase = ask.ask(&Question {
                place,
                asked,
                again,
            })?;
            return Ok(Box::new(OpenArchive {
                path,
                seen: Seen::Nothing,
                passphrase,
                content: None,
            }));
        };
        seal::look(&path, &sealed)?;
        let (passphrase, content) = unlock(&path, &sealed, ask)?;
        parts::parse(&content).map_err(|error| malformed(&path, error.to_string()))?;
        Ok(Box::new(OpenArchive {
            path,
            seen: Seen::of(&sealed),
            passphrase,
            content: Some(content),
        }))
    }
}

type Unlocked = (Zeroizing<String>, Zeroizing<Vec<u8>>);

/// Asks for the passphrase until it is right.
fn unlock(path: &Path, sealed: &[u8], ask: &mut dyn Ask) -> Result<Unlocked, Fault> {
    let mut question = Question {
        place: path.display().to_string(),
        asked: Asked::Passphrase,
        again: None,
    };
    for _ in 1..TRIES {
        let passphrase = ask.ask(&question)?;
        match open(path, sealed, &passphrase) {
            Ok(content) => return Ok((passphrase, content)),
            Err(Fault::WrongPassphrase { .. }) => {
                question.again = Some("That is not the passphrase of this archive.".to_owned());
            }
            Err(fault) => return Err(fault),
        }
    }
    let passphrase = ask.ask(&question)?;
    let content = open(path, sealed, &passphrase)?;
    Ok((passphrase, content))
}

/// An open archive.
struct OpenArchive {
    path: PathBuf,
    seen: Seen,
    passphrase: Zeroizing<String>,
    /// What was sealed in it; `None` while there is no file.
    content: Option<Zeroizing<Vec<u8>>>,
}

impl OpenArchive {
    fn records(&self) -> Result<Vec<Result<Record, Quarantined>>, Fault> {
        let Some(content) = &self.content else {
            return Ok(Vec::new());
        };
        let wrong = |error: &dyn std::fmt::Display| malformed(&self.path, error.to_string());
        let parts = parts::parse(content).map_err(|error| wrong(&error))?;
        let attachments = parts.attachments().map(|(id, body)| Attachment {
            id: id.to_owned(),
            content: Zeroizing::new(body.to_vec()),
        });
        let mut told =
            read_document(parts.document(), attachments).map_err(|error| wrong(&error))?;
        // Items of two accounts may have the same id.
        let mut ids = HashSet::new();
        for (at, record) in told.iter_mut().flatten().enumerate() {
            tell_apart(record, at, &mut ids);
        }
        Ok(told)
    }

    /// The records in it, all of which can be written again.
    fn whole_records(&self) -> Result<Vec<Record>, Fault> {
        let records = self.records()?.into_iter();
        records
            .collect::<Result<_, _>>()
            .map_err(|aside| Fault::Malformed {
                place: self.path.display().to_string(),
                what: format!("a part of it cannot be read, and would be lost ({aside})"),
                advice: "Write into a new archive".to_owned(),
            })
    }
}

impl Store for OpenArchive {
    fn read(
        &mut self,
        each: &mut dyn FnMut(Result<Record, Quarantined>) -> bool,
    ) -> Result<(), Fault> {
        self.records()?.into_iter().all(each);
        Ok(())
    }

    fn foresee(&self, record: &Record) -> Foreseen {
        let members = record.item.members.members();
        let members = members.map(|(name, _)| name.to_owned());
        let credentials = 0..record.item.credentials.len();
        let credentials = credentials.map(|at| format!("credentials[{at}]"));
        Foreseen {
            native: members.chain(credentials).collect(),
            ..Foreseen::default()
        }
    }

    fn write(
        &mut self,
        changes: &[Change],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Written, Fault> {
        let mut records = self.whole_records()?;
        let mut places = HashMap::new();
        for (at, record) in records.iter().enumerate() {
            places.entry(record.item.id().to_owned()).or_insert(at);
        }
        for (done, change) in changes.iter().enumerate() {
            progress(done);
            match change {
                Change::Add(record) => {
                    let id = record.item.id().to_owned();
                    places.entry(id).or_insert(records.len());
                    records.push(record.clone());
                }
                Change::Replace(id, record) => {
                    let old = places.get(id).and_then(|at| records.get_mut(*at));
                    let place = self.path.display().to_string();
                    *old.ok_or(Fault::Changed { place })? = record.clone();
                }
            }
        }
        let content = self.content_of(records)?;
        let sealed = seal(&self.path, &content, &self.passphrase)?;
        let mut verify = |back: &[u8]| match open(&self.path, back, &self.passphrase)? == content {
            true => Ok(()),
            false => Err(Fault::ReadBack {
                place: self.path.display().to_string(),
                what: "it opens to something else".to_owned(),
            }),
        };
        self.seen = file::replace(&self.path, &self.seen, &sealed, &mut verify)?;
        self.content = Some(content);
        progress(changes.len());
        Ok(Written {
            records: changes.len(),
            refused: Vec::new(),
        })
    }
}

impl OpenArchive {
    fn content_of(&self, records: Vec<Record>) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let wrong = |error: &dyn std::fmt::Display| malformed(&self.path, error.to_string());
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let moment = now.map(|now| now.as_secs()).unwrap_or_default();
        let document = write_document(records, EXPORTER, moment).map_err(|error| wrong(&error))?;
        let files = document.attachments.iter();
        let mut all = vec![(parts::Part::Document, &*document.content)];
        all.extend(files.map(|file| (parts::Part::Attachment(&file.id), &*file.content)));
        let size = all
            .iter()
            .map(|(part, body)| part.size(body.len() as u64))
            .sum::<u64>();
        if size > LARGEST {
            return Err(Fault::TooLarge {
                place: self.path.display().to_string(),
                what: format!("there would be {} MiB in it", size >> 20),
                limit: format!("{} MiB", LARGEST >> 20),
                advice: "Leave something out with --types or --collection".to_owned(),
            });
        }
        // Large enough from the start: a vector that moves leaves its old content behind unwiped.
        let room = usize::try_from(size).unwrap_or_default();
        let mut content = Zeroizing::new(Vec::with_capacity(room));
        for (part, body) in all {
            parts::write_part_header(&mut *content, part, body.len() as u64)
                .map_err(|error| wrong(&error))?;
            content.extend_from_slice(body);
        }
        // Two attachments of one id, say, could be written and not read.
        parts::parse(&content).map_err(|error| wrong(&error))?;
        Ok(content)
    }
}

fn malformed(path: &Path, what: String) -> Fault {
    Fault::Malformed {
        place: path.display().to_string(),
        what,
        advice: "Check that it is an archive that Credex has written".to_owned(),
    }
}
