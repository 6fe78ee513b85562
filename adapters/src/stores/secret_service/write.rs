//! A writing to a collection: everything is made so that it does not count yet, read back, and counts
//! with the commit.

use std::collections::HashMap;

use uuid::Uuid;
use zbus::zvariant::OwnedObjectPath;

use super::fault::refused;
use super::form::{self, Forms, reads_back};
use super::found::{Draft, Found};
use super::schema::{COMMIT, SCHEMA};
use super::store::{Opened, Pair};
use super::view::{Commit, RUN, Replaced, pending};
use crate::{Change, Fault, Quarantined, Written};

/// Bytes of a secret.
const LARGEST: usize = 4 << 20;

/// A change that is to be made.
struct Planned {
    forms: Forms,
    replaces: Option<Pair>,
}

impl Opened {
    fn plan(&self, changes: &[Change]) -> Result<(Vec<Planned>, Vec<Quarantined>), Fault> {
        let (mut planned, mut refused) = (Vec::new(), Vec::new());
        for change in changes {
            let replaces = match change {
                Change::Add(_) => None,
                Change::Replace(id, _) => {
                    let known = self.known.as_ref().and_then(|known| known.get(id));
                    Some(known.ok_or_else(|| self.changed())?.clone())
                }
            };
            let old = replaces.as_ref().map(|pair| &pair.main);
            let old = old.map(|old| (old.label.as_str(), &old.attributes));
            let forms = form::write(change.record(), old);
            let largest = forms.drafts().map(|draft| draft.secret.len()).max();
            let reason = match reads_back(&forms) {
                false => "it would not be read back as it is",
                true if largest > Some(LARGEST) => "it is too large for a secret",
                true => {
                    planned.push(Planned { forms, replaces });
                    continue;
                }
            };
            refused.push(Quarantined::new(change.record().origin.clone(), reason));
        }
        Ok((planned, refused))
    }

    pub(super) async fn write(
        &mut self,
        changes: &[Change],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Written, Fault> {
        if self.known.is_none()
            && changes
                .iter()
                .any(|each| matches!(each, Change::Replace(..)))
        {
            self.read(&mut |_| true).await?;
        }
        let (planned, mut aside) = self.plan(changes)?;
        let mut records = planned.len();
        if records > 0 {
            if !self.bus.is_alone().await? {
                return Err(refused("to write", "another transfer writes to it"));
            }
            let written = self.write_alone(&planned, progress).await;
            self.bus.leave().await?;
            let mut changed = written?;
            records -= changed.len();
            aside.append(&mut changed);
            self.known = None;
        }
        Ok(Written {
            records,
            refused: aside,
        })
    }

    /// Tells which were not taken, because the service does not give them back as they were.
    async fn write_alone(
        &self,
        planned: &[Planned],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<Quarantined>, Fault> {
        let (items, remains) = self.look().await?;
        self.settle(&remains).await?;
        self.check(planned, &items)?;
        let run = Uuid::new_v4().simple().to_string();
        let mut made = Vec::new();
        let prepared = self.prepare(planned, &run, &mut made, progress).await;
        let refused = match prepared {
            Ok(refused) => refused,
            Err(fault) => {
                for item in &made {
                    // What cannot be deleted now counts for nobody, and goes before the next writing.
                    self.bus.delete(item).await.ok();
                }
                return Err(fault);
            }
        };
        let (_, remains) = self.look().await.map_err(unfinished)?;
        self.settle(&remains).await.map_err(unfinished)?;
        Ok(refused)
    }

    /// Whether what is to be replaced is still what was read.
    fn check(&self, planned: &[Planned], items: &[Found]) -> Result<(), Fault> {
        let found: HashMap<_, _> = items.iter().map(|item| (&item.path, item)).collect();
        let is_same = |old: &Found| {
            found.get(&old.path).is_some_and(|now| {
                now.attributes == old.attributes
                    && (&now.label, now.created, now.modified)
                        == (&old.label, old.created, old.modified)
            })
        };
        let replaced = planned.iter().filter_map(|each| each.replaces.as_ref());
        match replaced.flat_map(Pair::items).all(is_same) {
            true => Ok(()),
            false => Err(self.changed()),
        }
    }

    /// Makes what will count with the commit, which is the last thing that is made.
    async fn prepare(
        &self,
        planned: &[Planned],
        run: &str,
        made: &mut Vec<OwnedObjectPath>,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<Quarantined>, Fault> {
        let mut expected = Vec::with_capacity(planned.len());
        for (done, each) in planned.iter().enumerate() {
            let mut items = Vec::new();
            for draft in each.forms.drafts() {
                let mut draft = draft.clone();
                draft.attributes = pending(run, &draft.attributes);
                let item = self.bus.create(&self.collection, &draft).await?;
                made.push(item.clone());
                items.push((item, draft));
            }
            expected.push(items);
            progress(done + 1);
        }
        let taken = self.read_back(&expected).await?;
        let (mut refused, mut replaces) = (Vec::new(), Vec::new());
        for ((each, items), is_taken) in planned.iter().zip(&expected).zip(taken) {
            if is_taken {
                let pair = each.replaces.iter();
                replaces.extend(pair.flat_map(Pair::items).map(Replaced::new));
            } else {
                for (item, _) in items {
                    self.bus.delete(item).await?;
                }
                let why = "the keyring does not give it back as it was";
                refused.push(Quarantined::new(each.forms.whole.origin.clone(), why));
            }
        }
        if refused.len() < planned.len() {
            self.commit(run, Commit { replaces }, made).await?;
        }
        Ok(refused)
    }

    async fn commit(
        &self,
        run: &str,
        commit: Commit,
        made: &mut Vec<OwnedObjectPath>,
    ) -> Result<(), Fault> {
        let commit = Draft {
            label: "A writing of Credex".to_owned(),
            attributes: HashMap::from([
                (SCHEMA.to_owned(), COMMIT.to_owned()),
                (RUN.to_owned(), run.to_owned()),
            ]),
            secret: commit.text(),
        };
        let Err(fault) = self.bus.create(&self.collection, &commit).await else {
            return Ok(());
        };
        // It may be there all the same, and then it counts.
        match self.look().await {
            Ok((_, remains)) if remains.settle.is_empty() => Err(fault),
            _ => {
                made.clear();
                Err(unfinished(fault))
            }
        }
    }

    /// Whether each of these is there as it should be.
    async fn read_back(
        &self,
        expected: &[Vec<(OwnedObjectPath, Draft)>],
    ) -> Result<Vec<bool>, Fault> {
        let items = self.bus.items(&self.collection).await?;
        let items = items.into_iter().map(|item| (item.path.clone(), item));
        let items: HashMap<_, _> = items.collect();
        let paths = expected.iter().flatten().map(|(path, _)| path);
        let found: Vec<_> = paths.filter_map(|path| items.get(path)).collect();
        let secrets = self.bus.secrets(&found).await?;
        let is_there = |(path, draft): &(OwnedObjectPath, Draft)| {
            let secret = secrets.get(path).map(|secret| secret.as_slice());
            let is_same = items.get(path).is_some_and(|item| {
                let mut attributes = draft.attributes.iter();
                item.label == draft.label
                    && attributes.all(|(name, value)| item.attributes.get(name) == Some(value))
            });
            is_same && secret == Some(draft.secret.as_bytes())
        };
        let each = expected.iter();
        Ok(each.map(|items| items.iter().all(is_there)).collect())
    }
}

/// What went wrong after the commit.
fn unfinished(fault: Fault) -> Fault {
    refused(
        "to put it into its place",
        &format!(
            "{fault}. What was written counts for Credex, and other apps see it after the next transfer to this collection"
        ),
    )
}
