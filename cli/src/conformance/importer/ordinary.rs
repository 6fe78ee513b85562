//! What happens every day.

use std::collections::HashSet;
use std::time::Duration;

use credex::cxf;
use credex_protocol::wire::Receipt;

use crate::conformance::check::{Finding, Seen, failed, hold, skipped};
use crate::conformance::document::{self, Document};
use crate::conformance::importing::agrees;
use crate::conformance::parcel::{Parcel, join};
use crate::conformance::scene::Scene;
use crate::conformance::sender::Ending;

/// At once is soon enough if a person would not wonder.
const AT_ONCE: Duration = Duration::from_secs(3);

pub(super) async fn one_exchange(scene: &mut Scene) -> Seen {
    let document = Document::logins("one exchange", 3);
    let receipt = scene.receipt_for(&document).await?;
    agrees(&receipt, &document.counts())?;
    let taken = receipt["basic-auth"].succeeded;
    hold(taken == 3, format!("of 3 logins it took {taken}"))?;
    let Some(kept) = scene.kept(&document.mark)? else {
        return Ok("3 logins taken; it shows nothing of what it keeps".to_owned());
    };
    let kept = kept.counts()?.get("basic-auth").copied().unwrap_or(0);
    hold(
        kept == 3,
        format!("it says that it took 3 logins, and keeps {kept}"),
    )?;
    Ok("3 logins taken and kept".to_owned())
}

pub(super) async fn acknowledges_at_once(scene: &mut Scene) -> Seen {
    scene.receipt_for(&Document::logins("at once", 1)).await?;
    let answers = scene.wire()?.answers("Offer").await?;
    let (call, answer) = answers.first().ok_or_else(|| failed("it did not answer"))?;
    let took = answer.at.duration_since(call.at);
    hold(took < AT_ONCE, format!("it took {} ms", took.as_millis()))?;
    Ok(format!("after {} ms", took.as_millis()))
}

pub(super) async fn redeems_once(scene: &mut Scene) -> Seen {
    scene.wire()?;
    let ending = scene
        .exchange(&Parcel::of(&Document::logins("once", 1))?)
        .await;
    let me = &scene.importing()?.unique_name;
    let redeemed = scene.wire()?.calls(me, "Redeem").await?.len();
    let completed = scene.wire()?.calls(me, "Complete").await?.len();
    hold(
        redeemed == 1,
        format!("it called Redeem {redeemed} times, and Complete {completed} times"),
    )?;
    ending?.receipt()?;
    hold(
        completed == 1,
        format!("it called Complete {completed} times"),
    )?;
    Ok("one Redeem, one Complete".to_owned())
}

pub(super) async fn one_after_another(scene: &mut Scene) -> Seen {
    for number in 1..=5 {
        let document = Document::logins(&format!("number {number}"), number);
        let receipt = scene.receipt_for(&document).await?;
        agrees(&receipt, &document.counts())?;
    }
    Ok("5 exchanges".to_owned())
}

pub(super) async fn fresh_keys(scene: &mut Scene) -> Seen {
    scene.wire()?;
    for number in 0..3 {
        let document = Document::logins(&format!("key {number}"), 1);
        scene.receipt_for(&document).await?;
    }
    let answers = scene.wire()?.answers("Offer").await?;
    let keys = answers
        .iter()
        .map(|(_, answer)| answer.message.body().deserialize::<Vec<u8>>());
    let keys: HashSet<Vec<u8>> = keys.collect::<Result<_, _>>()?;
    hold(
        keys.len() == 3,
        format!("for 3 offers it made {} keys", keys.len()),
    )?;
    Ok("3 offers, 3 keys".to_owned())
}

pub(super) async fn two_at_once(scene: &mut Scene) -> Seen {
    let (one, two) = (
        Document::logins("the one", 1),
        Document::logins("the other", 4),
    );
    let (first, second) = (scene.agreed(&one).await?, scene.agreed(&two).await?);
    let (parcel, other) = (Parcel::of(&one)?, Parcel::of(&two)?);
    first.deposit(&parcel).await?;
    second.deposit(&other).await?;
    for (sending, document) in [(first, one), (second, two)] {
        let receipt = sending.ending(scene.patience).await?.receipt()?;
        agrees(&receipt, &document.counts())?;
    }
    Ok("each has its own receipt".to_owned())
}

pub(super) async fn attachments(scene: &mut Scene) -> Seen {
    let bytes = b"made-up bytes".repeat(10_000);
    let id = document::id("file", 0);
    let items = vec![document::item(
        "with a file",
        0,
        vec![document::file(&id, &bytes)],
    )];
    let document = Document::of_items("with a file", items);
    taken_by_this_importer(scene, &["file"])?;
    let parcel = Parcel::with_attachments(&document, &[(&id, &bytes)])?;
    let receipt = scene.exchange(&parcel).await?.receipt()?;
    agrees(&receipt, &document.counts())?;
    if receipt["file"].succeeded == 0 {
        return Ok("it said that it does not take files".to_owned());
    }
    match scene.kept(&document.mark)? {
        None => Ok("1 file taken; it shows nothing of what it keeps".to_owned()),
        Some(kept) => {
            let whole = kept.has_attachment(&id, &bytes);
            hold(
                whole,
                "it says that it took the file, and does not keep its bytes",
            )?;
            Ok(format!("1 file of {} bytes taken and kept", bytes.len()))
        }
    }
}

pub(super) async fn all_types(scene: &mut Scene) -> Seen {
    let root = serde_json::from_slice(cxf::sample())?;
    let counts = document::count(&root);
    let plaintext = join(cxf::sample(), cxf::sample_attachments())?;
    let parcel = Parcel::sealed(&plaintext, counts.clone())?;
    let receipt = scene.exchange(&parcel).await?.receipt()?;
    agrees(&receipt, &counts)?;
    let sum = |which: fn(&Receipt) -> u32| which(&receipt);
    let taken = sum(|it| it.values().map(|tally| tally.succeeded).sum());
    let ignored = sum(|it| it.values().map(|tally| tally.ignored).sum());
    let failed = sum(|it| it.values().map(|tally| tally.failed).sum());
    Ok(format!(
        "of {} types: {taken} taken, {failed} failed, {ignored} ignored",
        counts.len()
    ))
}

pub(super) async fn discrepancies(scene: &mut Scene) -> Seen {
    let document = Document::logins("one more", 3);
    let mut parcel = Parcel::of(&document)?;
    for counts in [&mut parcel.counts, &mut parcel.deposited] {
        counts.insert("basic-auth".to_owned(), 2);
    }
    match scene.exchange(&parcel).await? {
        Ending::Completed { discrepancies, .. } => {
            hold(
                !discrepancies.is_empty(),
                "2 logins were announced and 3 came, and it did not say so",
            )?;
            Ok(format!("it said: {}", discrepancies.join("; ")))
        }
        Ending::Closed { message, .. } => Ok(format!("it wanted nothing of it: {message}")),
    }
}

/// Skips where the importer says that it does not take these types.
pub(super) fn taken_by_this_importer(scene: &Scene, types: &[&str]) -> Result<(), Finding> {
    let takes = &scene.importing()?.takes;
    let refused = types
        .iter()
        .find(|name| matches!(takes, Some(takes) if !takes.iter().any(|it| it == *name)));
    match refused {
        None => Ok(()),
        Some(name) => Err(skipped(format!("it says that it does not take {name}"))),
    }
}
