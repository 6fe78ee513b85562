//! The Secret Service as it is asked: an encrypted session, and the calls that are made in it.
//!
//! What is wiped: the session's key, and each secret, here and in `oo7`. What is not: `oo7` decrypts
//! into a buffer that it copies and frees without wiping. On the bus there is only
//! ciphertext; a service that knows no encrypted session is refused.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use oo7::dbus::api::{DBusSecret, Properties, Service, Session};
use oo7::{Key, Secret, crypto};
use serde::Serialize;
use zbus::message::Message;
use zbus::zvariant::{DynamicDeserialize, DynamicType, ObjectPath, OwnedObjectPath, OwnedValue};
use zeroize::Zeroizing;

use super::fault::{fault, refused};
use super::found::{Attributes, Collection, Draft, Found};
use super::prompt::answer;
use crate::Fault;

const DESTINATION: &str = "org.freedesktop.secrets";
static SERVICE: ObjectPath<'static> =
    ObjectPath::from_static_str_unchecked("/org/freedesktop/secrets");
const ITEM: &str = "org.freedesktop.Secret.Item";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
/// Bytes of the initialisation vector of an encrypted session.
const IV: usize = 16;
/// Secrets that are asked for in one message.
const AT_A_TIME: usize = 50;
/// Items of a collection.
const MOST: usize = 100_000;
/// Who writes at this moment: the name is given back when its owner ends, however that is.
const WRITER: &str = "org.credex.SecretServiceWriter";

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a service that need not ask anybody.
    pub service: Duration,
    /// For a person whom it asks.
    pub person: Duration,
}

/// An open session.
pub(super) struct Bus {
    connection: zbus::Connection,
    service: Service,
    session: Arc<Session>,
    key: Key,
    patience: Patience,
}

impl Bus {
    /// Opens a session, and starts the service if the bus knows how.
    pub(super) async fn open(address: Option<&str>, patience: Patience) -> Result<Self, Fault> {
        const DOING: &str = "to open a session";
        let opened = async {
            let connection = match address {
                Some(address) => zbus::connection::Builder::address(address)?.build().await?,
                None => zbus::Connection::session().await?,
            };
            let service = Service::new(&connection).await?;
            let private = Key::generate_private_key()?;
            let public = Key::generate_public_key(&private)?;
            let (theirs, session) = service.open_session(Some(public)).await?;
            Ok::<_, oo7::dbus::Error>((connection, service, private, theirs, session))
        };
        let opened = tokio::time::timeout(patience.service, opened).await;
        let (connection, service, private, theirs, session) = opened
            .map_err(|_| silent(DOING, patience.service))?
            .map_err(|error| fault(DOING, error))?;
        let theirs = theirs.filter(|key| key.as_ref().len() <= 128);
        let theirs =
            theirs.ok_or_else(|| refused(DOING, "it answered with no key of 1024 bits"))?;
        let key = Key::generate_aes_key(&private, &theirs);
        Ok(Self {
            connection,
            service,
            session: Arc::new(session),
            key: key.map_err(|error| fault(DOING, oo7::dbus::Error::Crypto(error)))?,
            patience,
        })
    }

    /// The default collection; `None` if the person has none yet.
    pub(super) async fn default_collection(&self) -> Result<Option<Collection>, Fault> {
        const DOING: &str = "its default collection";
        let read = self.service.read_alias("default");
        match self.within(DOING, read).await? {
            Some(found) => {
                let path = found.inner().path().to_owned();
                self.look_at_collection(path.into()).await.map(Some)
            }
            None => Ok(None),
        }
    }

    /// Makes a default collection, for which the person chooses a passphrase.
    pub(super) async fn create_default(&self) -> Result<Collection, Fault> {
        const DOING: &str = "a new collection";
        let body = (Properties::for_collection("Default"), "default");
        let (_, prompt): (OwnedObjectPath, OwnedObjectPath) = self
            .ask(
                &SERVICE,
                "org.freedesktop.Secret.Service",
                "CreateCollection",
                &body,
                DOING,
            )
            .await?;
        self.answer(prompt).await?;
        let made = self.default_collection().await?;
        made.ok_or_else(|| refused(DOING, "there is none afterwards"))
    }

    /// Every collection.
    pub(super) async fn collections(&self) -> Result<Vec<Collection>, Fault> {
        let read = self.service.collections();
        let mut collections = Vec::new();
        for found in self.within("its collections", read).await? {
            let path = found.inner().path().to_owned();
            collections.push(self.look_at_collection(path.into()).await?);
        }
        Ok(collections)
    }

    async fn look_at_collection(&self, path: OwnedObjectPath) -> Result<Collection, Fault> {
        let properties = self.properties(&path, COLLECTION).await?;
        Ok(Collection::read(path, &properties))
    }

    /// Unlocks a collection, for which the person may be asked.
    pub(super) async fn open_collection(&self, collection: &Collection) -> Result<(), Fault> {
        match collection.locked {
            true => self.unlock(vec![collection.path.clone()]).await,
            false => Ok(()),
        }
    }

    /// Everything in a collection, without its secrets.
    pub(super) async fn items(&self, collection: &Collection) -> Result<Vec<Found>, Fault> {
        const DOING: &str = "to list its items";
        let mut properties = self.properties(&collection.path, COLLECTION).await?;
        let paths = properties
            .remove("Items")
            .map(Vec::<OwnedObjectPath>::try_from);
        let paths = paths
            .transpose()
            .map_err(|error| refused(DOING, &error.to_string()))?;
        let paths = paths.unwrap_or_default();
        if paths.len() > MOST {
            return Err(Fault::TooLarge {
                place: format!("the collection “{}”", collection.label),
                what: format!("it has {} items", paths.len()),
                limit: MOST.to_string(),
                advice: "Move some of them to another collection".to_owned(),
            });
        }
        let mut items = Vec::with_capacity(paths.len());
        for path in paths {
            match self.properties(&path, ITEM).await {
                Ok(properties) => items.push(Found::read(path, properties)),
                // Somebody deleted it since.
                Err(Fault::Missing { .. }) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(items)
    }

    /// The secrets of these items. What is locked is unlocked first, for which the person may be
    /// asked; what cannot be read is left out.
    pub(super) async fn secrets(
        &self,
        items: &[&Found],
    ) -> Result<HashMap<OwnedObjectPath, Zeroizing<Vec<u8>>>, Fault> {
        const DOING: &str = "to tell secrets";
        type Sealed = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);
        let locked = items.iter().filter(|item| item.locked);
        let locked: Vec<_> = locked.map(|item| item.path.clone()).collect();
        if !locked.is_empty() {
            self.unlock(locked).await?;
        }
        let mut secrets = HashMap::with_capacity(items.len());
        for some in items.chunks(AT_A_TIME) {
            let paths: Vec<_> = some.iter().map(|item| &item.path).collect();
            let body = (paths, self.session.inner().path());
            // It may ask the person whether we may.
            let call = self.call(
                &SERVICE,
                "org.freedesktop.Secret.Service",
                "GetSecrets",
                &body,
            );
            let reply = self.for_person(DOING, call).await?;
            let sealed: HashMap<OwnedObjectPath, Sealed> = reply
                .body()
                .deserialize()
                .map_err(|error| fault(DOING, error.into()))?;
            for (path, (_, iv, value, _)) in sealed {
                // oo7 panics at a vector of another length.
                if iv.len() == IV
                    && let Ok(secret) = crypto::decrypt(&value, &self.key, &iv)
                {
                    secrets.insert(path, Zeroizing::new(secret.to_vec()));
                }
            }
        }
        Ok(secrets)
    }

    /// Makes an item, and tells its path.
    pub(super) async fn create(
        &self,
        collection: &Collection,
        draft: &Draft,
    ) -> Result<OwnedObjectPath, Fault> {
        const DOING: &str = "to make an item";
        let session = Arc::clone(&self.session);
        let secret =
            DBusSecret::new_encrypted(session, Secret::text(draft.secret.as_str()), &self.key);
        let secret = secret.map_err(|error| fault(DOING, error))?;
        let properties = Properties::for_item(&draft.label, &draft.attributes);
        let (item, prompt): (OwnedObjectPath, OwnedObjectPath) = self
            .ask(
                &collection.path,
                COLLECTION,
                "CreateItem",
                &(properties, &secret, false),
                DOING,
            )
            .await?;
        match self.answer(prompt).await? {
            Some(made) => {
                OwnedObjectPath::try_from(made).map_err(|error| refused(DOING, &error.to_string()))
            }
            None => Ok(item),
        }
    }

    /// Gives an item other attributes.
    pub(super) async fn set_attributes(
        &self,
        item: &ObjectPath<'_>,
        attributes: &Attributes,
    ) -> Result<(), Fault> {
        const DOING: &str = "to change an item";
        let value = zbus::zvariant::Value::from(attributes.clone());
        let body = (ITEM, "Attributes", value);
        let call = self.call(item, "org.freedesktop.DBus.Properties", "Set", &body);
        self.within(DOING, call).await.map(drop)
    }

    /// Deletes an item, if it is there.
    pub(super) async fn delete(&self, item: &ObjectPath<'_>) -> Result<(), Fault> {
        const DOING: &str = "to delete an item";
        match self.ask(item, ITEM, "Delete", &(), DOING).await {
            Ok(prompt) => self.answer(prompt).await.map(drop),
            Err(Fault::Missing { .. }) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    /// Whether nobody else of ours writes; nobody will until we end.
    pub(super) async fn is_alone(&self) -> Result<bool, Fault> {
        use zbus::fdo::RequestNameFlags;
        let flags = RequestNameFlags::DoNotQueue.into();
        match self.connection.request_name_with_flags(WRITER, flags).await {
            Ok(_) => Ok(true),
            Err(zbus::Error::NameTaken) => Ok(false),
            Err(error) => Err(fault("to keep others away", error.into())),
        }
    }

    /// Lets others write again.
    pub(super) async fn leave(&self) -> Result<(), Fault> {
        let released = self.connection.release_name(WRITER).await;
        released
            .map(drop)
            .map_err(|error| fault("to let others in", error.into()))
    }

    async fn unlock(&self, paths: Vec<OwnedObjectPath>) -> Result<(), Fault> {
        const DOING: &str = "to unlock";
        let (mut unlocked, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) = self
            .ask(
                &SERVICE,
                "org.freedesktop.Secret.Service",
                "Unlock",
                &(&paths,),
                DOING,
            )
            .await?;
        if let Some(more) = self.answer(prompt).await? {
            let more = Vec::<OwnedObjectPath>::try_from(more);
            unlocked.extend(more.map_err(|error| refused(DOING, &error.to_string()))?);
        }
        match paths.iter().all(|path| unlocked.contains(path)) {
            true => Ok(()),
            false => Err(refused(DOING, "it stays locked")),
        }
    }

    async fn properties(
        &self,
        path: &OwnedObjectPath,
        interface: &str,
    ) -> Result<HashMap<String, OwnedValue>, Fault> {
        let body = (interface,);
        self.ask(
            path,
            "org.freedesktop.DBus.Properties",
            "GetAll",
            &body,
            "to list its items",
        )
        .await
    }

    async fn answer(&self, prompt: OwnedObjectPath) -> Result<Option<OwnedValue>, Fault> {
        answer(&self.connection, prompt, self.patience.person).await
    }

    async fn ask<B, R>(
        &self,
        path: &ObjectPath<'_>,
        interface: &str,
        method: &str,
        body: &B,
        doing: &'static str,
    ) -> Result<R, Fault>
    where
        B: Serialize + DynamicType,
        R: for<'d> DynamicDeserialize<'d>,
    {
        let call = self.call(path, interface, method, body);
        let reply = self.within(doing, call).await?;
        let read = reply.body().deserialize();
        read.map_err(|error| fault(doing, error.into()))
    }

    async fn call<B: Serialize + DynamicType>(
        &self,
        path: &ObjectPath<'_>,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<Message, oo7::dbus::Error> {
        let to = Some(DESTINATION);
        let called = self
            .connection
            .call_method(to, path, Some(interface), method, body);
        called.await.map_err(oo7::dbus::Error::ZBus)
    }

    /// Waits for an answer that needs nobody.
    async fn within<T>(
        &self,
        doing: &'static str,
        work: impl Future<Output = Result<T, oo7::dbus::Error>>,
    ) -> Result<T, Fault> {
        at_most(self.patience.service, doing, work).await
    }

    /// Waits for an answer for which a person may be asked.
    async fn for_person<T>(
        &self,
        doing: &'static str,
        work: impl Future<Output = Result<T, oo7::dbus::Error>>,
    ) -> Result<T, Fault> {
        at_most(self.patience.person, doing, work).await
    }
}

async fn at_most<T>(
    time: Duration,
    doing: &'static str,
    work: impl Future<Output = Result<T, oo7::dbus::Error>>,
) -> Result<T, Fault> {
    match tokio::time::timeout(time, work).await {
        Ok(done) => done.map_err(|error| fault(doing, error)),
        Err(_) => Err(silent(doing, time)),
    }
}

fn silent(doing: &str, time: Duration) -> Fault {
    refused(
        doing,
        &format!("it did not answer for {} seconds", time.as_secs()),
    )
}
