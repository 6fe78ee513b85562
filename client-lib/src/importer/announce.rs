//! `Import.Announce`, now and whenever the service has come back.

use std::sync::Arc;

use credex_protocol::names;
use credex_protocol::wire::AnnounceOptions;

use crate::answer::Method;
use crate::bus::{Bus, Owner};
use crate::error::Result;

/// Announces the app, and returns the unique name of the service, which may be started by it.
pub(super) async fn announce(bus: &Bus, app_id: &str, options: &AnnounceOptions) -> Result<String> {
    let method = Method {
        path: names::SERVICE_PATH,
        interface: names::IMPORT,
        name: "Announce",
    };
    bus.call_by_name(method, &(app_id, options)).await
}

/// Announces the app to every service that follows on `known`, which stopped.
pub(super) async fn announce_again(
    bus: Arc<Bus>,
    app_id: String,
    options: AnnounceOptions,
    mut known: String,
) {
    let mut owner = bus.owner();
    loop {
        let is_news = |owner: &Owner| match owner {
            Owner::Unique(name) => *name != known,
            Owner::BusGone => true,
            Owner::Unknown | Owner::Nobody => false,
        };
        match owner.wait_for(is_news).await.as_deref() {
            Ok(Owner::Unique(name)) => known = name.clone(),
            _ => return,
        }
        match announce(&bus, &app_id, &options).await {
            Ok(service) => known = service,
            Err(error) => tracing::warn!(%error, "the service came back and did not take us"),
        }
    }
}
