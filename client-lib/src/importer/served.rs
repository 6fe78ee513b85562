//! `org.credex.Importer1` as this app serves it: whatever happens to an offer is written into the
//! book, and whoever holds the offer reads it there.

use std::collections::{HashMap, hash_map};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use credex_protocol::envelope::{PrivateKey, PublicKey};
use credex_protocol::wire::{NoOptions, OfferOptions};
use credex_protocol::{Error as Refusal, Reason, names};
use tokio::sync::{mpsc, watch};
use zbus::message::Header;
use zbus::zvariant::ObjectPath;

use crate::bus::Owner;
use crate::error::Ended;

/// The offers that somebody here still cares for, by path.
#[derive(Debug, Default)]
pub(super) struct Book(Mutex<HashMap<String, Entry>>);

#[derive(Debug)]
enum Entry {
    /// Waits for its token; before that comes, the service knows of no calls on the offer.
    Acknowledged(Box<Acknowledged>),
    /// In the hands of the app, which is told here if it ends.
    Handed(watch::Sender<Option<Ended>>),
}

/// An offer that was answered with a fresh key.
#[derive(Debug)]
pub(super) struct Acknowledged {
    pub(super) path: String,
    /// The unique name of the service.
    pub(super) service: String,
    pub(super) options: OfferOptions,
    pub(super) session_key: PublicKey,
    pub(super) own_key: PrivateKey,
}

/// An offer with its token, on the way to whoever waits for the next one.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) offer: Box<Acknowledged>,
    pub(super) sealed_token: Vec<u8>,
    pub(super) ended: watch::Receiver<Option<Ended>>,
}

impl Book {
    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, offer: Acknowledged) -> Result<(), Refusal> {
        let mut entries = self.entries();
        // A service that stopped between offer and token will not bring it.
        entries.retain(|_, entry| match entry {
            Entry::Acknowledged(other) => other.service == offer.service,
            Entry::Handed(_) => true,
        });
        match entries.entry(offer.path.clone()) {
            hash_map::Entry::Vacant(free) => {
                free.insert(Entry::Acknowledged(Box::new(offer)));
                Ok(())
            }
            hash_map::Entry::Occupied(_) => Err(Refusal::new(
                Reason::InvalidArgument,
                "offer: this one was made before",
            )),
        }
    }

    fn hand_over(&self, path: &str, sealed_token: Vec<u8>) -> Result<Ready, Refusal> {
        let mut entries = self.entries();
        match entries.remove(path) {
            Some(Entry::Acknowledged(offer)) => {
                let (sender, ended) = watch::channel(None);
                entries.insert(path.to_owned(), Entry::Handed(sender));
                Ok(Ready {
                    offer,
                    sealed_token,
                    ended,
                })
            }
            Some(handed) => {
                entries.insert(path.to_owned(), handed);
                let twice = "the offer has its token";
                Err(Refusal::new(Reason::WrongState, twice))
            }
            None => Err(Refusal::plain(Reason::NotFound)),
        }
    }

    fn withdraw(&self, path: &str, ended: Ended) -> Result<(), Refusal> {
        match self.entries().remove(path) {
            Some(Entry::Handed(holder)) => {
                holder.send_replace(Some(ended));
                Ok(())
            }
            Some(Entry::Acknowledged(_)) => Ok(()),
            None => Err(Refusal::plain(Reason::NotFound)),
        }
    }

    pub(super) fn forget(&self, path: &str) {
        self.entries().remove(path);
    }
}

/// The object at `/org/credex/Importer1`.
pub(super) struct Served {
    owner: watch::Receiver<Owner>,
    book: Arc<Book>,
    ready: mpsc::UnboundedSender<Ready>,
}

impl Served {
    pub(super) fn new(
        owner: watch::Receiver<Owner>,
        book: Arc<Book>,
        ready: mpsc::UnboundedSender<Ready>,
    ) -> Self {
        Self { owner, book, ready }
    }

    /// The caller's unique name, if it is the service's. Waits until we know who that is.
    async fn service(&self, call: &Header<'_>) -> Result<String, Refusal> {
        let caller = call.sender().map(|name| name.as_str());
        let mut owner = self.owner.clone();
        match owner
            .wait_for(|owner| *owner != Owner::Unknown)
            .await
            .as_deref()
        {
            Ok(Owner::Unique(service)) if caller == Some(service) => Ok(service.clone()),
            _ => Err(Refusal::new(
                Reason::AccessDenied,
                format!("only the owner of {} may call this", names::BUS_NAME),
            )),
        }
    }

    fn acknowledge(
        &self,
        service: String,
        path: String,
        options: OfferOptions,
    ) -> Result<Vec<u8>, Refusal> {
        let session_key = options.session_public_key.as_deref().unwrap_or_default();
        let session_key = PublicKey::from_bytes(session_key).map_err(|error| {
            Refusal::new(
                Reason::InvalidArgument,
                format!("session_public_key: {error}"),
            )
        })?;
        let own_key = PrivateKey::generate()
            .map_err(|error| Refusal::new(Reason::Internal, error.to_string()))?;
        let public_key = own_key.public_key().as_bytes().to_vec();
        self.book.enter(Acknowledged {
            path,
            service,
            options,
            session_key,
            own_key,
        })?;
        Ok(public_key)
    }
}

#[zbus::interface(name = "org.credex.Importer1")]
impl Served {
    async fn offer(
        &self,
        offer: ObjectPath<'_>,
        options: OfferOptions,
        #[zbus(header)] call: Header<'_>,
    ) -> Result<Vec<u8>, Refusal> {
        let service = self.service(&call).await?;
        self.acknowledge(service, offer.to_string(), options)
    }

    async fn import(
        &self,
        offer: ObjectPath<'_>,
        sealed_token: Vec<u8>,
        _options: NoOptions,
        #[zbus(header)] call: Header<'_>,
    ) -> Result<(), Refusal> {
        self.service(&call).await?;
        let ready = self.book.hand_over(&offer, sealed_token)?;
        self.ready
            .send(ready)
            .map_err(|_stopped| Refusal::new(Reason::WrongState, "the importer is closing"))
    }

    async fn withdrawn(
        &self,
        offer: ObjectPath<'_>,
        outcome: &str,
        error: &str,
        message: String,
        _options: NoOptions,
        #[zbus(header)] call: Header<'_>,
    ) -> Result<(), Refusal> {
        self.service(&call).await?;
        let ended = Ended::from_wire(outcome, error, message, false);
        self.book.withdraw(&offer, ended)
    }

    #[zbus(property(emits_changed_signal = "const"), name = "version")]
    fn version(&self) -> u32 {
        names::INTERFACE_VERSION
    }
}
