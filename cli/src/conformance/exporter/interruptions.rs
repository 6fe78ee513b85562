//! What ends an export in the middle. Nothing may be left hanging, and nothing may look like a success.

use crate::conformance::check::{Seen, hold};
use crate::conformance::document::Document;
use crate::conformance::receiver::Receiver;
use crate::conformance::scene::Scene;

pub(super) async fn person_declines(scene: &mut Scene) -> Seen {
    let _receiver = Receiver::join(scene).await?;
    let (export, asked) = scene.asking(&Document::logins("declined", 1)).await?;
    scene.person.declines(&asked)?;
    let seen = scene.did_not_succeed(export).await?;
    if let Ok(wire) = scene.wire() {
        let deposits = wire.answers("Deposit").await?.len();
        hold(deposits == 0, "it tried to deposit, all the same")?;
    }
    Ok(seen)
}

pub(super) async fn person_does_not_answer(scene: &mut Scene) -> Seen {
    let _receiver = Receiver::join(scene).await?;
    let (export, _asked) = scene.asking(&Document::logins("unanswered", 1)).await?;
    scene.did_not_succeed(export).await
}

pub(super) async fn person_stops(scene: &mut Scene) -> Seen {
    let receiver = Receiver::join(scene).await?;
    let (export, asked) = scene.asking(&Document::logins("stopped", 1)).await?;
    scene.agrees(&asked)?;
    receiver.brought(scene.patience).await?;
    scene.person.stops(&asked)?;
    scene.did_not_succeed(export).await
}

pub(super) async fn nobody_imports(scene: &mut Scene) -> Seen {
    let export = scene.export(&Document::logins("for nobody", 1).bytes())?;
    scene.did_not_succeed(export).await
}

pub(super) async fn importer_declines(scene: &mut Scene) -> Seen {
    let receiver = Receiver::join(scene).await?;
    let (export, asked) = scene.asking(&Document::logins("unwanted", 1)).await?;
    scene.agrees(&asked)?;
    let brought = receiver.brought(scene.patience).await?;
    receiver.decline(&brought).await?;
    scene.did_not_succeed(export).await
}

pub(super) async fn importer_dies(scene: &mut Scene) -> Seen {
    for redeems in [false, true] {
        let receiver = Receiver::join(scene).await?;
        let (export, asked) = scene.asking(&Document::logins("orphan", 1)).await?;
        scene.agrees(&asked)?;
        let brought = receiver.brought(scene.patience).await?;
        if redeems {
            receiver.redeem(&brought).await?;
        }
        receiver.vanishes().await?;
        scene.did_not_succeed(export).await?;
    }
    Ok("it ended both times".to_owned())
}

pub(super) async fn importer_is_late(scene: &mut Scene) -> Seen {
    let receiver = Receiver::join(scene).await?;
    let (export, asked) = scene.asking(&Document::logins("late", 1)).await?;
    scene.agrees(&asked)?;
    receiver.brought(scene.patience).await?;
    scene.did_not_succeed(export).await
}

pub(super) async fn too_large(scene: &mut Scene) -> Seen {
    let _receiver = Receiver::join(scene).await?;
    let (export, asked) = scene.asking(&Document::logins("too large", 1)).await?;
    scene.agrees(&asked)?;
    scene.did_not_succeed(export).await
}

pub(super) async fn service_dies(scene: &mut Scene) -> Seen {
    let _receiver = Receiver::join(scene).await?;
    let (export, _asked) = scene.asking(&Document::logins("unheard", 1)).await?;
    scene.kill_service().await?;
    scene.did_not_succeed(export).await?;
    scene.start_service().await?;
    let receiver = Receiver::join(scene).await?;
    let (export, asked) = scene.asking(&Document::logins("unreported", 1)).await?;
    scene.agrees(&asked)?;
    receiver.brought(scene.patience).await?;
    scene.kill_service().await?;
    scene.did_not_succeed(export).await?;
    Ok("it ended both times".to_owned())
}

pub(super) async fn leaves(scene: &mut Scene) -> Seen {
    let receiver = Receiver::join(scene).await?;
    let patience = scene.patience;
    let (export, asked) = scene.asking(&Document::logins("while asking", 1)).await?;
    scene.process(export)?.leaves(patience).await?;
    scene.person.hears_the_end(&asked, patience).await?;
    let (export, asked) = scene.asking(&Document::logins("while waiting", 1)).await?;
    scene.agrees(&asked)?;
    receiver.brought(patience).await?;
    let status = scene.process(export)?.leaves(patience).await?;
    scene.person.hears_the_end(&asked, patience).await?;
    hold(
        !status.success(),
        "nothing was sent, and it says that all went well",
    )?;
    Ok("the exchange ended with it, both times".to_owned())
}
