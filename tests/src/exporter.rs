//! An exporting app in the test's process, which speaks the wire by hand. Serves design §3.

use std::os::fd::{AsFd, BorrowedFd};

use credex_protocol::envelope::PublicKey;
use credex_protocol::proxy::{ExportProxy, RequestProxy, SessionProxy, StatusProxy};
use credex_protocol::wire::{
    ClosedDetails, CompleteOptions, Counts, ExportOptions, ExportResults, ImporterInfo, NoOptions,
    Receipt, ServiceStatus, response,
};
use credex_protocol::{Error, Reason, names};
use futures_util::StreamExt;
use zbus::message::Type;
use zbus::proxy::CacheProperties;
use zbus::zvariant::Fd;
use zbus::{Connection, Message, MessageStream};

use crate::desktop::Desktop;
use crate::mailbox::Mailbox;
use crate::payload::Sealed;

/// What the exporters of the stories say they are, unless they say something else.
pub const APP_ID: &str = "org.example.Exporter";

/// An exporting app. Its clones are the same app.
#[derive(Debug, Clone)]
pub struct Exporter {
    connection: Connection,
    signals: Mailbox<Message>,
}

impl Exporter {
    /// A new app on the bus of `desktop`.
    pub async fn join(desktop: &Desktop) -> Exporter {
        Exporter::on(desktop.bus.connect().await)
    }

    /// A new app on a connection of its own.
    pub fn on(connection: Connection) -> Exporter {
        let signals = Mailbox::default();
        let (mut stream, box_) = (MessageStream::from(&connection), signals.clone());
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                if message.message_type() == Type::Signal {
                    box_.put(message);
                }
            }
        });
        Exporter {
            connection,
            signals,
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

    /// Asks to export.
    ///
    /// # Errors
    /// The service refuses at once.
    pub async fn request(&self, window: &str, options: ExportOptions) -> Result<Request, Error> {
        let proxy = ExportProxy::builder(&self.connection)
            .cache_properties(CacheProperties::No)
            .build()
            .await?;
        let path = proxy.request_export(window, options).await?;
        Ok(Request {
            exporter: self.clone(),
            path: path.to_string(),
        })
    }

    /// Asks to export so many credentials of each type, and leaves all else open.
    pub async fn ask(&self, counts: &[(&str, u32)]) -> Request {
        let asked = self.request("", options(counts)).await;
        asked.expect("a well-formed request is taken")
    }

    /// Asks, and waits until the person has agreed.
    pub async fn agreed(&self, counts: &[(&str, u32)]) -> Session {
        self.ask(counts).await.session().await
    }

    /// How the service is.
    pub async fn status(&self) -> ServiceStatus {
        let status = self.status_proxy().await.get_status(NoOptions {}).await;
        status.expect("the service tells its status")
    }

    /// The importing providers, and what is wrong with the others.
    pub async fn providers(&self) -> (Vec<ImporterInfo>, Vec<String>) {
        let providers = self.status_proxy().await.providers(NoOptions {}).await;
        providers.expect("the service tells its providers")
    }

    async fn status_proxy(&self) -> StatusProxy<'static> {
        StatusProxy::builder(&self.connection)
            .cache_properties(CacheProperties::No)
            .build()
            .await
            .unwrap()
    }

    /// The signals of the service that have arrived and that nobody has waited for. A call is made
    /// first, so that everything the service sent before has arrived.
    pub async fn left(&self) -> Vec<String> {
        self.status().await;
        let describe = |message: &Message| {
            let header = message.header();
            let from_bus = header
                .sender()
                .is_some_and(|name| name == "org.freedesktop.DBus");
            let (path, member) = (header.path()?, header.member()?);
            (!from_bus).then(|| format!("{member} of {path}"))
        };
        self.signals.left(describe).into_iter().flatten().collect()
    }

    /// Leaves the bus without a word.
    pub async fn vanish(self) {
        self.connection.close().await.ok();
    }

    async fn signal(&self, path: &str, members: &[&str]) -> Message {
        let wanted = |message: &Message| {
            let header = message.header();
            let ours = header.path().is_some_and(|at| at.as_str() == path);
            let member = header.member()?;
            (ours && members.contains(&member.as_str())).then(|| message.clone())
        };
        let what = format!("{} of {path}", members.join(" or "));
        self.signals.take(&what, wanted).await
    }
}

/// The options of an ordinary request.
pub fn options(counts: &[(&str, u32)]) -> ExportOptions {
    ExportOptions {
        app_id: Some(APP_ID.to_owned()),
        counts: Some(counted(counts)),
        ..ExportOptions::default()
    }
}

/// Counts, as they travel.
pub fn counted(counts: &[(&str, u32)]) -> Counts {
    let owned = |(name, count): &(&str, u32)| ((*name).to_owned(), *count);
    counts.iter().map(owned).collect()
}

/// A question that is being put to the person.
#[derive(Debug)]
pub struct Request {
    exporter: Exporter,
    /// Its object.
    pub path: String,
}

impl Request {
    /// Waits for the answer, whatever it is.
    pub async fn answer(&self) -> (u32, ExportResults) {
        let signal = self.exporter.signal(&self.path, &["Response"]).await;
        signal
            .body()
            .deserialize()
            .expect("a Response is as documented")
    }

    /// Waits for a yes.
    pub async fn session(&self) -> Session {
        let (response, results) = self.answer().await;
        assert_eq!(response, response::DONE, "no session, but {results:?}");
        self.granted(results)
    }

    /// The session of an answer that is a yes.
    pub fn granted(&self, results: ExportResults) -> Session {
        let key = results.session_public_key.expect("a yes brings a key");
        Session {
            exporter: self.exporter.clone(),
            path: results.session.expect("a yes brings a session").to_string(),
            public_key: PublicKey::from_bytes(&key).expect("the key is one"),
            format_version: results.format_version.expect("a yes brings a version"),
            types: results.types.expect("a yes brings types"),
        }
    }

    /// Waits for a no, or another end without a session.
    pub async fn refusal(&self) -> (u32, Error) {
        let (response, results) = self.answer().await;
        assert_ne!(response, response::DONE, "a session: {results:?}");
        let name = results.error.expect("an end without a session says why");
        let reason = Reason::from_name(&name).expect("the reason is in the table");
        (
            response,
            Error::new(reason, results.message.unwrap_or_default()),
        )
    }

    /// Takes the question back.
    ///
    /// # Errors
    /// It is not there any more.
    pub async fn close(&self) -> Result<(), Error> {
        close_request(&self.exporter.connection, &self.path).await
    }
}

/// Calls `Request.Close`, whoever's request it is.
///
/// # Errors
/// The service refuses.
pub async fn close_request(connection: &Connection, path: &str) -> Result<(), Error> {
    let proxy = RequestProxy::builder(connection)
        .path(path)
        .unwrap()
        .cache_properties(CacheProperties::No)
        .build()
        .await?;
    Ok(proxy.close().await?)
}

/// Where to deposit.
#[derive(Debug)]
pub struct Session {
    exporter: Exporter,
    /// Its object.
    pub path: String,
    /// What to wrap the key to.
    pub public_key: PublicKey,
    /// What to write.
    pub format_version: String,
    /// What may go.
    pub types: Vec<String>,
}

/// The one end of a session.
#[derive(Debug)]
pub enum Ending {
    /// The importer has reported.
    Completed {
        /// By credential type.
        receipt: Receipt,
        /// What differs.
        discrepancies: Vec<String>,
    },
    /// There is no receipt.
    Closed {
        /// `cancelled`, `expired` or `failed`.
        outcome: String,
        /// Why.
        error: Error,
        /// Whether the importer has the payload.
        handed_over: bool,
    },
}

impl Session {
    /// Deposits.
    ///
    /// # Errors
    /// The service refuses.
    pub async fn deposit(&self, payload: &Sealed, counts: &[(&str, u32)]) -> Result<u64, Error> {
        let wrapped = payload.wrapped(&self.public_key, &self.path);
        self.deposit_raw(payload.file.as_fd(), &wrapped, counts)
            .await
    }

    /// Deposits what may be no payload at all.
    ///
    /// # Errors
    /// The service refuses.
    pub async fn deposit_raw(
        &self,
        payload: BorrowedFd<'_>,
        wrapped_key: &[u8],
        counts: &[(&str, u32)],
    ) -> Result<u64, Error> {
        let proxy = proxy(&self.exporter.connection, &self.path).await?;
        let (payload, counts) = (Fd::from(payload), counted(counts));
        Ok(proxy
            .deposit(payload, wrapped_key, &counts, NoOptions {})
            .await?)
    }

    /// Waits for its end.
    pub async fn ending(&self) -> Ending {
        let signal = self
            .exporter
            .signal(&self.path, &["Completed", "Closed"])
            .await;
        let (header, body) = (signal.header(), signal.body());
        assert!(
            header
                .interface()
                .is_some_and(|name| name == names::SESSION)
        );
        if header.member().is_some_and(|name| name == "Completed") {
            let (receipt, details): (Receipt, CompleteOptions) = body.deserialize().unwrap();
            return Ending::Completed {
                receipt,
                discrepancies: details.discrepancies.unwrap_or_default(),
            };
        }
        let (outcome, name, message, details): (String, String, String, ClosedDetails) =
            body.deserialize().unwrap();
        let reason = Reason::from_name(&name).expect("the reason is in the table");
        Ending::Closed {
            outcome,
            error: Error::new(reason, message),
            handed_over: details
                .handed_over
                .expect("it says whether it was handed over"),
        }
    }

    /// Waits for the importer's receipt.
    pub async fn receipt(&self) -> (Receipt, Vec<String>) {
        match self.ending().await {
            Ending::Completed {
                receipt,
                discrepancies,
            } => (receipt, discrepancies),
            other => panic!("no receipt, but {other:?}"),
        }
    }

    /// Waits for an end without a receipt: why, and whether the importer has the payload.
    pub async fn failure(&self) -> (Error, bool) {
        match self.ending().await {
            Ending::Closed {
                error, handed_over, ..
            } => (error, handed_over),
            other => panic!("no failure, but {other:?}"),
        }
    }

    /// Takes it back.
    ///
    /// # Errors
    /// It is not there any more.
    pub async fn close(&self) -> Result<(), Error> {
        close_session(&self.exporter.connection, &self.path).await
    }
}

/// Calls `Session.Close`, whoever's session it is.
///
/// # Errors
/// The service refuses.
pub async fn close_session(connection: &Connection, path: &str) -> Result<(), Error> {
    Ok(proxy(connection, path).await?.close().await?)
}

async fn proxy<'a>(connection: &Connection, path: &'a str) -> zbus::Result<SessionProxy<'a>> {
    SessionProxy::builder(connection)
        .path(path)?
        .cache_properties(CacheProperties::No)
        .build()
        .await
}
