//! Stories of plans, told with a store that is a list.

use std::collections::BTreeSet;

use credex::cxf::Counts;
use credex::{LossReason, Lost, Tally};

use super::*;
use crate::{Change, Fault, Foreseen, Item, Quarantined, Record, Store, Why, Written};

/// A list of records; it cannot hold SSH keys, nor the period of a one-time code.
struct List;

impl Store for List {
    fn read(
        &mut self,
        _each: &mut dyn FnMut(Result<Record, Quarantined>) -> bool,
    ) -> Result<(), Fault> {
        Ok(())
    }

    fn foresee(&self, record: &Record) -> Foreseen {
        let credentials = record.item.credentials.iter().enumerate();
        let native = credentials
            .clone()
            .filter(|(_, each)| each.kind() != "ssh-key")
            .map(|(at, _)| format!("credentials[{at}].content"));
        let lost = credentials.filter_map(|(at, each)| match each.kind() {
            "ssh-key" => Some((
                format!("credentials[{at}]"),
                Why::new(LossReason::NoPlace, "no keys"),
            )),
            "totp" => Some((
                format!("credentials[{at}].period"),
                Why::new(LossReason::Other, "always 30"),
            )),
            _ => None,
        });
        Foreseen {
            native: native.collect(),
            lost: lost.collect(),
            ..Foreseen::default()
        }
    }

    fn write(
        &mut self,
        _changes: &[Change],
        _progress: &mut dyn FnMut(usize),
    ) -> Result<Written, Fault> {
        Ok(Written::default())
    }
}

fn login(title: &str, password: &str) -> Record {
    let mut item = Item::new(None, title);
    item.set_urls([format!("https://{title}.example")]);
    item.push_login(Some("ada"), Some(password));
    Record::new(item, format!("item “{title}”"))
}

fn of_kind(title: &str, kind: &str) -> Record {
    let mut item = Item::new(None, title);
    item.credentials.push(crate::Object::credential(kind));
    Record::new(item, format!("item “{title}”"))
}

fn plan(there: &[Record], on_difference: OnDifference, new: Vec<Record>) -> Plan {
    let planning = Planning {
        store: &List,
        there,
        left_out: BTreeSet::new(),
        on_difference,
    };
    planning.plan(new, Vec::new())
}

fn statuses(plan: &Plan) -> Vec<Status> {
    plan.entries
        .iter()
        .map(|entry| entry.status.clone())
        .collect()
}

#[test]
fn what_is_there_is_told_from_what_differs_and_what_is_new() {
    let there = [login("a", "1"), login("b", "2")];
    let new = vec![login("a", "1"), login("b", "3"), login("c", "4")];
    let resolution = OnDifference::Keep;
    let mut plan = plan(&there, resolution, new);
    let expected = [Status::Same, Status::Differs { resolution }, Status::Add];
    assert_eq!(statuses(&plan), expected);
    let changes = plan.take_changes();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].record().item.title(), "c");
}

#[test]
fn a_record_is_replaced_under_the_id_that_it_has_in_the_target() {
    let there = [login("b", "2")];
    let mut plan = plan(&there, OnDifference::Replace, vec![login("b", "3")]);
    let [Change::Replace(id, record)] = &plan.take_changes()[..] else {
        panic!("one is replaced");
    };
    assert_eq!(id, there[0].item.id());
    assert_eq!(record.item.id(), there[0].item.id());
    assert_eq!(record.item.credentials[0].field("password"), Some("3"));
}

#[test]
fn a_list_of_passwords_takes_no_one_time_code_or_file_away_from_what_it_replaces() {
    let mut old = login("b", "2");
    for kind in ["totp", "file"] {
        old.item.credentials.push(crate::Object::credential(kind));
    }
    old.item.credentials[2].set("id", "YQ");
    old.attachments.push(crate::Attachment {
        id: "YQ".to_owned(),
        content: zeroize::Zeroizing::new(vec![1]),
    });
    let there = [old.clone()];
    let mut changed = plan(&there, OnDifference::Replace, vec![login("b", "3")]);
    let [Change::Replace(_, record)] = &changed.take_changes()[..] else {
        panic!("one is replaced");
    };
    assert_eq!(record.item.credentials[0].field("password"), Some("3"));
    assert_eq!(record.item.credentials[1..], old.item.credentials[1..]);
    assert_eq!(record.attachments, old.attachments);
    let again = plan(&there, OnDifference::Replace, vec![login("b", "2")]);
    assert_eq!(statuses(&again), [Status::Same]);
}

#[test]
fn the_one_time_code_of_another_item_takes_none_away_from_what_is_replaced() {
    let mut old = login("b", "2");
    for kind in ["totp", "file"] {
        old.item.credentials.push(crate::Object::credential(kind));
    }
    old.item.credentials[2].set("id", "YQ");
    old.attachments.push(crate::Attachment {
        id: "YQ".to_owned(),
        content: zeroize::Zeroizing::new(vec![1]),
    });
    let there = [old.clone()];
    let elsewhere = || [of_kind("c", "totp"), of_kind("d", "file")];
    let new = [login("b", "3")].into_iter().chain(elsewhere()).collect();
    let mut changed = plan(&there, OnDifference::Replace, new);
    let kept = [("totp".to_owned(), 1), ("file".to_owned(), 1)];
    assert_eq!(changed.entries[0].kept, kept.into());
    assert!(changed.entries[1].kept.is_empty());
    let [Change::Replace(_, record), ..] = &changed.take_changes()[..] else {
        panic!("one is replaced");
    };
    assert_eq!(record.item.credentials[0].field("password"), Some("3"));
    assert_eq!(record.item.credentials[1..], old.item.credentials[1..]);
    assert_eq!(record.attachments, old.attachments);
    // Nor is what has a code besides another thing than what has none.
    let same = [login("b", "2")].into_iter().chain(elsewhere()).collect();
    let same = plan(&there, OnDifference::Replace, same);
    assert_eq!(statuses(&same), [Status::Same, Status::Add, Status::Add]);
    // What both have is the source's to say.
    let mut other = login("b", "2");
    other
        .item
        .credentials
        .push(crate::Object::credential("totp"));
    other.item.credentials[1].set("secret", "GEZDGNBV");
    let mut changed = plan(&there, OnDifference::Replace, vec![other]);
    let [Change::Replace(_, record)] = &changed.take_changes()[..] else {
        panic!("one is replaced");
    };
    let codes = record
        .item
        .credentials
        .iter()
        .filter(|each| each.kind() == "totp");
    let codes: Vec<_> = codes.map(|code| code.text("secret")).collect();
    assert_eq!(codes, [Some("GEZDGNBV")]);
}

#[test]
fn to_keep_both_is_to_add_one_under_an_id_of_its_own() {
    let there = [login("b", "2")];
    let mut new = login("b", "3");
    new.item.members.set("id", there[0].item.id());
    let mut plan = plan(&there, OnDifference::Both, vec![new]);
    let [Change::Add(record)] = &plan.take_changes()[..] else {
        panic!("one is added");
    };
    assert_ne!(record.item.id(), there[0].item.id());
}

#[test]
fn items_without_an_id_or_with_the_same_one_get_their_own() {
    let mut new = vec![login("a", "1"), login("b", "2"), login("c", "3")];
    new[0].item.members.set("id", "");
    new[1].item.members.set("id", "c2FtZQ");
    new[2].item.members.set("id", "c2FtZQ");
    let changes = plan(&[], OnDifference::Keep, new).take_changes();
    let ids: BTreeSet<_> = changes
        .iter()
        .map(|change| change.record().item.id())
        .collect();
    assert_eq!(ids.len(), 3);
    assert!(!ids.contains(""));
}

#[test]
fn two_of_the_same_key_are_two_records() {
    let there = [login("a", "1")];
    let new = || vec![login("a", "2"), login("a", "1")];
    let statuses = statuses(&plan(&there, OnDifference::Keep, new()));
    assert_eq!(statuses, [Status::Add, Status::Same]);
}

#[test]
fn a_type_that_was_left_out_stays_in_a_record_that_is_replaced() {
    let mut old = login("a", "1");
    old.item.push_note("from the target");
    let there = [old];
    let planning = Planning {
        store: &List,
        there: &there,
        left_out: BTreeSet::from(["note".to_owned()]),
        on_difference: OnDifference::Replace,
    };
    let mut same = planning.plan(vec![login("a", "1")], Vec::new());
    assert_eq!(statuses(&same), [Status::Same]);
    assert!(same.take_changes().is_empty());
    let mut changed = planning.plan(vec![login("a", "2")], Vec::new());
    let changes = changed.take_changes();
    assert!(changes[0].record().item.credential("note").is_some());
}

#[test]
fn what_a_store_takes_nothing_of_is_dropped_and_what_it_takes_a_part_of_is_told() {
    let new = vec![of_kind("key", "ssh-key"), of_kind("code", "totp")];
    let mut plan = plan(&[], OnDifference::Keep, new);
    let why = "no keys".to_owned();
    assert_eq!(statuses(&plan), [Status::Dropped { why }, Status::Add]);
    assert_eq!(plan.take_changes().len(), 1);
    let summary = plan.summary();
    assert_eq!((summary.add, summary.dropped), (1, 1));
    let loss = Loss {
        what: "totp.period".to_owned(),
        why: "always 30".to_owned(),
        count: 1,
    };
    assert_eq!(summary.losses, [loss]);
    assert!(plan.loses());
}

#[test]
fn a_plan_is_told_in_numbers_and_without_a_word_of_the_items() {
    let there = [login("a", "1"), login("b", "2")];
    let mut both = of_kind("two", "totp");
    both.item
        .credentials
        .push(crate::Object::credential("ssh-key"));
    let new = vec![
        login("a", "1"),
        login("b", "3"),
        login("c", "4"),
        of_kind("key", "ssh-key"),
        both,
    ];
    let planned = plan(&there, OnDifference::Replace, new);
    let told = planned.tell(credex::Plan::at_installed("org.example.Vault"));
    let mut expected = credex::Plan::at_installed("org.example.Vault")
        .loses(2, Lost::Whole("ssh-key".to_owned()), LossReason::NoPlace)
        .loses(1, Lost::Part("totp".to_owned()), LossReason::Other);
    (
        expected.same,
        expected.replaced,
        expected.added,
        expected.dropped,
    ) = (1, 1, 2, 1);
    assert_eq!(told, expected);
}

#[test]
fn the_receipt_accounts_for_every_credential() {
    let there = [login("a", "1"), login("b", "2")];
    let new = vec![
        login("a", "1"),
        login("b", "3"),
        login("c", "4"),
        login("d", "5"),
        of_kind("key", "ssh-key"),
    ];
    let plan = plan(&there, OnDifference::Keep, new);
    let counts = [("basic-auth", 5), ("ssh-key", 1)];
    let present: Counts = counts
        .map(|(name, n)| (name.to_owned(), n))
        .into_iter()
        .collect();
    let refused = [Quarantined::new("item “d”", "too long")];
    let tallies = plan.tally(&present, &refused, &[]);
    let logins = Tally {
        succeeded: 2,
        failed: 2,
        ignored: 1,
    };
    assert_eq!(tallies["basic-auth"], logins);
    assert_eq!(
        (tallies["ssh-key"].succeeded, tallies["ssh-key"].failed),
        (0, 1)
    );
}

#[test]
fn what_is_not_in_the_store_afterwards_is_missed() {
    let changes = [
        Change::Add(login("a", "1")),
        Change::Add(of_kind("code", "totp")),
        Change::Add(login("b", "2")),
    ];
    let mut code = of_kind("code", "totp");
    code.item
        .members
        .set("subtitle", "something was lost, as foreseen");
    let there = [login("a", "1"), code, login("b", "changed")];
    assert_eq!(missing(&List, &changes, &there), ["item “b”"]);
}

#[test]
fn a_store_is_asked_which_types_it_takes() {
    let taken = takes(&List).unwrap();
    assert!(taken.contains("totp") && taken.contains("passkey"));
    assert!(!taken.contains("ssh-key"));
}
