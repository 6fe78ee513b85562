//! Other programs on the bus, which can send whatever they like.

use std::collections::HashMap;

use credex_protocol::envelope::PrivateKey;
use credex_protocol::wire::{NoOptions, object_path};
use credex_protocol::{Reason, names};
use zbus::zvariant::Value;

use super::service::{a_parcel, completed, play};
use crate::conformance::check::{Seen, failed, hold};
use crate::conformance::document::Document;
use crate::conformance::scene::Scene;
use crate::conformance::stand_in::Redemption;

pub(super) async fn forged_offer(scene: &mut Scene) -> Seen {
    let stranger = scene.connect().await?;
    let importer = scene.importing()?.unique_name.clone();
    let path = format!("{}/forged", names::OFFER_PREFIX);
    let key = PrivateKey::generate()?.public_key().as_bytes().to_vec();
    let options: HashMap<&str, Value<'_>> = HashMap::from([
        ("session_public_key", key.into()),
        ("format_version", "1.0".into()),
    ]);
    let body = (object_path(&path)?, options);
    let interface = Some(names::IMPORTER);
    let call = stranger.call_method(
        Some(importer.as_str()),
        names::IMPORTER_PATH,
        interface,
        "Offer",
        &body,
    );
    let document = Document::logins("beside a forgery", 1);
    // No answer at all is as good as a refusal. It had time enough once it took the next exchange.
    let (answer, next) = tokio::join!(
        tokio::time::timeout(scene.patience.min(std::time::Duration::from_secs(3)), call),
        scene.receipt_for(&document),
    );
    if matches!(answer, Ok(Ok(_))) {
        return Err(failed("it acknowledged an offer of a stranger"));
    }
    next?;
    scene.goes_on().await?;
    Ok("it did not answer with a key".to_owned())
}

pub(super) async fn token_replayed(scene: &mut Scene) -> Seen {
    scene.wire()?;
    scene.receipt_for(&Document::logins("replayed", 1)).await?;
    let importer = scene.importing()?.unique_name.clone();
    let brought = scene.wire()?.call("Import").await?;
    let brought = brought.ok_or_else(|| failed("no token was brought"))?;
    // A stranger has heard the call that brought the token, and makes it again.
    let stranger = scene.connect().await?;
    let again = zbus::Message::method_call(names::IMPORTER_PATH, "Import")?
        .destination(importer.as_str())?
        .interface(names::IMPORTER)?
        .build(
            &brought
                .body()
                .deserialize::<zbus::zvariant::Structure<'_>>()?,
        )?;
    stranger.send(&again).await?;
    scene.goes_on().await?;
    let redeemed = scene.wire()?.calls(&importer, "Redeem").await?.len();
    hold(
        redeemed == 2,
        format!("for 2 offers it called Redeem {redeemed} times"),
    )?;
    Ok("it redeemed nothing for it".to_owned())
}

pub(super) async fn forged_withdrawal(scene: &mut Scene) -> Seen {
    let (stand_in, importing) = play(scene)?;
    let redemption = Redemption::of(a_parcel("forged withdrawal")?);
    let offered = stand_in.offer(importing, redemption).await?;
    let stranger = scene.connect().await?;
    let (reason, message) = (Reason::Cancelled.dbus_name(), "forged");
    let path = object_path(&offered.path)?;
    let forged = zbus::Message::method_call(names::IMPORTER_PATH, "Withdrawn")?
        .destination(importing.unique_name.as_str())?
        .interface(names::IMPORTER)?
        .build(&(path, "cancelled", reason, message, NoOptions {}))?;
    stranger.send(&forged).await?;
    // The bus delivers in order what one connection sends, so have it see that before the token.
    let ping = stranger.call_method(
        Some(importing.unique_name.as_str()),
        names::IMPORTER_PATH,
        Some("org.freedesktop.DBus.Peer"),
        "Ping",
        &(),
    );
    // Whether it knows that call does not matter.
    tokio::time::timeout(std::time::Duration::from_secs(3), ping)
        .await
        .ok();
    stand_in.import(importing, &offered).await?;
    let deed = stand_in.outcome(&offered, scene.patience).await?;
    completed(&deed)?;
    Ok("the offer went on".to_owned())
}
