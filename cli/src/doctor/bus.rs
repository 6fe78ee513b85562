//! The session bus: who is there, and who could be started.

use std::collections::HashMap;
use std::time::Duration;

use zbus::fdo::{DBusProxy, PropertiesProxy};
use zbus::names::{InterfaceName, WellKnownName};
use zbus::zvariant::{DynamicType, ObjectPath, OwnedValue};

use super::finding::Finding;

/// Programs that are there answer at once; the service may have to be started.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to a bus.
#[derive(Debug)]
pub(super) struct Bus {
    pub(super) connection: zbus::Connection,
    /// Where it listens.
    pub(super) address: String,
}

impl Bus {
    /// The session bus; or why there is none.
    pub(super) async fn connect() -> Result<Bus, Finding> {
        let none = |error: zbus::Error| {
            Finding::bad("bus", format!("there is no session bus: {error}")).advise(
                "run this in the session that you are logged in to; where nobody starts a bus, \
                 `sudo apt install dbus-user-session` and log in anew",
            )
        };
        let address = zbus::Address::session().map_err(none)?.to_string();
        Bus::at(&address).await.map_err(none)
    }

    /// The bus that listens at `address`.
    pub(super) async fn at(address: &str) -> zbus::Result<Bus> {
        let builder = zbus::connection::Builder::address(address)?.method_timeout(PATIENCE);
        // A bus that answers nobody is as good as none.
        let late = |_| zbus::Error::Failure("it does not answer".to_owned());
        let connected = tokio::time::timeout(PATIENCE, builder.build()).await;
        Ok(Bus {
            connection: connected.map_err(late)??,
            address: address
                .split(",guid=")
                .next()
                .unwrap_or_default()
                .to_owned(),
        })
    }

    pub(super) async fn owns(&self, name: &'static str) -> bool {
        let Ok(bus) = DBusProxy::new(&self.connection).await else {
            return false;
        };
        bus.name_has_owner(WellKnownName::from_static_str_unchecked(name).into())
            .await
            .unwrap_or(false)
    }

    /// The process behind `name`.
    pub(super) async fn process_of(&self, name: &'static str) -> Option<u32> {
        let bus = DBusProxy::new(&self.connection).await.ok()?;
        let name = WellKnownName::from_static_str_unchecked(name);
        bus.get_connection_unix_process_id(name.into()).await.ok()
    }

    /// Whether the bus would start somebody who is called `name`.
    pub(super) async fn can_start(&self, name: &str) -> bool {
        let Ok(bus) = DBusProxy::new(&self.connection).await else {
            return false;
        };
        let names = bus.list_activatable_names().await.unwrap_or_default();
        names.iter().any(|known| known.as_str() == name)
    }

    pub(super) async fn call(
        &self,
        name: &str,
        path: &str,
        interface: &str,
        method: &str,
        body: &(impl serde::Serialize + DynamicType),
    ) -> zbus::Result<zbus::Message> {
        self.connection
            .call_method(Some(name), path, Some(interface), method, body)
            .await
    }

    /// All properties of an interface.
    pub(super) async fn properties(
        &self,
        name: &'static str,
        path: &ObjectPath<'_>,
        interface: &'static str,
    ) -> zbus::Result<HashMap<String, OwnedValue>> {
        let properties = PropertiesProxy::builder(&self.connection)
            .destination(name)?
            .path(path)?
            .build()
            .await?;
        let interface = InterfaceName::from_static_str_unchecked(interface);
        Ok(properties.get_all(interface).await?)
    }
}
