//! Stories of what a second document lost, changed and added.

#![allow(clippy::unwrap_used, reason = "the whole file is a test")]

use credex::cxf::diff;

fn told(a: &str, b: &str) -> Vec<String> {
    let found = diff(a.as_bytes(), b.as_bytes()).unwrap();
    found.iter().map(ToString::to_string).collect()
}

const ITEM: &str = r#"{"id":"aQ","title":"Mail","tags":["x","y"],"favorite":true,"credentials":[
    {"type":"basic-auth","username":{"fieldType":"string","value":"ada"},
     "password":{"fieldType":"concealed-string","value":"hunter2"}},
    {"type":"custom-fields","fields":[{"fieldType":"string","value":"one","label":"1"},
     {"fieldType":"string","value":"two","label":"2"}]}],"x.example":[1,2]}"#;
const OTHER: &str = r#"{"id":"ag","title":"Bank","credentials":[]}"#;

fn document(items: &str) -> String {
    format!(
        r#"{{"version":{{"major":1,"minor":0}},"exporterRpId":"a.example","accounts":[
        {{"id":"YQ","username":"u","email":"e","collections":[],"items":[{items}]}}]}}"#
    )
}

fn both() -> String {
    document(&format!("{ITEM},{OTHER}"))
}

#[test]
fn the_order_of_members_items_credentials_fields_and_tags_makes_no_difference() {
    let turned = r#"{"favorite":true,"tags":["y","x"],"credentials":[
        {"fields":[{"label":"2","value":"two","fieldType":"string"},
        {"label":"1","fieldType":"string","value":"\u006fne"}],"type":"custom-fields"},
        {"password":{"value":"hunter2","fieldType":"concealed-string"},"type":"basic-auth",
        "username":{"value":"ada","fieldType":"string"}}],"title":"Mail","x.example":[1.0,2],
        "id":"aQ","subtitle":null}"#;
    assert_eq!(
        told(&both(), &document(&format!("{OTHER}, {turned}"))),
        [""; 0]
    );
}

#[test]
fn a_lost_item_is_lost_and_an_added_one_is_added() {
    let one = document(OTHER);
    assert_eq!(told(&both(), &one), ["$.accounts[0].items[0] is lost"]);
    assert_eq!(told(&one, &both()), ["$.accounts[0].items[0] is added"]);
}

#[test]
fn what_changed_is_told_by_place_and_never_by_value() {
    for (from, to, expected) in [
        (
            "hunter2",
            "hunter3",
            "$.accounts[0].items[0].credentials[0].password.value is changed",
        ),
        (
            r#","favorite":true"#,
            "",
            "$.accounts[0].items[0].favorite is lost",
        ),
        (
            "[1,2]",
            "[2,1]",
            "$.accounts[0].items[0]['x.example'][0] is changed",
        ),
        (
            "[1,2]",
            "[1]",
            "$.accounts[0].items[0]['x.example'][1] is lost",
        ),
        (
            "[1,2]",
            "\"1,2\"",
            "$.accounts[0].items[0]['x.example'] is changed",
        ),
        (
            r#""one""#,
            r#""three""#,
            "$.accounts[0].items[0].credentials[1].fields[0].value is changed",
        ),
        (
            r#"["x","y"]"#,
            r#"["y"]"#,
            "$.accounts[0].items[0].tags[0] is lost",
        ),
        (
            r#""title":"Mail""#,
            r#""title":"Mail","new":1"#,
            "$.accounts[0].items[0].new is added",
        ),
    ] {
        let changed = both().replacen(from, to, 1);
        assert_ne!(changed, both());
        let found = told(&both(), &changed);
        assert_eq!(
            found.first().map(String::as_str),
            Some(expected),
            "{found:?}"
        );
        assert!(!found.concat().contains("hunter"));
    }
}

#[test]
fn a_lost_credential_is_not_taken_for_a_changed_one_of_another_type() {
    let without = both().replacen(
        r#",
    {"type":"custom-fields","fields":[{"fieldType":"string","value":"one","label":"1"},
     {"fieldType":"string","value":"two","label":"2"}]}"#,
        "",
        1,
    );
    assert_eq!(
        told(&both(), &without),
        ["$.accounts[0].items[0].credentials[1] is lost"]
    );
}

#[test]
fn items_are_recognised_when_an_importer_gave_them_new_ids_or_none() {
    let renamed = both().replace("\"aQ\"", "\"bQ\"");
    assert_eq!(
        told(&both(), &renamed),
        ["$.accounts[0].items[0].id is changed"]
    );
    let nameless = both().replace("\"aQ\"", "\"\"").replace("\"ag\"", "\"\"");
    assert_eq!(
        told(&nameless, &nameless.replace("Mail", "Post")),
        ["$.accounts[0].items[0].title is changed"]
    );
}

#[test]
fn a_bare_account_is_compared_with_the_account_of_a_header() {
    let bare =
        format!(r#"{{"id":"YQ","username":"u","email":"e","collections":[],"items":[{ITEM}]}}"#);
    assert_eq!(
        told(&both(), &bare),
        [
            "$.version is lost",
            "$.exporterRpId is lost",
            "$.accounts[0].items[1] is lost"
        ]
    );
    assert_eq!(
        told(&bare, &both()),
        [
            "$.version is added",
            "$.exporterRpId is added",
            "$.accounts[0].items[1] is added"
        ]
    );
}

#[test]
fn a_thousand_items_in_another_order_are_the_same_thousand() {
    let items: Vec<_> = (0..1000)
        .map(|n| format!(r#"{{"id":"{n:04}","title":"t","credentials":[]}}"#))
        .collect();
    let turned: Vec<_> = items.iter().rev().cloned().collect();
    assert_eq!(
        told(&document(&items.join(",")), &document(&turned.join(","))),
        [""; 0]
    );
}
