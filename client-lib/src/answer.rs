//! The answer to a call, and who gave it (design §4: any process of the same user may listen).
//!
//! zbus takes whatever bears the number of a call for its answer, and a session bus passes on
//! answers that nobody waits for. So whoever listens can answer first; but never as somebody else,
//! since the bus writes the sender into every message.

use serde::Serialize;
use zbus::zvariant::{DynamicDeserialize, DynamicType};
use zbus::{Connection, Message};

use crate::error::{Error, Result};

/// The name under which the bus itself is called, and answers.
pub(crate) const BUS: &str = "org.freedesktop.DBus";

/// What is called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Method<'a> {
    pub(crate) path: &'a str,
    pub(crate) interface: &'a str,
    pub(crate) name: &'a str,
}

/// What somebody answered: not to be read before it is known that it was the right one.
#[derive(Debug)]
pub(crate) struct Answer {
    said: zbus::Result<Message>,
    sender: String,
    method: String,
}

impl Answer {
    /// Calls `to`, and waits for whatever comes back.
    ///
    /// # Errors
    /// [`Error::ServiceStopped`] if nothing does, because the bus is gone.
    pub(crate) async fn of(
        connection: &Connection,
        to: &str,
        method: Method<'_>,
        body: &(impl Serialize + DynamicType),
    ) -> Result<Self> {
        let Method {
            path,
            interface,
            name,
        } = method;
        let said = connection
            .call_method(Some(to), path, Some(interface), name, body)
            .await;
        let sender = match &said {
            Ok(reply) | Err(zbus::Error::MethodError(_, _, reply)) => sender(reply),
            Err(nothing) => return Err(Error::bus(nothing.clone())),
        };
        let method = name.to_owned();
        Ok(Self {
            said,
            sender,
            method,
        })
    }

    pub(crate) fn sender(&self) -> &str {
        &self.sender
    }

    /// Whether the bus says that nobody could be asked, or that who was asked is gone.
    pub(crate) fn is_refusal_of_the_bus(&self) -> bool {
        self.said.is_err() && self.sender == BUS
    }

    /// What was said, if `who` said it, or the bus why `who` did not.
    ///
    /// # Errors
    /// [`Error::NotTheService`].
    pub(crate) fn by(self, who: &str) -> Result<zbus::Result<Message>> {
        match self.sender == who || self.is_refusal_of_the_bus() {
            true => Ok(self.said),
            false => Err(Error::NotTheService {
                sender: self.sender,
                method: self.method,
            }),
        }
    }
}

/// The content of an answer, which is known to be of the right one.
pub(crate) fn read<T>(said: zbus::Result<Message>) -> Result<T>
where
    T: for<'d> DynamicDeserialize<'d>,
{
    let reply = said.map_err(Error::bus)?;
    reply.body().deserialize().map_err(Error::unreadable)
}

fn sender(message: &Message) -> String {
    let header = message.header();
    header.sender().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: &str = ":1.7";

    fn call() -> Message {
        let call = Message::method_call("/", "Redeem").unwrap();
        call.sender(":1.1").unwrap().build(&()).unwrap()
    }

    fn answer(sender: &str, said: zbus::Result<Message>) -> Answer {
        Answer {
            said,
            sender: sender.to_owned(),
            method: "Redeem".to_owned(),
        }
    }

    fn returned(sender: &str) -> Answer {
        let reply = Message::method_return(&call().header()).unwrap();
        answer(sender, reply.sender(sender).unwrap().build(&()))
    }

    fn refused(sender: &str) -> Answer {
        let refusal = Message::error(&call().header(), "org.example.No").unwrap();
        let refusal = refusal.sender(sender).unwrap().build(&()).unwrap();
        answer(sender, Err(refusal.into()))
    }

    #[test]
    fn only_who_was_asked_may_answer_or_refuse() {
        assert!(returned(SERVICE).by(SERVICE).unwrap().is_ok());
        assert!(refused(SERVICE).by(SERVICE).unwrap().is_err());
        for stranger in [returned(":1.8"), refused(":1.8")] {
            let error = stranger.by(SERVICE).unwrap_err();
            assert!(matches!(error, Error::NotTheService { .. }), "{error:?}");
        }
    }

    #[test]
    fn the_bus_may_say_that_there_is_no_service_but_not_what_it_would_have_said() {
        assert!(refused(BUS).by(SERVICE).unwrap().is_err());
        returned(BUS).by(SERVICE).unwrap_err();
    }

    #[test]
    fn nobody_speaks_for_the_bus() {
        assert!(returned(BUS).by(BUS).unwrap().is_ok());
        for stranger in [returned(SERVICE), refused(SERVICE)] {
            stranger.by(BUS).unwrap_err();
        }
    }
}
