//! The units in which systemd runs the service and its witness, and whether they are still as hard as they were
//! installed.

use std::collections::HashMap;

use zbus::zvariant::{OwnedObjectPath, OwnedValue};

use super::activation::Entry;
use super::bus::Bus;
use super::finding::Finding;

pub(super) const SYSTEMD: &str = "org.freedesktop.systemd1";
const PART: &str = "unit";
const NAME: &str = "credexd.service";
/// What looks at callers for the service.
const WITNESS: &str = "credex-witness.service";

pub(super) type Properties = HashMap<String, OwnedValue>;

/// What systemd knows of the unit.
pub(super) async fn examine(bus: &Bus, entry: Option<&Entry>) -> Vec<Finding> {
    if !bus.owns(SYSTEMD).await {
        let message = "no systemd manages this session: the bus starts the service itself, and nothing but the \
                       service confines it";
        return vec![Finding::note(PART, message)];
    }
    let (unit, service) = match ask(bus, NAME).await {
        Ok(properties) => properties,
        Err(error) => {
            return vec![Finding::bad(
                PART,
                format!("systemd does not tell of {NAME}: {error}"),
            )];
        }
    };
    if text(&unit, "LoadState") != "loaded" {
        let wanted = entry.and_then(|entry| entry.unit.as_deref()) == Some(NAME);
        let message = format!("systemd has no {NAME} ({})", text(&unit, "LoadState"));
        return vec![match wanted {
            true => Finding::bad(PART, message).advise(
                "install it in /usr/lib/systemd/user, then `systemctl --user daemon-reload`",
            ),
            false => Finding::note(
                PART,
                format!("{message}: nothing but the service confines it"),
            ),
        }];
    }
    let mut findings = vec![hardness(&unit, &service)];
    if flag(&unit, "NeedDaemonReload") == Some(true) {
        let message = format!("{NAME} has changed since systemd read it");
        findings.push(Finding::note(PART, message).advise("`systemctl --user daemon-reload`"));
    }
    findings.extend(match ask(bus, WITNESS).await {
        Ok((unit, service)) => sight(&unit, &service),
        Err(error) => Some(Finding::bad(
            PART,
            format!("systemd does not tell of {WITNESS}: {error}"),
        )),
    });
    findings
}

async fn ask(bus: &Bus, name: &str) -> zbus::Result<(Properties, Properties)> {
    let (path, manager) = (
        "/org/freedesktop/systemd1",
        "org.freedesktop.systemd1.Manager",
    );
    let loaded = bus.call(SYSTEMD, path, manager, "LoadUnit", &name).await?;
    let path: OwnedObjectPath = loaded.body().deserialize()?;
    let unit = bus.properties(SYSTEMD, &path, "org.freedesktop.systemd1.Unit");
    let unit = unit.await?;
    let service = bus.properties(SYSTEMD, &path, "org.freedesktop.systemd1.Service");
    Ok((unit, service.await?))
}

/// Whether what matters most of the unit is in force.
fn hardness(unit: &Properties, service: &Properties) -> Finding {
    let file = text(unit, "FragmentPath");
    let lacking = lacking(service);
    if lacking.is_empty() {
        return Finding::good(PART, format!("{file} is installed and hardened"));
    }
    let message = format!("{file} lacks {}", lacking.join(", "));
    let advice = "`systemctl --user cat credexd.service` shows which file changes it";
    Finding::note(PART, message).advise(advice)
}

/// What keeps the witness from seeing callers.
fn sight(unit: &Properties, witness: &Properties) -> Option<Finding> {
    let state = text(unit, "LoadState");
    if state != "loaded" {
        let message = format!("systemd has no {WITNESS} ({state}): nobody is identified");
        return Some(
            Finding::bad(PART, message).advise(
                "install it in /usr/lib/systemd/user, then `systemctl --user daemon-reload`",
            ),
        );
    }
    (flag(witness, "PrivateUsers") == Some(true)).then(|| {
        let file = text(unit, "FragmentPath");
        let message = format!(
            "{file} says PrivateUsers=yes, so the witness sees no app, and nobody is identified"
        );
        Finding::bad(PART, message).advise("`systemctl --user revert credex-witness.service`")
    })
}

fn lacking(service: &Properties) -> Vec<&'static str> {
    let is_on = |name| flag(service, name) == Some(true);
    let is_none = |name| number(service, name) == Some(0);
    let has_list = |name| {
        let list = service.get(name).and_then(|list| list.try_clone().ok());
        let list = list.and_then(|list| <(bool, Vec<String>)>::try_from(list).ok());
        list.is_some_and(|(_, list)| !list.is_empty())
    };
    let demands = [
        ("NoNewPrivileges=", is_on("NoNewPrivileges")),
        ("MemoryDenyWriteExecute=", is_on("MemoryDenyWriteExecute")),
        ("LockPersonality=", is_on("LockPersonality")),
        ("SystemCallFilter=", has_list("SystemCallFilter")),
        (
            "RestrictAddressFamilies=",
            has_list("RestrictAddressFamilies"),
        ),
        ("RestrictNamespaces=", is_none("RestrictNamespaces")),
        ("PrivateUsers=", is_on("PrivateUsers")),
        ("CapabilityBoundingSet=", is_none("CapabilityBoundingSet")),
        ("LimitCORE=0", is_none("LimitCORE")),
    ];
    let lacking = demands.iter().filter(|(_, is_met)| !is_met);
    lacking.map(|(name, _)| *name).collect()
}

fn text(properties: &Properties, name: &str) -> String {
    let value = properties
        .get(name)
        .and_then(|value| <&str>::try_from(value).ok());
    value.unwrap_or_default().to_owned()
}

fn flag(properties: &Properties, name: &str) -> Option<bool> {
    bool::try_from(properties.get(name)?).ok()
}

fn number(properties: &Properties, name: &str) -> Option<u64> {
    u64::try_from(properties.get(name)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Mark;
    use zbus::zvariant::Value;

    fn properties(pairs: &[(&str, Value<'_>)]) -> Properties {
        let owned = |value: &Value<'_>| value.try_to_owned().unwrap();
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), owned(value)))
            .collect()
    }

    #[test]
    fn a_unit_is_as_hard_as_what_it_lacks() {
        let soft = properties(&[("LimitCORE", Value::from(0u64))]);
        assert!(lacking(&soft).contains(&"NoNewPrivileges="));
        let list = || Value::from((true, vec!["poll"]));
        let hard = properties(&[
            ("NoNewPrivileges", true.into()),
            ("MemoryDenyWriteExecute", true.into()),
            ("LockPersonality", true.into()),
            ("SystemCallFilter", list()),
            ("RestrictAddressFamilies", list()),
            ("RestrictNamespaces", Value::from(0u64)),
            ("PrivateUsers", true.into()),
            ("CapabilityBoundingSet", Value::from(0u64)),
            ("LimitCORE", Value::from(0u64)),
        ]);
        assert_eq!(lacking(&hard), Vec::<&str>::new());
    }

    #[test]
    fn a_witness_that_is_missing_or_sees_nobody_is_told_of() {
        let sees = properties(&[("PrivateUsers", false.into())]);
        let unit = |state: &str| properties(&[("LoadState", state.into())]);
        assert!(sight(&unit("loaded"), &sees).is_none());
        let blind = properties(&[("PrivateUsers", true.into())]);
        for (state, witness) in [("loaded", blind), ("not-found", sees)] {
            let told = sight(&unit(state), &witness).unwrap();
            assert_eq!(told.mark, Mark::Bad);
            assert!(told.message.contains("nobody is identified"), "{told:?}");
        }
    }
}
