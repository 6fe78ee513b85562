//! The exchange between two stores, or between a store and any app, through the service.

use std::collections::BTreeSet;

use credex::cxf::{self, Counts, Narrowed};
use credex::{
    Delivery, ExportRequest, Exporter, Import, Importer, ImporterBuilder, Offer, Payload,
};
use credex_adapters::transfer::{OnDifference, Plan};
use credex_adapters::{Access, Attachment};
use zeroize::Zeroizing;

use super::options::{Pinentry, SourceOptions, TargetOptions, location};
use super::source::{Outgoing, outgoing};
use super::target::{Incoming, Outcome, Target};
use super::telling::Event;
use crate::agent::Agent;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::import::APP_ID;
use crate::interrupt::Interrupt;
use crate::output::{Output, quoted};
use crate::progress::Bar;
use crate::receipt::Told;
use crate::terminal;

/// The exporter learns this of a store that could not be written; not where that is.
const NOT_WRITTEN: &str = "The store could not be written.";
const NOT_OURS: &str = "Another transfer is going on here.";
const CALLED_OFF: &str = "The person called it off.";

/// One store to another.
pub(super) struct Exchange<'e> {
    pub(super) outgoing: &'e Outgoing,
    /// Whether a type of credentials was not selected.
    pub(super) unselected: &'e dyn Fn(&str) -> bool,
    pub(super) on_difference: OnDifference,
    /// What the person at the terminal agreed to.
    pub(super) plan: &'e Plan,
    pub(super) output: Output,
}

/// What came of an exchange between stores.
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    pub(super) receipt: Told,
    /// Whether the person did not let everything go.
    pub(super) kept_back: bool,
}

impl Exchange<'_> {
    pub(super) async fn run(
        &self,
        target: Target,
        interrupt: &mut Interrupt,
    ) -> Result<Ended, Failure> {
        let name = target.location.name();
        let mut importer = interrupt.or(announced(&target, &name).connect()).await?;
        let exporter = interrupt.or(Exporter::connect(APP_ID)).await?;
        let document = &self.outgoing.document.content;
        let declared = super::present(document)?;
        let request = ExportRequest::new()
            .declare(declared.clone())
            .plan(self.plan.tell(credex::Plan::at(&importer)))
            .parent_window(terminal::parent_window());
        self.output.note(format!(
            "You are asked where the credentials may go: choose {}.",
            quoted(&name)
        ))?;
        let agent = Agent::start().await;
        let grant = interrupt.or(exporter.request(request)).await?;
        // Whoever it was to ask has been asked.
        drop(agent);
        let granted = grant.types().clone();
        let narrowed =
            cxf::narrow(document, &declared, &granted).map_err(credex::Error::Document)?;
        let mut bar = Bar::new("Sealing");
        let payload = self.outgoing.payload().on_progress(|done| bar.show(done));
        let mut delivery = interrupt.or(grant.send(payload)).await?;
        drop(bar);
        let import = self
            .arrival(&mut importer, &mut delivery, &narrowed, interrupt)
            .await?;
        let outcome = self
            .take(target, import, &declared, &granted, interrupt)
            .await?;
        // It is written, and Ctrl-C comes too late.
        let receipt = Told::from(delivery.receipt().await?);
        self.output.object(Event::Receipt {
            granted: granted.iter().map(String::as_str).collect(),
            receipt: &receipt,
        })?;
        Ok(Ended {
            outcome,
            receipt,
            kept_back: !declared.types().is_subset(&granted),
        })
    }

    /// Waits for what was sent to come to the target.
    async fn arrival(
        &self,
        importer: &mut Importer,
        delivery: &mut Delivery,
        sent: &Narrowed<'_>,
        interrupt: &mut Interrupt,
    ) -> Result<Import, Failure> {
        loop {
            let offer = tokio::select! {
                biased;
                interrupted = interrupt.wait() => return Err(interrupted),
                offer = importer.next_offer() => offer?,
                ended = delivery.receipt() => return Err(went_elsewhere(ended)),
            };
            let import = interrupt.or(redeem(offer)).await?;
            // Any app can send to the target while it is announced.
            if import.document() == sent.as_ref() {
                return Ok(import);
            }
            import.reject(NOT_OURS).await?;
        }
    }

    /// Writes what arrived.
    async fn take(
        &self,
        target: Target,
        import: Import,
        declared: &Counts,
        granted: &BTreeSet<String>,
        interrupt: &mut Interrupt,
    ) -> Result<Outcome, Failure> {
        let stays_behind =
            |kind: &str| (self.unselected)(kind) || is_kept_back(kind, declared, granted);
        let planned = {
            let incoming = incoming(&import, &stays_behind);
            target.planned(&incoming, self.on_difference)
        };
        let mut outcome = written(target, import, planned, interrupt).await?;
        // The document no longer tells them; they stayed behind with the source.
        outcome
            .plan
            .set_aside
            .extend(self.outgoing.set_aside.iter().cloned());
        Ok(outcome)
    }
}

/// Whether the person let credentials of another type go, and not those of this one.
fn is_kept_back(kind: &str, declared: &Counts, granted: &BTreeSet<String>) -> bool {
    match declared.get(kind) {
        0 => declared.get(Counts::OTHER) > 0 && !granted.contains(Counts::OTHER),
        _ => !granted.contains(kind),
    }
}

fn announced(target: &Target, name: &str) -> ImporterBuilder {
    let importer = Importer::builder(APP_ID).name(name);
    match target.takes() {
        Some(types) => importer.credential_types(types),
        None => importer,
    }
}

fn went_elsewhere(ended: credex::Result<credex::Receipt>) -> Failure {
    match ended {
        Ok(_) => Failure::new(
            Exit::Failed,
            "you sent the credentials to another app; the target is as it was",
        ),
        Err(error) => error.into(),
    }
}

async fn redeem(offer: Offer) -> Result<Import, credex::Error> {
    let mut bar = Bar::new("Opening");
    offer.redeem(&mut |progress| bar.show(progress)).await
}

fn incoming<'i>(import: &'i Import, stays_behind: &'i dyn Fn(&str) -> bool) -> Incoming<'i> {
    let attachments = import.attachments().map(|(id, content)| Attachment {
        id: id.to_owned(),
        content: Zeroizing::new(content.to_vec()),
    });
    Incoming {
        document: import.document(),
        attachments: attachments.collect(),
        stays_behind,
        set_aside: Vec::new(),
    }
}

/// Writes what is planned for an import, and reports; also if it cannot be written.
async fn written(
    target: Target,
    import: Import,
    planned: Result<Plan, Failure>,
    interrupt: &mut Interrupt,
) -> Result<Outcome, Failure> {
    let outcome = match planned {
        Ok(plan) => {
            target
                .write(plan, &import.report().present, interrupt)
                .await
        }
        Err(failure) => Err(failure),
    };
    match outcome {
        Ok(outcome) => {
            import.complete(outcome.types.clone()).await?;
            Ok(outcome)
        }
        Err(failure) => {
            refuse(import, &failure).await;
            Err(failure)
        }
    }
}

/// Tells the exporter that nothing came of it. Whatever that comes to, `failure` is what counts.
async fn refuse(import: Import, failure: &Failure) {
    let reason = match failure.exit {
        Exit::Declined => CALLED_OFF,
        _ => NOT_WRITTEN,
    };
    if let Err(error) = import.reject(reason).await {
        tracing::debug!(%error, "the exporter was not told");
    }
}

/// Reads the store that is named `from`, for an app of the person's choice.
pub(crate) async fn sent_from(
    from: &str,
    options: &SourceOptions,
    pinentry: &Pinentry,
    output: &Output,
    interrupt: &mut Interrupt,
) -> Result<Outgoing, Failure> {
    let location = location(from, Access::Read)?;
    let passphrases = options.passphrases(pinentry);
    let outgoing = outgoing(&location, options, passphrases, output, interrupt).await?;
    for aside in &outgoing.set_aside {
        let aside = crate::output::harmless(&aside.to_string());
        output.warn(format!("set aside: {aside}"))?;
    }
    Ok(outgoing)
}

/// Waits until an app sends credentials here, and writes them to the store that is named `to`.
pub(crate) async fn import_to(
    to: &str,
    options: &TargetOptions,
    pinentry: &Pinentry,
    output: Output,
    interrupt: &mut Interrupt,
) -> Result<Exit, Failure> {
    let location = options.location(to)?;
    let passphrases = options.passphrases(pinentry);
    let target = Target::open(location, options.clone(), passphrases, output, interrupt).await?;
    let name = target.location.name();
    let mut importer = interrupt.or(announced(&target, &name).connect()).await?;
    output.note(format!(
        "Waiting. Export from another app and choose {}; Ctrl-C ends this.",
        quoted(&name)
    ))?;
    let offer = interrupt.or(importer.next_offer()).await?;
    let import = interrupt.or(redeem(offer)).await?;
    drop(importer);
    let agreed = agreed(&target, &import, interrupt).await;
    let outcome = written(target, import, agreed, interrupt).await?;
    Ok(super::exit_of(!outcome.is_whole()))
}

/// Plans what becomes of an import, and goes on only if the person agrees.
async fn agreed(
    target: &Target,
    import: &Import,
    interrupt: &mut Interrupt,
) -> Result<Plan, Failure> {
    // What the app did not send, or the person did not let go, is not known here.
    let nothing = |_: &str| false;
    let (_, plan) = target.plan(&incoming(import, &nothing), interrupt).await?;
    target.agrees(interrupt).await?;
    Ok(plan)
}

impl Outgoing {
    pub(crate) fn payload(&self) -> Payload<'_> {
        let payload = Payload::new(&*self.document.content);
        let files = self.document.attachments.iter();
        files.fold(payload, |payload, file| {
            payload.attachment(&*file.id, &file.content)
        })
    }
}
