//! `org.freedesktop.DBus.Introspectable`: what is served is `protocol/interfaces/*.xml` itself.
//! Requests and sessions are described by the form of their path; who has which is told to nobody.

use credex_protocol::names::{self, INTERFACES};
use zbus::message::Message;

use super::{Call, ObjectKind, Refusal, standard};

const DOCTYPE: &str = "<!DOCTYPE node PUBLIC \
    \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\" \
    \"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n";

const STANDARD: &str = r#"  <interface name="org.freedesktop.DBus.Peer">
    <method name="Ping"/>
    <method name="GetMachineId"><arg type="s" direction="out"/></method>
  </interface>
  <interface name="org.freedesktop.DBus.Introspectable">
    <method name="Introspect"><arg type="s" direction="out"/></method>
  </interface>
  <interface name="org.freedesktop.DBus.Properties">
    <method name="Get"><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="v" direction="out"/></method>
    <method name="GetAll"><arg type="s" direction="in"/><arg type="a{sv}" direction="out"/></method>
    <method name="Set"><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="v" direction="in"/></method>
  </interface>
"#;

pub(super) fn call(call: &Call<'_>, kind: ObjectKind) -> Result<Message, Refusal> {
    match call.member {
        "Introspect" => call.answer(&describe(call.path, kind)),
        _ => Err(standard::unknown_method(call)),
    }
}

fn describe(path: &str, kind: ObjectKind) -> String {
    let ours = kind.interfaces().iter().map(|name| interface(name));
    let child = child_towards_service(path).map(|child| format!("  <node name=\"{child}\"/>\n"));
    let standard = (kind != ObjectKind::Nowhere).then(|| STANDARD.to_owned());
    let parts: String = ours.chain(standard).chain(child).collect();
    format!("{DOCTYPE}<node>\n{parts}</node>\n")
}

/// The `<interface>` element of the description of `name`.
fn interface(name: &str) -> String {
    let found = INTERFACES.iter().find(|(known, _)| *known == name);
    let element = found.and_then(|(_, xml)| {
        let (start, end) = (xml.find("<interface ")?, xml.find("</interface>")?);
        xml.get(start..end + "</interface>".len())
    });
    element
        .map(|element| format!("  {element}\n"))
        .unwrap_or_default()
}

/// The next element on the way from `path` down to the service, so that tools can walk there.
fn child_towards_service(path: &str) -> Option<&'static str> {
    let prefix = if path == "/" { "" } else { path };
    let rest = names::SERVICE_PATH
        .strip_prefix(prefix)?
        .strip_prefix('/')?;
    rest.split('/').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_served_interface_is_described_by_its_xml() {
        for kind in [
            ObjectKind::Service,
            ObjectKind::Request,
            ObjectKind::Session,
        ] {
            for name in kind.interfaces() {
                let element = interface(name);
                assert!(
                    element.contains(&format!("<interface name=\"{name}\">")),
                    "{name}"
                );
                assert!(element.trim_end().ends_with("</interface>"), "{name}");
            }
        }
    }

    #[test]
    fn a_tool_finds_its_way_to_the_service_and_to_nobodys_session() {
        assert_eq!(child_towards_service("/"), Some("org"));
        assert_eq!(child_towards_service("/org/credex"), Some("Exchange1"));
        assert_eq!(child_towards_service("/org/credex/Exchange1"), None);
        assert_eq!(child_towards_service("/org/credex/Exchange1/session"), None);
        assert_eq!(child_towards_service("/or"), None);
    }
}
