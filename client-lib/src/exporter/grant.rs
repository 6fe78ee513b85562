//! What the person allowed, and the way to make use of it.

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;

use credex_protocol::envelope::keywrap::Direction;
use credex_protocol::envelope::{ContentKey, PublicKey};
use credex_protocol::wire::ExportResults;

use super::Delivery;
use super::payload::{Body, Payload, Piece};
use super::seal::seal;
use super::session::Session;
use crate::cxf::{Choice, Counts};
use crate::error::{Error, Result};
use crate::progress::silent;

/// The person's consent to one exchange. Dropping it without a delivery calls the exchange off.
#[derive(Debug)]
pub struct Grant {
    session: Arc<Session>,
    format_version: String,
    public_key: PublicKey,
    types: BTreeSet<String>,
    importer: Option<String>,
    declared: Counts,
}

impl Grant {
    pub(super) fn new(session: Session, results: ExportResults, declared: Counts) -> Result<Self> {
        let missing = |what: &str| Error::Protocol(format!("a grant without {what}"));
        let key = results.session_public_key;
        let key = key.ok_or_else(|| missing("session_public_key"))?;
        let version = results.format_version;
        Ok(Self {
            session: Arc::new(session),
            format_version: version.ok_or_else(|| missing("format_version"))?,
            public_key: PublicKey::from_bytes(&key)?,
            types: results.types.unwrap_or_default().into_iter().collect(),
            importer: results.importer,
            declared,
        })
    }

    /// The credential types that the person lets go.
    pub fn types(&self) -> &BTreeSet<String> {
        &self.types
    }

    /// The desktop-entry ID of the app that the person chose, only where the administrator lets
    /// exporters learn it.
    pub fn importer(&self) -> Option<&str> {
        self.importer.as_deref()
    }

    /// The version of the Credential Exchange Format to write.
    pub fn format_version(&self) -> &str {
        &self.format_version
    }

    /// Checks the document, leaves out what the person did not let go ([`cxf::narrow`]), seals it
    /// with its attachments, and hands it to the service. If everything was let go, the document
    /// travels byte for byte. If this fails it may be tried again.
    ///
    /// [`cxf::narrow`]: crate::cxf::narrow
    ///
    /// # Errors
    /// [`Error::Document`]; [`Error::Parts`] for an attachment's id; [`Error::Read`] for an
    /// attachment's reader; [`Error::Service`] with `PayloadRefused` or `PayloadTooLarge`;
    /// [`Error::Ended`] if the exchange is over; [`Error::ServiceStopped`];
    /// [`Error::NotTheService`].
    pub async fn send<'a>(&self, payload: impl Into<Payload<'a>>) -> Result<Delivery> {
        let ready = payload
            .into()
            .narrowed(Choice::new(&self.declared, &self.types))?;
        let (counts, report) = (ready.counts, ready.report);
        let mut tell = ready.progress.unwrap_or_else(|| Box::new(silent));
        let expires = self.deposit(ready.pieces, counts, &mut *tell).await?;
        Ok(Delivery::new(Arc::clone(&self.session), expires, report))
    }

    /// Sends `len` bytes from `reader` as the document, whatever they are: nothing is checked or
    /// left out, and the counts are those that the request declared.
    ///
    /// # Errors
    /// As [`send`](Self::send); [`Error::Read`] if `reader` does not give `len` bytes.
    pub async fn send_opaque(&self, reader: impl Read + Send, len: u64) -> Result<Delivery> {
        let document = Piece {
            id: None,
            body: Body::Reader(Box::new(reader), len),
        };
        let counts = allowed(&self.declared, &self.types);
        let expires = self.deposit(vec![document], counts, &mut silent).await?;
        let report = crate::cxf::Report::default();
        Ok(Delivery::new(Arc::clone(&self.session), expires, report))
    }

    async fn deposit(
        &self,
        pieces: Vec<Piece<'_>>,
        counts: Counts,
        tell: crate::OnProgress<'_>,
    ) -> Result<u64> {
        let key = ContentKey::generate()?;
        let envelope = seal(pieces, &key, tell).await?;
        let to_daemon = Direction::ExporterToDaemon;
        let wrapped = key.wrap(&self.public_key, to_daemon, self.session.path())?;
        drop(key);
        self.session.deposit(&envelope, &wrapped, counts).await
    }
}

fn allowed(counts: &Counts, types: &BTreeSet<String>) -> Counts {
    let let_go = counts.iter().filter(|(name, _)| types.contains(*name));
    let_go
        .map(|(name, number)| (name.to_owned(), number))
        .collect()
}
