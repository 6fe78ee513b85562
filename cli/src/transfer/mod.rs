//! `credex transfer`: from one store to another. Both are apps like any other to the service: one
//! asks to export, the other announces itself, and the person chooses it. What the target is given
//! is what the service hands over, sealed, and nothing else.

mod exchange;
mod options;
mod passphrase;
mod person;
mod source;
mod stores;
mod target;
mod telling;
mod thread;

use credex::cxf::{self, Counts};
use credex_adapters::{Access, Fault};

pub(crate) use exchange::{import_to, sent_from};
pub(crate) use options::{Pinentry, SourceOptions, TargetOptions};
pub(crate) use stores::Stores;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::{Output, STRONG, harmless};
use exchange::Ended;
use options::location;
use source::outgoing;
use target::{Incoming, Target};
use telling::Event;

/// Moves credentials from one store to another
///
/// A store is KIND:PLACE, for instance kdbx:old.kdbx or pass: (`credex stores` lists the kinds). Both
/// are read first, and you are shown what would be done. Then the target waits as an app in the
/// chooser, where you read the numbers of that plan again and send the credentials to it. It is
/// written once, and read back; the source is never changed.
///
/// JSON: events, an object on each line: {"command", "event": "plan" | "progress" | "written" |
/// "receipt" | "removal", …}; see cli/README.md. Ends with code 5 if not all of the source is in the
/// target afterwards, or with --dry-run would not be.
#[derive(Debug, clap::Args)]
pub(crate) struct Transfer {
    /// The store to read
    #[arg(long, value_name = "STORE")]
    from: String,

    /// The store to write
    #[arg(long, value_name = "STORE")]
    to: String,

    /// Show what would be done, and end
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    source: SourceOptions,

    #[command(flatten)]
    target: TargetOptions,

    #[command(flatten)]
    pinentry: Pinentry,
}

impl Transfer {
    pub(crate) async fn run(self, output: Output) -> Result<Exit, Failure> {
        let mut interrupt = Interrupt::catch()?;
        let from = location(&self.from, Access::Read)?;
        let to = self.target.location(&self.to)?;
        if from.is_same_as(&to) {
            return Err(Failure::new(
                Exit::Usage,
                "source and target are the same store",
            ));
        }
        let passphrases = self.source.passphrases(&self.pinentry);
        let outgoing = outgoing(&from, &self.source, passphrases, &output, &mut interrupt).await?;
        let passphrases = self.target.passphrases(&self.pinentry);
        let options = self.target.clone();
        let target = Target::open(to, options, passphrases, output, &mut interrupt).await?;

        let selection = self.source.selection();
        let unselected =
            |kind: &str| !selection.types.is_empty() && !selection.types.contains(kind);
        let incoming = Incoming {
            document: &outgoing.document.content,
            attachments: outgoing.document.attachments.clone(),
            stays_behind: &unselected,
            set_aside: outgoing.set_aside.clone(),
        };
        let (on_difference, mut plan) = target.plan(&incoming, &mut interrupt).await?;
        if self.dry_run {
            return Ok(exit_of(plan.loses()));
        }
        if plan.take_changes().is_empty() {
            output.line("There is nothing to write.")?;
            return Ok(exit_of(plan.loses()));
        }
        target.agrees(&mut interrupt).await?;
        let exchange = exchange::Exchange {
            outgoing: &outgoing,
            unselected: &unselected,
            on_difference,
            plan: &plan,
            output,
        };
        let ended = exchange.run(target, &mut interrupt).await?;
        self.tell(&output, &from.removal(), &ended)
    }

    /// Tells what became of it, and how to remove the old copy if all of it is in the new place.
    fn tell(&self, output: &Output, removal: &str, ended: &Ended) -> Result<Exit, Failure> {
        let complete = ended.outcome.is_whole() && ended.receipt.exit() == Exit::Done;
        if !complete {
            output.warn("not everything is in the new place: keep the old one.")?;
        } else if self.source.selects() || ended.kept_back {
            output.line("The old place has more than you sent: keep it.")?;
        } else {
            let source = harmless(&self.from);
            output.line(format!(
                "Everything in {STRONG}{source}{STRONG:#} is in the new place. Once you have looked at \
                 it there, the old copy can go. {}",
                harmless(removal)
            ))?;
            output.object(Event::Removal { advice: removal })?;
        }
        Ok(exit_of(!complete))
    }
}

fn exit_of(loses: bool) -> Exit {
    match loses {
        true => Exit::Differences,
        false => Exit::Done,
    }
}

/// The credentials in a document, by type.
fn present(document: &[u8]) -> Result<Counts, Failure> {
    let report = cxf::validate(document).map_err(credex::Error::Document)?;
    Ok(report.present)
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        let exit = match fault {
            Fault::Cancelled => Exit::Declined,
            _ => Exit::Failed,
        };
        Failure::new(exit, fault.to_string())
    }
}
