//! A question that the Secret Service asks the person itself: to unlock a collection, to agree.

use std::time::Duration;

use futures_util::StreamExt;
use oo7::dbus::api::Prompt;
use zbus::zvariant::{OwnedObjectPath, OwnedValue};

use super::fault::fault;
use crate::web_credentials::store::StoreError;

/// Shows the question at `path`, beside `window`, and waits for the answer, `person` at most. `None` if
/// there was nothing to ask. Dropping the future closes the question.
pub(super) async fn answer(
    bus: &zbus::Connection,
    path: OwnedObjectPath,
    window: &str,
    person: Duration,
) -> Result<Option<OwnedValue>, StoreError> {
    const DOING: &str = "a question to the person";
    let prompt = Prompt::new(bus, path).await;
    let Some(prompt) = prompt.map_err(|error| fault(DOING, error))? else {
        return Ok(None);
    };
    let proxy = prompt.inner();
    let of_bus = |error: zbus::Error| fault(DOING, error);
    // Watched before it is shown: an answer may come at once.
    let mut completed = proxy.receive_signal("Completed").await.map_err(of_bus)?;
    let mut owners = proxy.receive_owner_changed().await.map_err(of_bus)?;
    let mut open = Open(Some(proxy.clone()));
    let shown = proxy.call_method("Prompt", &(window)).await;
    shown.map_err(of_bus)?;
    let message = tokio::select! {
        message = completed.next() => message.ok_or(StoreError::Gone(DOING))?,
        _ = owners.next() => return Err(StoreError::Gone(DOING)),
        () = tokio::time::sleep(person) => {
            return Err(StoreError::TimedOut { doing: DOING, after: person });
        }
    };
    open.0 = None;
    let body = message.body();
    let (dismissed, result): (bool, OwnedValue) = body.deserialize().map_err(of_bus)?;
    if dismissed {
        return Err(StoreError::Dismissed);
    }
    Ok(Some(result))
}

/// What the Secret Service calls a window: the number of an X11 window in decimal digits, else nothing.
pub(super) fn window(parent_window: &str) -> String {
    parent_window
        .strip_prefix("x11:")
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        .map(|window| window.to_string())
        .unwrap_or_default()
}

/// A question on the screen, closed when nobody waits for its answer any more.
struct Open(Option<zbus::Proxy<'static>>);

impl Drop for Open {
    fn drop(&mut self) {
        let Some(proxy) = self.0.take() else {
            return;
        };
        tokio::spawn(async move {
            if let Err(error) = proxy.call_method("Dismiss", &()).await {
                tracing::debug!(%error, "a question of the Secret Service could not be closed");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_named_as_the_keyring_reads_it() {
        assert_eq!(window("x11:1a00003"), "27262979");
        for other in ["", "wayland:abc", "tty:/dev/pts/1", "x11:", "x11:xyz"] {
            assert_eq!(window(other), "", "{other}");
        }
    }
}
