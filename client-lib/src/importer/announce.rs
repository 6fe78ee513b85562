//! `Import.Announce`, now and whenever the service has come back.

use std::sync::Arc;

use credex_protocol::proxy::ImportProxy;
use credex_protocol::wire::AnnounceOptions;
use zbus::proxy::CacheProperties;

use crate::bus::{Bus, Owner};
use crate::error::{Error, Result};

/// Announces the app, and returns the unique name of the service, which may be started by it.
pub(super) async fn announce(bus: &Bus, app_id: &str, options: &AnnounceOptions) -> Result<String> {
    let proxy = ImportProxy::builder(bus.connection())
        .cache_properties(CacheProperties::No)
        .build()
        .await
        .map_err(Error::bus)?;
    let reply = proxy
        .inner()
        .call_method("Announce", &(app_id, options))
        .await
        .map_err(Error::bus)?;
    bus.answered_by(&reply)
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
