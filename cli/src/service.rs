//! The service, asked how it is: `org.credex.Exchange1.Status`.

use std::time::Duration;

use credex_protocol::proxy::StatusProxy;
use zbus::proxy::CacheProperties;

use crate::failure::Failure;

/// The service answers such questions at once; being started may take a while.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connects to the service, which the bus starts if it can.
pub(crate) async fn connect() -> Result<StatusProxy<'static>, Failure> {
    let no_bus = |error: zbus::Error| credex::Error::NoBus(error.to_string());
    let builder = zbus::connection::Builder::session().map_err(no_bus)?;
    let connection = builder.method_timeout(PATIENCE).build().await;
    StatusProxy::builder(&connection.map_err(no_bus)?)
        .cache_properties(CacheProperties::No)
        .build()
        .await
        .map_err(failed)
}

/// What a refused or unanswered question means.
pub(crate) fn failed(error: zbus::Error) -> Failure {
    let told = credex_protocol::Error::from(error);
    match told.reason {
        credex::Reason::ServiceStopped => credex::Error::ServiceStopped(told.message),
        _ => credex::Error::Service(told),
    }
    .into()
}
