//! What ends an exchange in the middle. Whatever it is, the next one goes well.

use rustix::process::Signal;

use crate::conformance::check::{Seen, failed, hold, trouble};
use crate::conformance::document::Document;
use crate::conformance::parcel::Parcel;
use crate::conformance::scene::{Scene, is_owned};
use crate::conformance::sender::{Ending, Sender, Sending, short};

/// Seconds that an importer has to acknowledge, where it will be too late.
pub(super) const ACKNOWLEDGE: u64 = 2;

impl Scene {
    /// An exchange that the person has agreed to, and for which nothing was deposited yet.
    pub(super) async fn agreed(
        &self,
        document: &Document,
    ) -> Result<Sending, crate::conformance::check::Finding> {
        let sender = Sender::join(self).await?;
        sender.agreed(self, &Parcel::of(document)?).await
    }

    fn importer_gets(&self, signal: Signal) -> Result<(), crate::conformance::check::Finding> {
        let candidate = self.candidates.first();
        candidate
            .ok_or_else(|| trouble("there is no importer"))?
            .signal(signal)
    }
}

pub(super) async fn exporter_takes_back(scene: &mut Scene) -> Seen {
    let document = Document::logins("taken back", 500);
    // It stands still, so that the offer is taken back before it can answer.
    scene.importer_gets(Signal::STOP)?;
    let (_sender, sending) = scene.deposit(&Parcel::of(&document)?).await?;
    sending.close().await?;
    scene.importer_gets(Signal::CONT)?;
    scene.goes_on().await?;
    let kept = scene.kept(&document.mark)?.is_some();
    hold(!kept, "it keeps what was taken back")?;
    Ok("and took the next one".to_owned())
}

pub(super) async fn exporter_dies(scene: &mut Scene) -> Seen {
    let document = Document::logins("orphan", 200);
    scene.importer_gets(Signal::STOP)?;
    let (sender, sending) = scene.deposit(&Parcel::of(&document)?).await?;
    sender.vanishes().await?;
    let person = &scene.person;
    person.hears_the_end(&sending.asked, scene.patience).await?;
    scene.importer_gets(Signal::CONT)?;
    scene.goes_on().await?;
    let kept = scene.kept(&document.mark)?.is_some();
    hold(!kept, "it keeps what an exporter left behind")?;
    Ok("and took the next one".to_owned())
}

pub(super) async fn person_stops(scene: &mut Scene) -> Seen {
    let document = Document::logins("stopped", 500);
    scene.importer_gets(Signal::STOP)?;
    let (_sender, sending) = scene.deposit(&Parcel::of(&document)?).await?;
    scene.person.stops(&sending.asked)?;
    let ending = sending.ending(scene.patience).await;
    scene.importer_gets(Signal::CONT)?;
    match ending? {
        Ending::Closed { error, .. } if short(&error) == "Cancelled" => {}
        other => return Err(trouble(format!("the person could not stop it: {other:?}"))),
    }
    scene.goes_on().await?;
    let kept = scene.kept(&document.mark)?.is_some();
    hold(!kept, "it keeps what was stopped")?;
    Ok("and took the next one".to_owned())
}

pub(super) async fn too_late(scene: &mut Scene) -> Seen {
    scene.importer_gets(Signal::STOP)?;
    let sent = scene
        .exchange(&Parcel::of(&Document::logins("too late", 1))?)
        .await;
    scene.importer_gets(Signal::CONT)?;
    match sent? {
        Ending::Closed { error, .. } if short(&error) == "ImporterSilent" => {}
        other => return Err(trouble(format!("the time was not up: {other:?}"))),
    }
    scene.goes_on().await?;
    Ok(format!("after {ACKNOWLEDGE} s, and it took the next one"))
}

pub(super) async fn service_dies(scene: &mut Scene) -> Seen {
    scene.importer_gets(Signal::STOP)?;
    let deposited = scene
        .deposit(&Parcel::of(&Document::logins("lost", 500))?)
        .await;
    scene.kill_service().await?;
    scene.importer_gets(Signal::CONT)?;
    deposited?;
    scene.start_service().await?;
    scene.await_importer().await?;
    scene.goes_on().await?;
    Ok("it was there again, and took the next one".to_owned())
}

pub(super) async fn leaves(scene: &mut Scene) -> Seen {
    scene.receipt_for(&Document::logins("the last", 1)).await?;
    let name = scene.importing()?.unique_name.clone();
    let patience = scene.patience;
    let candidate = scene.candidates.first_mut();
    let status = candidate
        .ok_or_else(|| trouble("there is no importer"))?
        .leaves(patience)
        .await?;
    match is_owned(&scene.connect().await?, &name).await? {
        true => Err(failed("its connection is still on the bus")),
        false => Ok(status.to_string()),
    }
}
