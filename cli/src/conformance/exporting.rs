//! The exporter under test: started once for each export, and judged by what arrives and how it exits.

use std::process::ExitStatus;

use super::candidate::{Candidate, Files};
use super::check::{Finding, hold, trouble};
use super::document::Document;
use super::person::Asked;
use super::receiver::{APP_ID, Arrived, Receiver};
use super::scene::Scene;

/// An export that goes on: the number of the process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Export(usize);

impl Scene {
    /// Starts COMMAND with a document.
    pub(super) fn export(&mut self, document: &[u8]) -> Result<Export, Finding> {
        self.export_with(document, &[])
    }

    /// Starts COMMAND with a document and attachments.
    pub(super) fn export_with(
        &mut self,
        document: &[u8],
        attachments: &[(&str, &[u8])],
    ) -> Result<Export, Finding> {
        let number = self.candidates.len();
        let files = Files {
            document: self.at(&format!("{number}.cxf")),
            attachments: self.at(&format!("{number}.cxf.attachments")),
        };
        std::fs::write(&files.document, document)?;
        std::fs::create_dir(&files.attachments)?;
        for (id, bytes) in attachments {
            std::fs::write(files.attachments.join(id), bytes)?;
        }
        let candidate = Candidate::exporter(self, &files)?;
        self.candidates.push(candidate);
        Ok(Export(number))
    }

    /// Starts COMMAND, and waits until the person is asked.
    pub(super) async fn asking(&mut self, document: &Document) -> Result<(Export, Asked), Finding> {
        let export = self.export(&document.bytes())?;
        let asked = self.person.asked(self.patience).await?;
        Ok((export, asked))
    }

    /// The person sends all of it to the kit.
    pub(super) fn agrees(&self, asked: &Asked) -> Result<(), Finding> {
        self.person.sends(asked, APP_ID, &asked.types)
    }

    /// A whole export, up to the end of the process; what arrived.
    pub(super) async fn exported(
        &mut self,
        receiver: &Receiver,
        document: &[u8],
        attachments: &[(&str, &[u8])],
    ) -> Result<Arrived, Finding> {
        let export = self.export_with(document, attachments)?;
        let asked = self.person.asked(self.patience).await?;
        self.agrees(&asked)?;
        let arrived = receiver.imported(self.patience).await?;
        self.succeeded(export).await?;
        Ok(arrived)
    }

    /// It ends, and says that all went well.
    pub(super) async fn succeeded(&mut self, export: Export) -> Result<(), Finding> {
        let status = self.ended(export).await?;
        hold(
            status.success(),
            format!("the receipt came, and it says that it failed: {status}"),
        )
    }

    /// It ends by itself, and does not say that all went well.
    pub(super) async fn did_not_succeed(&mut self, export: Export) -> Result<String, Finding> {
        use std::os::unix::process::ExitStatusExt;
        let status = self.ended(export).await?;
        hold(
            !status.success(),
            "nothing was sent, and it says that all went well",
        )?;
        let crashed = status.signal().is_some();
        hold(!crashed, format!("it crashed: {status}"))?;
        Ok(status.to_string())
    }

    /// The process.
    pub(super) fn process(&mut self, export: Export) -> Result<&mut Candidate, Finding> {
        let candidate = self.candidates.get_mut(export.0);
        candidate.ok_or_else(|| trouble("it was not started"))
    }

    async fn ended(&mut self, export: Export) -> Result<ExitStatus, Finding> {
        let patience = self.patience;
        self.process(export)?.ends(patience).await
    }
}
