//! Interfaces, members, errors and other names on the bus.

use std::collections::BTreeSet;

use credex_protocol::names;

use crate::texts::{self, files_below, source, words};

/// Names that are ours without being on the bus, and of other parties in examples.
fn others() -> BTreeSet<String> {
    let policy =
        std::fs::read_to_string(source().join("systemd/org.credex.exchange.policy")).unwrap();
    let actions = policy.split("action id=\"").skip(1);
    let actions = actions
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned);
    // The file of the action, the desktop entry of the window, and who `credex` is.
    let more = [
        "org.credex.exchange",
        "org.credex.Chooser",
        "org.credex.Cli",
    ];
    actions.chain(more.map(str::to_owned)).collect()
}

#[test]
fn every_name_on_the_bus_is_one() {
    let others = others();
    let mut seen = 0;
    for text in texts::all() {
        for name in words(&text.text, |letter| {
            letter.is_ascii_alphanumeric() || letter == '.'
        }) {
            let name = name.trim_end_matches('.');
            let ends = [
                ".xml",
                ".service",
                ".policy",
                ".desktop",
                ".svg",
                ".metainfo",
            ];
            let name = ends
                .iter()
                .fold(name, |name, end| name.strip_suffix(end).unwrap_or(name));
            if !name.starts_with("org.credex.") || others.contains(name) {
                continue;
            }
            seen += 1;
            assert!(is_known(name), "{} names {name}", text.place);
        }
    }
    assert!(seen > 50, "only {seen} names were found in all texts");
    assert!(
        !is_known("org.credex.Exchange1.Exprot")
            && !is_known("org.credex.Exchange1.Export.Nothing")
    );
}

fn is_known(name: &str) -> bool {
    let plain = [
        names::BUS_NAME,
        names::EXPORTER,
        names::WEB_CREDENTIALS_GROUP,
    ];
    let is_interface = |name: &str| names::INTERFACES.iter().any(|(known, _)| *known == name);
    plain.contains(&name)
        || is_interface(name)
        || is_error(name)
        || is_member(name)
        || name == "org.credex.Error"
}

/// `org.credex.Error.Declined`, as the sources have it.
fn is_error(name: &str) -> bool {
    let Some(reason) = name.strip_prefix("org.credex.Error.") else {
        return false;
    };
    let errors = std::fs::read_to_string(source().join("protocol/src/error.rs")).unwrap();
    words(&errors, |letter| letter.is_ascii_alphanumeric()).any(|word| word == reason)
}

/// `org.credex.Exchange1.Export.RequestExport`, as the interface has it.
fn is_member(name: &str) -> bool {
    let Some((interface, member)) = name.rsplit_once('.') else {
        return false;
    };
    let described = names::INTERFACES
        .iter()
        .find(|(known, _)| *known == interface);
    described.is_some_and(|(_, xml)| xml.contains(&format!("name=\"{member}\"")))
}

#[test]
fn every_interface_is_installed_and_no_other() {
    let installed = files_below(&texts::tree().join("usr/share/dbus-1/interfaces"));
    let installed: BTreeSet<String> = installed
        .iter()
        .map(|file| file.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let known: BTreeSet<String> = names::INTERFACES
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(installed, known);
}
