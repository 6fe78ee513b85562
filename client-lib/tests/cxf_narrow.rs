//! Stories of leaving out what the person did not grant, and nothing else.

#![allow(clippy::unwrap_used, reason = "the whole file is a test")]

use std::collections::BTreeSet;

use credex::cxf::{Counts, Narrowed, inspect, narrow, validate};

fn types(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// What is in the document, as an exporter declares it.
fn declared(document: &str) -> Counts {
    validate(document.as_bytes()).unwrap().present
}

fn narrowed(document: &str, granted: &[&str]) -> String {
    let declared = declared(document);
    let narrowed = narrow(document.as_bytes(), &declared, &types(granted)).unwrap();
    String::from_utf8(narrowed.as_ref().to_vec()).unwrap()
}

const NOTE: &str = r#"{"type":"note","content":{"fieldType":"string","value":"n"}}"#;
const CODE: &str =
    r#"{"type":"totp","secret":"JBSWY3DP","period":30,"digits":6,"algorithm":"sha1"}"#;

fn account(items: &str) -> String {
    format!(r#"{{"id":"YQ","items":[{items}]}}"#)
}

#[test]
fn a_document_of_granted_types_is_the_same_bytes_at_the_same_place() {
    let document = account(&format!(
        r#"{{"id":"aQ","title":"t","credentials":[{NOTE}]}}"#
    ));
    let (declared, granted) = (declared(&document), types(&["note", "totp"]));
    let Narrowed::Whole(bytes) = narrow(document.as_bytes(), &declared, &granted).unwrap() else {
        panic!("nothing had to go");
    };
    assert_eq!(bytes.as_ptr(), document.as_ptr());
}

#[test]
fn what_was_not_granted_goes_and_every_other_byte_stays() {
    let item = |credentials: &str| {
        account(&format!(
            "{{ \"id\" : \"aQ\",\n\"title\":\"t\\u0041\", \"x.example\": {{\"b\":1, \"a\":[2e0]}}, \
             \"credentials\": [{credentials}]}}"
        ))
    };
    for (before, after) in [
        (format!(" {NOTE} , {CODE} "), format!(" {NOTE} ")),
        (format!(" {CODE} , {NOTE} "), format!(" {NOTE} ")),
        (
            format!("{CODE},{NOTE},{CODE},{CODE},{NOTE}\n"),
            format!("{NOTE},{NOTE}\n"),
        ),
        (format!("{CODE}, {CODE},{NOTE}"), NOTE.to_owned()),
    ] {
        assert_eq!(narrowed(&item(&before), &["note"]), item(&after));
    }
}

#[test]
fn an_item_with_nothing_left_goes_and_the_links_to_it_with_it() {
    let both = format!(
        r#"{{"id":"YQ","collections":[{{"id":"Yw","title":"c","items":[{{"item":"aQ"}},{{"item":"ag"}}],
        "subCollections":[{{"id":"ZA","title":"d","items":[{{"item":"aQ==","account":"YQ"}}]}}]}}],
        "items":[{{"id":"aQ","title":"codes","credentials":[{CODE}]}},
        {{"id":"ag","title":"notes","credentials":[{NOTE}]}},
        {{"id":"aw","title":"always empty","credentials":[]}}]}}"#
    );
    let rest = narrowed(&both, &["note"]);
    assert!(!rest.contains("codes") && !rest.contains("\"aQ"));
    assert!(rest.contains("notes") && rest.contains("always empty"));
    assert!(rest.contains(r#""subCollections":[{"id":"ZA","title":"d","items":[]}]"#));
    assert_eq!(inspect(rest.as_bytes()).unwrap().inconsistencies, []);
}

#[test]
fn a_link_into_another_account_follows_the_item_of_that_account() {
    let document = format!(
        r#"{{"accounts":[
        {{"id":"YQ","collections":[{{"id":"Yw","title":"c","items":[{{"item":"aQ","account":"Yg"}},
        {{"item":"aQ"}}]}}],"items":[{{"id":"aQ","title":"notes","credentials":[{NOTE}]}}]}},
        {{"id":"Yg","collections":[],"items":[{{"id":"aQ","title":"codes","credentials":[{CODE}]}}]}}]}}"#
    );
    let rest = narrowed(&document, &["note"]);
    assert!(rest.contains(r#""items":[{"item":"aQ"}]"#), "{rest}");
    assert!(
        rest.contains(r#"{"id":"Yg","collections":[],"items":[]}"#),
        "{rest}"
    );
}

/// A credential, an item and more without a type to read, among credentials with one.
fn untyped_among(credentials: &str) -> String {
    account(&format!(
        r#""secret",{{"id":"aQ","title":"t","credentials":{{"secret":1}}}},
        {{"id":"ag","title":"t","credentials":[{{"secret":1}},7,{{"type":["secret"]}},{credentials}]}}"#
    ))
}

#[test]
fn what_has_no_type_to_read_stays_if_everything_was_granted() {
    let document = untyped_among(&format!("{NOTE},{CODE}"));
    assert_eq!(narrowed(&document, &["note", "totp"]), document);
}

#[test]
fn what_has_no_type_to_read_goes_if_anything_was_kept_back() {
    let rest = narrowed(&untyped_among(&format!("{NOTE},{CODE}")), &["note"]);
    assert!(!rest.contains("secret"), "{rest}");
    assert_eq!(validate(rest.as_bytes()).unwrap().quarantined_total, 0);

    let only_notes = untyped_among(NOTE);
    let declared = declared(&untyped_among(&format!("{NOTE},{CODE}")));
    let rest = narrow(only_notes.as_bytes(), &declared, &types(&["note"])).unwrap();
    let rest = std::str::from_utf8(rest.as_ref()).unwrap();
    assert!(!rest.contains("secret"), "a type of another was kept back");
}

#[test]
fn the_type_alone_decides_and_not_whether_the_credential_is_any_good() {
    let unknown = CODE.replace("sha1", "sha3-512");
    let document = account(&format!(
        r#"{{"title":"no id","credentials":[{CODE},{{"type":"passkey"}}]}},
        {{"id":"aQ","title":"t","credentials":[{unknown},{NOTE}]}}"#
    ));
    let all = declared(&document);
    let all: Vec<_> = all.iter().collect();
    assert_eq!(all, [("note", 1), ("passkey", 1), ("totp", 2)]);
    assert_eq!(narrowed(&document, &["note", "passkey", "totp"]), document);
    let rest = narrowed(&document, &["totp"]);
    let (kept, lost) = (rest.matches("totp").count(), rest.contains("passkey"));
    assert!(kept == 2 && !lost, "{rest}");
}

#[test]
fn types_that_were_declared_together_go_together() {
    let other = r#"{"type":"x.example/card"}"#;
    let document = account(&format!(
        r#"{{"id":"aQ","title":"t","credentials":[{CODE},{other},{NOTE}]}}"#
    ));
    let names = ["note", "totp", Counts::OTHER];
    let declared = names.map(|name| (name.to_owned(), 1)).into_iter().collect();
    let rest = |granted: &[&str]| {
        let rest = narrow(document.as_bytes(), &declared, &types(granted)).unwrap();
        String::from_utf8(rest.as_ref().to_vec()).unwrap()
    };
    assert_eq!(rest(&names), document);
    assert_eq!(
        validate(rest(&["note", Counts::OTHER]).as_bytes())
            .unwrap()
            .present
            .types(),
        types(&["note", "x.example/card"])
    );
    assert!(!rest(&["note", "totp"]).contains(other));
}

#[test]
fn a_type_is_known_by_what_it_says_and_not_by_how_it_is_spelt() {
    let document = account(&format!(
        r#"{{"id":"aQ","title":"t","credentials":[{}]}}"#,
        NOTE.replace("type", r"t\u0079pe")
            .replace("note", r"n\u006fte")
    ));
    assert_eq!(narrowed(&document, &["note"]), document);
    assert!(!narrowed(&document, &["totp"]).contains("fieldType"));
}

#[test]
fn a_copy_does_not_tell_what_is_in_it() {
    let document = account(&format!(
        r#"{{"id":"aQ","title":"t","credentials":[{CODE},{NOTE}]}}"#
    ));
    let declared = declared(&document);
    let told = format!(
        "{:?}",
        narrow(document.as_bytes(), &declared, &types(&["totp"])).unwrap()
    );
    assert!(
        told.starts_with("Narrowed::Part(") && !told.contains("JBSWY3DP"),
        "{told}"
    );
}
