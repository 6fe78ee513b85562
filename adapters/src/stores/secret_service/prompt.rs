//! A question that the Secret Service asks the person itself: to unlock a collection, to agree.

use std::time::Duration;

use futures_util::StreamExt;
use oo7::dbus::api::Prompt;
use zbus::zvariant::{OwnedObjectPath, OwnedValue};

use super::fault::{fault, refused};
use crate::Fault;

/// Shows the question at `path` and waits for the answer, `person` at most. `None` if there was nothing
/// to ask.
pub(super) async fn answer(
    bus: &zbus::Connection,
    path: OwnedObjectPath,
    person: Duration,
) -> Result<Option<OwnedValue>, Fault> {
    const DOING: &str = "a question to the person";
    let prompt = Prompt::new(bus, path).await;
    let Some(prompt) = prompt.map_err(|error| fault(DOING, error))? else {
        return Ok(None);
    };
    let proxy = prompt.inner();
    let of_bus = |error: zbus::Error| fault(DOING, error.into());
    // Watched before it is shown: an answer may come at once.
    let mut completed = proxy.receive_signal("Completed").await.map_err(of_bus)?;
    let mut owners = proxy.receive_owner_changed().await.map_err(of_bus)?;
    proxy.call_method("Prompt", &("")).await.map_err(of_bus)?;
    let message = tokio::select! {
        message = completed.next() => message,
        _ = owners.next() => None,
        () = tokio::time::sleep(person) => {
            proxy.call_method("Dismiss", &()).await.map_err(of_bus)?;
            return Err(refused(DOING, "nobody answered"));
        }
    };
    let message = message.ok_or_else(|| refused(DOING, "it ended meanwhile"))?;
    let body = message.body();
    let (dismissed, result): (bool, OwnedValue) = body.deserialize().map_err(of_bus)?;
    match dismissed {
        true => Err(Fault::Cancelled),
        false => Ok(Some(result)),
    }
}
