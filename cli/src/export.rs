//! `credex export`: a document from a file, or the content of a store, to an app of the person's
//! choice.

use std::path::{Path, PathBuf};

use credex::cxf::Report;
use credex::{Delivery, ExportRequest, Exporter, Grant, Payload};
use credex_adapters::transfer::Location;
use serde::Serialize;

use crate::agent::Agent;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::{GOOD, Output, WARNING, counted};
use crate::progress::Bar;
use crate::receipt::Told;
use crate::transfer::{self, Pinentry, SourceOptions};
use crate::{attachments, document, terminal};

/// Sends a CXF document, or what is in a store, to an app that you choose
///
/// JSON: {"command", "file", "granted": ["type"], "types": {type: {"succeeded", "failed", "ignored"}},
/// "discrepancies": ["sentence"]}; "file" is the store for --from. Ends with code 5 if not everything
/// that was sent arrived.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["file", "from"]))]
pub(crate) struct Export {
    /// The document, or - for standard input
    file: Option<PathBuf>,

    /// Send what is in this store: KIND:PLACE (`credex stores` lists the kinds)
    #[arg(long, value_name = "STORE", conflicts_with = "attachments")]
    from: Option<String>,

    #[command(flatten)]
    source: SourceOptions,

    #[command(flatten)]
    pinentry: Pinentry,

    /// The exporting provider, for an app with several
    #[arg(long = "for", value_name = "NAME")]
    provider: Option<String>,

    /// The desktop-entry ID of the app for which this is done
    #[arg(long, value_name = "ID", default_value = crate::import::APP_ID)]
    app_id: String,

    /// The files that belong to the document, each named after the id of its `file` credential
    #[arg(long, value_name = "DIR")]
    attachments: Option<PathBuf>,
}

#[derive(Serialize)]
struct Exported {
    file: String,
    granted: Vec<String>,
    #[serde(flatten)]
    receipt: Told,
}

impl Export {
    pub(crate) async fn run(self, output: Output) -> Result<Exit, Failure> {
        let mut interrupt = Interrupt::catch()?;
        let interrupt = &mut interrupt;
        match (&self.from, &self.file) {
            (Some(from), _) => {
                let (source, pinentry) = (&self.source, &self.pinentry);
                let sent = transfer::sent_from(from, source, pinentry, &output, interrupt).await?;
                let attachments = sent.document.attachments.len();
                self.send(&output, sent.payload(), attachments, interrupt)
                    .await
            }
            (None, Some(file)) => {
                let content = document::read(file)?;
                let attachments = match &self.attachments {
                    Some(directory) => attachments::open_all(directory)?,
                    None => Vec::new(),
                };
                let number = attachments.len();
                let mut payload = Payload::new(content.as_slice());
                for each in attachments {
                    payload = payload.attachment_from(each.id, each.file, each.length);
                }
                self.send(&output, payload, number, interrupt).await
            }
            (None, None) => Err(Failure::new(
                Exit::Usage,
                "name a FILE, or a store with --from",
            )),
        }
    }

    async fn send(
        &self,
        output: &Output,
        payload: Payload<'_>,
        attachments: usize,
        interrupt: &mut Interrupt,
    ) -> Result<Exit, Failure> {
        let mut bar = Bar::new("Sealing");
        let mut payload = payload.on_progress(|done| bar.show(done));
        let report = payload.check();
        let report = report.map_err(|error| self.no_document(error))?.clone();
        warn_of_losses(output, &report, attachments)?;

        let exporter = interrupt.or(Exporter::connect(&self.app_id)).await?;
        output.note("You are asked where it may go …")?;
        let agent = Agent::start().await;
        let grant = interrupt.or(exporter.request(self.request(report))).await?;
        // Whoever it was to ask has been asked.
        drop(agent);
        let delivery = interrupt.or(grant.send(payload)).await?;
        drop(bar);
        output.note("Sealed and handed over. Waiting for the app to import it …")?;
        let receipt = wait(delivery, interrupt).await?;
        self.tell(output, &grant, receipt)
    }

    /// A file that is no document may be a store, which is sent in another way.
    fn no_document(&self, error: credex::Error) -> Failure {
        let failure = Failure::from(error);
        let file = self.file.as_deref().and_then(Path::to_str);
        match file.and_then(Location::meant_by) {
            Some(store) => failure.advise(format!(
                "what is in a store is sent with: credex export --from {store}"
            )),
            None => failure,
        }
    }

    fn request(&self, report: Report) -> ExportRequest {
        let request = ExportRequest::new()
            .declare(report.present)
            .parent_window(terminal::parent_window());
        match &self.provider {
            Some(provider) => request.provider(provider),
            None => request,
        }
    }

    fn tell(&self, output: &Output, grant: &Grant, receipt: Told) -> Result<Exit, Failure> {
        let exit = receipt.exit();
        let style = if exit == Exit::Done { GOOD } else { WARNING };
        output.line(format!("{style}{}{style:#}", receipt.headline()))?;
        for line in receipt.lines(terminal::columns()) {
            output.line(line)?;
        }
        for discrepancy in &receipt.discrepancies {
            output.warn(crate::output::harmless(discrepancy))?;
        }
        let file = match (&self.file, &self.from) {
            (Some(file), _) => document::called(file),
            (None, from) => from.clone().unwrap_or_default(),
        };
        if self
            .file
            .as_deref()
            .is_some_and(|file| !document::is_standard(file))
        {
            output.warn(format!(
                "{file} is plaintext: delete it when you have checked that everything arrived."
            ))?;
        }
        output.object(Exported {
            file,
            granted: grant.types().iter().cloned().collect(),
            receipt,
        })?;
        Ok(exit)
    }
}

/// Waits for the end; Ctrl-C takes the payload back.
async fn wait(mut delivery: Delivery, interrupt: &mut Interrupt) -> Result<Told, Failure> {
    let interrupted = tokio::select! {
        biased;
        receipt = delivery.receipt() => return Ok(Told::from(receipt?)),
        interrupted = interrupt.wait() => interrupted,
    };
    delivery.cancel().await?;
    Err(interrupted)
}

fn warn_of_losses(output: &Output, report: &Report, attachments: usize) -> Result<(), Failure> {
    let files = u64::from(report.present.get("file"));
    if files > attachments as u64 {
        output.warn(format!(
            "the document names {}, and {attachments} go with it: add them with --attachments DIR",
            counted(files, "file")
        ))?;
    }
    if report.quarantined_total > 0 {
        output.warn(format!(
            "importers will set {} of the document aside: `credex validate` says which",
            counted(report.quarantined_total, "part")
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_goes_to_the_terminal_it_is_exported_from() {
        // Whatever the test runs in, an empty window and a terminal are the only two answers.
        let window = terminal::parent_window();
        assert!(
            window.is_empty() || window.starts_with("tty:/dev/"),
            "{window}"
        );
    }
}
