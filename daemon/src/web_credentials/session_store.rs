//! The store of a session: its Secret Service where there is one, else the encrypted file, whose
//! passphrase the chooser asks for. Serves design §7, "Store".

use std::sync::Arc;

use async_trait::async_trait;
use credex_protocol::Passphrase;

use super::domain::Site;
use super::store::{
    Asking, Comparison, FileStore, Found, Login, PassphraseQuestion, Passphrases, Password,
    Purpose, Saved, SecretService, Store, StoreError,
};
use crate::chooser::{self, Chooser};

/// Looks at each call which of the two it is: a keyring may be started later than the service.
pub struct SessionStore {
    bus: zbus::Connection,
    keyring: SecretService,
    file: FileStore,
}

impl SessionStore {
    /// The keyring of `bus`, or `file` if there is none.
    #[must_use]
    pub fn new(bus: zbus::Connection, keyring: SecretService, file: FileStore) -> SessionStore {
        SessionStore { bus, keyring, file }
    }

    async fn there(&self) -> Result<&dyn Store, StoreError> {
        let is_there = SecretService::is_there(&self.bus).await;
        match is_there.map_err(|error| StoreError::Unavailable(error.to_string()))? {
            true => Ok(&self.keyring),
            false => Ok(&self.file),
        }
    }
}

#[async_trait]
impl Store for SessionStore {
    fn name(&self) -> &'static str {
        "the passwords of this session"
    }

    async fn find(
        &self,
        sites: &[Site],
        account: Option<&str>,
        asking: &Asking,
    ) -> Result<Vec<Found>, StoreError> {
        self.there().await?.find(sites, account, asking).await
    }

    async fn password(
        &self,
        site: &Site,
        account: &str,
        asking: &Asking,
    ) -> Result<Password, StoreError> {
        self.there().await?.password(site, account, asking).await
    }

    async fn compare(&self, login: &Login, asking: &Asking) -> Result<Comparison, StoreError> {
        self.there().await?.compare(login, asking).await
    }

    async fn put(&self, login: &Login, asking: &Asking) -> Result<Saved, StoreError> {
        self.there().await?.put(login, asking).await
    }

    async fn delete(
        &self,
        site: &Site,
        account: &str,
        asking: &Asking,
    ) -> Result<bool, StoreError> {
        self.there().await?.delete(site, account, asking).await
    }
}

/// Has the chooser ask for the passphrase of the file.
pub struct AskedPassphrases(pub Arc<dyn Chooser>);

#[async_trait]
impl Passphrases for AskedPassphrases {
    async fn ask(&self, question: PassphraseQuestion) -> Result<Option<Passphrase>, String> {
        let asking = question.asking;
        let Some((asker, app)) = asking.app else {
            return Err("it is not known for which app".to_owned());
        };
        let question = chooser::PassphraseQuestion {
            asker,
            app,
            parent_window: asking.parent_window,
            purpose: match question.purpose {
                Purpose::Open => chooser::Purpose::Open,
                Purpose::Create => chooser::Purpose::Create,
            },
            store: question.store.to_owned(),
            attempt: question.attempt,
            activation_token: asking.activation_token,
        };
        let answer = self.0.passphrase(question).await;
        answer.map_err(|error| error.to_string())
    }
}
