//! An encrypted file, for a session without a Secret Service: `oo7`'s keyring, the format of
//! gnome-keyring's successor. Serves design §7, "Store".
//!
//! The file is derived from a passphrase (PBKDF2, 100,000 rounds, which is `oo7`'s measure: choose a long one). It is
//! read and decrypted for each call and closed after it; only the passphrase stays, on a locked page, for
//! [`FileStore::OPEN_FOR`] after the last call, so that the person is not asked twice for one thing. `oo7` wipes its keys and
//! passwords, but not every buffer into which it decrypts.
//!
//! A file is replaced whole, by renaming. In it is one item that is no credential, so that a wrong
//! passphrase is noticed also when there is no other.

mod page;
mod passphrases;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use oo7::Secret;
use oo7::file::{Error, Item, UnlockedKeyring};
use tokio::sync::{Mutex, MutexGuard};
use zeroize::Zeroizing;

use super::epiphany::{self, Attributes, Fields};
use super::{Asking, Comparison, Found, Login, Password, PasswordError, Saved, Store, StoreError};
use crate::clock::BootTime;
use crate::web_credentials::domain::Site;
use crate::web_credentials::private_directory::Turn;

use page::Page;
use passphrases::{ATTEMPTS, Attempt, exhausted, is_long_enough};

pub use passphrases::{PassphraseQuestion, Passphrases, Purpose};

/// The item that tells a right passphrase from a wrong one.
const SEAL: [(&str, &str); 1] = [("xdg:schema", "org.credex.Keyring")];
/// How `oo7` calls a file that it has not finished.
const UNFINISHED: &str = ".tmpkeyring";

/// Passwords in an encrypted file.
pub struct FileStore {
    path: PathBuf,
    passphrases: Arc<dyn Passphrases>,
    held: Arc<Mutex<Option<Held>>>,
}

/// The passphrase, until it is forgotten.
struct Held {
    page: Page,
    until: BootTime,
}

/// The file, open. Nobody else changes it meanwhile.
struct Open {
    keyring: UnlockedKeyring,
    turn: Turn,
    path: PathBuf,
}

impl FileStore {
    /// How long the passphrase is kept after the last call.
    pub const OPEN_FOR: Duration = Duration::from_secs(300);

    /// That in the file `path`, which need not be there yet. Its directory is to be ours alone.
    #[must_use]
    pub fn new(path: PathBuf, passphrases: Arc<dyn Passphrases>) -> FileStore {
        FileStore {
            path,
            passphrases,
            held: Arc::default(),
        }
    }

    /// Forgets the passphrase.
    pub async fn lock(&self) {
        *self.held.lock().await = None;
    }

    /// Opens the file, if there is one.
    async fn read(&self, asking: &Asking) -> Result<Option<Open>, StoreError> {
        let there = tokio::fs::try_exists(&self.path).await;
        match there.map_err(|error| self.file(error))? {
            false => Ok(None),
            true => self.open(Purpose::Open, asking).await.map(Some),
        }
    }

    /// Opens the file, or makes it.
    async fn write(&self, asking: &Asking) -> Result<Open, StoreError> {
        match self.read(asking).await? {
            Some(open) => Ok(open),
            None => self.open(Purpose::Create, asking).await,
        }
    }

    /// Calls wait for one another here, so that one question serves all.
    async fn open(&self, purpose: Purpose, asking: &Asking) -> Result<Open, StoreError> {
        let mut held = self.held.lock().await;
        if let Some(known) = held.take_if(|held| BootTime::now() < held.until) {
            let secret = Secret::blob(known.page.as_bytes());
            if let Attempt::Opened(open) = self.attempt(secret, purpose).await? {
                self.keep(held, known.page);
                return Ok(open);
            }
        }
        *held = None;
        for attempt in 1..=ATTEMPTS {
            let question = PassphraseQuestion {
                purpose,
                store: self.name(),
                attempt,
                asking: asking.clone(),
            };
            let answer = self.passphrases.ask(question).await;
            let answer = answer.map_err(StoreError::NobodyToAsk)?;
            let passphrase = answer.ok_or(StoreError::Dismissed)?;
            if purpose == Purpose::Create && !is_long_enough(&passphrase) {
                continue;
            }
            let secret = Secret::blob(passphrase.as_bytes());
            if let Attempt::Opened(open) = self.attempt(secret, purpose).await? {
                let page = Page::holding(&passphrase).map_err(|error| self.file(error))?;
                self.keep(held, page);
                return Ok(open);
            }
        }
        Err(exhausted(purpose, &self.path))
    }

    /// Away from the other work of the service: the derivation takes its time, and another service may
    /// have its turn.
    async fn attempt(&self, secret: Secret, purpose: Purpose) -> Result<Attempt<Open>, StoreError> {
        let path = self.path.clone();
        let runtime = tokio::runtime::Handle::current();
        let open = tokio::task::spawn_blocking(move || {
            let turn = Turn::take(path.parent().unwrap_or(Path::new(".")));
            let turn = turn.map_err(|error| file(&path, error))?;
            turn.sweep(UNFINISHED).map_err(|error| file(&path, error))?;
            let keyring = runtime.block_on(UnlockedKeyring::load(&path, secret));
            match keyring {
                Ok(keyring) => Ok(Attempt::Opened(Open {
                    keyring,
                    turn,
                    path,
                })),
                Err(Error::IncorrectSecret) => Ok(Attempt::Wrong),
                Err(error) => Err(file(&path, error)),
            }
        });
        let Attempt::Opened(open) = open.await.map_err(|error| self.file(error))?? else {
            return Ok(Attempt::Wrong);
        };
        if purpose == Purpose::Create {
            open.create("Credex", &SEAL.map(owned).into(), "org.credex.Keyring")
                .await?;
        }
        Ok(Attempt::Opened(open))
    }

    /// Keeps the passphrase for another while, and sees to it that it is forgotten then.
    fn keep(&self, mut held: MutexGuard<'_, Option<Held>>, page: Page) {
        let until = BootTime::now().after(FileStore::OPEN_FOR);
        *held = Some(Held { page, until });
        let held = Arc::downgrade(&self.held);
        tokio::spawn(async move {
            tokio::time::sleep(FileStore::OPEN_FOR).await;
            if let Some(held) = held.upgrade() {
                held.lock()
                    .await
                    .take_if(|held| BootTime::now() >= held.until);
            }
        });
    }

    fn file(&self, error: impl ToString) -> StoreError {
        file(&self.path, error)
    }
}

#[async_trait]
impl Store for FileStore {
    fn name(&self) -> &'static str {
        "the encrypted file of Credex"
    }

    async fn find(
        &self,
        sites: &[Site],
        account: Option<&str>,
        asking: &Asking,
    ) -> Result<Vec<Found>, StoreError> {
        let Some(open) = self.read(asking).await? else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for site in sites {
            let items = open.search(&epiphany::query(site, account)).await?;
            let accounts = items.iter().map(|item| item.as_unlocked().attributes());
            let accounts = accounts.filter_map(|item| epiphany::account(item, site));
            found.extend(
                accounts
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .map(|account| Found {
                        site: site.clone(),
                        account: account.to_owned(),
                    }),
            );
        }
        Ok(found)
    }

    async fn password(
        &self,
        site: &Site,
        account: &str,
        asking: &Asking,
    ) -> Result<Password, StoreError> {
        let open = self.read(asking).await?.ok_or(StoreError::NotFound)?;
        let items = open.search(&epiphany::query(site, Some(account))).await?;
        password(items.first().ok_or(StoreError::NotFound)?)
    }

    async fn compare(&self, login: &Login, asking: &Asking) -> Result<Comparison, StoreError> {
        let Some(open) = self.read(asking).await? else {
            return Ok(Comparison::Absent);
        };
        Ok(compare(&open.items_of(login).await?, login))
    }

    async fn put_over(
        &self,
        before: Option<Comparison>,
        login: &Login,
        asking: &Asking,
    ) -> Result<Saved, StoreError> {
        let open = self.write(asking).await?;
        let there = open.items_of(login).await?;
        compare(&there, login).check(before)?;
        let (site, account) = (login.site(), login.account());
        let text = std::str::from_utf8(login.password().as_bytes());
        let text = text.map_err(|_| PasswordError::NotText)?;
        for item in &there {
            let item = item.as_unlocked();
            open.create(item.label(), item.attributes(), text).await?;
        }
        if there.is_empty() {
            let attributes = epiphany::item(site, account, &Fields::default());
            let label = epiphany::label(site, account);
            open.create(&label, &attributes, text).await?;
        }
        let kept = open.items_of(login).await?;
        match (compare(&kept, login), there.is_empty()) {
            (Comparison::Same, true) => Ok(Saved::Added),
            (Comparison::Same, false) => Ok(Saved::Updated),
            _ => Err(StoreError::NotKept),
        }
    }

    async fn delete(
        &self,
        site: &Site,
        account: &str,
        asking: &Asking,
    ) -> Result<bool, StoreError> {
        let Some(open) = self.read(asking).await? else {
            return Ok(false);
        };
        let query = epiphany::query(site, Some(account));
        if open.search(&query).await?.is_empty() {
            return Ok(false);
        }
        open.delete(&query).await.map(|()| true)
    }
}

impl Open {
    async fn search(&self, query: &Attributes) -> Result<Vec<Item>, StoreError> {
        let found = self.keyring.search_items(query).await;
        found.map_err(|error| file(&self.path, error))
    }

    /// The items of the account of `login` at its site.
    async fn items_of(&self, login: &Login) -> Result<Vec<Item>, StoreError> {
        let query = epiphany::query(login.site(), Some(login.account()));
        self.search(&query).await
    }

    /// Adds an item, or replaces the one with all of `attributes`.
    async fn create(
        &self,
        label: &str,
        attributes: &Attributes,
        text: &str,
    ) -> Result<(), StoreError> {
        let secret = Secret::text(text);
        let created = self
            .keyring
            .create_item(label, attributes, secret, true)
            .await;
        created.map_err(|error| file(&self.path, error))?;
        self.turn.keep().map_err(|error| file(&self.path, error))
    }

    async fn delete(&self, query: &Attributes) -> Result<(), StoreError> {
        let deleted = self.keyring.delete(query).await;
        deleted.map_err(|error| file(&self.path, error))?;
        self.turn.keep().map_err(|error| file(&self.path, error))
    }
}

fn compare(items: &[Item], login: &Login) -> Comparison {
    let same = |item| password(item).is_ok_and(|stored| stored.is(login.password()));
    match items {
        [] => Comparison::Absent,
        items if items.iter().all(same) => Comparison::Same,
        _ => Comparison::Different,
    }
}

fn password(item: &Item) -> Result<Password, StoreError> {
    let secret = item.as_unlocked().secret();
    Ok(Password::new(Zeroizing::new(secret.as_bytes().to_vec()))?)
}

fn file(path: &Path, error: impl ToString) -> StoreError {
    StoreError::File {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

fn owned((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

impl std::fmt::Debug for FileStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileStore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
