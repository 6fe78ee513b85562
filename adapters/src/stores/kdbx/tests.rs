//! What single entries can be: broken, old, edited by hand, or anything at all.

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::entry::{Reading, References, draw};
use super::format::{CompositeKey, Database, Element};
use super::groups::Groups;
use super::pool::Pool;
use super::*;
use crate::{Attachment, FieldType, Item, Object, Place, Quarantined, Record};

fn string(key: &str, value: &str) -> Element {
    Element::new("String").with([
        Element::with_text("Key", key),
        Element::with_text("Value", value),
    ])
}

fn entry(number: u8, strings: &[(&str, &str)]) -> Element {
    let id = data_encoding::BASE64.encode(&[number; 16]);
    let strings = strings.iter().map(|(key, value)| string(key, value));
    Element::new("Entry")
        .with([Element::with_text("UUID", &id)])
        .with(strings)
}

/// What is told of a database with these entries in its root.
fn told(entries: Vec<Element>) -> Vec<Result<Record, Quarantined>> {
    let mut tree = document();
    let root = tree
        .child_mut("Root")
        .and_then(|root| root.child_mut("Group"))
        .unwrap();
    root.children.extend(entries);
    let mut store = KdbxStore {
        path: PathBuf::new(),
        place: String::new(),
        seen: Seen::Nothing,
        key: CompositeKey::new(Some(""), None).unwrap(),
        derived: None,
        database: Database::new(tree),
        groups: RefCell::new(None),
    };
    let mut told = Vec::new();
    let mut each = |one| {
        told.push(one);
        true
    };
    store.read(&mut each).unwrap();
    told
}

fn item(strings: &[(&str, &str)]) -> Item {
    told(vec![entry(1, strings)]).remove(0).unwrap().item
}

#[test]
fn one_bad_entry_costs_that_entry() {
    let nameless = Element::new("Entry").with([string("Title", "Nameless")]);
    let strange = entry(2, &[("Title", "Strange"), ("Credex", "edited by hand")]);
    let later = entry(3, &[("Title", "Later"), ("Credex", "{\"credex\":99}")]);
    let told = told(vec![
        nameless,
        entry(1, &[("Title", "Good")]),
        strange,
        later,
    ]);
    let told: Vec<_> = told
        .iter()
        .map(|each| {
            each.as_ref()
                .map(|record| record.item.title())
                .map_err(ToString::to_string)
        })
        .collect();
    let quarantined = |text: &str| Err(text.to_owned());
    assert_eq!(
        told,
        [
            quarantined("entry “Nameless”: it has no valid UUID"),
            Ok("Good"),
            quarantined(
                "entry “Strange”: what Credex keeps there was changed, and cannot be read any more"
            ),
            Ok("Strange"),
            quarantined(
                "entry “Later”: what Credex keeps there was written by a later version of it"
            ),
            Ok("Later"),
        ]
    );
}

#[test]
fn an_entry_that_refers_to_a_long_text_very_often_costs_itself() {
    let long = entry(1, &[("Title", "Long"), ("Notes", &"x".repeat(1 << 20))]);
    let id = Uuid::from_bytes([1; 16]).simple();
    let reference = format!("{{REF:N@I:{id}}}");
    let names: Vec<_> = (0..600).map(|number| number.to_string()).collect();
    let strings: Vec<_> = names.iter().map(|name| (&**name, &*reference)).collect();
    let told = told(vec![long, entry(2, &strings)]);
    assert!(told[0].is_ok());
    let refused = told[1].as_ref().unwrap_err();
    assert!(refused.to_string().contains("512 MiB"), "{refused}");
}

fn attachment(key: &str, value: Element) -> Element {
    Element::new("Binary").with([Element::with_text("Key", key), value])
}

#[test]
fn an_attachment_in_the_entry_itself_is_read_and_one_that_leads_nowhere_is_told() {
    let inline = |text: &str| Element::with_text("Value", text);
    let leads_nowhere = Element::new("Value").with_attribute("Ref", "7");
    let entry = entry(1, &[("Title", "Deed")]).with([
        attachment("plan.txt", inline("SGVhdCwgdGhlbiBoaXQu")),
        attachment("lost\n.txt", leads_nowhere),
        attachment("torn.txt", inline("%%%")),
        attachment("empty.txt", inline("")),
        Element::new("Binary").with([Element::with_text("Key", "bare.txt")]),
    ]);
    let told = told(vec![entry]);
    let (records, quarantined): (Vec<_>, Vec<_>) = told.into_iter().partition(Result::is_ok);
    let record = records[0].as_ref().unwrap();
    let names = record.item.credentials.iter().map(|file| file.text("name"));
    let names: Vec<_> = names.collect();
    assert_eq!(names, [Some("plan.txt"), Some("empty.txt")]);
    assert_eq!(*record.attachments[0].content, b"Heat, then hit.");
    let quarantined = quarantined.into_iter().map(|each| each.unwrap_err().reason);
    assert_eq!(
        quarantined.collect::<Vec<_>>(),
        [
            "its attachment lost\\n.txt refers to bytes that are not there",
            "its attachment torn.txt cannot be made out: the bytes of an attachment are no base64",
            "its attachment bare.txt has no bytes",
        ]
    );
}

#[test]
fn one_time_passwords_of_every_age_are_read() {
    let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    let plain = "12345678901234567890";
    let uri = format!("otpauth://totp/a?secret={secret}&period=60");
    let keeotp = format!("key={secret}&step=60&size=6");
    for strings in [
        vec![("otp", uri.as_str())],
        vec![("otp", keeotp.as_str())],
        vec![
            ("TOTP Seed", "gezd gnbv gy3t qojq gezd gnbv gy3t qojq"),
            ("TOTP Settings", "60;6"),
        ],
        vec![("TimeOtp-Secret-Base32", secret), ("TimeOtp-Period", "60")],
        vec![
            ("TimeOtp-Secret", plain),
            ("TimeOtp-Period", "60"),
            ("TimeOtp-Algorithm", "HMAC-SHA-1"),
        ],
        vec![
            (
                "TimeOtp-Secret-Hex",
                "3132333435363738393031323334353637383930",
            ),
            ("TimeOtp-Period", "60"),
        ],
        vec![
            ("TimeOtp-Secret-Base64", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA="),
            ("TimeOtp-Period", "60"),
        ],
    ] {
        let item = item(&strings);
        let totp = item
            .credential("totp")
            .unwrap_or_else(|| panic!("{strings:?}"));
        assert_eq!(
            (totp.text("secret"), totp.number("period")),
            (Some(secret), Some(60)),
            "{strings:?}"
        );
        assert_eq!(item.credentials.len(), 1, "{strings:?}");
    }
    let steam = item(&[("TOTP Seed", secret), ("TOTP Settings", "30;S")]);
    assert_eq!(steam.credential("totp"), None);
    assert_eq!(
        steam
            .credential("custom-fields")
            .unwrap()
            .get("fields")
            .unwrap()[1]["value"],
        "30;S"
    );
}

#[test]
fn a_reference_is_read_as_what_it_leads_to() {
    let to = |wanted: &str, number: u8| {
        format!("{{REF:{wanted}@I:{}}}", format!("{number:02x}").repeat(16))
    };
    let told = told(vec![
        entry(
            1,
            &[
                ("UserName", "tove"),
                ("Password", &to("P", 2)),
                ("Notes", &to("N", 1)),
            ],
        ),
        entry(
            2,
            &[
                ("UserName", &to("U", 1)),
                ("Password", "hunter2"),
                ("URL", &to("A", 9)),
            ],
        ),
    ]);
    let logins: Vec<_> = told
        .iter()
        .map(|each| {
            each.as_ref()
                .unwrap()
                .item
                .credential("basic-auth")
                .unwrap()
        })
        .map(|login| (login.field("username"), login.field("password")))
        .collect();
    assert_eq!(logins, [(Some("tove"), Some("hunter2")); 2]);
    let item = |number: usize| &told[number].as_ref().unwrap().item;
    // What leads nowhere, or back to where it came from, stays as it is.
    assert_eq!(item(1).urls().collect::<Vec<_>>(), [to("A", 9)]);
    assert_eq!(
        item(0).credential("note").unwrap().field("content"),
        Some(to("N", 1).as_str())
    );
}

#[test]
fn nothing_is_put_into_the_recycle_bin_and_nothing_has_a_uuid_from_there() {
    let mut tree = document();
    let bin = data_encoding::BASE64.encode(&[7; 16]);
    let meta = tree.child_mut("Meta").unwrap();
    meta.children
        .push(Element::with_text("RecycleBinUUID", &bin));
    let root = tree
        .child_mut("Root")
        .and_then(|root| root.child_mut("Group"))
        .unwrap();
    let group = |id: &str, name: &str| {
        Element::new("Group").with([
            Element::with_text("UUID", id),
            Element::with_text("Name", name),
        ])
    };
    let gone = data_encoding::BASE64.encode(&[8; 16]);
    root.children
        .push(group(&bin, "Bin").with([group(&gone, "Old"), entry(9, &[])]));
    let mut groups = Groups::new(&tree);
    for id in [7, 8] {
        let mut step = crate::Step::titled("Old");
        step.0
            .set("id", data_encoding::BASE64URL_NOPAD.encode(&[id; 16]));
        let found = groups.place(&mut Place {
            steps: vec![step],
            owner: None,
        });
        assert!(![7, 8].contains(&found.as_bytes()[0]), "{found}");
    }
    let recycled = groups::walk(&tree, &mut |entry, _| panic!("{entry:?}"));
    assert_eq!(recycled, 1);
}

#[test]
fn an_entry_that_expires_says_so() {
    let mut expiring = entry(1, &[]);
    let expiry = times::write("ExpiryTime", 1_900_000_000).unwrap();
    let expires = Element::new("Times").with([Element::with_text("Expires", "True"), expiry]);
    expiring.children.push(expires);
    let record = told(vec![expiring]).remove(0).unwrap();
    let field = &record
        .item
        .credential("custom-fields")
        .unwrap()
        .get("fields")
        .unwrap()[0];
    assert_eq!(
        (&field["label"], &field["value"]),
        (&json!("Expires"), &json!("2030-03-17T17:46:40Z"))
    );
}

/// What comes back of a record that was drawn and read.
fn through(whole: &Record) -> Record {
    let mut adjusted = whole.clone();
    let mut pool = Pool::new(Vec::new());
    let drawn = draw(&mut adjusted, Uuid::from_bytes([3; 16]), None, &mut pool).unwrap();
    assert_eq!(&adjusted, whole);
    Reading::new(
        &drawn.element,
        None,
        pool.binaries(),
        &References::default(),
    )
    .unwrap()
    .whole()
    .0
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-zA-Z ;,\t\r\n/]{0,12}",
        prop::sample::select(vec![
            "",
            " ",
            "Title",
            "otp",
            "Credex",
            "Expires",
            "Favorite",
            "KP2A_URL",
            "UserName",
            "2030-01-01T00:00:00Z",
            "otpauth://totp/a?secret=JBSWY3DP",
            "\u{0}",
            "\u{fffe}",
            "a;b",
        ])
        .prop_map(str::to_owned),
    ]
}

fn field() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(vec!["string", "concealed-string", "email", "new"]);
    (kind, text(), text())
        .prop_map(|(kind, label, value)| json!({"fieldType": kind, "label": label, "value": value}))
}

fn credential() -> impl Strategy<Value = Value> {
    prop_oneof![
        (field(), field())
            .prop_map(|(user, word)| json!({"type": "basic-auth", "username": user, "password": word})),
        field().prop_map(|field| json!({"type": "note", "content": field})),
        prop::collection::vec(field(), 0..4)
            .prop_map(|fields| json!({"type": "custom-fields", "fields": fields})),
        (text(), 0..90_i64, text()).prop_map(|(secret, period, issuer)| json!({"type": "totp",
            "secret": secret, "period": period, "digits": 6, "algorithm": "sha1", "issuer": issuer})),
        text().prop_map(|name| json!({"type": "file", "id": "ZmlsZQ", "name": name})),
        field().prop_map(|field| json!({"type": "credit-card", "number": field})),
    ]
}

prop_compose! {
    fn record()(
        title in text(),
        urls in prop::collection::vec(text(), 0..4),
        tags in prop::collection::vec(text(), 0..4),
        favorite in any::<Option<bool>>(),
        moment in any::<Option<i64>>(),
        credentials in prop::collection::vec(credential(), 0..5),
        content in prop::collection::vec(any::<u8>(), 0..9),
    ) -> Record {
        let mut item = Item::new(Some("AwMDAwMDAwMDAwMDAwMDAw".to_owned()), &title);
        item.set_urls(urls);
        item.set_tags(tags);
        item.credentials = credentials.into_iter().filter_map(Object::from_value).collect();
        if let Some(favorite) = favorite {
            item.members.set("favorite", favorite);
        }
        if let Some(moment) = moment {
            item.members.set("creationAt", moment);
        }
        let has_file = item.credential("file").is_some();
        let mut record = Record::new(item, "");
        if has_file {
            let id = "ZmlsZQ".to_owned();
            record.attachments.push(Attachment { id, content: Zeroizing::new(content) });
        }
        record
    }
}

proptest! {
    #[test]
    fn whatever_a_record_says_comes_back(whole in record()) {
        let back = through(&whole);
        prop_assert_eq!(&back.item, &whole.item);
        for attachment in &whole.attachments {
            prop_assert!(back.attachments.contains(attachment));
        }
    }
}

#[test]
fn a_custom_field_that_a_person_adds_beside_ours_is_told() {
    let mut whole = Record::new(Item::new(None, "Bank"), "");
    let mut card = Object::credential("credit-card");
    card.set_field("number", FieldType::Concealed, "4111");
    whole.item.credentials.push(card.clone());
    let mut pool = Pool::new(Vec::new());
    let mut drawn = draw(&mut whole, Uuid::from_bytes([3; 16]), None, &mut pool).unwrap();
    drawn.element.children.push(string("Branch", "12"));
    let back = Reading::new(&drawn.element, None, &[], &References::default())
        .unwrap()
        .whole()
        .0;
    assert_eq!(back.item.credentials[0], card);
    assert_eq!(
        back.item.credentials[1].get("fields").unwrap()[0]["label"],
        "Branch"
    );
}
