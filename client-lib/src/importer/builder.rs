//! What an importing app says about itself, and how it gets on the bus.

use std::sync::Arc;

use credex_protocol::names;
use credex_protocol::wire::AnnounceOptions;
use tokio::sync::{mpsc, watch};

use super::Importer;
use super::announce::{announce, announce_again};
use super::served::{Book, Served};
use crate::bus::{Bus, Owner};
use crate::error::{Error, Result};

/// Plaintext bytes that an importer accepts if nothing else is said: 1 GiB of attachments, and
/// 64 MiB for the document.
const LIMIT: u64 = (1 << 30) + (64 << 20);

/// Describes an importing app; see [`Importer::builder`].
#[derive(Debug, Clone)]
pub struct ImporterBuilder {
    app_id: String,
    options: AnnounceOptions,
    own_name: bool,
    limit: u64,
}

impl ImporterBuilder {
    pub(super) fn new(app_id: String) -> Self {
        Self {
            app_id,
            options: AnnounceOptions::default(),
            own_name: false,
            limit: LIMIT,
        }
    }

    /// The name to show to the person, where no desktop entry gives one.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.options.name = Some(name.into());
        self
    }

    /// The format versions that the app can read; only 1.0 if not said.
    #[must_use]
    pub fn format_versions(
        mut self,
        versions: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.options.format_versions = Some(versions.into_iter().map(Into::into).collect());
        self
    }

    /// The credential types that the app takes; all if not said.
    #[must_use]
    pub fn credential_types(mut self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.options.credential_types = Some(types.into_iter().map(Into::into).collect());
        self
    }

    /// Whether to own `app_id` as a name on the bus, for an app that D-Bus activates, instead of
    /// announcing itself.
    #[must_use]
    pub fn own_name(mut self, own_name: bool) -> Self {
        self.own_name = own_name;
        self
    }

    /// The largest payload to accept, in plaintext bytes; 1 GiB and 64 MiB if not said.
    #[must_use]
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// Connects to the session bus, and is there for offers from then on. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`Error::NoBus`]; [`Error::NameTaken`]; [`Error::Service`] if the service does not take the
    /// announcement; [`Error::ServiceStopped`] if there is no service to announce oneself to;
    /// [`Error::NotTheService`] if somebody else answered.
    pub async fn connect(self) -> Result<Importer> {
        self.on(None).await
    }

    /// Connects to the bus at a D-Bus `address`.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_to(self, address: &str) -> Result<Importer> {
        self.on(Some(address)).await
    }

    async fn on(self, address: Option<&str>) -> Result<Importer> {
        let owner = watch::Sender::new(Owner::Unknown);
        let book = Arc::new(Book::default());
        let (ready, offers) = mpsc::unbounded_channel();
        let served = Served::new(owner.subscribe(), Arc::clone(&book), ready);
        let builder = Bus::at(address)?
            .serve_at(names::IMPORTER_PATH, served)
            .map_err(Error::no_bus)?;
        let bus = Arc::new(Bus::connect(builder, owner).await?);
        let mut importer = Importer {
            bus: Arc::clone(&bus),
            book,
            offers,
            announcing: None,
            limit: self.limit,
        };
        if self.own_name {
            bus.look_the_owner_up().await?;
            bus.own(&self.app_id).await?;
        } else {
            let service = announce(&bus, &self.app_id, &self.options).await?;
            let again = announce_again(Arc::clone(&bus), self.app_id, self.options, service);
            importer.announcing = Some(tokio::spawn(again).abort_handle());
        }
        Ok(importer)
    }
}
