//! One visit to the Secret Service: an encrypted session, and what can be done in it. The session ends
//! with the visit.
//!
//! What is wiped: the session's key, and each password, here and in `oo7`. What is not: `oo7` decrypts into
//! a buffer that it copies and frees without wiping. On the bus there is only ciphertext; a
//! service that knows no encrypted session is refused.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryFutureExt;
use oo7::dbus::api::{Collection, DBusSecret, Item, Properties, Service, Session};
use oo7::{Key, Secret, crypto};
use serde::Serialize;
use zbus::message::Message;
use zbus::zvariant::{DynamicType, OwnedObjectPath, OwnedValue};

use super::Patience;
use super::fault::fault;
use super::prompt::{answer, window};
use crate::web_credentials::store::epiphany::Attributes;
use crate::web_credentials::store::{Asking, Password, PasswordError, StoreError};

/// Bytes of the initialisation vector of an encrypted session.
const IV: usize = 16;
const DEFAULT: &str = "default";

/// An open session.
pub(super) struct Visit {
    bus: zbus::Connection,
    patience: Patience,
    window: String,
    service: Service,
    session: Arc<Session>,
    key: Key,
}

/// An item that is not locked.
pub(super) struct Kept {
    item: Item,
    pub(super) attributes: Attributes,
    /// Since 1970.
    pub(super) modified: Duration,
}

impl Visit {
    /// Opens a session, and starts the service if the bus knows how.
    pub(super) async fn begin(
        bus: &zbus::Connection,
        patience: Patience,
        asking: &Asking,
    ) -> Result<Visit, StoreError> {
        const DOING: &str = "to open a session";
        let begin = async {
            let service = Service::new(bus).await?;
            let private = Key::generate_private_key()?;
            let public = Key::generate_public_key(&private)?;
            let (theirs, session) = service.open_session(Some(public)).await?;
            Ok((service, private, theirs, session))
        };
        let (service, private, theirs, session) = within(patience, DOING, begin).await?;
        let theirs = theirs.filter(|key| key.as_ref().len() <= 128);
        let theirs = theirs.ok_or_else(|| StoreError::Refused {
            doing: DOING,
            reason: "it answered with no key of 1024 bits".to_owned(),
        })?;
        let key = Key::generate_aes_key(&private, &theirs);
        Ok(Visit {
            bus: bus.clone(),
            patience,
            window: window(&asking.parent_window),
            key: key.map_err(|error| fault(DOING, error))?,
            session: Arc::new(session),
            service,
        })
    }

    /// The items with all of `query`. What is locked is unlocked, and so is the default collection if
    /// nothing was found: not every service can search what is locked.
    pub(super) async fn items(&self, query: &Attributes) -> Result<Vec<Kept>, StoreError> {
        let (mut open, mut locked) = self.search(query).await?;
        if open.is_empty() && locked.is_empty() && self.unlock_default().await? {
            (open, locked) = self.search(query).await?;
        }
        if !locked.is_empty() {
            let paths = locked.iter().map(|item| item.inner().path().clone().into());
            self.unlock(paths.collect()).await?;
            open.append(&mut locked);
        }
        let mut items = Vec::with_capacity(open.len());
        for item in open {
            match self.look(item).await {
                Ok(item) => items.push(item),
                // Somebody deleted it since the search.
                Err(StoreError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        items.sort_by_key(|item| std::cmp::Reverse(item.modified));
        Ok(items)
    }

    /// The password in `kept`.
    pub(super) async fn password(&self, kept: &Kept) -> Result<Password, StoreError> {
        const DOING: &str = "a password";
        let secret = kept.item.secret(&self.session);
        let secret = within(self.patience, DOING, secret).await?;
        // oo7 panics at a vector of another length.
        if secret.parameters().len() != IV {
            return Err(PasswordError::NotText.into());
        }
        let text = crypto::decrypt(secret.value(), &self.key, secret.parameters());
        Ok(Password::new(text.map_err(|error| fault(DOING, error))?)?)
    }

    /// Gives `kept` another password, and leaves everything else of it alone.
    pub(super) async fn change(&self, kept: &Kept, password: &Password) -> Result<(), StoreError> {
        let secret = self.seal(password)?;
        let set = kept.item.set_secret(&secret);
        within(self.patience, "to change a password", set).await
    }

    /// Puts a new item into the default collection.
    pub(super) async fn create(
        &self,
        label: &str,
        attributes: &Attributes,
        password: &Password,
    ) -> Result<(), StoreError> {
        const DOING: &str = "to save a password";
        let collection = self.default_collection().await?;
        let secret = self.seal(password)?;
        let item = (Properties::for_item(label, attributes), &secret, false);
        let reply = self
            .call(collection.inner(), "CreateItem", &item, DOING)
            .await?;
        let body = reply.body();
        let (_, prompt): (OwnedObjectPath, OwnedObjectPath) =
            body.deserialize().map_err(|error| fault(DOING, error))?;
        self.answer(prompt).await.map(drop)
    }

    /// Deletes `kept`.
    pub(super) async fn delete(&self, kept: &Kept) -> Result<(), StoreError> {
        const DOING: &str = "to delete a password";
        let reply = match self.call(kept.item.inner(), "Delete", &(), DOING).await {
            Err(StoreError::NotFound) => return Ok(()),
            reply => reply?,
        };
        let prompt: OwnedObjectPath = reply
            .body()
            .deserialize()
            .map_err(|error| fault(DOING, error))?;
        self.answer(prompt).await.map(drop)
    }

    async fn search(&self, query: &Attributes) -> Result<(Vec<Item>, Vec<Item>), StoreError> {
        let search = self.service.search_items(query);
        within(self.patience, "a search", search).await
    }

    async fn look(&self, item: Item) -> Result<Kept, StoreError> {
        let look = async { Ok((item.attributes().await?, item.modified().await?)) };
        let (attributes, modified) = within(self.patience, "a search", look).await?;
        Ok(Kept {
            item,
            attributes,
            modified,
        })
    }

    fn seal(&self, password: &Password) -> Result<DBusSecret, StoreError> {
        let text = std::str::from_utf8(password.as_bytes()).map_err(|_| PasswordError::NotText)?;
        let session = Arc::clone(&self.session);
        DBusSecret::new_encrypted(session, Secret::text(text), &self.key)
            .map_err(|error| fault("to encrypt a password", error))
    }

    /// Whether it was locked, and is so no more.
    async fn unlock_default(&self) -> Result<bool, StoreError> {
        let Some(collection) = self.read_default().await? else {
            return Ok(false);
        };
        let locked = within(self.patience, "a search", collection.is_locked()).await?;
        if locked {
            let path = collection.inner().path().clone().into();
            self.unlock(vec![path]).await?;
        }
        Ok(locked)
    }

    async fn read_default(&self) -> Result<Option<Collection>, StoreError> {
        let read = self.service.read_alias(DEFAULT);
        within(self.patience, "its default collection", read).await
    }

    /// As `libsecret` does: a person who has none yet is asked for its passphrase.
    async fn default_collection(&self) -> Result<Collection, StoreError> {
        const DOING: &str = "a new collection";
        if let Some(collection) = self.read_default().await? {
            self.unlock_default().await?;
            return Ok(collection);
        }
        let properties = (Properties::for_collection("Default"), DEFAULT);
        let service = self.service.inner();
        let reply = self
            .call(service, "CreateCollection", &properties, DOING)
            .await?;
        let body = reply.body();
        let (_, prompt): (OwnedObjectPath, OwnedObjectPath) =
            body.deserialize().map_err(|error| fault(DOING, error))?;
        self.answer(prompt).await?;
        let made = self.read_default().await?;
        made.ok_or_else(|| StoreError::Locked("it has no default collection".to_owned()))
    }

    async fn unlock(&self, paths: Vec<OwnedObjectPath>) -> Result<(), StoreError> {
        const DOING: &str = "to unlock";
        let service = self.service.inner();
        let reply = self.call(service, "Unlock", &(&paths,), DOING).await?;
        let body = reply.body();
        let (mut unlocked, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) =
            body.deserialize().map_err(|error| fault(DOING, error))?;
        if let Some(more) = self.answer(prompt).await? {
            let more = Vec::<OwnedObjectPath>::try_from(more);
            unlocked.extend(more.map_err(|error| fault(DOING, error))?);
        }
        match paths.iter().find(|path| !unlocked.contains(path)) {
            None => Ok(()),
            Some(path) => Err(StoreError::Locked(format!(
                "{} stays locked",
                path.as_str()
            ))),
        }
    }

    async fn call<B: Serialize + DynamicType + Sync>(
        &self,
        proxy: &zbus::Proxy<'_>,
        method: &str,
        body: &B,
        doing: &'static str,
    ) -> Result<Message, StoreError> {
        let call = proxy.call_method(method, body).err_into();
        within(self.patience, doing, call).await
    }

    async fn answer(&self, prompt: OwnedObjectPath) -> Result<Option<OwnedValue>, StoreError> {
        answer(&self.bus, prompt, &self.window, self.patience.person).await
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let session = Arc::clone(&self.session);
        tokio::spawn(async move {
            if let Err(error) = session.close().await {
                tracing::debug!(%error, "a session of the Secret Service could not be closed");
            }
        });
    }
}

/// Waits for an answer that needs nobody, and says what was `doing` if it fails.
async fn within<T>(
    patience: Patience,
    doing: &'static str,
    work: impl Future<Output = Result<T, oo7::dbus::Error>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(patience.answer, work).await {
        Ok(done) => done.map_err(|error| fault(doing, error)),
        Err(_) => Err(StoreError::TimedOut {
            doing,
            after: patience.answer,
        }),
    }
}
