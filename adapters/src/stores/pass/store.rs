//! A password store that is open.

use std::collections::{HashMap, HashSet};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use zeroize::Zeroizing;

use super::git;
use super::gpg::{Gpg, GpgError, LARGEST};
use super::name;
use super::native::{self, Written as Text};
use super::stage::Stage;
use super::tree::{Keys, Print, obstacle, scan};
use crate::{Change, Fault, Foreseen, Quarantined, Record, Store, Written, file, foresee};

/// Processes of `gpg` at a time: its agent does the work of the keys one after the other anyway.
const MOST_AT_A_TIME: usize = 8;
/// Entries that are decrypted before they are told.
const AHEAD: usize = 64;

/// The folder of a store.
pub(super) struct Folder {
    root: PathBuf,
    gpg: Gpg,
    keys: Keys,
    print: Print,
    /// The files of the entries, by the ids that were told of them.
    known: Option<HashMap<String, PathBuf>>,
}

/// A change that is to be made.
struct Planned {
    file: PathBuf,
    text: Text,
    recipients: Vec<String>,
}

impl Folder {
    pub(super) fn open(root: PathBuf, gpg: Gpg, keys: Keys) -> Result<Self, Fault> {
        let print = scan(&root)?.print;
        Ok(Self {
            root,
            gpg,
            keys,
            print,
            known: None,
        })
    }

    fn decrypt(&self, path: &Path) -> Result<Zeroizing<String>, GpgError> {
        let content = match file::read(path, LARGEST as u64) {
            Ok((content, _)) => content,
            Err(fault) => return Err(GpgError::File(fault.to_string())),
        };
        let plain = self.gpg.decrypt(&content)?;
        match str::from_utf8(&plain) {
            Ok(text) => Ok(Zeroizing::new(text.to_owned())),
            Err(_) => Err(GpgError::File("it is not text".to_owned())),
        }
    }

    /// What one entry is told as; an id that is taken, because an entry was copied, is
    /// replaced by another.
    fn tell(&self, file: &Path, text: &str, known: &mut HashMap<String, PathBuf>) -> Told {
        let (mut record, aside) = native::read(text, file);
        while known.contains_key(record.item.id()) {
            let other = name::id(&file.join(record.item.id()));
            record.item.members.set("id", other);
        }
        known.insert(record.item.id().to_owned(), file.to_owned());
        aside.map(Err).into_iter().chain([Ok(record)]).collect()
    }

    /// The changes that can be made, and the others.
    fn plan(&self, changes: &[Change]) -> Result<(Vec<Planned>, Vec<Quarantined>), Fault> {
        let tree = scan(&self.root)?;
        let mut names = Names::new(&self.root, tree.entries);
        let (mut planned, mut refused) = (Vec::new(), Vec::new());
        let mut recipients: HashMap<PathBuf, Vec<String>> = HashMap::new();
        for change in changes {
            let record = change.record();
            let file = match change {
                Change::Add(record) => names.free(record),
                Change::Replace(id, _) => self.file_of(id)?,
            };
            let text = native::write(record, &file);
            let reads_back =
                matches!(native::read(&text.text, &file), (back, _) if back == text.whole);
            let reason = match obstacle(&self.root, &file) {
                None if !reads_back => Some("it would not be read back as it is".to_owned()),
                None if text.text.len() > LARGEST => {
                    Some("it is too large for an entry".to_owned())
                }
                other => other,
            };
            if let Some(reason) = reason {
                refused.push(Quarantined::new(record.origin.clone(), reason));
                continue;
            }
            let folder = file.parent().unwrap_or(Path::new("")).to_owned();
            let recipients = match recipients.get(&folder) {
                Some(known) => known.clone(),
                None => {
                    let found = self.keys.recipients(&self.gpg, &self.root, &file)?;
                    recipients.entry(folder).or_insert(found).clone()
                }
            };
            planned.push(Planned {
                file,
                text,
                recipients,
            });
        }
        Ok((planned, refused))
    }

    fn file_of(&self, id: &str) -> Result<PathBuf, Fault> {
        let known = self.known.as_ref().and_then(|known| known.get(id));
        known.cloned().ok_or_else(|| Fault::Changed {
            place: self.root.display().to_string(),
        })
    }

    /// Encrypts an entry into the stage, and decrypts it again.
    fn enter(&self, stage: &Stage<'_>, planned: &Planned) -> Result<(), Fault> {
        let place = || self.root.join(&planned.file).display().to_string();
        let fault = |error| match error {
            GpgError::Fault(fault) => fault,
            GpgError::File(what) => Fault::ReadBack {
                place: place(),
                what,
            },
        };
        let text = planned.text.text.as_bytes();
        let content = self.gpg.encrypt(text, &planned.recipients).map_err(fault)?;
        let path = stage.put(&planned.file, &content)?;
        let back = self.decrypt(&path).map_err(fault)?;
        match *back == *planned.text.text {
            true => Ok(()),
            false => Err(Fault::ReadBack {
                place: place(),
                what: "the text of the entry".to_owned(),
            }),
        }
    }
}

type Told = Vec<Result<Record, Quarantined>>;

/// The names of a store, and those that are going to be.
struct Names<'s> {
    root: &'s Path,
    taken: HashSet<PathBuf>,
    /// The last number that made a name another.
    turns: HashMap<PathBuf, usize>,
}

impl<'s> Names<'s> {
    fn new(root: &'s Path, entries: Vec<PathBuf>) -> Self {
        Self {
            root,
            taken: entries.into_iter().collect(),
            turns: HashMap::new(),
        }
    }

    /// A file for a record that no other has.
    fn free(&mut self, record: &Record) -> PathBuf {
        let path = name::path(record);
        let turn = self.turns.entry(path.clone()).or_default();
        loop {
            *turn += 1;
            let file = name::file(&path, *turn);
            let is_there = self.root.join(&file).symlink_metadata().is_ok();
            if !is_there && self.taken.insert(file.clone()) {
                return file;
            }
        }
    }
}

/// Does the work for all, some at a time, and stops at the first fault.
fn all_at_once<T: Sync, R: Send>(
    parts: &[T],
    work: impl Fn(&T) -> Result<R, Fault> + Sync,
) -> Result<Vec<R>, Fault> {
    let count = thread::available_parallelism().map_or(1, NonZero::get);
    let size = parts.len().div_ceil(count.min(MOST_AT_A_TIME)).max(1);
    let has_failed = AtomicBool::new(false);
    let work = |parts: &[T]| {
        let mut done = Vec::with_capacity(parts.len());
        for part in parts {
            if has_failed.load(Ordering::Relaxed) {
                break;
            }
            let result = work(part).inspect_err(|_| has_failed.store(true, Ordering::Relaxed));
            done.push(result?);
        }
        Ok(done)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = parts
            .chunks(size)
            .map(|parts| scope.spawn(|| work(parts)))
            .collect();
        let joined = threads.into_iter().map(|thread| match thread.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        let done: Result<Vec<_>, _> = joined.collect();
        done.map(|done| done.into_iter().flatten().collect())
    })
}

/// Parts of a list: the first one, so that a person who has to be asked is asked once, and then some
/// at a time.
fn portions<T>(all: &[T]) -> impl Iterator<Item = &[T]> {
    let (first, rest) = all.split_at(all.len().min(1));
    std::iter::once(first)
        .chain(rest.chunks(AHEAD))
        .filter(|part| !part.is_empty())
}

impl Store for Folder {
    fn read(
        &mut self,
        each: &mut dyn FnMut(Result<Record, Quarantined>) -> bool,
    ) -> Result<(), Fault> {
        let tree = scan(&self.root)?;
        let mut known = HashMap::new();
        let mut goes_on = tree.set_aside.into_iter().all(|aside| each(Err(aside)));
        for files in portions(&tree.entries) {
            if !goes_on {
                break;
            }
            let texts = all_at_once(files, |file| match self.decrypt(&self.root.join(file)) {
                Err(GpgError::Fault(fault)) => Err(fault),
                Err(GpgError::File(why)) => Ok(Err(why)),
                Ok(text) => Ok(Ok(text)),
            })?;
            for (file, text) in files.iter().zip(texts) {
                let told = match text {
                    Ok(text) => self.tell(file, &text, &mut known),
                    Err(why) => vec![Err(Quarantined::new(native::origin(file), why))],
                };
                goes_on = goes_on && told.into_iter().all(&mut *each);
            }
        }
        self.known = Some(known);
        self.print = tree.print;
        Ok(())
    }

    fn foresee(&self, record: &Record) -> Foreseen {
        let text = native::write(record, &name::file(&name::path(record), 1));
        foresee(record, &text.native, text.lost)
    }

    fn write(
        &mut self,
        changes: &[Change],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Written, Fault> {
        let replaces = |change: &Change| matches!(change, Change::Replace(..));
        if self.known.is_none() && changes.iter().any(replaces) {
            let print = self.print.clone();
            self.read(&mut |_| true)?;
            self.print = print;
        }
        let (planned, refused) = self.plan(changes)?;
        let records = planned.len();
        if records > 0 {
            let stage = Stage::begin(&self.root, &self.print)?;
            let mut done = 0;
            for part in portions(&planned) {
                done += all_at_once(part, |planned| self.enter(&stage, planned))?.len();
                progress(done);
            }
            let files: Vec<_> = planned.iter().map(|each| each.file.clone()).collect();
            git::commit(stage.path(), &files, &message(changes), &self.gpg)?;
            stage.swap(&self.print)?;
            self.print = scan(&self.root)?.print;
        }
        if let Some(known) = &mut self.known {
            let ids = planned
                .iter()
                .map(|each| each.text.whole.item.id().to_owned());
            known.extend(ids.zip(planned.iter().map(|each| each.file.clone())));
        }
        Ok(Written { records, refused })
    }
}

fn message(changes: &[Change]) -> String {
    let added = changes
        .iter()
        .filter(|change| matches!(change, Change::Add(_)))
        .count();
    let entries = |count: usize| match count {
        1 => "1 entry".to_owned(),
        count => format!("{count} entries"),
    };
    match (added, changes.len() - added) {
        (added, 0) => format!("Add {} with Credex.", entries(added)),
        (0, replaced) => format!("Replace {} with Credex.", entries(replaced)),
        (added, replaced) => format!("Add {added} and replace {} with Credex.", entries(replaced)),
    }
}
