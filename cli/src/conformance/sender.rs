//! The kit as an exporter: it speaks the wire by hand, so that it can also do what no exporter should.

use std::os::fd::AsFd;
use std::time::Duration;

use credex_protocol::envelope::PublicKey;
use credex_protocol::proxy::{ExportProxy, SessionProxy};
use credex_protocol::wire::{
    ClosedDetails, CompleteOptions, ExportOptions, ExportResults, NoOptions, Receipt, response,
};
use futures_util::StreamExt;
use zbus::message::Type;
use zbus::proxy::CacheProperties;
use zbus::zvariant::Fd;
use zbus::{Connection, Message, MessageStream};

use super::check::{Finding, failed, trouble};
use super::mailbox::Mailbox;
use super::parcel::Parcel;
use super::person::Asked;
use super::scene::Scene;

/// What the kit says it is.
const APP_ID: &str = "org.credex.Conformance";

/// An exporting app.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    connection: Connection,
    signals: Mailbox<Message>,
}

/// A session that the person has agreed to.
#[derive(Debug)]
pub(super) struct Sending {
    sender: Sender,
    path: String,
    key: PublicKey,
    pub(super) asked: Asked,
}

/// How a session ended.
#[derive(Debug)]
pub(super) enum Ending {
    Completed {
        receipt: Receipt,
        discrepancies: Vec<String>,
    },
    Closed {
        error: String,
        message: String,
    },
}

impl Sender {
    pub(super) async fn join(scene: &Scene) -> Result<Sender, Finding> {
        let connection = scene.connect().await?;
        let signals = Mailbox::default();
        let (mut stream, kept) = (MessageStream::from(&connection), signals.clone());
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                if message.message_type() == Type::Signal {
                    kept.put(message);
                }
            }
        });
        Ok(Sender {
            connection,
            signals,
        })
    }

    /// Asks to export this; the person sends all of it to the importer under test.
    pub(super) async fn agreed(&self, scene: &Scene, parcel: &Parcel) -> Result<Sending, Finding> {
        let options = ExportOptions {
            app_id: Some(APP_ID.to_owned()),
            counts: Some(parcel.counts.clone()),
            ..ExportOptions::default()
        };
        let export = ExportProxy::builder(&self.connection)
            .cache_properties(CacheProperties::No)
            .build()
            .await?;
        let request = export.request_export("", options).await?;
        let asked = scene.person.asked(scene.patience).await?;
        let importer = &scene.importing()?.id;
        scene.person.sends(&asked, importer, &asked.types)?;
        let signal = self
            .signal(request.as_str(), &["Response"], scene.patience)
            .await
            .ok_or_else(|| trouble("the service does not answer the request"))?;
        let (response, results): (u32, ExportResults) = signal.body().deserialize()?;
        match (response, results.session, results.session_public_key) {
            (response::DONE, Some(session), Some(key)) => Ok(Sending {
                sender: self.clone(),
                path: session.to_string(),
                key: PublicKey::from_bytes(&key)?,
                asked,
            }),
            _ => Err(trouble(format!(
                "the request was refused: {}",
                results.message.unwrap_or_default()
            ))),
        }
    }

    /// Leaves the bus without a word.
    pub(super) async fn vanishes(self) -> Result<(), Finding> {
        Ok(self.connection.close().await?)
    }

    async fn signal(&self, path: &str, members: &[&str], patience: Duration) -> Option<Message> {
        let wanted = |message: &Message| {
            let header = message.header();
            let ours = header.path().is_some_and(|at| at.as_str() == path);
            let member = header.member()?;
            (ours && members.contains(&member.as_str())).then(|| message.clone())
        };
        self.signals.take(patience, wanted).await
    }
}

impl Sending {
    /// Hands the payload over.
    pub(super) async fn deposit(&self, parcel: &Parcel) -> Result<(), Finding> {
        let wrapped = parcel.wrapped_for_session(&self.key, &self.path)?;
        let payload = Fd::from(parcel.file.as_fd());
        let counts = &parcel.deposited;
        let session = self.session().await?;
        session
            .deposit(payload, &wrapped, counts, NoOptions {})
            .await?;
        Ok(())
    }

    /// Takes it back.
    pub(super) async fn close(&self) -> Result<(), Finding> {
        Ok(self.session().await?.close().await?)
    }

    /// Waits for the end.
    pub(super) async fn ending(&self, patience: Duration) -> Result<Ending, Finding> {
        let members = ["Completed", "Closed"];
        let Some(signal) = self.sender.signal(&self.path, &members, patience).await else {
            return Err(failed(format!(
                "it neither completed nor declined within {} s",
                patience.as_secs()
            )));
        };
        let body = signal.body();
        if signal.header().member().is_some_and(|it| it == "Completed") {
            let (receipt, details): (Receipt, CompleteOptions) = body.deserialize()?;
            let discrepancies = details.discrepancies.unwrap_or_default();
            return Ok(Ending::Completed {
                receipt,
                discrepancies,
            });
        }
        let (_outcome, error, message, _details): (String, String, String, ClosedDetails) =
            body.deserialize()?;
        Ok(Ending::Closed { error, message })
    }

    async fn session(&self) -> Result<SessionProxy<'_>, Finding> {
        Ok(SessionProxy::builder(&self.sender.connection)
            .path(self.path.as_str())?
            .cache_properties(CacheProperties::No)
            .build()
            .await?)
    }
}

impl Ending {
    /// The receipt, or that there is none.
    pub(super) fn receipt(self) -> Result<Receipt, Finding> {
        match self {
            Ending::Completed { receipt, .. } => Ok(receipt),
            Ending::Closed { error, message } => Err(failed(format!(
                "no receipt came: {}: {message}",
                short(&error)
            ))),
        }
    }
}

/// The last part of an error's name.
pub(super) fn short(error: &str) -> &str {
    error.rsplit('.').next().unwrap_or(error)
}
