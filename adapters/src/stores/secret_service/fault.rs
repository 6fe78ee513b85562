//! What the Secret Service's errors mean to us.

use oo7::dbus::{Error, ServiceError};
use zbus::DBusError;

use crate::Fault;

const PROGRAM: &str = "the Secret Service";

/// What went wrong while `doing` something.
pub(super) fn fault(doing: &str, error: Error) -> Fault {
    match error {
        Error::ZBus(error) | Error::Service(ServiceError::ZBus(error)) => of_bus(doing, &error),
        Error::Service(ServiceError::NoSuchObject(_)) | Error::Deleted => gone(doing),
        Error::Dismissed => Fault::Cancelled,
        other => refused(doing, &other.to_string()),
    }
}

/// It does not do what it should.
pub(super) fn refused(doing: &str, why: &str) -> Fault {
    Fault::Program {
        program: PROGRAM.to_owned(),
        what: format!("{doing}: {why}"),
        advice: "See whether the keyring of this session is unlocked, and try again".to_owned(),
    }
}

/// What was asked for is there no more.
fn gone(doing: &str) -> Fault {
    Fault::Missing {
        place: format!("{PROGRAM}: {doing}"),
        advice: "It was deleted meanwhile; try again".to_owned(),
    }
}

fn of_bus(doing: &str, error: &zbus::Error) -> Fault {
    let name = match error {
        zbus::Error::MethodError(name, ..) => name.to_string(),
        zbus::Error::FDO(error) => error.name().to_string(),
        _ => String::new(),
    };
    if name.starts_with("org.freedesktop.DBus.Error.Spawn.") {
        return nobody();
    }
    match name.as_str() {
        "org.freedesktop.DBus.Error.ServiceUnknown"
        | "org.freedesktop.DBus.Error.NameHasNoOwner" => nobody(),
        "org.freedesktop.Secret.Error.NoSuchObject"
        | "org.freedesktop.DBus.Error.UnknownMethod"
        | "org.freedesktop.DBus.Error.UnknownObject" => gone(doing),
        _ => refused(doing, &error.to_string()),
    }
}

fn nobody() -> Fault {
    Fault::Missing {
        place: PROGRAM.to_owned(),
        advice: "Start a keyring: GNOME Keyring, KWallet, or KeePassXC with its Secret Service \
                 Integration"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_there_is_told_from_who_refuses() {
        let unknown = zbus::fdo::Error::ServiceUnknown("no such name".into());
        let told = fault("to list", Error::ZBus(unknown.into()));
        assert!(told.to_string().contains("Start a keyring"), "{told}");
        let other = zbus::fdo::Error::AccessDenied("no".into());
        let told = fault("to list", Error::ZBus(other.into())).to_string();
        assert!(told.contains("to list") && told.contains("no"), "{told}");
    }
}
