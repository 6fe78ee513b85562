//! The one error of the wire: what a call, a `Response` or a `Closed` can say went wrong.
//! Serves the error table of `protocol/README.md`.

use zbus::message::{Header, Message};
use zbus::names::ErrorName;

const PREFIX: &str = "org.credex.Error.";

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// Why something was refused or ended. The doc of each is its line in the error table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Reason {
            /// Every reason, in the order of the table.
            pub const ALL: &'static [Reason] = &[$(Reason::$name,)+];

            /// The last part of the D-Bus error name, for example `NotFound`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Reason::$name => stringify!($name),)+ }
            }

            /// The D-Bus error name, for example `org.credex.Error.NotFound`.
            #[must_use]
            pub const fn dbus_name(self) -> &'static str {
                match self { $(Reason::$name => concat!("org.credex.Error.", stringify!($name)),)+ }
            }

            /// What it means, in a sentence: the line of the error table.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Reason::$name => concat!($($doc,)+).trim_ascii(),)+ }
            }
        }
    };
}

reasons! {
    /// An argument or option is not of its documented form; the message names it.
    InvalidArgument,
    /// The caller may not do this: it runs as another user, claims to be another app, or could not be identified.
    AccessDenied,
    /// The administrator's or the person's policy forbids it; the message says which rule.
    Forbidden,
    /// The person did not prove who they are, or could not be asked to.
    NotAuthenticated,
    /// There is no such object or offer for this caller.
    NotFound,
    /// The app has several exporting providers and must name one with `for`.
    ProviderRequired,
    /// The app has no exporting provider of the name given with `for`.
    UnknownProvider,
    /// No app on this computer takes credentials through Credex.
    NoImporter,
    /// There are importers, but none reads a format version that the exporter writes.
    NoCommonVersion,
    /// The app, or the person's session as a whole, has too much going on; try later.
    QuotaExceeded,
    /// No dialog can be shown: there is neither a display nor a terminal.
    ChooserUnavailable,
    /// The dialog ended without an answer.
    ChooserFailed,
    /// The person, the exporter or the importer ended it.
    Cancelled,
    /// The call does not fit the state of the exchange.
    WrongState,
    /// The payload is not a sealed memfd with a well-formed envelope; the message says what is wrong.
    PayloadRefused,
    /// The payload is larger than the configured limit.
    PayloadTooLarge,
    /// The importer could not be started or reached.
    ImporterUnavailable,
    /// The importer did not acknowledge the offer in time.
    ImporterSilent,
    /// The importer does not want the offer, or could not use it.
    ImporterDeclined,
    /// The importer left the bus before it completed.
    ImporterVanished,
    /// The token is not the one that was given with the offer.
    InvalidToken,
    /// The token was used before.
    AlreadyRedeemed,
    /// Too many wrong tokens were tried; the offer is gone.
    AttemptsExhausted,
    /// The time was up.
    Expired,
    /// The importer took the payload but never reported what became of it.
    NoReceipt,
    /// The app does not declare this domain in its desktop entry.
    NotDeclared,
    /// The website's word could not be had; the message has the URL and the status.
    SiteUnreachable,
    /// The website was asked, and does not name the app.
    NotAssociated,
    /// The person was asked, and said not now.
    Declined,
    /// The person said that this app is never to use the passwords of this website.
    Never,
    /// The password store is locked, and the person did not unlock it.
    Locked,
    /// There is no password store, and none could be made; or the one of this session does not run any more.
    NoStore,
    /// The password store failed or refused; the message has what it said.
    StoreFailed,
    /// No password is saved for this app's websites that fits what is asked.
    NoCredential,
    /// The service is stopping, or has left the bus; call again.
    ServiceStopped,
    /// Something failed inside the service; its log says what.
    Internal,
}

impl Reason {
    /// The reason of a name, with or without its `org.credex.Error.` prefix.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Reason> {
        let name = name.strip_prefix(PREFIX).unwrap_or(name);
        Reason::ALL
            .iter()
            .copied()
            .find(|reason| reason.name() == name)
    }
}

/// A reason, and a sentence that names what was wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", .reason.name())]
pub struct Error {
    /// For programs.
    pub reason: Reason,
    /// For people; never contains a secret.
    pub message: String,
}

impl Error {
    /// Makes an error of a reason and a sentence.
    pub fn new(reason: Reason, message: impl Into<String>) -> Error {
        Error {
            reason,
            message: message.into(),
        }
    }

    /// An error whose sentence is the general meaning of its reason.
    #[must_use]
    pub fn plain(reason: Reason) -> Error {
        Error::new(reason, reason.meaning())
    }
}

impl zbus::DBusError for Error {
    fn create_reply(&self, call: &Header<'_>) -> zbus::Result<Message> {
        Message::error(call, self.name())?.build(&(self.message.as_str(),))
    }

    fn name(&self) -> ErrorName<'_> {
        ErrorName::from_static_str_unchecked(self.reason.dbus_name())
    }

    fn description(&self) -> Option<&str> {
        Some(&self.message)
    }
}

/// Reads an error reply. Whatever is not ours becomes `ServiceStopped` where the bus says that
/// nobody owns the name, `InvalidArgument` or `NotFound` where the service's D-Bus library says so,
/// else `Internal`.
impl From<zbus::Error> for Error {
    fn from(error: zbus::Error) -> Error {
        let zbus::Error::MethodError(name, message, _) = &error else {
            return Error::new(
                Reason::ServiceStopped,
                format!("the bus did not answer: {error}"),
            );
        };
        let message = message.clone().unwrap_or_default();
        let reason = Reason::from_name(name).unwrap_or(match name.as_str() {
            "org.freedesktop.DBus.Error.ServiceUnknown"
            | "org.freedesktop.DBus.Error.NameHasNoOwner"
            | "org.freedesktop.DBus.Error.NoReply"
            | "org.freedesktop.DBus.Error.Disconnected" => Reason::ServiceStopped,
            "org.freedesktop.DBus.Error.InvalidArgs" => Reason::InvalidArgument,
            "org.freedesktop.DBus.Error.UnknownObject" => Reason::NotFound,
            "org.freedesktop.DBus.Error.AccessDenied" => Reason::AccessDenied,
            _ => Reason::Internal,
        });
        Error::new(reason, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_found_again_by_its_name() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_name(reason.dbus_name()), Some(*reason));
            assert!(reason.meaning().ends_with('.'), "{reason:?}");
        }
    }
}
