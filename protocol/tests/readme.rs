//! `README.md` says what the XML and the code say.
//!
//! What it says of states, times and limits is held against the daemon by
//! `daemon/tests/protocol_readme.rs`.

#![allow(clippy::panic, clippy::unwrap_used)]

mod described;

use std::collections::BTreeSet;
use std::path::Path;

use credex_protocol::envelope::keywrap::{Direction, INFO_LABEL, MAX_PATH_LEN};
use credex_protocol::envelope::parts::{MAX_PARTS, PART_HEADER_LEN};
use credex_protocol::envelope::{
    HEADER_LEN, KEY_LEN, LONGEST_PASSWORD, MAGIC, PADDED_LEN, SegmentSize, TAG_LEN,
};
use credex_protocol::wire::LossReason;
use credex_protocol::{Reason, names};
use described::{Argument, Interface, Member, interfaces, signature};

const README: &str = include_str!("../README.md");
const VECTORS: &str = include_str!("../vectors/envelope.json");

#[test]
fn the_interfaces_at_a_glance_are_those_of_the_xml() {
    let interfaces: Vec<String> = interfaces().iter().map(at_a_glance).collect();
    let expected = interfaces.join("\n");
    let block = section("Interfaces at a glance").split("```\n").nth(1);
    assert_eq!(
        block,
        Some(expected.as_str()),
        "\nthe block should be:\n\n{expected}"
    );
}

fn at_a_glance(interface: &Interface) -> String {
    let list = |arguments: &[Argument]| {
        let named = arguments
            .iter()
            .map(|arg| format!("{} {}", arg.name, arg.signature));
        format!("({})", named.collect::<Vec<_>>().join(", "))
    };
    let method = |method: &Member| {
        let answer = match method.outputs.as_slice() {
            [] => String::new(),
            outputs => format!(" → {}", list(outputs)),
        };
        format!("    {} {}{answer}\n", method.name, list(&method.inputs))
    };
    let signal = |signal: &Member| format!("    signal {} {}\n", signal.name, list(&signal.inputs));
    let methods: String = interface.methods.iter().map(method).collect();
    let signals: String = interface.signals.iter().map(signal).collect();
    format!("{}\n{methods}{signals}", interface.name)
}

#[test]
fn every_member_and_every_argument_is_explained_and_not_only_listed() {
    let explained = explanations();
    let words: BTreeSet<&str> = explained.split(is_not_of_a_word).collect();
    for interface in interfaces() {
        for member in interface.members() {
            let what = format!("{}.{}", interface.short_name(), member.name);
            assert!(
                words.contains(member.name.as_str()),
                "{what} is not explained"
            );
            for argument in member.arguments() {
                let name = argument.name.as_str();
                assert!(words.contains(name), "{what}: {name} is not explained");
            }
        }
    }
}

#[test]
fn every_key_that_the_xml_documents_is_explained() {
    let explained = explanations();
    let words: BTreeSet<&str> = explained.split(is_not_of_a_word).collect();
    let mut keys = 0;
    for interface in interfaces() {
        for key in documented_keys(interface.xml) {
            keys += 1;
            assert!(
                words.contains(key),
                "{}: {key} is not explained",
                interface.name
            );
        }
    }
    assert!(keys > 40, "only {keys} keys were found");
}

/// What stands before a signature in parentheses in the comments: `handle_token (s)`.
fn documented_keys(xml: &str) -> impl Iterator<Item = &str> {
    xml.match_indices(" (").filter_map(|(at, _)| {
        let (signature, _) = xml[at + 2..].split_once(')')?;
        let signature = zbus::zvariant::Signature::try_from(signature).ok()?;
        let key = xml[..at].rsplit(is_not_of_a_word).next()?;
        (signature != zbus::zvariant::Signature::Unit && !key.is_empty()).then_some(key)
    })
}

#[test]
fn no_member_is_named_that_there_is_not() {
    let interfaces = interfaces();
    let of = |short: &str| interfaces.iter().find(|known| known.short_name() == short);
    let dotted = README.split(|c: char| is_not_of_a_word(c) && c != '.');
    let mut found = 0;
    for name in dotted.map(|name| name.trim_matches('.').trim_end_matches(".xml")) {
        if let Some(rest) = name.strip_prefix("org.credex.") {
            assert!(is_ours(name, rest, &interfaces), "{name} does not exist");
        } else if let [short, member] = name.split('.').collect::<Vec<_>>()[..]
            && [short, member]
                .iter()
                .all(|part| part.starts_with(char::is_uppercase))
        {
            found += 1;
            let interface = of(short).unwrap_or_else(|| panic!("{name}: no such interface"));
            let exists = interface.members().any(|known| known.name == member);
            assert!(exists, "{name} does not exist");
        }
    }
    assert!(found > 50, "only {found} names were found");
}

fn is_ours(name: &str, rest: &str, interfaces: &[Interface]) -> bool {
    let reason = rest.strip_prefix("Error.").map(Reason::from_name);
    match reason {
        Some(reason) => reason.is_some(),
        None => {
            [
                names::BUS_NAME,
                names::EXPORTER,
                names::WEB_CREDENTIALS_GROUP,
            ]
            .contains(&name)
                || interfaces.iter().any(|interface| interface.name == name)
        }
    }
}

#[test]
fn the_error_table_has_every_reason_with_its_meaning() {
    let rows = rows("Errors", "Error");
    let table: Vec<_> = rows.iter().map(|row| (row[0], row[1])).collect();
    let codes: Vec<String> = Reason::ALL
        .iter()
        .map(|reason| format!("`{}`", reason.dbus_name()))
        .collect();
    let expected = codes.iter().zip(Reason::ALL);
    let expected: Vec<_> = expected
        .map(|(code, reason)| (code.as_str(), reason.meaning()))
        .collect();
    assert_eq!(table, expected);
    for row in &rows {
        assert!(row[2].ends_with('.'), "{}: who gets it, and when?", row[0]);
    }
}

#[test]
fn the_reasons_of_a_loss_are_those_of_the_code() {
    let rows = rows("A plan", "Reason");
    let table: Vec<_> = rows
        .iter()
        .map(|row| (row[0].trim_matches('`'), row[1]))
        .collect();
    let expected: Vec<_> = LossReason::ALL
        .iter()
        .map(|reason| (reason.name(), reason.meaning()))
        .collect();
    assert_eq!(table, expected);
    for (word, _) in table {
        assert_eq!(LossReason::from_name(word).name(), word);
    }
    assert_eq!(LossReason::from_name("later"), LossReason::Other);
}

/// Capitalised words in backticks that are neither members nor errors of ours.
const FOREIGN: [&str; 18] = [
    // Keys of desktop entries
    "FormatVersions",
    "CredentialTypes",
    "Exec",
    "TryExec",
    // D-Bus
    "Hello",
    "GetNameOwner",
    "NameOwnerChanged",
    "UnknownMethod",
    "UnknownInterface",
    "UnknownObject",
    // This version of the service, and a later one
    "Exchange1",
    "Exchange2",
    // Apple
    "ExportOptions",
    "NSUserActivity",
    "SecAddSharedWebCredential",
    "SecCreateSharedWebCredentialPassword",
    "SecRequestSharedWebCredential",
    "SupportsCredentialExchange",
];

#[test]
fn every_capitalised_name_in_backticks_is_known() {
    let interfaces = interfaces();
    let is_name = |word: &&str| {
        word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.chars().all(|c| c.is_ascii_alphanumeric())
            && word.chars().any(|c| c.is_ascii_lowercase())
    };
    let is_ours = |word: &str| {
        Reason::from_name(word).is_some()
            || interfaces.iter().any(|interface| {
                interface.short_name() == word
                    || interface.members().any(|member| member.name == word)
            })
    };
    let mut found = 0;
    for word in README.split('`').skip(1).step_by(2).filter(is_name) {
        found += 1;
        assert!(is_ours(word) || FOREIGN.contains(&word), "what is {word}?");
    }
    assert!(found > 50, "only {found} names were found");
}

#[test]
fn the_numbers_of_the_envelope_are_those_of_the_code() {
    let (min, max) = (SegmentSize::MIN.bytes(), SegmentSize::MAX.bytes());
    let default = SegmentSize::DEFAULT.bytes();
    let magic = std::str::from_utf8(&MAGIC[..7]).unwrap();
    let label = std::str::from_utf8(&INFO_LABEL[..INFO_LABEL.len() - 1]).unwrap();
    assert_eq!((MAGIC[7], INFO_LABEL[INFO_LABEL.len() - 1]), (0, 0));
    assert_eq!(SegmentSize::DEFAULT.envelope_size(0), Some(48));
    for part in [
        format!("| 0 | {} | magic: `{magic}` and a zero byte |", MAGIC.len()),
        format!("A power of two from {min} to {max}; write {default} unless"),
        format!("| {HEADER_LEN} | | segments |"),
        format!("then a tag of {TAG_LEN} bytes"),
        format!("The file has {HEADER_LEN} + *L* + {TAG_LEN} *n*\nbytes"),
        format!("at\nmost {} segments", u64::from(u32::MAX) + 1),
        format!("The first {HEADER_LEN} bytes: a header"),
        format!("| {} | `{label}` and a zero byte |", INFO_LABEL.len()),
        format!("| … | the D-Bus object path, at most {MAX_PATH_LEN} bytes"),
        format!("| object paths in `info` | {MAX_PATH_LEN} bytes |"),
        format!("| {PART_HEADER_LEN} | | id, UTF-8"),
        format!("A payload has at most {MAX_PARTS} parts"),
        format!("at most {} bytes, and unique", u16::MAX),
        format!("Public keys are {KEY_LEN} bytes."),
        format!("`session_public_key` (`ay`, {KEY_LEN} bytes)"),
        format!(
            "the password (1 to {LONGEST_PASSWORD} bytes), and zeros up to {PADDED_LEN}\nbytes"
        ),
        format!("| a password | {LONGEST_PASSWORD} bytes |"),
    ] {
        assert!(README.contains(&part), "missing: {part}");
    }
}

#[test]
fn the_directions_are_those_of_the_code() {
    let directions = [
        Direction::ExporterToDaemon,
        Direction::DaemonToImporter,
        Direction::TokenToImporter,
        Direction::TokenToDaemon,
        Direction::PasswordToDaemon,
        Direction::PasswordToApp,
    ];
    let rows = rows("Wrapping of keys, tokens and passwords", "Direction");
    assert_eq!(rows.len(), directions.len());
    for (row, direction) in rows.iter().zip(directions) {
        let numbers = [
            direction as usize,
            direction.secret_len(),
            direction.wrapped_len(),
        ];
        let shown = [row[0], row[2], row[5]].map(|cell| cell.parse::<usize>().unwrap());
        assert_eq!(shown, numbers, "{row:?}");
        let length = format!(
            "`sealed_token`, {} bytes",
            Direction::TokenToImporter.wrapped_len()
        );
        assert!(README.contains(&length), "{length}");
    }
}

#[test]
fn the_names_and_forms_are_those_of_the_code() {
    assert!(names::is_handle_token(&"x".repeat(64)) && !names::is_handle_token(&"x".repeat(65)));
    for part in [
        "1 to 64 of `A-Z a-z 0-9 _`".to_owned(),
        format!("`{}` gives `{}`", ":1.42", names::sender_element(":1.42")),
        names::request_path(":1.42", "r1"),
        names::session_path(":1.42", "example"),
        names::OFFER_PREFIX.to_owned(),
        format!("at `{}`", names::IMPORTER_PATH),
        format!("`{}`", names::CHOOSER_PATH),
        format!("`{}`", names::CHOOSER_FD),
        format!("now {};", names::INTERFACE_VERSION),
        format!("`[\"{}\"]` if missing", names::FORMAT_VERSION),
        format!("[{}]\n", names::IMPORTER),
        format!("[{}]\n", names::EXPORTER),
        format!("[{}]\n", names::WEB_CREDENTIALS_GROUP),
    ] {
        assert!(README.contains(&part), "missing: {part}");
    }
}

#[test]
fn unknown_keys_are_ignored_and_known_ones_have_their_type() {
    use std::collections::HashMap;
    use zbus::zvariant::{LE, Value, serialized::Context, to_bytes};

    let read = |key: &str, value: Value<'_>| {
        let sent = to_bytes(Context::new_dbus(LE, 0), &HashMap::from([(key, value)])).unwrap();
        let read = sent.deserialize::<credex_protocol::wire::ExportOptions>();
        read.map(|(options, _)| options.handle_token)
    };
    assert_eq!(read("of_a_later_version", 1u32.into()).unwrap(), None);
    assert_eq!(
        read("handle_token", "r1".into()).unwrap().as_deref(),
        Some("r1")
    );
    read("handle_token", 1u32.into()).unwrap_err();
}

#[test]
fn every_long_hexadecimal_value_is_one_of_the_test_vectors() {
    let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let values = README.split(|c| !is_hex(c)).filter(|run| run.len() > 20);
    let mut found = 0;
    for value in values {
        found += 1;
        assert!(VECTORS.contains(value), "{value}");
    }
    assert!(found > 4, "only {found} values were found");
}

#[test]
fn the_example_exchange_speaks_with_the_signatures_of_the_xml() {
    let example = section("Appendix: one exchange, message by message");
    let mut waiting: Option<(String, String)> = None;
    let mut used = BTreeSet::new();
    for line in example.lines() {
        if let Some((name, given)) = called(line) {
            let (interface, member) = name.split_once('.').unwrap();
            let interfaces = interfaces();
            let interface = interfaces
                .iter()
                .find(|known| known.short_name() == interface);
            let member = interface
                .unwrap()
                .members()
                .find(|known| known.name == member);
            let member = member.unwrap();
            assert_eq!(given, signature(&member.inputs), "{name}");
            used.insert(name.to_owned());
            let replies = !line.contains("no reply") && !line.contains("signal");
            waiting = replies.then(|| (name.to_owned(), signature(&member.outputs)));
        } else if let Some((_, rest)) = line.split_once("reply (")
            && let Some((name, expected)) = waiting.take()
        {
            let given = rest.strip_suffix(')').unwrap();
            assert_eq!(given, expected, "the reply to {name}");
        }
    }
    assert!(waiting.is_none(), "{waiting:?} is not answered");
    for name in ["Export.RequestExport", "Import.Redeem", "Session.Completed"] {
        assert!(used.contains(name), "{name}");
    }
    assert!(used.len() >= 11, "{used:?}");
}

/// `Export.RequestExport (sa{sv})` in a line of the example.
fn called(line: &str) -> Option<(&str, &str)> {
    let (before, after) = line.split_once(" (")?;
    let name = before.rsplit(' ').next()?;
    let first = name.chars().next()?;
    if !first.is_uppercase() || !name.contains('.') {
        return None;
    }
    let (head, _) = after.split_once("    ").unwrap_or((after, ""));
    Some((name, head.trim_end().strip_suffix(')')?))
}

#[test]
fn every_link_leads_somewhere() {
    let anchors: BTreeSet<String> = headings().map(anchor).collect();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = 0;
    for link in README.split("](").skip(1) {
        let target = link.split(')').next().unwrap();
        found += 1;
        match target.strip_prefix('#') {
            Some(target) => assert!(anchors.contains(target), "#{target}"),
            None => {
                let file = target.split('#').next().unwrap();
                assert!(here.join(file).exists(), "{target}");
            }
        }
    }
    assert!(found > 20, "only {found} links were found");
}

fn headings() -> impl Iterator<Item = &'static str> {
    let headings = README.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| line.trim_start_matches('#').trim())
}

/// The anchor of a heading, as forges make it.
fn anchor(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// All but the list of members and the example.
fn explanations() -> String {
    README
        .replace(section("Interfaces at a glance"), "")
        .replace(section("Appendix: one exchange, message by message"), "")
}

/// The text below a heading, up to the next of its rank or higher.
fn section(heading: &str) -> &'static str {
    let mut after = README;
    let rank = loop {
        let (line, rest) = after
            .split_once('\n')
            .unwrap_or_else(|| panic!("no {heading}"));
        after = rest;
        let text = line.trim_start_matches('#');
        if text.len() < line.len() && text.trim() == heading {
            break line.len() - text.len();
        }
    };
    let ends = |(at, _): &(usize, &str)| {
        let hashes = after[at + 1..].chars().take_while(|c| *c == '#').count();
        (1..=rank).contains(&hashes)
    };
    let end = after.match_indices('\n').find(ends);
    &after[..end.map_or(after.len(), |(at, _)| at)]
}

/// The rows of the table in a section whose first column is called `first`.
fn rows(heading: &str, first: &str) -> Vec<Vec<&'static str>> {
    let head = format!("| {first} |");
    let lines = section(heading)
        .lines()
        .skip_while(|line| !line.starts_with(&head));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect();
    rows.map(cells).collect()
}

fn is_not_of_a_word(c: char) -> bool {
    !c.is_alphanumeric() && c != '_'
}
