//! What every D-Bus object can do: `org.freedesktop.DBus.Peer` and `.Properties`. Serves "Standard
//! Interfaces" of the D-Bus specification. The one property of ours is `version`.

use std::collections::HashMap;

use credex_protocol::names::INTERFACE_VERSION;
use zbus::fdo::Error;
use zbus::message::Message;
use zbus::zvariant::{OwnedValue, Value};

use super::{Call, ObjectKind, Refusal};

pub(super) fn peer(call: &Call<'_>) -> Result<Message, Refusal> {
    match call.member {
        "Ping" => call.answer(&()),
        "GetMachineId" => {
            let id = std::fs::read_to_string("/etc/machine-id");
            let id = id.map_err(|error| Error::Failed(format!("no machine ID: {error}")))?;
            call.answer(&id.trim())
        }
        _ => Err(unknown_method(call)),
    }
}

pub(super) fn properties(call: &Call<'_>, kind: ObjectKind) -> Result<Message, Refusal> {
    let served = |interface: &str| match kind.interfaces().contains(&interface) {
        true => Ok(()),
        false => Err(unknown_interface(call, Some(interface))),
    };
    match call.member {
        "Get" => {
            let (interface, property) = call.arguments::<(String, String)>()?;
            served(&interface)?;
            check_property(&property)?;
            call.answer(&Value::U32(INTERFACE_VERSION))
        }
        "GetAll" => {
            served(&call.arguments::<String>()?)?;
            call.answer(&HashMap::from([("version", Value::U32(INTERFACE_VERSION))]))
        }
        "Set" => {
            let (interface, property, _) = call.arguments::<(String, String, OwnedValue)>()?;
            served(&interface)?;
            check_property(&property)?;
            Err(Error::PropertyReadOnly(format!("{property} cannot be set")).into())
        }
        _ => Err(unknown_method(call)),
    }
}

fn check_property(property: &str) -> Result<(), Refusal> {
    match property {
        "version" => Ok(()),
        _ => Err(Error::UnknownProperty(format!("there is no property {property}")).into()),
    }
}

pub(super) fn unknown_method(call: &Call<'_>) -> Refusal {
    let (path, member) = (call.path, call.member);
    Error::UnknownMethod(format!("{path} has no method {member}")).into()
}

pub(super) fn unknown_interface(call: &Call<'_>, interface: Option<&str>) -> Refusal {
    let path = call.path;
    match interface {
        Some(interface) => {
            Error::UnknownInterface(format!("{path} has no interface {interface}")).into()
        }
        None => Error::UnknownInterface(format!("name the interface of {path} you mean")).into(),
    }
}

pub(super) fn unknown_object(call: &Call<'_>) -> Refusal {
    Error::UnknownObject(format!("there is no object {}", call.path)).into()
}
