//! `credex import`: be there for one offer, and write what comes into a file or a store.

use std::path::PathBuf;

use credex::cxf::Discrepancy;
use credex::{Importer, Offer};
use serde::Serialize;

mod file;

use crate::document::is_standard;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::{GOOD, Output, counted, harmless, quoted};
use crate::progress::Bar;
use crate::transfer::{self, Pinentry, TargetOptions};
use crate::{receipt, terminal};

/// Who this program is on the bus.
pub(crate) const APP_ID: &str = "org.credex.Cli";
const NAME: &str = "Credex command line";

/// Waits until an app sends credentials here, and writes them to a file or a store
///
/// Attachments go into the directory FILE.attachments, each named after the id of its `file`
/// credential. With --to you are shown what would be done, and asked, before the store is written; its
/// JSON are the events "plan" and "written" of `credex transfer`.
///
/// JSON: {"command", "file", "exporter": {"app_id", "name", "assurance"}, "counts": {type: number},
/// "quarantined_total", "attachments", "attachment_problems": ["sentence"], "discrepancies":
/// ["sentence"]}. Ends with code 5 if parts of it should be set aside or differ from what was announced.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("place").required(true).args(["file", "to"]))]
pub(crate) struct Import {
    /// Where to write the document; - for standard output
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    file: Option<PathBuf>,

    /// Replace FILE, or write secrets to a terminal
    #[arg(long)]
    force: bool,

    /// Write to this store instead: KIND:PLACE (`credex stores` lists the kinds)
    #[arg(long, value_name = "STORE", conflicts_with = "force")]
    to: Option<String>,

    #[command(flatten)]
    target: TargetOptions,

    #[command(flatten)]
    pinentry: Pinentry,
}

/// Where a document is written to.
struct Destination {
    file: PathBuf,
    force: bool,
}

#[derive(Serialize)]
struct Imported {
    file: String,
    exporter: App,
    counts: credex::cxf::Counts,
    quarantined_total: u64,
    attachments: usize,
    attachment_problems: Vec<String>,
    discrepancies: Vec<String>,
}

#[derive(Serialize)]
struct App {
    app_id: String,
    name: String,
    assurance: &'static str,
}

impl Import {
    pub(crate) async fn run(self, output: Output) -> Result<Exit, Failure> {
        let mut interrupt = Interrupt::catch()?;
        match (self.to, self.file) {
            (Some(to), _) => {
                let (target, pinentry) = (&self.target, &self.pinentry);
                transfer::import_to(&to, target, pinentry, output, &mut interrupt).await
            }
            (None, Some(file)) => {
                let force = self.force;
                Destination { file, force }
                    .import(output, &mut interrupt)
                    .await
            }
            (None, None) => Err(Failure::new(
                Exit::Usage,
                "name a file with -o, or a store with --to",
            )),
        }
    }
}

impl Destination {
    async fn import(self, output: Output, interrupt: &mut Interrupt) -> Result<Exit, Failure> {
        self.check(output.json)?;
        let importer = Importer::builder(APP_ID).name(NAME);
        let mut importer = interrupt.or(importer.connect()).await?;
        output.note(format!(
            "Waiting. Export from another app and choose “{NAME}”; Ctrl-C ends this."
        ))?;
        let offer = interrupt.or(importer.next_offer()).await?;
        output.note(format!(
            "{} ({}) offers {}.",
            called(offer.exporter()),
            offer.exporter().assurance,
            receipt::credentials(offer.counts().total())
        ))?;
        let import = interrupt.or(open(offer)).await?;
        let written = self.write(&import);
        if let Err(failure) = written {
            import
                .reject("The document could not be written to a file.")
                .await?;
            return Err(failure);
        }
        let imported = self.imported(&import);
        import.complete_all().await?;
        self.tell(&output, imported)
    }

    /// What can be known to go wrong is refused before anybody sends anything.
    fn check(&self, json: bool) -> Result<(), Failure> {
        if is_standard(&self.file) {
            if json {
                let what = "-o - and --json both want standard output";
                return Err(Failure::new(Exit::Usage, what).advise("give -o a file"));
            }
            if terminal::shows_output() && !self.force {
                let what = "secrets would be shown on your terminal";
                return Err(Failure::new(Exit::Usage, what)
                    .advise("give -o a file, or redirect the output, or add --force"));
            }
            return Ok(());
        }
        file::check(&self.file, self.force)
    }

    fn write(&self, import: &credex::Import) -> Result<(), Failure> {
        match is_standard(&self.file) {
            true => file::write_to_output(import),
            false => file::write(&self.file, self.force, import),
        }
    }

    fn imported(&self, import: &credex::Import) -> Imported {
        let exporter = import.exporter();
        let differs = import.discrepancies().iter();
        let problems = import.attachment_problems().iter();
        Imported {
            file: self.file.to_string_lossy().into_owned(),
            exporter: App {
                app_id: exporter.app_id.clone(),
                name: exporter.name.clone(),
                assurance: exporter.assurance.name(),
            },
            counts: import.report().counts.clone(),
            quarantined_total: import.report().quarantined_total,
            attachments: import.attachments().len(),
            attachment_problems: problems.map(ToString::to_string).collect(),
            discrepancies: differs.map(Discrepancy::to_string).collect(),
        }
    }

    fn tell(&self, output: &Output, imported: Imported) -> Result<Exit, Failure> {
        let to_output = is_standard(&self.file);
        if !to_output {
            let file = harmless(&imported.file);
            output.line(format!(
                "{GOOD}{file}{GOOD:#} has {} and {}:",
                receipt::credentials(imported.counts.total()),
                counted(imported.attachments as u64, "attachment")
            ))?;
            for line in receipt::counts(&imported.counts, terminal::columns()) {
                output.line(line)?;
            }
        }
        imported.warn(output)?;
        output.warn("what was written is plaintext: delete it as soon as you can.")?;
        let exit = imported.exit();
        output.object(imported)?;
        Ok(exit)
    }
}

impl Imported {
    fn warn(&self, output: &Output) -> Result<(), Failure> {
        if self.quarantined_total > 0 {
            output.warn(format!(
                "{} should be set aside: `credex validate` says which",
                counted(self.quarantined_total, "part")
            ))?;
        }
        for problem in self.attachment_problems.iter().chain(&self.discrepancies) {
            output.warn(harmless(problem))?;
        }
        Ok(())
    }

    fn exit(&self) -> Exit {
        let sound = self.quarantined_total == 0
            && self.attachment_problems.is_empty()
            && self.discrepancies.is_empty();
        match sound {
            true => Exit::Done,
            false => Exit::Differences,
        }
    }
}

/// The name of an app; where it has none its ID.
fn called(app: &credex::App) -> String {
    match (app.name.as_str(), app.app_id.as_str()) {
        ("", "") => "An app without a name".to_owned(),
        ("", id) => quoted(id),
        (name, _) => quoted(name),
    }
}

async fn open(offer: Offer) -> Result<credex::Import, credex::Error> {
    let mut bar = Bar::new("Opening");
    offer.redeem(&mut |progress| bar.show(progress)).await
}
