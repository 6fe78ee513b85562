//! Apps that said by themselves that they take credentials: those we started, and those that run
//! without a desktop entry. Serves `Import.Announce`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use credex_protocol::wire::{Counts, ImporterInfo};
use credex_protocol::{Error, Reason};
use zbus::names::{OwnedUniqueName, UniqueName};

use crate::caller::{Assurance, Caller};

/// Importers of one process: a few accounts, not a flood.
const MOST_OF_PROCESS: usize = 8;

/// An app that announced itself.
#[derive(Debug, Clone)]
pub(super) struct Announcement {
    pub(super) caller: Arc<Caller>,
    pub(super) app_id: String,
    pub(super) assurance: Assurance,
    pub(super) name: String,
    pub(super) format_versions: Vec<String>,
    pub(super) credential_types: Option<BTreeSet<String>>,
    /// Whether the person can choose it. An app that is installed is chosen by its desktop entry, so
    /// that nobody can stand in for it by announcing its name.
    pub(super) listed: bool,
    /// Whether it was started for an exchange, and so is never one too many.
    pub(super) awaited: bool,
}

/// The connections that announced themselves.
#[derive(Debug)]
pub(super) struct Announced {
    most: usize,
    peers: HashMap<OwnedUniqueName, Announcement>,
}

impl Announced {
    pub(super) fn new(most: u32) -> Announced {
        Announced {
            most: most as usize,
            peers: HashMap::new(),
        }
    }

    /// Takes an announcement in; a second one of the same connection replaces the first.
    pub(super) fn insert(&mut self, announcement: Announcement) -> Result<(), Error> {
        let name = announcement.caller.unique_name.clone();
        let process = announcement.caller.process;
        let others = self
            .peers
            .values()
            .filter(|peer| peer.caller.unique_name != name);
        let of_process = others
            .clone()
            .filter(|peer| peer.caller.process == process)
            .count();
        if !announcement.awaited && (others.count() >= self.most || of_process >= MOST_OF_PROCESS) {
            let message = format!(
                "there may be {} importers that announced themselves, {MOST_OF_PROCESS} of them in \
                 one process; withdraw one first",
                self.most
            );
            return Err(Error::new(Reason::QuotaExceeded, message));
        }
        self.peers.insert(name, announcement);
        Ok(())
    }

    pub(super) fn remove(&mut self, name: &UniqueName<'_>) {
        self.peers.retain(|peer, _| *peer != *name);
    }

    /// What `name` said when it announced itself.
    pub(super) fn get(&self, name: &UniqueName<'_>) -> Option<&Announcement> {
        let peer = self.peers.iter().find(|(peer, _)| **peer == *name);
        peer.map(|(_, announcement)| announcement)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    /// Those that the person can choose.
    pub(super) fn listed(&self) -> impl Iterator<Item = (&OwnedUniqueName, &Announcement)> {
        self.peers
            .iter()
            .filter(|(_, announcement)| announcement.listed)
    }
}

impl Announcement {
    /// The first of `versions` that the app reads.
    pub(super) fn common_version(&self, versions: &[String]) -> Option<String> {
        versions
            .iter()
            .find(|version| self.format_versions.contains(version))
            .cloned()
    }

    /// The app as the person is told of it, given what the exporter has.
    pub(super) fn to_info(&self, counts: &Counts) -> ImporterInfo {
        let refuses = |name: &&String| {
            self.credential_types
                .as_ref()
                .is_some_and(|takes| !takes.contains(*name))
        };
        ImporterInfo {
            id: Some(format!("{}@{}", self.app_id, self.caller.unique_name)),
            name: Some(self.name.clone()),
            icon: None,
            origin: Some("running".to_owned()),
            format_versions: Some(self.format_versions.clone()),
            credential_types: self.credential_types.clone().map(Vec::from_iter),
            will_not_take: Some(counts.keys().filter(refuses).cloned().collect()),
            conflict: None,
            assurance: Some(self.assurance.name().to_owned()),
            plan: None,
        }
    }
}
