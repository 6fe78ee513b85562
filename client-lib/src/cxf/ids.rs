//! Identifiers held against one another: two of a kind in one account, references into nowhere.
//!
//! Only an inspection does this, because what it must remember grows with the document.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::findings::Findings;
use super::role::Role;
use super::walk::Walk;
use super::{Reason, Unit};

/// Everything an inspection remembers.
#[derive(Debug, Default)]
pub(super) struct Ids<'de> {
    pub(super) findings: Findings,
    accounts: Vec<Account<'de>>,
    /// The account that is being read.
    open: Account<'de>,
    links: Vec<Link<'de>>,
    /// The members of the link that is being read.
    item: Option<Cow<'de, str>>,
    account: Option<Cow<'de, str>>,
}

#[derive(Debug, Default)]
struct Account<'de> {
    id: Option<Cow<'de, str>>,
    items: HashSet<Cow<'de, str>>,
    collections: HashSet<Cow<'de, str>>,
}

#[derive(Debug)]
struct Link<'de> {
    path: String,
    /// The index of the account that the link stands in.
    home: usize,
    account: Option<Cow<'de, str>>,
    item: Cow<'de, str>,
}

impl<'de> Walk<'de> {
    /// Keeps an identifier that was just read.
    #[cold]
    pub(super) fn remember_id(&mut self, role: Role, text: Cow<'de, str>) {
        let Some(mut ids) = self.ids.take() else {
            return;
        };
        let text = without_padding(text);
        let is_first = match role {
            _ if text.is_empty() => true,
            Role::AccountId => {
                ids.open.id = Some(text);
                true
            }
            Role::ItemId => !ids.open.collections.contains(&text) && ids.open.items.insert(text),
            Role::CollectionId => {
                !ids.open.items.contains(&text) && ids.open.collections.insert(text)
            }
            Role::LinkedItem => {
                ids.item = Some(text);
                true
            }
            Role::LinkedAccount => {
                ids.account = Some(text);
                true
            }
            _ => true,
        };
        if !is_first {
            ids.findings
                .problem(Unit::Member, Reason::DuplicateId, || self.path());
        }
        self.ids = Some(ids);
    }

    /// Follows the end of an object.
    #[cold]
    pub(super) fn close_ids(&mut self, role: Role) {
        let Some(mut ids) = self.ids.take() else {
            return;
        };
        match role {
            Role::Link => {
                let (item, account) = (ids.item.take(), ids.account.take());
                if let Some(item) = item {
                    let home = ids.accounts.len();
                    ids.links.push(Link {
                        path: self.path(),
                        home,
                        account,
                        item,
                    });
                }
            }
            Role::Account => ids.accounts.push(std::mem::take(&mut ids.open)),
            Role::Root => {
                // Of a bare account; after a Header it is empty.
                ids.accounts.push(std::mem::take(&mut ids.open));
                ids.resolve();
            }
            _ => {}
        }
        self.ids = Some(ids);
    }
}

impl Ids<'_> {
    /// Follows every link, now that all items are known.
    fn resolve(&mut self) {
        let by_id: HashMap<&str, &Account<'_>> = self
            .accounts
            .iter()
            .filter_map(|account| account.id.as_deref().map(|id| (id, account)))
            .collect();
        for link in &self.links {
            let account = match &link.account {
                Some(id) => by_id.get(&**id).copied(),
                None => self.accounts.get(link.home),
            };
            if !account.is_some_and(|account| account.items.contains(&link.item)) {
                let path = || link.path.clone();
                self.findings
                    .problem(Unit::Member, Reason::DanglingReference, path);
            }
        }
    }
}

fn without_padding(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_end_matches('=')),
        Cow::Owned(text) => Cow::Owned(text.trim_end_matches('=').to_owned()),
    }
}
