//! The session's Secret Service (gnome-keyring, KeePassXC, oo7-daemon …), over the daemon's own connection,
//! with `oo7`. Serves design §7, "Store".
//!
//! Items are GNOME Web's (see `epiphany`). A new one goes into the default collection, as the browser's
//! do; those that exist are found in every collection. One account may have several, one for each form in which the
//! browser learned it: all of them get a new password, for the browser would go on filling in the old
//! one, and all are deleted.
//!
//! The Secret Service knows no condition on a write. What the person agreed to is compared in the same visit, in
//! the call before the write, so another program that writes right between these two is overwritten.
//!
//! A write is one call for one item. Killed between two items, the rest is still to do; and since a write
//! begins with a search, doing it again makes no second item. gnome-keyring creates an item without a secret first
//! and sets the secret then: what it leaves when it is killed in between has no password, is no credential
//! here, and is filled in by the next write.

mod fault;
mod prompt;
mod visit;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::epiphany::{self, Fields};
use super::{Asking, Comparison, Found, Login, Password, PasswordError, Saved, Store, StoreError};
use crate::web_credentials::domain::Site;

use visit::{Kept, Visit};

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a service that need not ask anybody.
    pub answer: Duration,
    /// For the person.
    pub person: Duration,
}

/// The Secret Service of a session.
#[derive(Debug)]
pub struct SecretService {
    bus: zbus::Connection,
    patience: Patience,
    /// So that no two writers look first and write then.
    writing: Mutex<()>,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            answer: Duration::from_secs(30),
            person: Duration::from_secs(300),
        }
    }
}

impl SecretService {
    /// That of the session bus `bus`.
    #[must_use]
    pub fn new(bus: zbus::Connection, patience: Patience) -> SecretService {
        SecretService {
            bus,
            patience,
            writing: Mutex::new(()),
        }
    }

    /// Whether there is one: it runs, or the bus can start it.
    ///
    /// # Errors
    /// The bus does not say.
    pub async fn is_there(bus: &zbus::Connection) -> zbus::Result<bool> {
        let name = "org.freedesktop.secrets";
        let driver = zbus::fdo::DBusProxy::new(bus).await?;
        if driver.name_has_owner(name.try_into()?).await? {
            return Ok(true);
        }
        let names = driver.list_activatable_names().await?;
        Ok(names.iter().any(|known| known.as_str() == name))
    }

    async fn visit(&self, asking: &Asking) -> Result<Visit, StoreError> {
        Visit::begin(&self.bus, self.patience, asking).await
    }
}

#[async_trait]
impl Store for SecretService {
    fn name(&self) -> &'static str {
        "the keyring of this session"
    }

    async fn find(
        &self,
        sites: &[Site],
        account: Option<&str>,
        asking: &Asking,
    ) -> Result<Vec<Found>, StoreError> {
        let visit = self.visit(asking).await?;
        let mut found = Vec::new();
        for site in sites {
            let items = visit.items(&epiphany::query(site, account)).await?;
            let mut accounts = BTreeSet::new();
            for item in &items {
                if let Some(account) = epiphany::account(&item.attributes, site)
                    && !is_unfinished(&visit.password(item).await)
                {
                    accounts.insert(account);
                }
            }
            found.extend(accounts.into_iter().map(|account| Found {
                site: site.clone(),
                account: account.to_owned(),
            }));
        }
        Ok(found)
    }

    async fn password(
        &self,
        site: &Site,
        account: &str,
        asking: &Asking,
    ) -> Result<Password, StoreError> {
        let visit = self.visit(asking).await?;
        let items = items(&visit, site, account).await?;
        for newest in &items {
            let password = visit.password(newest).await;
            if !is_unfinished(&password) {
                return password;
            }
        }
        Err(StoreError::NotFound)
    }

    async fn compare(&self, login: &Login, asking: &Asking) -> Result<Comparison, StoreError> {
        let visit = self.visit(asking).await?;
        let items = items(&visit, login.site(), login.account()).await?;
        compare(&visit, &items, login.password()).await
    }

    async fn put_over(
        &self,
        before: Option<Comparison>,
        login: &Login,
        asking: &Asking,
    ) -> Result<Saved, StoreError> {
        let _one = self.writing.lock().await;
        let visit = self.visit(asking).await?;
        let there = items(&visit, login.site(), login.account()).await?;
        let stored = compare(&visit, &there, login.password()).await?;
        stored.check(before)?;
        match there.as_slice() {
            [] => add(&visit, login).await?,
            there => update(&visit, there, login.password()).await?,
        }
        let kept = items(&visit, login.site(), login.account()).await?;
        match compare(&visit, &kept, login.password()).await? {
            Comparison::Same if stored == Comparison::Absent => Ok(Saved::Added),
            Comparison::Same => Ok(Saved::Updated),
            Comparison::Absent | Comparison::Different => Err(StoreError::NotKept),
        }
    }

    async fn delete(
        &self,
        site: &Site,
        account: &str,
        asking: &Asking,
    ) -> Result<bool, StoreError> {
        let _one = self.writing.lock().await;
        let visit = self.visit(asking).await?;
        let there = items(&visit, site, account).await?;
        for item in &there {
            visit.delete(item).await?;
        }
        match items(&visit, site, account).await?.as_slice() {
            [] => Ok(!there.is_empty()),
            _ => Err(StoreError::NotKept),
        }
    }
}

/// The items of one account, the one that was changed last first.
async fn items(visit: &Visit, site: &Site, account: &str) -> Result<Vec<Kept>, StoreError> {
    let mut items = visit.items(&epiphany::query(site, Some(account))).await?;
    items.retain(|item| epiphany::account(&item.attributes, site) == Some(account));
    Ok(items)
}

async fn compare(
    visit: &Visit,
    items: &[Kept],
    password: &Password,
) -> Result<Comparison, StoreError> {
    let mut comparison = Comparison::Absent;
    for item in items {
        let stored = visit.password(item).await;
        comparison = match stored {
            stored if is_unfinished(&stored) => continue,
            Ok(stored) if stored.is(password) => Comparison::Same,
            // What cannot be used is another one too, and may be replaced.
            Ok(_) | Err(StoreError::Unusable(_)) => return Ok(Comparison::Different),
            Err(error) => return Err(error),
        };
    }
    Ok(comparison)
}

/// Whether an item was found that has no secret yet.
fn is_unfinished(password: &Result<Password, StoreError>) -> bool {
    matches!(password, Err(StoreError::Unusable(PasswordError::Empty)))
}

async fn add(visit: &Visit, login: &Login) -> Result<(), StoreError> {
    let (site, account) = (login.site(), login.account());
    let others = visit.items(&epiphany::query(site, None)).await?;
    let fields = others.iter().find_map(|item| Fields::of(&item.attributes));
    let attributes = epiphany::item(site, account, &fields.unwrap_or_default());
    let label = epiphany::label(site, account);
    visit.create(&label, &attributes, login.password()).await
}

async fn update(visit: &Visit, items: &[Kept], password: &Password) -> Result<(), StoreError> {
    for item in items {
        visit.change(item, password).await?;
    }
    Ok(())
}
