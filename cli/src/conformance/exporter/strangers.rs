//! Other programs on the bus, which can send whatever they like.

use std::collections::HashMap;
use std::time::Duration;

use credex_protocol::envelope::PrivateKey;
use credex_protocol::names;
use credex_protocol::wire::{NoOptions, Receipt, Tally};
use zbus::Connection;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, Value};

use crate::conformance::check::{Finding, Seen, failed, hold, trouble};
use crate::conformance::document::Document;
use crate::conformance::receiver::Receiver;
use crate::conformance::scene::Scene;

/// How long an exporter has to listen for a receipt, once the importer has its offer.
const LISTENS: Duration = Duration::from_millis(300);
/// How long an exporter has to fall for a forgery that it has already got.
const TEMPTATION: Duration = Duration::from_secs(1);

/// Who asked to export, and the path of its request.
async fn who_asked(scene: &Scene) -> Result<(String, String), Finding> {
    let answers = scene.wire()?.answers("RequestExport").await?;
    let (call, answer) = answers.first().ok_or_else(|| failed("it did not ask"))?;
    let sender = call.message.header().sender().map(ToString::to_string);
    let path: OwnedObjectPath = answer.message.body().deserialize()?;
    let sender = sender.ok_or_else(|| trouble("a call without a sender"))?;
    Ok((sender, path.to_string()))
}

/// Sends a signal as the service would, and sees that the bus has delivered it.
async fn forge(
    stranger: &Connection,
    to: &str,
    (path, interface, member): (&str, &str, &str),
    body: &(impl serde::Serialize + zbus::zvariant::DynamicType),
) -> Result<(), Finding> {
    let sent = stranger.emit_signal(Some(to), path, interface, member, body);
    sent.await?;
    // The bus does one thing after the other for a connection: it answers once the signal is on its way.
    let bus = Some("org.freedesktop.DBus");
    let asked = stranger.call_method(bus, "/org/freedesktop/DBus", bus, "GetId", &());
    asked.await?;
    // Many answer a ping; to the others we give a moment.
    let peer = Some("org.freedesktop.DBus.Peer");
    let ping = stranger.call_method(Some(to), path, peer, "Ping", &());
    tokio::time::timeout(TEMPTATION, ping).await.ok();
    Ok(())
}

pub(super) async fn forged_response(scene: &mut Scene) -> Seen {
    scene.wire()?;
    let receiver = Receiver::join(scene).await?;
    let (export, asked) = scene.asking(&Document::logins("forged", 1)).await?;
    let (exporter, request) = who_asked(scene).await?;
    let stranger = scene.connect().await?;
    let sender = names::sender_element(&exporter);
    let session = format!("{}/{sender}/forged", names::SESSION_PREFIX);
    let key = PrivateKey::generate()?.public_key().as_bytes().to_vec();
    let results: HashMap<&str, Value<'_>> = HashMap::from([
        ("session", ObjectPath::try_from(session.as_str())?.into()),
        ("format_version", "1.0".into()),
        ("session_public_key", key.into()),
        ("types", vec!["basic-auth"].into()),
    ]);
    let signal = (request.as_str(), names::REQUEST, "Response");
    forge(&stranger, &exporter, signal, &(0u32, results)).await?;
    let early = scene.wire()?.calls(&exporter, "Deposit").await?.len();
    hold(early == 0, "it deposited before the person had answered")?;
    scene.agrees(&asked)?;
    receiver.imported(scene.patience).await?;
    scene.succeeded(export).await?;
    let deposits = scene.wire()?.calls(&exporter, "Deposit").await?.len();
    hold(deposits == 1, format!("it deposited {deposits} times"))?;
    Ok("it waited for the service".to_owned())
}

pub(super) async fn forged_receipt(scene: &mut Scene) -> Seen {
    scene.wire()?;
    let receiver = Receiver::join(scene).await?;
    let (export, asked) = scene.asking(&Document::logins("forged", 1)).await?;
    scene.agrees(&asked)?;
    let brought = receiver.brought(scene.patience).await?;
    let (exporter, _request) = who_asked(scene).await?;
    let deposits = scene.wire()?.calls(&exporter, "Deposit").await?;
    let deposit = deposits
        .first()
        .ok_or_else(|| failed("it did not deposit"))?;
    let session = deposit
        .header()
        .path()
        .map(ToString::to_string)
        .unwrap_or_default();
    let stranger = scene.connect().await?;
    let tally = Tally {
        succeeded: 1,
        ..Tally::default()
    };
    let receipt = Receipt::from([("basic-auth".to_owned(), tally)]);
    let signal = (session.as_str(), names::SESSION, "Completed");
    // It may listen only once it has the answer to its deposit.
    tokio::time::sleep(LISTENS).await;
    forge(&stranger, &exporter, signal, &(receipt, NoOptions {})).await?;
    receiver.decline(&brought).await?;
    scene.did_not_succeed(export).await
}

pub(super) async fn odd_answer(scene: &mut Scene) -> Seen {
    let export = scene.export(&Document::logins("odd answer", 1).bytes())?;
    let stand_in = scene.stand_in.as_ref();
    let stand_in = stand_in.ok_or_else(|| trouble("the service is the real one"))?;
    stand_in.answers_oddly(scene.patience).await?;
    scene.did_not_succeed(export).await
}
