//! An importing app, which speaks the wire by hand. Serves design §3 and `org.credex.Importer1`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use credex_protocol::envelope::keywrap::{self, Direction};
use credex_protocol::envelope::{ContentKey, PrivateKey, PublicKey};
use credex_protocol::proxy::ImportProxy;
use credex_protocol::wire::{
    AnnounceOptions, CompleteOptions, NoOptions, OfferOptions, Receipt, RedeemResults, Tally,
    object_path,
};
use credex_protocol::{Error, Reason, names};
use zbus::Connection;
use zbus::connection::Builder;
use zbus::proxy::CacheProperties;
use zbus::zvariant::{OwnedFd, OwnedObjectPath};

use crate::desktop::Desktop;
use crate::mailbox::Mailbox;
use crate::payload::{self, Opened};

/// How an importer answers an offer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Manners {
    /// With a fresh key, at once.
    #[default]
    Acknowledge,
    /// Never.
    KeepSilent,
    /// With an error of its own.
    Refuse,
    /// With a key that is none.
    SendNoKey,
    /// With these bytes as its key.
    Send(Vec<u8>),
}

/// An importing app. Its clones are the same app.
#[derive(Debug, Clone)]
pub struct Importer {
    connection: Connection,
    told: Mailbox<Told>,
    keys: Arc<Mutex<HashMap<String, PrivateKey>>>,
}

/// What the service told an importer.
#[derive(Debug, Clone)]
enum Told {
    Offer(String, Box<OfferOptions>),
    Import(String, Vec<u8>),
    Withdrawn(Withdrawn),
}

/// The end of an offer, as its importer is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// The offer.
    pub offer: String,
    /// `cancelled`, `expired` or `failed`.
    pub outcome: String,
    /// Why.
    pub error: Error,
}

/// An offer and its token.
#[derive(Debug, Clone)]
pub struct Offer {
    importer: Importer,
    /// Its name.
    pub path: String,
    /// What came with it.
    pub options: OfferOptions,
    /// The token, as it came.
    pub sealed_token: Vec<u8>,
}

impl Importer {
    /// A new app that has only connected.
    pub async fn join(desktop: &Desktop) -> Importer {
        Importer::on(desktop.bus.builder(), Manners::default()).await
    }

    /// A running app that owns the bus name `app_id`, as one with a desktop entry does.
    pub async fn named(desktop: &Desktop, app_id: &str) -> Importer {
        let importer = Importer::join(desktop).await;
        importer.own(app_id).await;
        importer
    }

    /// A running app that has announced itself as `app_id`, and has no desktop entry.
    pub async fn announced(desktop: &Desktop, app_id: &str) -> Importer {
        Importer::announced_with(desktop, app_id, Manners::default()).await
    }

    /// Such an app, with these manners.
    pub async fn announced_with(desktop: &Desktop, app_id: &str, manners: Manners) -> Importer {
        let importer = Importer::on(desktop.bus.builder(), manners).await;
        let announced = importer.announce(app_id, AnnounceOptions::default()).await;
        announced.expect("an importer may announce itself");
        importer
    }

    /// A new app on a connection of its own. It serves its object from the first message on: one that
    /// is added to a connection later may miss what comes in between.
    pub async fn on(builder: Builder<'_>, manners: Manners) -> Importer {
        let (told, keys) = (Mailbox::default(), Arc::default());
        let served = Served {
            manners,
            told: told.clone(),
            keys: Arc::clone(&keys),
        };
        let builder = builder.serve_at(names::IMPORTER_PATH, served).unwrap();
        Importer {
            connection: builder.build().await.expect("there is a bus"),
            told,
            keys,
        }
    }

    /// Its connection, to do what apps do not.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Its unique name.
    pub fn name(&self) -> String {
        self.connection.unique_name().unwrap().to_string()
    }

    /// Takes a bus name.
    pub async fn own(&self, name: &str) {
        self.connection
            .request_name(name)
            .await
            .expect("the name is free");
    }

    /// Calls `Import.Announce`.
    ///
    /// # Errors
    /// The service refuses.
    pub async fn announce(&self, app_id: &str, options: AnnounceOptions) -> Result<(), Error> {
        Ok(self.proxy().await.announce(app_id, options).await?)
    }

    /// Waits for an offer; its token may come later.
    pub async fn offered(&self) -> (String, OfferOptions) {
        let wanted = |told: &Told| match told {
            Told::Offer(path, options) => Some((path.clone(), (**options).clone())),
            _ => None,
        };
        self.told.take("Importer1.Offer", wanted).await
    }

    /// Waits for an offer and its token.
    pub async fn offer(&self) -> Offer {
        let (path, options) = self.offered().await;
        self.token_of(path, options).await
    }

    /// Waits for the token of an offer.
    pub async fn token_of(&self, path: String, options: OfferOptions) -> Offer {
        let wanted = |told: &Told| match told {
            Told::Import(at, token) if *at == path => Some(token.clone()),
            _ => None,
        };
        let sealed_token = self.told.take("Importer1.Import", wanted).await;
        Offer {
            importer: self.clone(),
            path,
            options,
            sealed_token,
        }
    }

    /// Waits until an offer is withdrawn.
    pub async fn withdrawn(&self) -> Withdrawn {
        let wanted = |told: &Told| match told {
            Told::Withdrawn(withdrawn) => Some(withdrawn.clone()),
            _ => None,
        };
        self.told.take("Importer1.Withdrawn", wanted).await
    }

    /// Everything it was told and has not waited for, after all that was sent has arrived.
    pub async fn left(&self) -> Vec<String> {
        self.proxy()
            .await
            .version()
            .await
            .expect("the service answers");
        self.told.left(|told| format!("{told:?}"))
    }

    /// Takes the next offer, redeems it, opens it, and reports that all was taken over.
    pub async fn import(&self) -> Opened {
        let offer = self.offer().await;
        let (opened, results) = offer
            .redeem()
            .await
            .expect("the rightful importer may redeem");
        offer
            .complete(&all_taken(&results))
            .await
            .expect("a receipt is taken");
        opened
    }

    /// Calls `Import.Redeem` with anything.
    ///
    /// # Errors
    /// The service refuses.
    pub async fn redeem_raw(
        &self,
        offer: &str,
        sealed_token: &[u8],
    ) -> Result<(OwnedFd, Vec<u8>, RedeemResults), Error> {
        let (proxy, path) = (self.proxy().await, object_path(offer).unwrap());
        Ok(proxy.redeem(&path, sealed_token, NoOptions {}).await?)
    }

    /// Leaves the bus without a word.
    pub async fn vanish(self) {
        self.connection.close().await.ok();
    }

    /// Its proxy of `Import`, to call anything.
    pub async fn proxy(&self) -> ImportProxy<'static> {
        ImportProxy::builder(&self.connection)
            .cache_properties(CacheProperties::No)
            .build()
            .await
            .unwrap()
    }
}

impl Offer {
    /// The token, sealed back to the service as `Import.Redeem` wants it.
    pub fn token_for_service(&self) -> Vec<u8> {
        let keys = self.importer.keys.lock().unwrap();
        let own = keys
            .get(&self.path)
            .expect("the offer was acknowledged with a key");
        let direction = Direction::TokenToImporter;
        let token = keywrap::unwrap(&self.sealed_token, own, direction, &self.path)
            .expect("the token is sealed to us");
        self.seal_token(&token)
    }

    /// Any token, sealed to the service.
    pub fn seal_token(&self, token: &[u8]) -> Vec<u8> {
        let theirs = self.options.session_public_key.as_deref().unwrap();
        let theirs = PublicKey::from_bytes(theirs).expect("the service has a key");
        keywrap::wrap(token, &theirs, Direction::TokenToDaemon, &self.path).unwrap()
    }

    /// The token itself.
    pub fn token(&self) -> Vec<u8> {
        let keys = self.importer.keys.lock().unwrap();
        let direction = Direction::TokenToImporter;
        keywrap::unwrap(&self.sealed_token, &keys[&self.path], direction, &self.path)
            .unwrap()
            .to_vec()
    }

    /// Redeems and opens.
    ///
    /// # Errors
    /// The service refuses.
    pub async fn redeem(&self) -> Result<(Opened, RedeemResults), Error> {
        let (payload, key, results) = self.redeem_unopened().await?;
        let opened = payload::open(payload.into(), &key).expect("the payload opens");
        Ok((opened, results))
    }

    /// Redeems.
    ///
    /// # Errors
    /// The service refuses.
    pub async fn redeem_unopened(&self) -> Result<(OwnedFd, ContentKey, RedeemResults), Error> {
        let token = self.token_for_service();
        let (payload, wrapped, results) = self.importer.redeem_raw(&self.path, &token).await?;
        let keys = self.importer.keys.lock().unwrap();
        let direction = Direction::DaemonToImporter;
        let key = ContentKey::unwrap(&wrapped, &keys[&self.path], direction, &self.path);
        Ok((payload, key.expect("the key is wrapped to us"), results))
    }

    /// Reports.
    ///
    /// # Errors
    /// The service refuses.
    pub async fn complete(&self, receipt: &Receipt) -> Result<(), Error> {
        self.complete_with(receipt, &[]).await
    }

    /// Reports, and what differs.
    ///
    /// # Errors
    /// The service refuses.
    pub async fn complete_with(
        &self,
        receipt: &Receipt,
        discrepancies: &[&str],
    ) -> Result<(), Error> {
        let (proxy, path) = (
            self.importer.proxy().await,
            object_path(&self.path).unwrap(),
        );
        let discrepancies = discrepancies.iter().map(|&text| text.to_owned()).collect();
        let options = CompleteOptions {
            discrepancies: Some(discrepancies),
        };
        Ok(proxy.complete(&path, receipt, options).await?)
    }

    /// Declines.
    ///
    /// # Errors
    /// The service refuses.
    pub async fn decline(&self, reason: &str) -> Result<(), Error> {
        let (proxy, path) = (
            self.importer.proxy().await,
            object_path(&self.path).unwrap(),
        );
        Ok(proxy.decline(&path, reason, NoOptions {}).await?)
    }

    /// Asks for more time.
    ///
    /// # Errors
    /// The service refuses.
    pub async fn extend(&self, seconds: u32) -> Result<u64, Error> {
        let (proxy, path) = (
            self.importer.proxy().await,
            object_path(&self.path).unwrap(),
        );
        Ok(proxy.extend(&path, seconds, NoOptions {}).await?)
    }
}

/// The receipt of an importer that took over everything that was deposited.
pub fn all_taken(results: &RedeemResults) -> Receipt {
    let deposited = results.deposited.clone().unwrap_or_default();
    let taken = |count| Tally {
        succeeded: count,
        ..Tally::default()
    };
    let tallies = deposited
        .into_iter()
        .map(|(name, count)| (name, taken(count)));
    tallies.collect()
}

struct Served {
    manners: Manners,
    told: Mailbox<Told>,
    keys: Arc<Mutex<HashMap<String, PrivateKey>>>,
}

#[zbus::interface(name = "org.credex.Importer1")]
impl Served {
    async fn offer(&self, offer: OwnedObjectPath, options: OfferOptions) -> Result<Vec<u8>, Error> {
        let path = offer.to_string();
        let own = PrivateKey::generate().unwrap();
        let public = own.public_key().as_bytes().to_vec();
        self.keys.lock().unwrap().insert(path.clone(), own);
        self.told.put(Told::Offer(path, Box::new(options)));
        match &self.manners {
            Manners::Acknowledge => Ok(public),
            Manners::KeepSilent => std::future::pending().await,
            Manners::Refuse => Err(Error::new(Reason::ImporterDeclined, "the vault is full")),
            Manners::SendNoKey => Ok(vec![0; 32]),
            Manners::Send(bytes) => Ok(bytes.clone()),
        }
    }

    fn import(&self, offer: OwnedObjectPath, sealed_token: Vec<u8>, _options: NoOptions) {
        self.told.put(Told::Import(offer.to_string(), sealed_token));
    }

    fn withdrawn(
        &self,
        offer: OwnedObjectPath,
        outcome: String,
        error: &str,
        message: String,
        _options: NoOptions,
    ) {
        let reason = Reason::from_name(error).expect("the reason is in the table");
        self.told.put(Told::Withdrawn(Withdrawn {
            offer: offer.to_string(),
            outcome,
            error: Error::new(reason, message),
        }));
    }

    #[zbus(property, name = "version")]
    fn version(&self) -> u32 {
        names::INTERFACE_VERSION
    }
}
