//! A collection that is open.

use std::collections::HashMap;

use tokio::runtime::Runtime;
use zbus::zvariant::OwnedObjectPath;
use zeroize::Zeroizing;

use super::bus::Bus;
use super::fault::refused;
use super::form;
use super::found::{Collection, Draft, Found};
use super::schema::{self, Kind, OF, RESIDUE, SCHEMA, link, without_keepassxc};
use super::view::{Commit, Remains, commit_of, view};
use crate::{Change, Fault, Foreseen, Quarantined, Record, Store, Written, foresee};

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
    pub(super) known: Option<HashMap<String, Pair>>,
}

/// An item and its companion.
#[derive(Clone)]
pub(super) struct Pair {
    pub(super) main: Found,
    pub(super) companion: Option<Found>,
}

impl Pair {
    pub(super) fn items(&self) -> impl Iterator<Item = &Found> {
        [Some(&self.main), self.companion.as_ref()]
            .into_iter()
            .flatten()
    }
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
    pub(super) async fn look(&self) -> Result<(Vec<Found>, Remains), Fault> {
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

    pub(super) async fn settle(&self, remains: &Remains) -> Result<(), Fault> {
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

    pub(super) async fn read(
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

    pub(super) fn changed(&self) -> Fault {
        Fault::Changed {
            place: self.place(),
        }
    }

    pub(super) fn place(&self) -> String {
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

impl Store for Keyring {
    fn read(
        &mut self,
        each: &mut dyn FnMut(Result<Record, Quarantined>) -> bool,
    ) -> Result<(), Fault> {
        self.runtime.block_on(self.opened.read(each))
    }

    fn foresee(&self, record: &Record) -> Foreseen {
        let forms = form::write(record, None);
        foresee(record, &forms.native, forms.lost)
    }

    fn write(
        &mut self,
        changes: &[Change],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Written, Fault> {
        self.runtime.block_on(self.opened.write(changes, progress))
    }
}
