//! Rules that every `interfaces/*.xml` keeps.

#![allow(clippy::panic, clippy::unwrap_used)]

mod described;

use std::collections::BTreeSet;

use credex_protocol::names::INTERFACES;
use described::{Interface, interfaces};

#[test]
fn every_file_is_one_of_the_interfaces_by_name() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("interfaces");
    let files = std::fs::read_dir(folder).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let known = INTERFACES.iter().map(|(name, _)| format!("{name}.xml"));
    assert_eq!(files.collect::<BTreeSet<_>>(), known.collect());
}

#[test]
fn every_method_of_the_service_can_grow_options() {
    let closes = |interface: &Interface| ["Request", "Session"].contains(&interface.short_name());
    let mut methods = 0;
    for interface in interfaces() {
        if !interface.name.starts_with("org.credex.Exchange1.") {
            continue;
        }
        for method in &interface.methods {
            methods += 1;
            let what = format!("{}.{}", interface.short_name(), method.name);
            if method.name == "Close" && closes(&interface) {
                assert!(method.inputs.is_empty(), "{what}");
                continue;
            }
            let last = method.inputs.last().unwrap_or_else(|| panic!("{what}"));
            assert_eq!(
                (last.name.as_str(), last.signature.as_str()),
                ("options", "a{sv}"),
                "{what}"
            );
        }
    }
    assert!(methods > 0);
}

#[test]
fn every_interface_tells_its_version() {
    for interface in interfaces() {
        let version = ("version".to_owned(), "u".to_owned());
        assert_eq!(interface.properties, [version], "{}", interface.name);
    }
}

#[test]
fn every_member_and_every_argument_is_documented_in_its_place() {
    for interface in interfaces() {
        for member in interface.members() {
            let what = format!("{}.{}", interface.short_name(), member.name);
            let heading = format!("\n      {}:\n", member.name);
            let Some((_, comment)) = interface.xml.split_once(&heading) else {
                panic!("{what} is not documented");
            };
            let comment = comment.split("-->").next().unwrap();
            for argument in member.arguments() {
                let entry = format!("@{}: ", argument.name);
                assert!(comment.contains(&entry), "{what}: {entry}is missing");
            }
        }
    }
}
