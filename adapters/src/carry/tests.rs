//! Whatever a store holds natively, what is carried makes it whole again.

use credex::cxf;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{Item, Object, Place, read_document};

fn sample() -> Vec<Record> {
    read_document(cxf::sample(), [])
        .unwrap()
        .into_iter()
        .filter_map(Result::ok)
        .collect()
}

/// A store that knows titles, logins and the first folder, and nothing else.
fn logins_only(whole: &Record) -> Record {
    let mut item = Item::new(Some("bmF0aXZl".to_owned()), whole.item.title());
    if let Some(login) = whole.item.credential("basic-auth") {
        item.push_login(login.field("username"), login.field("password"));
    }
    let mut native = Record::new(item, whole.origin.clone());
    native.places.extend(
        whole
            .places
            .first()
            .map(|place| Place::titled(place.titles())),
    );
    native
}

fn through(whole: &Record, native: &Record) -> Record {
    let carried = carry(whole, native, &|_| false);
    let Some(residue) = carried.residue else {
        return native.clone();
    };
    let residue = Residue::parse(&residue.text()).unwrap();
    let mut fields = carried.fields;
    let back = restore(native.clone(), &mut fields, &residue);
    assert_eq!(fields, []);
    back
}

#[test]
fn the_sample_survives_a_store_that_knows_nothing_but_logins() {
    for whole in sample() {
        assert_eq!(
            through(&whole, &logins_only(&whole)),
            whole,
            "{}",
            whole.origin
        );
    }
}

#[test]
fn a_credit_card_becomes_fields_that_a_person_can_read_and_change() {
    let mut whole = Record::new(Item::new(None, "Bank"), "");
    let mut card = Object::credential("credit-card");
    card.set_field("number", crate::FieldType::Concealed, "4111111111111111");
    whole.item.credentials.push(card);
    let native = Record::new(Item::new(Some(whole.item.id().to_owned()), "Bank"), "");
    let mut carried = carry(&whole, &native, &|_| false);
    assert_eq!(carried.fields.len(), 1);
    assert_eq!(carried.fields[0].label, "credit-card.number");
    assert!(carried.fields[0].concealed);
    let residue = carried.residue.unwrap();
    assert!(
        !residue.text().contains("4111"),
        "the number stands in one place only"
    );
    *carried.fields[0].value = "5500000000000004".to_owned();
    let back = restore(native, &mut carried.fields, &residue);
    assert_eq!(
        back.item.credentials[0].field("number"),
        Some("5500000000000004")
    );
}

#[test]
fn a_field_that_a_person_removed_stays_away() {
    let mut whole = Record::new(Item::new(None, "Home"), "");
    let mut wifi = Object::credential("wifi");
    wifi.set_field("ssid", crate::FieldType::String, "attic");
    wifi.set_field("passphrase", crate::FieldType::Concealed, "mice");
    whole.item.credentials.push(wifi);
    let native = Record::new(Item::new(None, "Home"), "");
    let mut carried = carry(&whole, &native, &|_| false);
    carried
        .fields
        .retain(|field| field.label != "wifi.passphrase");
    let back = restore(native, &mut carried.fields, &carried.residue.unwrap());
    assert_eq!(back.item.credentials[0].field("ssid"), Some("attic"));
    assert_eq!(back.item.credentials[0].get("passphrase"), None);
}

#[test]
fn what_a_person_changes_natively_wins() {
    for whole in sample() {
        let mut native = logins_only(&whole);
        let carried = carry(&whole, &native, &|_| false);
        native.item.members.set("title", "Renamed");
        native.places = vec![Place::titled(["Moved"])];
        let mut fields = carried.fields;
        let back = restore(native, &mut fields, &carried.residue.unwrap());
        assert_eq!(back.item.title(), "Renamed");
        assert_eq!(back.places[0].titles().collect::<Vec<_>>(), ["Moved"]);
    }
}

#[test]
fn names_that_the_store_uses_itself_are_avoided() {
    let mut whole = Record::new(Item::new(None, "x"), "");
    let mut password = Object::credential("generated-password");
    password.set("password", "p");
    whole.item.credentials.extend([password.clone(), password]);
    let native = Record::new(Item::new(None, "x"), "");
    let carried = carry(&whole, &native, &|label| {
        label == "generated-password.password"
    });
    let labels: Vec<_> = carried.fields.iter().map(|field| &*field.label).collect();
    assert_eq!(
        labels,
        [
            "generated-password.password 2",
            "generated-password.password 3"
        ]
    );
}

#[test]
fn thousands_of_fields_of_one_name_take_no_longer_than_as_many_of_their_own() {
    let mut whole = Record::new(Item::new(None, "x"), "");
    for _ in 0..20_000 {
        whole.item.push_note("text");
    }
    // With work that grows with the cube of the number this does not end within hours.
    let native = Record::new(Item::new(None, "x"), "");
    let carried = carry(&whole, &native, &|label| label == "note.content 2");
    assert_eq!(carried.fields[1].label, "note.content 3");
    let labels: std::collections::HashSet<_> =
        carried.fields.iter().map(|field| &field.label).collect();
    assert_eq!(labels.len(), 20_000);
}

#[test]
fn a_residue_that_somebody_has_changed_is_told_from_one_of_a_later_version() {
    assert_eq!(
        Residue::parse("{\"credex\":1,"),
        Err(ResidueError::Unreadable)
    );
    assert_eq!(Residue::parse("{\"credex\":2}"), Err(ResidueError::TooNew));
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~äé\\n]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[$a-cvalue]{1,5}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn credential() -> impl Strategy<Value = Object> {
    let kind = prop_oneof![
        Just("basic-auth"),
        Just("note"),
        Just("custom-fields"),
        Just("x/y")
    ];
    let names = prop_oneof![
        Just("username".to_owned()),
        Just("fields".to_owned()),
        Just("$".to_owned()),
        "[a-c]".prop_map(String::from)
    ];
    (kind, prop::collection::vec((names, json()), 0..4)).prop_map(|(kind, members)| {
        let mut credential = Object::credential(kind);
        members
            .into_iter()
            .for_each(|(name, value)| credential.set(&name, value));
        credential
    })
}

fn record() -> impl Strategy<Value = Record> {
    let members = prop::collection::vec(("[a-d]", json()), 0..4);
    let folders = prop::collection::vec(prop::collection::vec("[ab]", 1..3), 0..3);
    let credentials = prop::collection::vec(credential(), 0..4);
    (members, folders, credentials).prop_map(|(members, folders, credentials)| {
        let mut item = Item::new(Some("aQ".to_owned()), "t");
        members
            .into_iter()
            .for_each(|(name, value)| item.members.set(&name, value));
        item.credentials = credentials;
        let mut record = Record::new(item, "");
        let place = |titles: &Vec<String>| Place::titled(titles.iter().map(String::as_str));
        record.places = folders.iter().map(place).collect();
        record.account = Some(Object::from_value(json!({"id": "YQ"})).unwrap().into());
        record
    })
}

proptest! {
    #[test]
    fn whatever_a_store_holds_the_whole_comes_back(whole in record(), native in record()) {
        prop_assert_eq!(through(&whole, &native), whole);
    }
}
