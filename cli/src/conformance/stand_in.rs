//! A service of the kit's own, for what the real one never does: it tells lies, is rude, and can be
//! asked what an importer did.

use std::collections::{HashMap, HashSet};
use std::os::fd::OwnedFd as Fd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use credex_protocol::envelope::keywrap::{self, Direction};
use credex_protocol::envelope::{ContentKey, PrivateKey, PublicKey};
use credex_protocol::wire::{CompleteOptions, ExportOptions, NoOptions, Receipt, object_path};
use credex_protocol::{Error, Reason, names};
use zbus::Connection;
use zbus::message::Header;
use zbus::zvariant::{OwnedFd, OwnedObjectPath, OwnedValue, Value};

use super::check::{Finding, failed};
use super::importing::Importing;
use super::mailbox::Mailbox;
use super::parcel::Parcel;

/// What an importer did to it.
#[derive(Debug, Clone)]
pub(super) enum Deed {
    Redeemed { offer: String },
    Completed { offer: String, receipt: Receipt },
    Declined { offer: String, reason: String },
}

/// What it gives for a token.
#[derive(Debug)]
pub(super) enum Redemption {
    /// A descriptor and its key.
    Payload(Fd, ContentKey),
    /// An error.
    Refusal(Reason),
}

/// The kit as the service.
pub(super) struct StandIn {
    connection: Connection,
    book: Arc<Book>,
}

#[derive(Default)]
struct Book {
    announced: Mutex<Option<(String, String)>>,
    offers: Mutex<HashMap<String, Live>>,
    redeemed: Mutex<HashSet<String>>,
    deeds: Mailbox<Deed>,
    /// Who wants to export: its connection, and the path of its request.
    requests: Mailbox<(String, String)>,
}

struct Live {
    own_key: PrivateKey,
    importer_key: PublicKey,
    token: [u8; 16],
    redemption: Option<Redemption>,
}

/// An offer that was acknowledged.
#[derive(Debug)]
pub(super) struct Offered {
    pub(super) path: String,
    sealed_token: Vec<u8>,
}

impl StandIn {
    /// Takes the name of the service.
    pub(super) async fn enter(address: &str) -> Result<StandIn, Finding> {
        let book = Arc::new(Book::default());
        let served = Served(Arc::clone(&book));
        let connection = zbus::connection::Builder::address(address)?
            .serve_at(names::SERVICE_PATH, served)?
            .serve_at(names::SERVICE_PATH, Exports(Arc::clone(&book)))?
            .name(names::BUS_NAME)?
            .build()
            .await?;
        Ok(StandIn { connection, book })
    }

    /// Who announced itself last: its ID and its connection.
    pub(super) fn announced(&self) -> Option<(String, String)> {
        lock(&self.book.announced).clone()
    }

    /// Makes an offer; `redemption` is what its token will bring.
    pub(super) async fn offer(
        &self,
        to: &Importing,
        redemption: Redemption,
    ) -> Result<Offered, Finding> {
        let own_key = PrivateKey::generate()?;
        let public = own_key.public_key().as_bytes().to_vec();
        self.offer_with(to, redemption, own_key, public, &[]).await
    }

    /// The same, with a public key and further options of the check's.
    pub(super) async fn offer_with(
        &self,
        to: &Importing,
        redemption: Redemption,
        own_key: PrivateKey,
        public_key: Vec<u8>,
        more: &[(&'static str, Value<'static>)],
    ) -> Result<Offered, Finding> {
        let number = lock(&self.book.offers).len();
        let path = format!("{}/conformance{number}", names::OFFER_PREFIX);
        let mut options: HashMap<&str, Value<'_>> = HashMap::new();
        options.insert("format_version", "1.0".into());
        options.insert("session_public_key", public_key.into());
        for (key, value) in more {
            options.insert(key, value.try_clone()?);
        }
        let body = (object_path(&path)?, options);
        let answered = self.importer_call(to, "Offer", &body).await;
        let answer = answered.map_err(|error| failed(format!("it refused the offer: {error}")))?;
        let theirs: Vec<u8> = answer.body().deserialize()?;
        let importer_key = PublicKey::from_bytes(&theirs)
            .map_err(|why| failed(format!("its public key is none: {why}")))?;
        let mut token = [0; 16];
        token.copy_from_slice(&ContentKey::generate()?.as_bytes()[..16]);
        let direction = Direction::TokenToImporter;
        let sealed_token = keywrap::wrap(&token, &importer_key, direction, &path)?;
        let live = Live {
            own_key,
            importer_key,
            token,
            redemption: Some(redemption),
        };
        lock(&self.book.offers).insert(path.clone(), live);
        Ok(Offered { path, sealed_token })
    }

    /// Brings the token.
    pub(super) async fn import(&self, to: &Importing, offered: &Offered) -> Result<(), Finding> {
        let path = object_path(&offered.path)?;
        let body = (path, &offered.sealed_token, NoOptions {});
        self.importer_call_unanswered(to, "Import", &body).await
    }

    /// Takes the offer back.
    pub(super) async fn withdraw(&self, to: &Importing, offered: &Offered) -> Result<(), Finding> {
        let reason = Reason::Cancelled.dbus_name();
        let path = object_path(&offered.path)?;
        let body = (
            path,
            "cancelled",
            reason,
            "the person stopped it",
            NoOptions {},
        );
        self.importer_call_unanswered(to, "Withdrawn", &body).await
    }

    /// The next deed to this offer.
    pub(super) async fn deed(&self, offered: &Offered, patience: Duration) -> Option<Deed> {
        let wanted = |deed: &Deed| (deed.offer() == offered.path).then(|| deed.clone());
        self.book.deeds.take(patience, wanted).await
    }

    /// Waits for a request to export, and answers it with a response that nobody knows yet.
    pub(super) async fn answers_oddly(&self, patience: Duration) -> Result<(), Finding> {
        let wanted = |request: &(String, String)| Some(request.clone());
        let request = self.book.requests.take(patience, wanted).await;
        let (to, path) = request.ok_or_else(|| failed("it did not ask to export"))?;
        let results: HashMap<&str, Value<'_>> = HashMap::from([
            ("message", "a response of a later version".into()),
            ("org.example.unknown", 7u32.into()),
        ]);
        let body = (7u32, results);
        let to = Some(to.as_str());
        let sent =
            self.connection
                .emit_signal(to, path.as_str(), names::REQUEST, "Response", &body);
        Ok(sent.await?)
    }

    /// An exchange as the real service would do it; what became of it in the end.
    pub(super) async fn exchange(
        &self,
        to: &Importing,
        redemption: Redemption,
        patience: Duration,
    ) -> Result<Deed, Finding> {
        let offered = self.offer(to, redemption).await?;
        self.import(to, &offered).await?;
        self.outcome(&offered, patience).await
    }

    /// What an importer makes of an offer whose token it has.
    pub(super) async fn outcome(
        &self,
        offered: &Offered,
        patience: Duration,
    ) -> Result<Deed, Finding> {
        let silent = || failed("it did nothing with the offer, and did not decline it");
        loop {
            match self.deed(offered, patience).await.ok_or_else(silent)? {
                Deed::Redeemed { .. } => {}
                deed => return Ok(deed),
            }
        }
    }

    async fn importer_call(
        &self,
        to: &Importing,
        member: &str,
        body: &(impl serde::Serialize + zbus::zvariant::DynamicType),
    ) -> zbus::Result<zbus::Message> {
        let (to, path) = (to.unique_name.as_str(), names::IMPORTER_PATH);
        let interface = Some(names::IMPORTER);
        self.connection
            .call_method(Some(to), path, interface, member, body)
            .await
    }

    async fn importer_call_unanswered(
        &self,
        to: &Importing,
        member: &str,
        body: &(impl serde::Serialize + zbus::zvariant::DynamicType),
    ) -> Result<(), Finding> {
        let message = zbus::Message::method_call(names::IMPORTER_PATH, member)?
            .destination(to.unique_name.as_str())?
            .interface(names::IMPORTER)?
            .with_flags(zbus::message::Flags::NoReplyExpected)?
            .build(body)?;
        Ok(self.connection.send(&message).await?)
    }
}

impl Deed {
    fn offer(&self) -> &str {
        match self {
            Deed::Redeemed { offer }
            | Deed::Completed { offer, .. }
            | Deed::Declined { offer, .. } => offer,
        }
    }
}

impl Redemption {
    pub(super) fn of(parcel: Parcel) -> Redemption {
        Redemption::Payload(parcel.file.into(), parcel.key)
    }
}

/// Payload, wrapped key, results.
type Redeemed = (OwnedFd, Vec<u8>, HashMap<String, Value<'static>>);

struct Served(Arc<Book>);

#[zbus::interface(name = "org.credex.Exchange1.Import")]
impl Served {
    fn announce(
        &self,
        app_id: String,
        _options: HashMap<String, OwnedValue>,
        #[zbus(header)] header: Header<'_>,
    ) {
        let sender = header.sender().map(ToString::to_string);
        *lock(&self.0.announced) = Some((app_id, sender.unwrap_or_default()));
    }

    fn withdraw(&self, _options: HashMap<String, OwnedValue>) {
        *lock(&self.0.announced) = None;
    }

    fn redeem(
        &self,
        offer: OwnedObjectPath,
        sealed_token: Vec<u8>,
        _options: HashMap<String, OwnedValue>,
    ) -> Result<Redeemed, Error> {
        let path = offer.as_str().to_owned();
        self.0.deeds.put(Deed::Redeemed {
            offer: path.clone(),
        });
        let mut offers = lock(&self.0.offers);
        let live = offers
            .get_mut(&path)
            .ok_or_else(|| Error::new(Reason::NotFound, "there is no such offer"))?;
        let direction = Direction::TokenToDaemon;
        let token = keywrap::unwrap(&sealed_token, &live.own_key, direction, &path);
        if token.is_ok_and(|token| token[..] != live.token) {
            return Err(Error::new(Reason::InvalidToken, "the token is another one"));
        }
        match live.redemption.take() {
            None => Err(Error::new(Reason::AlreadyRedeemed, "it was redeemed")),
            Some(Redemption::Refusal(reason)) => Err(Error::new(reason, "the check refuses")),
            Some(Redemption::Payload(file, key)) => {
                lock(&self.0.redeemed).insert(path.clone());
                let direction = Direction::DaemonToImporter;
                let wrapped = key
                    .wrap(&live.importer_key, direction, &path)
                    .map_err(|why| Error::new(Reason::Internal, why.to_string()))?;
                let results = HashMap::from([
                    ("format_version".to_owned(), "1.0".into()),
                    ("org.example.unknown".to_owned(), 7u32.into()),
                ]);
                Ok((file.into(), wrapped, results))
            }
        }
    }

    fn extend(
        &self,
        _offer: OwnedObjectPath,
        seconds: u32,
        _options: HashMap<String, OwnedValue>,
    ) -> u64 {
        u64::from(seconds) * 1000
    }

    fn decline(
        &self,
        offer: OwnedObjectPath,
        reason: String,
        _options: HashMap<String, OwnedValue>,
    ) {
        let offer = offer.to_string();
        self.0.deeds.put(Deed::Declined { offer, reason });
    }

    fn complete(
        &self,
        offer: OwnedObjectPath,
        receipt: Receipt,
        _options: CompleteOptions,
    ) -> Result<(), Error> {
        let offer = offer.to_string();
        let redeemed = lock(&self.0.redeemed).contains(&offer);
        self.0.deeds.put(Deed::Completed { offer, receipt });
        match redeemed {
            true => Ok(()),
            false => Err(Error::new(Reason::WrongState, "it was not redeemed")),
        }
    }

    #[zbus(property, name = "version")]
    fn version(&self) -> u32 {
        names::INTERFACE_VERSION
    }
}

struct Exports(Arc<Book>);

#[zbus::interface(name = "org.credex.Exchange1.Export")]
impl Exports {
    fn request_export(
        &self,
        _parent_window: &str,
        options: ExportOptions,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<OwnedObjectPath, Error> {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let token = options.handle_token.unwrap_or_else(|| "made".to_owned());
        let path = names::request_path(&sender, &token);
        let request = OwnedObjectPath::try_from(path.as_str())
            .map_err(|why| Error::new(Reason::InvalidArgument, why.to_string()))?;
        self.0.requests.put((sender, path));
        Ok(request)
    }

    #[zbus(property, name = "version")]
    fn version(&self) -> u32 {
        names::INTERFACE_VERSION
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
