//! The message bus itself, asked in such a way that nobody else can answer: the D-Bus library takes
//! any message with the right serial for the reply, and a session bus delivers such a message from
//! anybody. Serves design §5.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use zbus::fdo::ConnectionCredentials;
use zbus::message::Message;
use zbus::names::{BusName, OwnedUniqueName, UniqueName};
use zbus::zvariant::DynamicType;

const NAME: &str = "org.freedesktop.DBus";
const PATH: &str = "/org/freedesktop/DBus";
/// Of how many connections the process is asked for.
const MAX_CONNECTIONS: usize = 2048;

/// How many connections have a name.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) all: usize,
    made_by: HashMap<u32, usize>,
}

impl Named {
    /// How many of them the process `pid` has made.
    pub(crate) fn made_by(&self, pid: u32) -> usize {
        self.made_by.get(&pid).copied().unwrap_or_default()
    }
}

/// Asks the bus about its connections.
#[derive(Debug, Clone)]
pub struct BusDriver {
    bus: zbus::Connection,
}

impl BusDriver {
    /// Asks over `bus`.
    #[must_use]
    pub fn new(bus: zbus::Connection) -> BusDriver {
        BusDriver { bus }
    }

    /// What the bus knows of the process behind `name`.
    pub(crate) async fn credentials(
        &self,
        name: &UniqueName<'_>,
    ) -> Result<ConnectionCredentials, String> {
        let reply = self.ask("GetConnectionCredentials", name).await;
        let reply = reply.map_err(|error| error.to_string())?;
        reply
            .body()
            .deserialize()
            .map_err(|error| error.to_string())
    }

    /// The process of the bus, if it tells.
    pub(crate) async fn own_process(&self) -> Result<Option<u32>, String> {
        self.process_of(NAME).await
    }

    /// The connection that owns `name`, if any does.
    pub(crate) async fn owner(
        &self,
        name: &BusName<'_>,
    ) -> Result<Option<OwnedUniqueName>, String> {
        match self.ask("GetNameOwner", name).await {
            Ok(reply) => reply
                .body()
                .deserialize()
                .map(Some)
                .map_err(|error| error.to_string()),
            Err(zbus::Error::MethodError(kind, ..)) if kind.ends_with(".NameHasNoOwner") => {
                Ok(None)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// The connections that have a name, and had it `earlier`. Those that leave meanwhile are not made by anybody.
    pub(crate) async fn still_named(&self, earlier: &[OwnedUniqueName]) -> Result<Named, String> {
        let earlier: HashSet<&OwnedUniqueName> = earlier.iter().collect();
        let mut names = self.connections().await?;
        names.retain(|name| earlier.contains(name));
        if names.len() > MAX_CONNECTIONS {
            return Err(format!(
                "the bus has more than {MAX_CONNECTIONS} connections"
            ));
        }
        let asked = names.iter().map(|name| self.process_of(name.as_str()));
        let answers = futures_util::future::join_all(asked).await;
        let mut named = Named {
            all: names.len(),
            made_by: HashMap::new(),
        };
        for answer in answers {
            if let Some(pid) = answer? {
                *named.made_by.entry(pid).or_default() += 1;
            }
        }
        Ok(named)
    }

    /// The names of all connections.
    pub(crate) async fn connections(&self) -> Result<Vec<OwnedUniqueName>, String> {
        let reply = self.ask("ListNames", &()).await;
        let reply = reply.map_err(|error| error.to_string())?;
        let body = reply.body();
        let names: Vec<BusName<'_>> = body.deserialize().map_err(|error| error.to_string())?;
        // The bus calls itself by a name that the library also takes for that of a connection.
        let unique = names.into_iter().filter_map(|name| match name {
            BusName::Unique(name) if name.starts_with(':') => Some(name.to_owned().into()),
            _ => None,
        });
        Ok(unique.collect())
    }

    async fn process_of(&self, name: &str) -> Result<Option<u32>, String> {
        match self.ask("GetConnectionUnixProcessID", &name).await {
            Ok(reply) => {
                let pid = reply.body().deserialize();
                pid.map(Some).map_err(|error| error.to_string())
            }
            Err(zbus::Error::MethodError(kind, ..))
                if kind.ends_with(".NameHasNoOwner") || kind.ends_with(".UnixProcessIdUnknown") =>
            {
                Ok(None)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    async fn ask<B: Serialize + DynamicType>(&self, what: &str, body: &B) -> zbus::Result<Message> {
        let answer = self
            .bus
            .call_method(Some(NAME), PATH, Some(NAME), what, body)
            .await;
        let from_bus = |message: &Message| {
            message
                .header()
                .sender()
                .is_some_and(|sender| sender.as_str() == NAME)
        };
        match &answer {
            Ok(reply) if from_bus(reply) => answer,
            Err(zbus::Error::MethodError(_, _, reply)) if !from_bus(reply) => Err(forged(what)),
            Err(_) => answer,
            Ok(_) => Err(forged(what)),
        }
    }
}

fn forged(what: &str) -> zbus::Error {
    zbus::Error::Failure(format!("somebody else answered {what} in place of the bus"))
}
