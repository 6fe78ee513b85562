//! What the Secret Service's errors mean to us.

use oo7::dbus::{Error, ServiceError};
use zbus::DBusError;

use crate::web_credentials::store::StoreError;

/// Turns what went wrong while `doing` something into a [`StoreError`].
pub(super) fn fault(doing: &'static str, error: impl Into<Error>) -> StoreError {
    match error.into() {
        Error::ZBus(error) | Error::Service(ServiceError::ZBus(error)) => of_bus(doing, error),
        Error::Service(ServiceError::IsLocked(reason)) => StoreError::Locked(reason),
        // A session lives as long as the service that made it.
        Error::Service(ServiceError::NoSession(_)) => StoreError::Gone(doing),
        Error::Service(ServiceError::NoSuchObject(_)) | Error::Deleted => StoreError::NotFound,
        Error::Dismissed => StoreError::Dismissed,
        other => StoreError::Refused {
            doing,
            reason: other.to_string(),
        },
    }
}

fn of_bus(doing: &'static str, error: zbus::Error) -> StoreError {
    let name = match &error {
        zbus::Error::MethodError(name, ..) => name.to_string(),
        zbus::Error::FDO(error) => error.name().to_string(),
        zbus::Error::InputOutput(_) => return StoreError::Gone(doing),
        _ => String::new(),
    };
    let reason = error.to_string();
    if name.starts_with("org.freedesktop.DBus.Error.Spawn.") {
        return StoreError::Unavailable(reason);
    }
    match name.as_str() {
        "org.freedesktop.DBus.Error.ServiceUnknown"
        | "org.freedesktop.DBus.Error.NameHasNoOwner" => StoreError::Unavailable(reason),
        "org.freedesktop.DBus.Error.NoReply" | "org.freedesktop.DBus.Error.Disconnected" => {
            StoreError::Gone(doing)
        }
        "org.freedesktop.Secret.Error.IsLocked" => StoreError::Locked(reason),
        "org.freedesktop.Secret.Error.NoSession" => StoreError::Gone(doing),
        "org.freedesktop.Secret.Error.NoSuchObject"
        | "org.freedesktop.DBus.Error.UnknownObject" => StoreError::NotFound,
        _ => StoreError::Refused { doing, reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_there_is_told_from_who_went_away() {
        let unknown = zbus::fdo::Error::ServiceUnknown("no such name".into());
        let told = fault("a search", unknown);
        assert!(matches!(told, StoreError::Unavailable(_)), "{told}");
        let left = zbus::fdo::Error::NoReply("recipient disconnected".into());
        assert!(matches!(fault("a search", left), StoreError::Gone(_)));
        let other = zbus::fdo::Error::AccessDenied("no".into());
        let told = fault("a search", other).to_string();
        assert!(
            told.contains("refused a search") && told.contains("no"),
            "{told}"
        );
    }
}
