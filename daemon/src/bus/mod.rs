//! The daemon's side of the bus: every call is read, its sender taken from the bus, its arguments
//! parsed, one call made to the desk, and the answer or the error sent back. Serves
//! `protocol/interfaces/*.xml`.
//!
//! The calls are dispatched here and not by the library's object server, for three reasons:
//! introspecting that one lists everybody's sessions, it costs 1.2 kB for each of them, and it
//! describes what the code has, where we want to serve what the XML says.

mod arguments;
mod export;
mod import;
mod introspection;
pub(crate) mod lenient;
mod request;
mod room;
mod session;
mod standard;
mod status;
mod web_credentials;

use std::sync::Arc;

use credex_protocol::{Error, Reason, names};
use futures_util::StreamExt;
use zbus::MessageStream;
use zbus::message::{Flags, Message, Type};
use zbus::names::{BusName, UniqueName};

use self::room::Room;
use crate::desk::Desk;

/// Bytes of the largest call that is looked at. What is large travels as a file descriptor, and a call
/// waits in memory while its caller is looked up.
const LARGEST_CALL: usize = 1 << 20;

/// Serves the desk on its bus.
pub struct Counter {
    bus: zbus::Connection,
    desk: Arc<Desk>,
    room: Room,
}

/// One method call, with its sender as the bus vouches for it.
pub(crate) struct Call<'m> {
    pub(crate) desk: &'m Arc<Desk>,
    pub(crate) message: &'m Message,
    pub(crate) sender: UniqueName<'m>,
    pub(crate) path: &'m str,
    pub(crate) member: &'m str,
}

/// Why a call has no result.
pub(crate) enum Refusal {
    /// One of ours.
    Ours(Error),
    /// One of D-Bus's own: an unknown method, interface, object or property.
    Standard(zbus::fdo::Error),
    /// The answer could not be written.
    Broken(zbus::Error),
}

impl Counter {
    /// Serves `desk` on `bus`.
    #[must_use]
    pub fn new(bus: zbus::Connection, desk: Arc<Desk>) -> Counter {
        Counter {
            bus,
            desk,
            room: Room::default(),
        }
    }

    /// Answers until the bus is gone. The stream must always be read: the library stops reading
    /// replies, too, while it is full.
    pub async fn serve(&self, mut messages: MessageStream) {
        while let Some(message) = messages.next().await {
            match message {
                Ok(message) => self.take(message).await,
                Err(error) => tracing::warn!(%error, "the bus sent something unreadable"),
            }
        }
    }

    /// Waits until every call has been answered.
    pub async fn emptied(&self) {
        self.room.emptied().await;
    }

    async fn take(&self, message: Message) {
        match message.message_type() {
            Type::Signal => self.watch(&message),
            Type::MethodCall if !message.data().fds().is_empty() => self.take_fds(&message).await,
            Type::MethodCall => self.take_call(message).await,
            _ => {}
        }
    }

    async fn take_call(&self, message: Message) {
        if message.data().len() > LARGEST_CALL {
            let what = format!("a call of Credex has at most {LARGEST_CALL} bytes");
            let error = Error::new(Reason::InvalidArgument, what);
            return send(&self.bus, &message, Err(Refusal::Ours(error))).await;
        }
        let header = message.header();
        let place = header.sender().and_then(|sender| self.room.enter(sender));
        let Some(place) = place else {
            let error = Error::new(
                Reason::QuotaExceeded,
                "too many calls are being worked on; wait for answers before you call again",
            );
            return send(&self.bus, &message, Err(Refusal::Ours(error))).await;
        };
        let (bus, desk) = (self.bus.clone(), Arc::clone(&self.desk));
        drop(header);
        tokio::spawn(async move {
            answer(&bus, &desk, &message).await;
            drop(place);
        });
    }

    /// Calls with file descriptors are dealt with before the next message is read, so that they
    /// cannot pile up: one that finds no room is the end of the whole connection.
    async fn take_fds(&self, message: &Message) {
        let header = message.header();
        if header.member().is_some_and(|member| member == "Deposit") {
            return answer(&self.bus, &self.desk, message).await;
        }
        let refusal = Error::new(
            Reason::InvalidArgument,
            "only Session.Deposit takes a file descriptor",
        );
        send(&self.bus, message, Err(Refusal::Ours(refusal))).await;
    }

    /// A connection that leaves the bus has closed whatever it had.
    fn watch(&self, message: &Message) {
        let header = message.header();
        let from_bus = header
            .sender()
            .is_some_and(|sender| sender == "org.freedesktop.DBus");
        if !from_bus
            || header
                .member()
                .is_none_or(|member| member != "NameOwnerChanged")
        {
            return;
        }
        let body = message.body();
        match body.deserialize::<(BusName<'_>, &str, &str)>() {
            Ok((BusName::Unique(name), _, "")) => self.desk.name_lost(&name),
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the bus reported a name unreadably"),
        }
    }
}

async fn answer(bus: &zbus::Connection, desk: &Arc<Desk>, message: &Message) {
    let result = match route(desk, message).await {
        Some(result) => result,
        None => return tracing::warn!("a call without sender or path was dropped"),
    };
    send(bus, message, result).await;
}

async fn route(desk: &Arc<Desk>, message: &Message) -> Option<Result<Message, Refusal>> {
    let header = message.header();
    let path = header.path()?;
    let call = Call {
        desk,
        message,
        sender: header.sender()?.clone(),
        path: path.as_str(),
        member: header.member()?.as_str(),
    };
    let interface = header.interface().map(|interface| interface.as_str());
    let kind = ObjectKind::of(call.path);
    Some(match (kind, interface) {
        (_, Some("org.freedesktop.DBus.Peer")) => standard::peer(&call),
        (_, Some("org.freedesktop.DBus.Introspectable")) => introspection::call(&call, kind),
        (_, Some("org.freedesktop.DBus.Properties")) => standard::properties(&call, kind),
        (ObjectKind::Service, Some(names::EXPORT)) => export::call(&call).await,
        (ObjectKind::Service, Some(names::IMPORT)) => import::call(&call).await,
        (ObjectKind::Service, Some(names::WEB_CREDENTIALS)) => web_credentials::call(&call).await,
        (ObjectKind::Service, Some(names::STATUS)) => status::call(&call).await,
        (ObjectKind::Request, Some(names::REQUEST) | None) => request::call(&call),
        (ObjectKind::Session, Some(names::SESSION) | None) => session::call(&call),
        (ObjectKind::Nowhere, _) => Err(standard::unknown_object(&call)),
        (_, interface) => Err(standard::unknown_interface(&call, interface)),
    })
}

async fn send(bus: &zbus::Connection, message: &Message, result: Result<Message, Refusal>) {
    let header = message.header();
    if header.primary().flags().contains(Flags::NoReplyExpected) {
        return;
    }
    let sent = match result {
        Ok(reply) => bus.send(&reply).await,
        Err(Refusal::Ours(error)) => bus.reply_dbus_error(&header, error).await,
        Err(Refusal::Standard(error)) => bus.reply_dbus_error(&header, error).await,
        Err(Refusal::Broken(error)) => {
            let message = format!("the answer could not be written: {error}");
            bus.reply_dbus_error(&header, Error::new(Reason::Internal, message))
                .await
        }
    };
    if let Err(error) = sent {
        tracing::debug!(%error, "an answer could not be sent");
    }
}

/// What can stand at a path. Whether a particular request or session exists is its owner's business
/// alone, so introspection answers by the form of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ObjectKind {
    Service,
    Request,
    Session,
    Nowhere,
}

impl ObjectKind {
    fn of(path: &str) -> ObjectKind {
        let below = |prefix| {
            let rest = path
                .strip_prefix(prefix)
                .and_then(|rest| rest.strip_prefix('/'));
            rest.is_some_and(|rest| rest.split('/').count() == 2)
        };
        match path {
            names::SERVICE_PATH => ObjectKind::Service,
            _ if below(names::REQUEST_PREFIX) => ObjectKind::Request,
            _ if below(names::SESSION_PREFIX) => ObjectKind::Session,
            _ => ObjectKind::Nowhere,
        }
    }

    /// The interfaces that are served there.
    fn interfaces(self) -> &'static [&'static str] {
        match self {
            ObjectKind::Service => &[
                names::EXPORT,
                names::IMPORT,
                names::WEB_CREDENTIALS,
                names::STATUS,
            ],
            ObjectKind::Request => &[names::REQUEST],
            ObjectKind::Session => &[names::SESSION],
            ObjectKind::Nowhere => &[],
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        Refusal::Ours(error)
    }
}

impl From<zbus::fdo::Error> for Refusal {
    fn from(error: zbus::fdo::Error) -> Refusal {
        Refusal::Standard(error)
    }
}

impl From<zbus::Error> for Refusal {
    fn from(error: zbus::Error) -> Refusal {
        Refusal::Broken(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_known_by_the_form_of_its_path() {
        assert_eq!(ObjectKind::of("/org/credex/Exchange1"), ObjectKind::Service);
        assert_eq!(
            ObjectKind::of("/org/credex/Exchange1/request/1_2/t"),
            ObjectKind::Request
        );
        assert_eq!(
            ObjectKind::of("/org/credex/Exchange1/session/1_2/t"),
            ObjectKind::Session
        );
        for stray in [
            "/",
            "/org",
            "/org/credex/Exchange1/request",
            "/org/credex/Exchange1/request/1_2",
        ] {
            assert_eq!(ObjectKind::of(stray), ObjectKind::Nowhere, "{stray}");
        }
    }
}
