//! `org.credex.Importer1` as this app serves it: whatever happens to an offer is written into the
//! book, and whoever holds the offer reads it there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use credex_protocol::envelope::{PrivateKey, PublicKey};
use credex_protocol::wire::{NoOptions, OfferOptions};
use credex_protocol::{Error as Refusal, Reason, names};
use tokio::sync::{mpsc, watch};
use zbus::message::Header;
use zbus::zvariant::ObjectPath;

use crate::bus::Owner;
use crate::error::Ended;

/// How far an offer has come.
#[derive(Debug, Clone)]
pub(super) enum Phase {
    Acknowledged,
    /// The sealed token is there.
    Ready(Vec<u8>),
    Withdrawn(Ended),
}

/// The offers that somebody here still cares for, by path.
#[derive(Debug, Default)]
pub(super) struct Book(Mutex<HashMap<String, watch::Sender<Phase>>>);

/// An offer with its key, on the way to whoever waits for the next one.
#[derive(Debug)]
pub(super) struct Acknowledged {
    pub(super) path: String,
    /// The unique name of the service.
    pub(super) service: String,
    pub(super) options: OfferOptions,
    pub(super) session_key: PublicKey,
    pub(super) own_key: PrivateKey,
    pub(super) phase: watch::Receiver<Phase>,
}

impl Acknowledged {
    pub(super) fn is_open(&self) -> bool {
        !matches!(*self.phase.borrow(), Phase::Withdrawn(_))
    }
}

impl Book {
    fn offers(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<Phase>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, path: &str) -> Result<watch::Receiver<Phase>, Refusal> {
        let mut offers = self.offers();
        if offers.contains_key(path) {
            let twice = "offer: this one was made before";
            return Err(Refusal::new(Reason::InvalidArgument, twice));
        }
        let (sender, phase) = watch::channel(Phase::Acknowledged);
        offers.insert(path.to_owned(), sender);
        Ok(phase)
    }

    fn turn(&self, path: &str, to: Phase) -> Result<(), Refusal> {
        let offers = self.offers();
        let phase = offers
            .get(path)
            .ok_or_else(|| Refusal::plain(Reason::NotFound))?;
        phase.send_if_modified(|phase| {
            let open = !matches!(phase, Phase::Withdrawn(_));
            if open {
                *phase = to;
            }
            open
        });
        Ok(())
    }

    pub(super) fn forget(&self, path: &str) {
        self.offers().remove(path);
    }
}

/// The object at `/org/credex/Importer1`.
pub(super) struct Served {
    owner: watch::Receiver<Owner>,
    book: Arc<Book>,
    acknowledged: mpsc::UnboundedSender<Acknowledged>,
}

impl Served {
    pub(super) fn new(
        owner: watch::Receiver<Owner>,
        book: Arc<Book>,
        acknowledged: mpsc::UnboundedSender<Acknowledged>,
    ) -> Self {
        Self {
            owner,
            book,
            acknowledged,
        }
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
        let phase = self.book.enter(&path)?;
        let acknowledged = Acknowledged {
            path,
            service,
            options,
            session_key,
            own_key,
            phase,
        };
        self.acknowledged
            .send(acknowledged)
            .map_err(|_stopped| Refusal::new(Reason::WrongState, "the importer is closing"))?;
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
        self.book.turn(&offer, Phase::Ready(sealed_token))
    }

    async fn withdrawn(
        &self,
        offer: ObjectPath<'_>,
        outcome: &str,
        error: &str,
        message: String,
        #[zbus(header)] call: Header<'_>,
    ) -> Result<(), Refusal> {
        self.service(&call).await?;
        let ended = Ended::from_wire(outcome, error, message, false);
        self.book.turn(&offer, Phase::Withdrawn(ended))
    }

    #[zbus(property(emits_changed_signal = "const"), name = "version")]
    fn version(&self) -> u32 {
        names::INTERFACE_VERSION
    }
}
