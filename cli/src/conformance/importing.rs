//! The importer under test: how it is found to be there, what is sent to it, what it says and keeps.

use std::path::{Path, PathBuf};
use std::time::Duration;

use credex_protocol::proxy::StatusProxy;
use credex_protocol::wire::{Counts, NoOptions, Receipt};
use serde_json::Value;
use zbus::Connection;
use zbus::proxy::CacheProperties;

use super::candidate::Candidate;
use super::check::{Finding, failed, hold, trouble};
use super::document::{self, Document};
use super::parcel::Parcel;
use super::scene::Scene;
use super::sender::{Ending, Sender, short};

/// How long to wait before looking again.
const A_MOMENT: Duration = Duration::from_millis(30);

/// An importer that can be chosen.
#[derive(Debug, Clone)]
pub(super) struct Importing {
    /// Desktop-entry ID.
    pub(super) id: String,
    /// Its connection.
    pub(super) unique_name: String,
    /// The types that it says it takes; all if it does not say.
    pub(super) takes: Option<Vec<String>>,
}

/// What an importer has kept of a payload.
#[derive(Debug)]
pub(super) struct Kept {
    file: PathBuf,
    pub(super) bytes: Vec<u8>,
}

impl Scene {
    /// Starts COMMAND, and waits until it can be chosen.
    pub(super) async fn start_importer(&mut self) -> Result<(), Finding> {
        let candidate = Candidate::importer(self)?;
        self.candidates.push(candidate);
        self.await_importer().await
    }

    /// Waits until the importer can be chosen, for instance again.
    pub(super) async fn await_importer(&mut self) -> Result<(), Finding> {
        self.importing = None;
        let connection = self.connect().await?;
        let deadline = tokio::time::Instant::now() + self.patience;
        while self.importing.is_none() {
            self.still_there()?;
            hold(
                tokio::time::Instant::now() < deadline,
                "it neither announced itself nor owned its ID as a bus name",
            )?;
            self.importing = self.found(&connection).await?;
            tokio::time::sleep(A_MOMENT).await;
        }
        Ok(())
    }

    async fn found(&self, connection: &Connection) -> Result<Option<Importing>, Finding> {
        if let Some(stand_in) = &self.stand_in {
            let owner = match &self.contract.desktop_entry {
                Some((id, _)) => owner(connection, id).await?.map(|it| (id.clone(), it)),
                None => stand_in.announced(),
            };
            return Ok(owner.map(|(id, unique_name)| Importing {
                id,
                unique_name,
                takes: None,
            }));
        }
        let status = StatusProxy::builder(connection)
            .cache_properties(CacheProperties::No)
            .build()
            .await?;
        let (providers, _problems) = status.providers(NoOptions {}).await?;
        for provider in providers {
            let Some(raw) = provider.id else { continue };
            let (id, announced) = match raw.split_once('@') {
                Some((id, unique_name)) => (id.to_owned(), Some(unique_name.to_owned())),
                None => (raw, None),
            };
            let unique_name = match (&self.contract.desktop_entry, announced) {
                (None, Some(unique_name)) => Some(unique_name),
                (Some((entry, _)), None) if *entry == id => owner(connection, &id).await?,
                _ => None,
            };
            if let Some(unique_name) = unique_name {
                return Ok(Some(Importing {
                    id,
                    unique_name,
                    takes: provider.credential_types,
                }));
            }
        }
        Ok(None)
    }

    /// The importer, which is there.
    pub(super) fn importing(&self) -> Result<&Importing, Finding> {
        let missing = || trouble("there is no importer yet");
        self.importing.as_ref().ok_or_else(missing)
    }

    /// Fails if it has ended.
    pub(super) fn still_there(&self) -> Result<(), Finding> {
        for candidate in &self.candidates {
            hold(candidate.lives()?, "it ended, or crashed")?;
        }
        Ok(())
    }

    /// Agrees to an exchange and hands the payload over.
    pub(super) async fn deposit(
        &self,
        parcel: &Parcel,
    ) -> Result<(Sender, super::sender::Sending), Finding> {
        let sender = Sender::join(self).await?;
        let sending = sender.agreed(self, parcel).await?;
        sending.deposit(parcel).await?;
        Ok((sender, sending))
    }

    /// A whole exchange, up to its end.
    pub(super) async fn exchange(&self, parcel: &Parcel) -> Result<Ending, Finding> {
        let (_sender, sending) = self.deposit(parcel).await?;
        sending.ending(self.patience).await
    }

    /// A whole exchange of a document, up to the receipt.
    pub(super) async fn receipt_for(&self, document: &Document) -> Result<Receipt, Finding> {
        self.exchange(&Parcel::of(document)?).await?.receipt()
    }

    /// After whatever happened, it must take the next exchange as if nothing had been.
    pub(super) async fn goes_on(&mut self) -> Result<(), Finding> {
        self.still_there()?;
        let document = Document::logins("afterwards", 2);
        let next = async {
            let receipt = self.receipt_for(&document).await?;
            agrees(&receipt, &document.counts())
        };
        match next.await {
            Err(Finding::Failed(why)) => Err(failed(format!("the next exchange failed: {why}"))),
            other => other,
        }
    }

    /// It must have imported nothing, have said so, and go on.
    pub(super) async fn nothing_taken(&mut self, parcel: &Parcel) -> Result<String, Finding> {
        let said = took_nothing(self.exchange(parcel).await?)?;
        self.goes_on().await?;
        Ok(said)
    }

    /// What it has kept of the document with this mark, if it keeps anything that we can see.
    pub(super) fn kept(&self, mark: &str) -> Result<Option<Kept>, Finding> {
        let mut files = Vec::new();
        list(&self.at("out"), &mut files)?;
        for file in files {
            let bytes = std::fs::read(&file)?;
            if contains(&bytes, mark.as_bytes()) {
                return Ok(Some(Kept { file, bytes }));
            }
        }
        Ok(None)
    }
}

impl Kept {
    /// The attachments beside it that have exactly these bytes.
    pub(super) fn has_attachment(&self, id: &str, bytes: &[u8]) -> bool {
        let mut directory = self.file.clone().into_os_string();
        directory.push(".attachments");
        let read = std::fs::read(Path::new(&directory).join(id));
        read.is_ok_and(|read| read == bytes)
    }

    /// How many credentials of each type are in it.
    pub(super) fn counts(&self) -> Result<Counts, Finding> {
        let root: Value = serde_json::from_slice(&self.bytes)
            .map_err(|_| failed(format!("{} is not JSON", self.file.display())))?;
        Ok(document::count(&root))
    }
}

/// Every type must be accounted for, and nothing else.
pub(super) fn agrees(receipt: &Receipt, sent: &Counts) -> Result<(), Finding> {
    for (name, number) in sent {
        let tally = receipt.get(name).copied().unwrap_or_default();
        let told = u64::from(tally.succeeded) + u64::from(tally.failed) + u64::from(tally.ignored);
        hold(
            told == u64::from(*number),
            format!("of {number} {name} the receipt accounts for {told}"),
        )?;
    }
    let strangers = receipt.keys().filter(|name| !sent.contains_key(*name));
    let strangers: Vec<_> = strangers.map(String::as_str).collect();
    hold(
        strangers.is_empty(),
        format!("the receipt has types that were not sent: {strangers:?}"),
    )
}

/// It said that it could not use the payload: declined it, or took nothing of it.
pub(super) fn took_nothing(ending: Ending) -> Result<String, Finding> {
    match ending {
        Ending::Completed { receipt, .. } => {
            let taken: u64 = receipt
                .values()
                .map(|tally| u64::from(tally.succeeded))
                .sum();
            hold(
                taken == 0,
                format!("it says that it took {taken} credentials of it"),
            )?;
            Ok("a receipt in which nothing succeeded".to_owned())
        }
        Ending::Closed { error, message } if short(&error) == "ImporterDeclined" => {
            Ok(format!("declined: {message}"))
        }
        Ending::Closed { error, message } => Err(failed(format!("{}: {message}", short(&error)))),
    }
}

async fn owner(connection: &Connection, name: &str) -> Result<Option<String>, Finding> {
    if !super::scene::is_owned(connection, name).await? {
        return Ok(None);
    }
    let bus = zbus::fdo::DBusProxy::new(connection).await?;
    let name = zbus::names::BusName::try_from(name).map_err(zbus::Error::from)?;
    Ok(Some(bus.get_name_owner(name).await?.to_string()))
}

fn list(directory: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        match path.is_dir() {
            true => list(&path, files)?,
            false => files.push(path),
        }
    }
    Ok(())
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}
