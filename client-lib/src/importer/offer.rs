//! An offer whose token has come: look at it, let the person unlock, redeem it or decline it.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use credex_protocol::envelope::keywrap::{self, Direction};
use credex_protocol::envelope::parts::Part;
use credex_protocol::envelope::{CheckedEnvelope, ContentKey, Plaintext, PrivateKey, PublicKey};
use credex_protocol::wire::{NoOptions, RedeemResults};
use zbus::zvariant::OwnedFd;
use zeroize::Zeroizing;

use super::claim::Claim;
use super::import::Import;
use super::opened::{Opened, Origin};
use super::served::{Book, Ready};
use super::split::Splitter;
use super::taken::Taken;
use crate::app::App;
use crate::bus::Bus;
use crate::clock::left_until;
use crate::cxf::Counts;
use crate::error::{Error, Result};
use crate::progress::{Meter, OnProgress};

/// An offer of credentials. Dropping it declines it.
#[derive(Debug)]
pub struct Offer {
    claim: Claim,
    origin: Origin,
    session_key: PublicKey,
    own_key: PrivateKey,
    sealed_token: Vec<u8>,
    expires: u64,
    activation_token: Option<String>,
    parent_window: Option<String>,
    limit: u64,
}

impl Offer {
    pub(super) fn new(bus: Arc<Bus>, book: Arc<Book>, ready: Ready, limit: u64) -> Self {
        let made = *ready.offer;
        let options = made.options;
        let counts: Counts = options.counts.unwrap_or_default().into_iter().collect();
        let origin = Origin {
            exporter: options.exporter.unwrap_or_default().into(),
            format_version: options.format_version.unwrap_or_default(),
            declared: counts.clone(),
            deposited: counts,
            types: options.types.unwrap_or_default().into_iter().collect(),
        };
        Self {
            claim: Claim::new(bus, book, made.service, made.path, ready.ended),
            origin,
            session_key: made.session_key,
            own_key: made.own_key,
            sealed_token: ready.sealed_token,
            expires: options.expires.unwrap_or_default(),
            activation_token: options.activation_token,
            parent_window: options.parent_window,
            limit,
        }
    }

    /// Who exports, as the service established it.
    pub fn exporter(&self) -> &App {
        &self.origin.exporter
    }

    /// How many credentials of each type are offered.
    pub fn counts(&self) -> &Counts {
        &self.origin.declared
    }

    /// The credential types that the person lets go.
    pub fn types(&self) -> &BTreeSet<String> {
        &self.origin.types
    }

    /// The version of the Credential Exchange Format in which they come.
    pub fn format_version(&self) -> &str {
        &self.origin.format_version
    }

    /// How long the offer still lasts.
    pub fn expires_in(&self) -> Duration {
        left_until(self.expires)
    }

    /// An XDG activation token, with which the app may raise its window.
    pub fn activation_token(&self) -> Option<&str> {
        self.activation_token.as_deref()
    }

    /// The window of the exporter, in the notation of
    /// [`ExportRequest::parent_window`](crate::ExportRequest::parent_window).
    pub fn parent_window(&self) -> Option<&str> {
        self.parent_window.as_deref()
    }

    /// Waits until the offer has ended without us: [`Error::Ended`] or [`Error::ServiceStopped`].
    ///
    /// Other things may be done with the offer meanwhile. Once it is over by our own doing, this waits
    /// for ever.
    pub fn withdrawn(&self) -> impl Future<Output = Error> + Send + use<> {
        self.claim.over()
    }

    /// Asks for the offer to last `how_long` from now, while the person unlocks the app; it never
    /// lasts longer than 30 minutes in all. Returns how long it does last.
    ///
    /// # Errors
    /// [`Error::Ended`]; [`Error::Service`]; [`Error::ServiceStopped`]; [`Error::NotTheService`].
    pub async fn extend(&mut self, how_long: Duration) -> Result<Duration> {
        let seconds = u32::try_from(how_long.as_secs()).unwrap_or(u32::MAX);
        let body = (self.claim.wire_path()?, seconds, NoOptions {});
        self.expires = self.claim.call("Extend", &body).await?;
        Ok(self.expires_in())
    }

    /// Refuses the offer; `reason` is a sentence for the person, cut at 256 bytes.
    ///
    /// # Errors
    /// [`Error::Ended`]; [`Error::Service`]; [`Error::ServiceStopped`]; [`Error::NotTheService`].
    pub async fn decline(self, reason: &str) -> Result<()> {
        self.claim.decline(reason).await
    }

    /// Redeems the offer, opens the payload, and reads the document through.
    ///
    /// Without success the offer is declined, and the exporter is told why.
    ///
    /// # Errors
    /// As [`redeem_opaque`](Self::redeem_opaque); [`Error::Document`] if nothing of the document
    /// should be imported.
    pub async fn redeem(self, tell: OnProgress<'_>) -> Result<Import> {
        self.redeem_opaque(tell).await?.read_through()
    }

    /// Redeems the offer and opens the payload, without looking at the document.
    ///
    /// # Errors
    /// [`Error::Ended`]; [`Error::Service`]; [`Error::ServiceStopped`]; [`Error::NotTheService`];
    /// and, for a payload that is not what the protocol describes or too large,
    /// [`Error::NotAnEnvelope`], [`Error::Keywrap`], [`Error::Open`] and [`Error::Parts`].
    pub async fn redeem_opaque(mut self, tell: OnProgress<'_>) -> Result<Opened> {
        match self.open(tell).await {
            Ok((origin, content)) => Opened::new(self.claim, origin, content),
            Err(error) => {
                self.claim.give_up(&error);
                Err(error)
            }
        }
    }

    /// Redeems the offer, and hands its bytes to `take` as they are opened, with no more than one
    /// segment in memory: first the document, then each attachment, each in pieces, the first of
    /// which is empty.
    ///
    /// Every piece is authentic; that they are all there is only known once this has returned.
    ///
    /// # Errors
    /// As [`redeem_opaque`](Self::redeem_opaque); [`Error::Write`] with an error of `take`.
    pub async fn redeem_to(
        mut self,
        take: impl FnMut(Part<'_>, &[u8]) -> io::Result<()>,
        tell: OnProgress<'_>,
    ) -> Result<Taken> {
        match self.pass_on(take, tell).await {
            Ok(origin) => Ok(Taken::new(self.claim, origin)),
            Err(error) => {
                self.claim.give_up(&error);
                Err(error)
            }
        }
    }

    async fn pass_on(
        &self,
        take: impl FnMut(Part<'_>, &[u8]) -> io::Result<()>,
        tell: OnProgress<'_>,
    ) -> Result<Origin> {
        let (envelope, key, origin) = self.fetch().await?;
        let mut meter = Meter::new(envelope.plaintext_len(), tell);
        let mut opener = envelope.opener(&key)?;
        let mut segment = Zeroizing::new(vec![0; opener.segment_buffer_len()]);
        let mut splitter = Splitter::new(take);
        loop {
            match opener.read_segment_into(&mut segment)? {
                0 => break,
                opened => {
                    splitter.feed(&segment[..opened])?;
                    meter.add(opened).await;
                }
            }
        }
        splitter.finish()?;
        Ok(origin)
    }

    async fn open(&self, tell: OnProgress<'_>) -> Result<(Origin, Plaintext)> {
        let (envelope, key, origin) = self.fetch().await?;
        let mut meter = Meter::new(envelope.plaintext_len(), tell);
        let mut opening = envelope.opener(&key)?.into_memory(self.limit)?;
        loop {
            match opening.step()? {
                0 => break,
                opened => meter.add(opened).await,
            }
        }
        Ok((origin, opening.finish()))
    }

    /// Trades the token for the payload and its key.
    async fn fetch(&self) -> Result<(CheckedEnvelope, ContentKey, Origin)> {
        let token = self.token_for_the_service()?;
        let body = (self.claim.wire_path()?, token, NoOptions {});
        let (fd, wrapped, results): (OwnedFd, Vec<u8>, RedeemResults) =
            self.claim.call("Redeem", &body).await?;
        let envelope = CheckedEnvelope::check(fd.into(), self.limit)?;
        let to_us = Direction::DaemonToImporter;
        let key = ContentKey::unwrap(&wrapped, &self.own_key, to_us, self.claim.path())?;
        Ok((envelope, key, self.origin.clone().completed(results)))
    }

    fn token_for_the_service(&self) -> Result<Vec<u8>> {
        let path = self.claim.path();
        let to_us = Direction::TokenToImporter;
        let token = keywrap::unwrap(&self.sealed_token, &self.own_key, to_us, path)?;
        let to_daemon = Direction::TokenToDaemon;
        Ok(keywrap::wrap(&token, &self.session_key, to_daemon, path)?)
    }
}

impl Origin {
    /// With what the service says on redemption, which is newer.
    fn completed(mut self, results: RedeemResults) -> Self {
        if let Some(exporter) = results.exporter {
            self.exporter = exporter.into();
        }
        if let Some(version) = results.format_version {
            self.format_version = version;
        }
        if let Some(declared) = results.declared {
            self.declared = declared.into_iter().collect();
        }
        if let Some(deposited) = results.deposited {
            self.deposited = deposited.into_iter().collect();
        }
        if let Some(types) = results.types {
            self.types = types.into_iter().collect();
        }
        self
    }
}
