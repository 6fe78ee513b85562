//! A service that does what the real one never does. An importer trusts it with nothing that it can
//! check itself.

use std::io::Write;

use credex_protocol::Reason;
use credex_protocol::envelope::{ContentKey, PrivateKey, memfd};

use crate::conformance::check::{Finding, Seen, failed, hold, trouble};
use crate::conformance::document::Document;
use crate::conformance::importing::Importing;
use crate::conformance::parcel::Parcel;
use crate::conformance::scene::Scene;
use crate::conformance::stand_in::{Deed, Redemption, StandIn};

/// The kit as the service, and the importer.
pub(super) fn play(scene: &Scene) -> Result<(&StandIn, &Importing), Finding> {
    let stand_in = scene.stand_in.as_ref();
    let stand_in = stand_in.ok_or_else(|| trouble("the service is the real one"))?;
    Ok((stand_in, scene.importing()?))
}

pub(super) fn a_parcel(mark: &str) -> Result<Parcel, Finding> {
    Parcel::of(&Document::logins(mark, 1))
}

/// It took the login.
pub(super) fn completed(deed: &Deed) -> Result<(), Finding> {
    match deed {
        Deed::Completed { receipt, .. } => {
            let taken = receipt.get("basic-auth").map_or(0, |tally| tally.succeeded);
            hold(taken == 1, format!("of 1 login it took {taken}"))
        }
        Deed::Declined { reason, .. } => Err(failed(format!("it declined: {reason}"))),
        Deed::Redeemed { .. } => Err(failed("it did not report")),
    }
}

/// After whatever happened, an ordinary exchange must go well.
async fn goes_on(scene: &mut Scene) -> Result<(), Finding> {
    scene.still_there()?;
    let (stand_in, importing) = play(scene)?;
    let redemption = Redemption::of(a_parcel("afterwards")?);
    let deed = stand_in
        .exchange(importing, redemption, scene.patience)
        .await;
    match deed.and_then(|deed| completed(&deed)) {
        Err(Finding::Failed(why)) => Err(failed(format!("the next exchange failed: {why}"))),
        other => other,
    }
}

/// What it makes of a descriptor: nothing, and it says so.
async fn nothing_of(
    scene: &mut Scene,
    file: std::os::fd::OwnedFd,
    key: ContentKey,
) -> Result<String, Finding> {
    let (stand_in, importing) = play(scene)?;
    let redemption = Redemption::Payload(file, key);
    let seen = match stand_in
        .exchange(importing, redemption, scene.patience)
        .await?
    {
        Deed::Completed { receipt, .. } => {
            let taken: u32 = receipt.values().map(|tally| tally.succeeded).sum();
            hold(
                taken == 0,
                format!("it says that it took {taken} credentials of it"),
            )?;
            "nothing taken".to_owned()
        }
        Deed::Declined { reason, .. } => format!("declined: {reason}"),
        Deed::Redeemed { .. } => return Err(failed("it did not report")),
    };
    goes_on(scene).await?;
    Ok(seen)
}

pub(super) async fn token_twice(scene: &mut Scene) -> Seen {
    let (stand_in, importing) = play(scene)?;
    let redemption = Redemption::of(a_parcel("token twice")?);
    let offered = stand_in.offer(importing, redemption).await?;
    stand_in.import(importing, &offered).await?;
    stand_in.import(importing, &offered).await?;
    completed(&stand_in.outcome(&offered, scene.patience).await?)?;
    goes_on(scene).await?;
    let (stand_in, _) = play(scene)?;
    let again = stand_in.deed(&offered, std::time::Duration::ZERO).await;
    hold(
        again.is_none(),
        format!("it did more with the same token: {again:?}"),
    )?;
    Ok("redeemed once, completed once".to_owned())
}

pub(super) async fn withdrawn(scene: &mut Scene) -> Seen {
    let (stand_in, importing) = play(scene)?;
    let redemption = Redemption::of(a_parcel("withdrawn")?);
    let offered = stand_in.offer(importing, redemption).await?;
    stand_in.withdraw(importing, &offered).await?;
    stand_in.import(importing, &offered).await?;
    goes_on(scene).await?;
    let (stand_in, _) = play(scene)?;
    match stand_in.deed(&offered, std::time::Duration::ZERO).await {
        None | Some(Deed::Declined { .. }) => Ok("it asked for nothing more".to_owned()),
        Some(deed) => Err(failed(format!("it went on with it: {deed:?}"))),
    }
}

pub(super) async fn refused(scene: &mut Scene) -> Seen {
    let reasons = [
        Reason::Expired,
        Reason::AlreadyRedeemed,
        Reason::Cancelled,
        Reason::NotFound,
        Reason::InvalidToken,
        Reason::AttemptsExhausted,
    ];
    for reason in reasons {
        let (stand_in, importing) = play(scene)?;
        let offered = stand_in
            .offer(importing, Redemption::Refusal(reason))
            .await?;
        stand_in.import(importing, &offered).await?;
        let redeemed = stand_in.deed(&offered, scene.patience).await;
        hold(redeemed.is_some(), "it did nothing with the offer")?;
        goes_on(scene).await?;
        let (stand_in, _) = play(scene)?;
        while let Some(deed) = stand_in.deed(&offered, std::time::Duration::ZERO).await {
            let reported = matches!(deed, Deed::Completed { .. });
            hold(!reported, format!("it reported after {}", reason.name()))?;
        }
    }
    Ok(format!("{} refusals, and it went on", reasons.len()))
}

pub(super) async fn unknown_options(scene: &mut Scene) -> Seen {
    let (stand_in, importing) = play(scene)?;
    let own_key = PrivateKey::generate()?;
    let public = own_key.public_key().as_bytes().to_vec();
    let more = [
        ("org.example.unknown", 7u32.into()),
        ("another", vec!["list"].into()),
    ];
    let redemption = Redemption::of(a_parcel("unknown options")?);
    let offered = stand_in
        .offer_with(importing, redemption, own_key, public, &more)
        .await?;
    stand_in.import(importing, &offered).await?;
    completed(&stand_in.outcome(&offered, scene.patience).await?)?;
    Ok("1 login taken".to_owned())
}

pub(super) async fn weak_key(scene: &mut Scene) -> Seen {
    let (stand_in, importing) = play(scene)?;
    let own_key = PrivateKey::generate()?;
    let redemption = Redemption::of(a_parcel("weak key")?);
    let offering = stand_in.offer_with(importing, redemption, own_key, vec![0; 32], &[]);
    match offering.await {
        Err(Finding::Failed(refusal)) => {
            goes_on(scene).await?;
            return Ok(refusal);
        }
        Err(other) => return Err(other),
        Ok(offered) => {
            stand_in.import(importing, &offered).await?;
            goes_on(scene).await?;
            let (stand_in, _) = play(scene)?;
            match stand_in.deed(&offered, std::time::Duration::ZERO).await {
                None | Some(Deed::Declined { .. }) => {}
                Some(deed) => return Err(failed(format!("it used the key: {deed:?}"))),
            }
        }
    }
    Ok("it sealed no token to it".to_owned())
}

pub(super) async fn unsealed(scene: &mut Scene) -> Seen {
    let (bytes, key) = envelope()?;
    let mut file = memfd::create()?;
    file.write_all(&bytes)?;
    nothing_of(scene, file.into(), key).await
}

pub(super) async fn no_memory_file(scene: &mut Scene) -> Seen {
    let (bytes, key) = envelope()?;
    let path = scene.at("payload");
    std::fs::write(&path, &bytes)?;
    nothing_of(scene, std::fs::File::open(&path)?.into(), key).await?;
    // A pipe whose other end stays open: whoever reads from it waits for ever.
    let (_bytes, key) = envelope()?;
    let (reading, _writing) = std::io::pipe()?;
    nothing_of(scene, reading.into(), key).await
}

pub(super) async fn wrong_length(scene: &mut Scene) -> Seen {
    let (mut bytes, key) = envelope()?;
    bytes.push(0);
    let mut file = memfd::create()?;
    file.write_all(&bytes)?;
    memfd::seal(&file)?;
    nothing_of(scene, file.into(), key).await
}

/// The bytes of a good envelope.
fn envelope() -> Result<(Vec<u8>, ContentKey), Finding> {
    let parcel = a_parcel("hostile service")?;
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut whole(&parcel)?, &mut bytes)?;
    Ok((bytes, parcel.key))
}

fn whole(parcel: &Parcel) -> Result<std::fs::File, Finding> {
    let path = format!(
        "/proc/self/fd/{}",
        std::os::fd::AsRawFd::as_raw_fd(&parcel.file)
    );
    Ok(std::fs::File::open(path)?)
}
