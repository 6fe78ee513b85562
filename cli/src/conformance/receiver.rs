//! The kit as an importer: it looks closely at what it gets, and is as polite as a check wants.

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use credex_protocol::envelope::keywrap::{self, Direction};
use credex_protocol::envelope::{CheckedEnvelope, ContentKey, PrivateKey, PublicKey, parts};
use credex_protocol::proxy::ImportProxy;
use credex_protocol::wire::{
    AnnounceOptions, CompleteOptions, Counts, NoOptions, OfferOptions, RedeemResults, Tally,
    object_path,
};
use credex_protocol::{Error, Reason, names};
use zbus::Connection;
use zbus::proxy::CacheProperties;
use zbus::zvariant::OwnedObjectPath;

use super::check::{Finding, failed};
use super::mailbox::Mailbox;
use super::scene::Scene;

/// What the kit says it is.
pub(super) const APP_ID: &str = "org.credex.ConformanceImporter";

/// An importing app.
pub(super) struct Receiver {
    connection: Connection,
    book: Book,
}

#[derive(Clone, Default)]
struct Book {
    offers: Arc<Mutex<HashMap<String, Made>>>,
    tokens: Mailbox<(String, Vec<u8>)>,
}

struct Made {
    own_key: PrivateKey,
    options: OfferOptions,
}

/// An offer and its token.
#[derive(Debug)]
pub(super) struct Brought {
    path: String,
    sealed_token: Vec<u8>,
}

/// What came.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) document: Vec<u8>,
    pub(super) attachments: HashMap<String, Vec<u8>>,
    pub(super) key: [u8; 32],
    /// What the exporter told the person, and said with the payload.
    pub(super) declared: Counts,
    pub(super) deposited: Counts,
}

impl Receiver {
    /// Announces itself.
    pub(super) async fn join(scene: &Scene) -> Result<Receiver, Finding> {
        let book = Book::default();
        let connection = zbus::connection::Builder::address(scene.address())?
            .serve_at(names::IMPORTER_PATH, Served(book.clone()))?
            .build()
            .await?;
        let receiver = Receiver { connection, book };
        let options = AnnounceOptions {
            name: Some("Credex conformance".to_owned()),
            ..AnnounceOptions::default()
        };
        receiver.service().await?.announce(APP_ID, options).await?;
        Ok(receiver)
    }

    /// Waits for an offer.
    pub(super) async fn brought(&self, patience: Duration) -> Result<Brought, Finding> {
        let wanted = |(path, token): &(String, Vec<u8>)| Some((path.clone(), token.clone()));
        let token = self.book.tokens.take(patience, wanted).await;
        let (path, sealed_token) = token
            .ok_or_else(|| failed("it deposited nothing, or nothing that the service took"))?;
        Ok(Brought { path, sealed_token })
    }

    /// Waits for an offer, and takes it.
    pub(super) async fn imported(&self, patience: Duration) -> Result<Arrived, Finding> {
        let brought = self.brought(patience).await?;
        let arrived = self.redeem(&brought).await?;
        self.complete(&brought, &arrived).await?;
        Ok(arrived)
    }

    /// Redeems and opens; whatever is wrong with the payload is the exporter's fault.
    pub(super) async fn redeem(&self, brought: &Brought) -> Result<Arrived, Finding> {
        let path = brought.path.as_str();
        let (wrapped_token, own_key) = self.token_for_service(brought)?;
        let service = self.service().await?;
        let (payload, wrapped, results): (_, _, RedeemResults) = service
            .redeem(&object_path(path)?, &wrapped_token, NoOptions {})
            .await?;
        let direction = Direction::DaemonToImporter;
        let key = ContentKey::unwrap(&wrapped, &own_key, direction, path)?;
        let fault = |why: String| failed(format!("the payload does not open: {why}"));
        let checked = CheckedEnvelope::check(payload.into(), u64::MAX)
            .map_err(|why| fault(why.to_string()))?;
        let mut plaintext = Vec::new();
        let mut opener = checked.opener(&key).map_err(|why| fault(why.to_string()))?;
        opener
            .read_to_end(&mut plaintext)
            .map_err(|why| fault(why.to_string()))?;
        let parts = parts::parse(&plaintext).map_err(|why| fault(why.to_string()))?;
        let owned = |(id, body): (&str, &[u8])| (id.to_owned(), body.to_vec());
        Ok(Arrived {
            document: parts.document().to_vec(),
            attachments: parts.attachments().map(owned).collect(),
            key: *key.as_bytes(),
            declared: results.declared.unwrap_or_default(),
            deposited: results.deposited.unwrap_or_default(),
        })
    }

    /// Reports that all was taken.
    pub(super) async fn complete(
        &self,
        brought: &Brought,
        arrived: &Arrived,
    ) -> Result<(), Finding> {
        let taken = |(name, count): (&String, &u32)| {
            let tally = Tally {
                succeeded: *count,
                ..Tally::default()
            };
            (name.clone(), tally)
        };
        let receipt = arrived.deposited.iter().map(taken).collect();
        let service = self.service().await?;
        let path = object_path(&brought.path)?;
        let options = CompleteOptions::default();
        Ok(service.complete(&path, &receipt, options).await?)
    }

    pub(super) async fn decline(&self, brought: &Brought) -> Result<(), Finding> {
        let (service, path) = (self.service().await?, object_path(&brought.path)?);
        let reason = "the check declines";
        Ok(service.decline(&path, reason, NoOptions {}).await?)
    }

    /// Leaves the bus without a word.
    pub(super) async fn vanishes(self) -> Result<(), Finding> {
        Ok(self.connection.close().await?)
    }

    fn token_for_service(&self, brought: &Brought) -> Result<(Vec<u8>, PrivateKey), Finding> {
        let path = brought.path.as_str();
        let made = lock(&self.book.offers).remove(path);
        let made = made.ok_or_else(|| failed("the offer was taken already"))?;
        let direction = Direction::TokenToImporter;
        let token = keywrap::unwrap(&brought.sealed_token, &made.own_key, direction, path)?;
        let theirs = made.options.session_public_key.unwrap_or_default();
        let theirs = PublicKey::from_bytes(&theirs)?;
        let token = keywrap::wrap(&token, &theirs, Direction::TokenToDaemon, path)?;
        Ok((token, made.own_key))
    }

    async fn service(&self) -> Result<ImportProxy<'_>, Finding> {
        Ok(ImportProxy::builder(&self.connection)
            .cache_properties(CacheProperties::No)
            .build()
            .await?)
    }
}

struct Served(Book);

#[zbus::interface(name = "org.credex.Importer1")]
impl Served {
    fn offer(&self, offer: OwnedObjectPath, options: OfferOptions) -> Result<Vec<u8>, Error> {
        let no_key = |why: String| Error::new(Reason::Internal, why);
        let own_key = PrivateKey::generate().map_err(|why| no_key(why.to_string()))?;
        let public_key = own_key.public_key().as_bytes().to_vec();
        let made = Made { own_key, options };
        lock(&self.0.offers).insert(offer.to_string(), made);
        Ok(public_key)
    }

    fn import(&self, offer: OwnedObjectPath, sealed_token: Vec<u8>, _options: NoOptions) {
        self.0.tokens.put((offer.to_string(), sealed_token));
    }

    fn withdrawn(
        &self,
        offer: OwnedObjectPath,
        _outcome: &str,
        _error: &str,
        _message: &str,
        _options: NoOptions,
    ) {
        lock(&self.0.offers).remove(offer.as_str());
    }

    #[zbus(property, name = "version")]
    fn version(&self) -> u32 {
        names::INTERFACE_VERSION
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
