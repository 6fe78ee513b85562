//! A collection that is open.

use std::collections::HashMap;

use tokio::runtime::Runtime;
use uuid::Uuid;
use zbus::zvariant::OwnedObjectPath;
use zeroize::Zeroizing;

use super::bus::{Bus, Collection, Draft, Found};
use super::fault::refused;
use super::form::{self, Forms, reads_back};
use super::schema::{self, COMMIT, Kind, OF, RESIDUE, SCHEMA, link, without_keepassxc};
use super::view::{Commit, RUN, Remains, Replaced, commit_of, pending, view};
use crate::forms::foreseen::foreseen;
use crate::{Change, Fault, Foreseen, Quarantined, Record, Store, Written};

/// Bytes of a secret.
const LARGEST: usize = 4 << 20;

/// A collection, and the loop in which it is asked.
pub(super) struct Keyring {
    pub(super) runtime: Runtime,
    pub(super) opened: Opened,
}

/// A collection.
pub(super) struct Opened {
    pub(super) bus: Bus,
    pub(super) collection: Collection,
    /// Whether what is no login is read too.
    pub(super) all: bool,
    /// The items by the ids that were told of them.
    known: Option<HashMap<String, Pair>>,
}

/// An item and its companion.
#[derive(Clone)]
struct Pair {
    main: Found,
    companion: Option<Found>,
}

impl Pair {
    fn items(&self) -> impl Iterator<Item = &Found> {
        [Some(&self.main), self.companion.as_ref()]
            .into_iter()
            .flatten()
    }
}

/// A change that is to be made.
struct Planned {
    forms: Forms,
    replaces: Option<Pair>,
}

impl Opened {
    pub(super) fn new(bus: Bus, collection: Collection, all: bool) -> Self {
        Self {
            bus,
            collection,
            all,
            known: None,
        }
    }

    /// Completes or undoes what an interrupted writing has left, if nobody is at it.
    pub(super) async fn recover(&self) -> Result<(), Fault> {
        let (_, remains) = self.look().await?;
        if remains.is_empty() || !self.bus.is_alone().await? {
            return Ok(());
        }
        let settled = self.settle(&remains).await;
        self.bus.leave().await?;
        settled
    }

    /// The items that count, and what is left to be done.
    async fn look(&self) -> Result<(Vec<Found>, Remains), Fault> {
        let items = self.bus.items(&self.collection).await?;
        let commits: Vec<_> = items
            .iter()
            .filter(|item| commit_of(item).is_some())
            .collect();
        let secrets = self.bus.secrets(&commits).await?;
        let commits = commits.iter().filter_map(|item| {
            let secret = secrets.get(&item.path)?;
            Some((commit_of(item)?.to_owned(), Commit::parse(secret)?))
        });
        let commits: HashMap<_, _> = commits.collect();
        Ok(view(items, &commits))
    }

    async fn settle(&self, remains: &Remains) -> Result<(), Fault> {
        for item in &remains.settle {
            let settled = self.bus.set_attributes(&item.path, &item.attributes).await;
            if settled.is_err() {
                self.make_anew(item).await?;
            }
        }
        for item in &remains.delete {
            self.bus.delete(item).await?;
        }
        Ok(())
    }

    /// For services that do not change attributes, as KeePassXC 2.7 does not.
    async fn make_anew(&self, item: &Found) -> Result<(), Fault> {
        let mut secrets = self.bus.secrets(&[item]).await?;
        let secret = secrets.remove(&item.path);
        let secret = secret
            .and_then(|secret| Some(Zeroizing::new(str::from_utf8(&secret).ok()?.to_owned())));
        let draft = Draft {
            label: item.label.clone(),
            attributes: without_keepassxc(&item.attributes),
            secret: secret
                .ok_or_else(|| refused("to change an item", "its secret was not told"))?,
        };
        self.bus.create(&self.collection, &draft).await?;
        self.bus.delete(&item.path).await
    }

    async fn read(
        &mut self,
        each: &mut dyn FnMut(Result<Record, Quarantined>) -> bool,
    ) -> Result<(), Fault> {
        let (items, _) = self.look().await?;
        let pairs = self.pair(items);
        let asked = pairs
            .iter()
            .flat_map(|pair| [Some(&pair.main), pair.companion.as_ref()]);
        let asked: Vec<_> = asked.flatten().collect();
        let secrets = self.bus.secrets(&asked).await?;
        let mut known: HashMap<String, Pair> = HashMap::new();
        let mut goes_on = true;
        for pair in pairs {
            let told = match tell(&pair, &secrets) {
                Err(quarantined) => vec![Err(quarantined)],
                Ok((mut record, aside)) => {
                    while known.contains_key(record.item.id()) {
                        let other = schema::id(&format!("{} again", record.item.id()));
                        record.item.members.set("id", other);
                    }
                    known.insert(record.item.id().to_owned(), pair);
                    aside.map(Err).into_iter().chain([Ok(record)]).collect()
                }
            };
            goes_on = goes_on && told.into_iter().all(&mut *each);
        }
        self.known = Some(known);
        Ok(())
    }

    /// The items that are asked for, with their companions.
    fn pair(&self, items: Vec<Found>) -> Vec<Pair> {
        let (companions, items): (Vec<_>, Vec<_>) = items
            .into_iter()
            .partition(|item| item.attributes.get(SCHEMA).map(String::as_str) == Some(RESIDUE));
        let companions = companions.into_iter();
        let companions =
            companions.filter_map(|item| Some((item.attributes.get(OF)?.clone(), item)));
        let mut companions: HashMap<_, _> = companions.collect();
        let is_asked = |item: &Found| {
            let kind = Kind::of(&item.attributes);
            kind.is_login() || (self.all && kind == Kind::Unknown)
        };
        let items = items.into_iter().filter(is_asked);
        items
            .map(|main| Pair {
                companion: companions.remove(&link(&main.attributes)),
                main,
            })
            .collect()
    }

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

    async fn write(
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

    fn changed(&self) -> Fault {
        Fault::Changed {
            place: self.place(),
        }
    }

    fn place(&self) -> String {
        format!("the collection “{}”", self.collection.label)
    }
}

fn tell(
    pair: &Pair,
    secrets: &HashMap<OwnedObjectPath, Zeroizing<Vec<u8>>>,
) -> Result<(Record, Option<Quarantined>), Quarantined> {
    let aside = |reason: &str| Quarantined::new(schema::origin(&pair.main.label), reason);
    let text = |item: &Found| {
        let secret = secrets.get(&item.path);
        let secret = secret.ok_or_else(|| aside("its secret was not told"))?;
        let text = str::from_utf8(secret).map_err(|_| aside("its secret is not text"))?;
        Ok(Zeroizing::new(text.to_owned()))
    };
    if pair
        .main
        .attributes
        .get("blacklisted_by_user")
        .map(String::as_str)
        == Some("1")
    {
        return Err(aside(
            "it is the browser's note never to keep this password",
        ));
    }
    let secret = text(&pair.main)?;
    if secret.is_empty() {
        return Err(aside("it has no secret"));
    }
    let main = Draft {
        label: pair.main.label.clone(),
        attributes: pair.main.attributes.clone(),
        secret,
    };
    let companion = pair.companion.as_ref().map(text).transpose()?;
    let (mut record, told) = form::read(&main, companion.as_ref().map(|text| text.as_str()));
    if companion.is_none() && Kind::of(&main.attributes) != Kind::Ours {
        schema::add_times(&mut record, &pair.main);
    }
    Ok((record, told))
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

impl Store for Keyring {
    fn read(
        &mut self,
        each: &mut dyn FnMut(Result<Record, Quarantined>) -> bool,
    ) -> Result<(), Fault> {
        self.runtime.block_on(self.opened.read(each))
    }

    fn foresee(&self, record: &Record) -> Foreseen {
        let forms = form::write(record, None);
        foreseen(record, &forms.native, &forms.lost)
    }

    fn write(
        &mut self,
        changes: &[Change],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Written, Fault> {
        self.runtime.block_on(self.opened.write(changes, progress))
    }
}
