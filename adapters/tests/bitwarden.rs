//! Stories of Bitwarden's exports.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod stage;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use credex_adapters::stores::bitwarden::{Bitwarden, LARGEST_FILES};
use credex_adapters::{
    Access, Adapter, Asked, Attachment, Change, Fault, FieldType, Item, Object, Place, Record,
    Store,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use stage::{Answers, add, differences, document_of, documents, file, told, zip};
use zeroize::Zeroizing;

const PASSWORD: &str = "correct horse battery staple";
const PLAIN: Bitwarden = Bitwarden { plain: true };
const SEALED: Bitwarden = Bitwarden { plain: false };

fn open(kind: Bitwarden, path: &Path, access: Access) -> Result<Box<dyn Store>, Fault> {
    let mut answers = Answers::new(&[PASSWORD]);
    kind.open(path.to_str().unwrap(), access, &mut answers)
}

/// An export of these items, as Bitwarden would write it.
fn export(items: &Value) -> tempfile::NamedTempFile {
    let folders = json!([{"id": "11111111-1111-4111-8111-111111111111", "name": "Work/Build"}]);
    let content = json!({"encrypted": false, "folders": folders, "items": items});
    file(content.to_string().as_bytes())
}

fn read(content: &[u8]) -> Result<(Vec<Record>, Vec<String>), Fault> {
    let file = file(content);
    let (records, quarantined) = told(&mut *open(PLAIN, file.path(), Access::Read)?);
    let quarantined = quarantined.iter().map(ToString::to_string);
    Ok((records, quarantined.collect()))
}

fn login() -> Value {
    json!({
        "id": "25c8c414-b446-48e9-a1bd-b10700bbd740",
        "folderId": "11111111-1111-4111-8111-111111111111",
        "organizationId": null, "collectionIds": null,
        "type": 1, "reprompt": 1, "favorite": true,
        "name": "Forge", "notes": "Behind the hill.",
        "creationDate": "2024-01-30T11:23:54.416Z",
        "revisionDate": "2024-01-30T14:09:33.753Z",
        "deletedDate": null,
        "passwordHistory": [{"lastUsedDate": "2024-01-30T14:09:33.753Z", "password": "iron"}],
        "fields": [
            {"name": "Shift", "value": "night", "type": 0, "linkedId": null},
            {"name": "PIN", "value": "0417", "type": 1, "linkedId": null},
            {"name": "Apprentice", "value": "true", "type": 2, "linkedId": null},
            {"name": "Same as user", "value": null, "type": 3, "linkedId": 100}
        ],
        "login": {
            "username": "smith", "password": "steel",
            "totp": "otpauth://totp/Forge:smith?secret=JBSWY3DPEHPK3PXP&issuer=Forge",
            "uris": [
                {"uri": "https://forge.example", "match": 3},
                {"uri": "androidapp://example.forge", "match": null}
            ],
            "fido2Credentials": [{
                "credentialId": "e8d88789-e916-4196-bcbd-81dafae71bbc",
                "keyType": "public-key", "keyAlgorithm": "ECDSA", "keyCurve": "P-256",
                "keyValue": "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg",
                "rpId": "forge.example", "rpName": "Forge", "userHandle": "c21pdGg",
                "userName": "smith", "userDisplayName": "Smith", "counter": "0",
                "discoverable": "true", "creationDate": "2024-06-07T14:12:36.150Z"
            }]
        }
    })
}

#[test]
fn documents_that_went_through_an_export_come_back_whole() {
    for kind in [PLAIN, SEALED] {
        for passed in documents() {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("vault.json");
            add(
                &mut *open(kind, &path, Access::Write).unwrap(),
                &passed.records,
            );
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            let (records, quarantined) = told(&mut *open(kind, &path, Access::Read).unwrap());
            assert_eq!(quarantined, []);
            let back = document_of(&records);
            assert_eq!(
                differences(&passed.document, &back),
                [""; 0],
                "{}",
                passed.name
            );
            let files = |records: &[Record]| -> Vec<Attachment> {
                records
                    .iter()
                    .flat_map(|each| each.attachments.clone())
                    .collect()
            };
            assert_eq!(files(&records), files(&passed.records));
        }
    }
}

#[test]
fn what_has_a_password_shows_nothing_without_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("vault.json");
    let mut store = open(SEALED, &path, Access::Write).unwrap();
    add(&mut *store, &documents()[0].records);
    let content = std::fs::read_to_string(&path).unwrap();
    let written: Value = serde_json::from_str(&content).unwrap();
    assert_eq!(
        (&written["encrypted"], &written["passwordProtected"]),
        (&true.into(), &true.into())
    );
    for secret in ["Fjord", "popcorn", "items", "folders"] {
        assert!(!content.contains(secret), "{secret}");
    }
    let mut answers = Answers::new(&["one", "two", "three", PASSWORD]);
    let fault = SEALED.open(path.to_str().unwrap(), Access::Read, &mut answers);
    assert!(matches!(fault, Err(Fault::WrongPassphrase { .. })));
    let again: Vec<_> = answers
        .asked
        .iter()
        .map(|each| (each.asked, each.again.is_some()))
        .collect();
    let asked = Asked::Passphrase;
    assert_eq!(again, [(asked, false), (asked, true), (asked, true)]);
}

#[test]
fn what_has_a_password_does_not_lose_it_by_a_writing_without_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new.json");
    let mut store = open(SEALED, &path, Access::Write).unwrap();
    add(&mut *store, &[Record::new(Item::new(None, "Forge"), "")]);
    let sealed = std::fs::read(&path).unwrap();
    let refused = open(PLAIN, &path, Access::Write).err().unwrap();
    assert!(refused.to_string().contains("password"), "{refused}");
    assert!(open(PLAIN, &path, Access::Read).is_ok());
    assert_eq!(std::fs::read(&path).unwrap(), sealed);
}

#[test]
fn an_export_of_bitwarden_is_read_and_written_as_it_was() {
    let file = export(&json!([login()]));
    let (records, quarantined) = told(&mut *open(PLAIN, file.path(), Access::Read).unwrap());
    assert_eq!(quarantined, []);
    let item = &records[0].item;
    let kinds: Vec<_> = item.credentials.iter().map(Object::kind).collect();
    assert_eq!(
        kinds,
        ["basic-auth", "totp", "passkey", "note", "custom-fields"]
    );
    assert_eq!(item.urls().collect::<Vec<_>>(), ["https://forge.example"]);
    assert_eq!(item.members.number("creationAt"), Some(1_706_613_834));
    assert_eq!(records[0].places, [Place::titled(["Work", "Build"])]);
    assert_eq!(
        item.credentials[2].text("credentialId"),
        Some("6NiHiekWQZa8vYHa-ucbvA")
    );

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("again.json");
    add(&mut *open(PLAIN, &path, Access::Write).unwrap(), &records);
    let written: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let (mut was, mut is) = (login(), written["items"][0].clone());
    // Times lose their fractions; a passkey is as old as its item, and Bitwarden's own folder ids
    // are not passed on.
    for item in [&mut was, &mut is] {
        for name in ["creationDate", "revisionDate", "deletedDate", "folderId"] {
            item.as_object_mut().unwrap().remove(name);
        }
        let login = &mut item["login"];
        login.as_object_mut().unwrap().remove("totp");
        let passkey = login["fido2Credentials"][0].as_object_mut().unwrap();
        passkey.remove("creationDate");
        passkey.remove("rpName");
    }
    assert_eq!(is, was);
    assert_eq!(written["folders"][0]["name"], "Work/Build");
}

#[test]
fn what_was_foreseen_is_what_comes() {
    let passed = &documents()[0];
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("vault.json");
    let mut store = open(PLAIN, &path, Access::Write).unwrap();
    let mut large = Record::new(Item::new(None, "Scan"), "");
    let content = Zeroizing::new(vec![7; LARGEST_FILES + 1]);
    let id = "c2Nhbg".to_owned();
    large.attachments.push(Attachment { id, content });
    let mut records = passed.records.clone();
    records.push(large);
    for record in &records {
        let foreseen = store.foresee(record);
        assert_eq!(
            foreseen.lost.len(),
            usize::from(record.item.title() == "Scan")
        );
        assert!(
            foreseen.native.contains(&"title".to_owned()),
            "{foreseen:?}"
        );
    }
    let mail = store.foresee(&records[0]);
    for native in [
        "credentials[0].password.value",
        "scope.urls",
        "favorite",
        "modifiedAt",
    ] {
        assert!(
            mail.native.iter().any(|path| path == native),
            "{native}: {mail:?}"
        );
    }
    for carried in [
        "tags",
        "subtitle",
        "credentials[0].username.label",
        "account",
    ] {
        assert!(
            mail.carried.iter().any(|path| path == carried),
            "{carried}: {mail:?}"
        );
    }
    add(&mut *store, &records);
    let (back, _) = told(&mut *store);
    assert_eq!(back.last().unwrap().attachments, []);
    for (back, record) in back.iter().zip(&passed.records) {
        assert!(back.is_like(record), "{}", record.origin);
    }
}

#[test]
fn no_hidden_field_is_longer_than_bitwardens_server_takes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("vault.json");
    let mut record = documents()[0].records[0].clone();
    let content = Zeroizing::new(vec![7; LARGEST_FILES]);
    let id = "c2Nhbg".to_owned();
    record.attachments.push(Attachment { id, content });
    add(
        &mut *open(PLAIN, &path, Access::Write).unwrap(),
        &[record.clone()],
    );
    let written: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let fields = written["items"][0]["fields"].as_array().unwrap();
    assert!(
        fields
            .iter()
            .all(|field| field["value"].as_str().unwrap().len() <= 3600)
    );
    let (back, _) = told(&mut *open(PLAIN, &path, Access::Read).unwrap());
    assert!(back[0].is_like(&record));
}

#[test]
fn what_a_person_changes_in_bitwarden_wins() {
    let passed = &documents()[0];
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("vault.json");
    add(
        &mut *open(PLAIN, &path, Access::Write).unwrap(),
        &passed.records,
    );
    let mut written: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let item = &mut written["items"][0];
    item["name"] = "Renamed".into();
    item["login"]["password"] = "changed".into();
    let items = written["items"].as_array_mut().unwrap().iter_mut();
    let fields = items.flat_map(|item| item["fields"].as_array_mut().unwrap());
    let ssid = fields
        .into_iter()
        .find(|field| field["name"] == "wifi.ssid");
    ssid.unwrap()["value"] = "Nordlys".into();
    std::fs::write(&path, written.to_string()).unwrap();
    let (back, quarantined) = told(&mut *open(PLAIN, &path, Access::Read).unwrap());
    assert_eq!(quarantined, []);
    assert_eq!(back[0].item.title(), "Renamed");
    let login = back[0].item.credential("basic-auth").unwrap();
    assert_eq!(login.field("password"), Some("changed"));
    assert_eq!(login.field("username"), Some("tove@fjordmail.example"));
    assert_eq!(back[0].item.tags().collect::<Vec<_>>(), ["mail", "daily"]);
    let wifi = back.iter().find_map(|each| each.item.credential("wifi"));
    assert_eq!(wifi.unwrap().field("ssid"), Some("Nordlys"));
}

#[test]
fn ids_that_bitwarden_gives_when_it_imports_do_not_get_in_the_way() {
    let records = documents().remove(0).records;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("vault.json");
    add(&mut *open(PLAIN, &path, Access::Write).unwrap(), &records);
    let mut written: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for (item, at) in written["items"].as_array_mut().unwrap().iter_mut().zip(1..) {
        item["id"] = format!("00000000-0000-4000-8000-{at:012}").into();
    }
    let clone = written["items"][0].clone();
    written["items"].as_array_mut().unwrap().push(clone);
    std::fs::write(&path, written.to_string()).unwrap();
    let (mut back, _) = told(&mut *open(PLAIN, &path, Access::Read).unwrap());
    let clone = back.pop().unwrap();
    assert_ne!(clone.item.id(), back[0].item.id());
    assert_eq!(clone.item.credentials, back[0].item.credentials);
    assert_eq!(
        differences(&document_of(&records), &document_of(&back)),
        [""; 0]
    );
}

#[test]
fn a_residue_that_was_damaged_is_told_and_costs_nothing_but_itself() {
    let mut damaged = login();
    let residue = json!({"name": "Credex", "value": "{\"credex\":1,", "type": 1});
    damaged["fields"].as_array_mut().unwrap().push(residue);
    let (records, quarantined) = read(export_of(&json!([damaged])).as_bytes()).unwrap();
    assert_eq!(
        records[0].item.credentials[4]
            .get("fields")
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        4
    );
    assert_eq!(quarantined.len(), 1);
    assert!(
        quarantined[0].starts_with("item “Forge”: "),
        "{quarantined:?}"
    );
}

fn export_of(items: &Value) -> String {
    json!({"encrypted": false, "folders": [], "items": items}).to_string()
}

#[test]
fn one_bad_item_costs_that_item() {
    let mut trash = login();
    trash["deletedDate"] = "2024-02-01T00:00:00.000Z".into();
    let mut counts = login();
    counts["login"]["fido2Credentials"][0]["counter"] = "7".into();
    let items = json!([7, {"name": "What?"}, trash, counts, login()]);
    let (records, quarantined) = read(export_of(&items).as_bytes()).unwrap();
    assert_eq!(records.len(), 2);
    assert!(records[0].item.credential("passkey").is_none());
    assert!(records[1].item.credential("passkey").is_some());
    let places: Vec<_> = quarantined
        .iter()
        .map(|told| told.split(": ").next().unwrap())
        .collect();
    assert_eq!(
        places,
        [
            "item 1",
            "item “What?”",
            "item “Forge”",
            "item “Forge”, a passkey"
        ]
    );
    assert!(!quarantined.concat().contains("steel"));
}

#[test]
fn types_of_items_that_came_later_are_kept_as_fields() {
    let bank = json!({"type": 6, "name": "Savings", "bankAccount": {"iban": "NO93", "pin": "1"}});
    let (records, _) = read(export_of(&json!([bank])).as_bytes()).unwrap();
    let fields = records[0].item.credential("custom-fields").unwrap();
    assert_eq!(fields.get("fields").unwrap()[0]["value"], "NO93");
    assert_eq!(
        fields.get("fields").unwrap()[1]["fieldType"],
        "concealed-string"
    );
}

#[test]
fn cards_and_identities_and_keys_have_forms_of_their_own() {
    let mut card = Record::new(Item::new(None, "Card"), "");
    let mut credential = Object::credential("credit-card");
    credential.set_field("number", FieldType::Concealed, "4111");
    credential.set_field("expiryDate", FieldType::YearMonth, "2031-04");
    card.item.credentials.push(credential);
    let mut person = Record::new(Item::new(None, "Person"), "");
    let mut credential = Object::credential("address");
    credential.set_field("streetAddress", FieldType::String, "One\nTwo\nThree\nFour");
    person.item.credentials.push(credential);
    let sample = &documents()[0].records;
    let server = sample
        .iter()
        .find(|each| each.item.credential("ssh-key").is_some());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("vault.json");
    let records = [card, person, server.unwrap().clone()];
    add(&mut *open(PLAIN, &path, Access::Write).unwrap(), &records);
    let written: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let items = written["items"].as_array().unwrap();
    let types: Vec<_> = items
        .iter()
        .map(|item| item["type"].as_i64().unwrap())
        .collect();
    assert_eq!(types, [3, 4, 5]);
    assert_eq!(
        (&items[0]["card"]["expMonth"], &items[0]["card"]["expYear"]),
        (&"4".into(), &"2031".into())
    );
    assert_eq!(items[1]["identity"]["address3"], "Three\nFour");
    let key = items[2]["sshKey"]["keyFingerprint"].as_str().unwrap();
    assert!(key.starts_with("SHA256:"), "{key}");
}

#[test]
fn a_record_takes_the_place_of_another_and_the_rest_stays_as_it_was() {
    let mut other = login();
    other["id"] = "35c8c414-b446-48e9-a1bd-b10700bbd740".into();
    other["unknown"] = json!({"to": "us"});
    let file = export(&json!([login(), other]));
    let mut store = open(PLAIN, file.path(), Access::Write).unwrap();
    let (mut records, _) = told(&mut *store);
    let mut changed = records.remove(0);
    let id = changed.item.id().to_owned();
    changed.item.members.set("title", "Smithy");
    let changes = [
        Change::Replace(id.clone(), changed.clone()),
        Change::Replace("bm9uZQ".to_owned(), changed.clone()),
        Change::Add(changed),
    ];
    let written = store.write(&changes, &mut |_| {}).unwrap();
    assert_eq!((written.records, written.refused.len()), (2, 1));
    let content: Value = serde_json::from_slice(&std::fs::read(file.path()).unwrap()).unwrap();
    assert_eq!(content["items"][0]["name"], "Smithy");
    assert_eq!(content["items"][1], other);
    assert_ne!(content["items"][0]["id"], content["items"][2]["id"]);
    let (back, _) = told(&mut *store);
    assert_eq!(back[0].item.id(), id);
    assert_ne!(back[2].item.id(), id, "no two records have one id");
}

#[test]
fn of_an_item_and_its_clone_the_one_that_is_meant_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new.json");
    let mut store = open(PLAIN, &path, Access::Write).unwrap();
    let mut record = Record::new(Item::new(Some("YXBwbGU".to_owned()), "Forge"), "");
    record.item.push_login(Some("smith"), Some("steel"));
    add(&mut *store, &[record]);
    let mut vault: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let mut clone = vault["items"][0].clone();
    clone["id"] = "25c8c414-b446-48e9-a1bd-b10700bbd740".into();
    clone["login"]["password"] = "iron".into();
    vault["items"].as_array_mut().unwrap().push(clone);
    std::fs::write(&path, vault.to_string()).unwrap();
    for (turn, password) in [(0, "copper"), (1, "tin")] {
        let mut store = open(PLAIN, &path, Access::Write).unwrap();
        let (mut records, _) = told(&mut *store);
        let record = records.remove(turn);
        let id = record.item.id().to_owned();
        let mut changed = record.clone();
        changed.item.credentials[0].set_field("password", FieldType::Concealed, password);
        let changes = [Change::Replace(id, changed)];
        let written = store.write(&changes, &mut |_| {}).unwrap();
        assert_eq!(written.records, 1);
        let (back, _) = told(&mut *store);
        assert_eq!(
            back[turn].item.credentials[0].field("password"),
            Some(password)
        );
        let other = back[1 - turn].item.credentials[0].field("password");
        assert_eq!(other, Some(["iron", "copper"][turn]));
    }
}

#[test]
fn what_somebody_else_wrote_meanwhile_stays() {
    let file = export(&json!([login()]));
    let mut store = open(PLAIN, file.path(), Access::Write).unwrap();
    std::fs::write(file.path(), b"{}").unwrap();
    let change = [Change::Add(documents()[0].records[0].clone())];
    let fault = store.write(&change, &mut |_| {});
    assert!(matches!(fault, Err(Fault::Changed { .. })), "{fault:?}");
    assert_eq!(std::fs::read(file.path()).unwrap(), b"{}");
}

#[test]
fn an_export_that_is_restricted_to_an_account_says_which_one_to_make_instead() {
    let content = br#"{"encrypted":true,"encKeyValidation_DO_NOT_EDIT":"2.a|b|c","items":[]}"#;
    let fault = read(content).unwrap_err();
    assert!(fault.to_string().contains("Password protected"), "{fault}");
}

#[test]
fn hostile_exports_are_refused_within_bounds() {
    let sealed = |name: &str, value: Value| {
        let mut content = json!({
            "encrypted": true, "passwordProtected": true, "salt": "c2FsdA==", "kdfType": 1,
            "kdfIterations": 3, "kdfMemory": 64, "kdfParallelism": 4,
            "encKeyValidation_DO_NOT_EDIT": "2.a|b|c", "data": "2.a|b|c"
        });
        content[name] = value;
        content.to_string().into_bytes()
    };
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    let too_large = [
        sealed("kdfMemory", 2048.into()),
        sealed("kdfIterations", 4_000_000_000_u32.into()),
    ];
    for content in too_large {
        let fault = read(&content).unwrap_err();
        assert!(matches!(fault, Fault::TooLarge { .. }), "{fault}");
    }
    let malformed = [
        deep,
        b"{\"items\":[\"\xff\xfe\"]}".to_vec(),
        b"{\"items\":".to_vec(),
        b"{}".to_vec(),
        Vec::new(),
        sealed("kdfType", 9.into()),
        sealed("salt", 9.into()),
    ];
    for content in malformed {
        let fault = read(&content).unwrap_err();
        assert!(matches!(fault, Fault::Malformed { .. }), "{fault}");
    }
    let sparse = tempfile::NamedTempFile::new().unwrap();
    sparse.as_file().set_len(1 << 40).unwrap();
    let fault = open(PLAIN, sparse.path(), Access::Read).err().unwrap();
    assert!(matches!(fault, Fault::TooLarge { .. }), "{fault}");
}

#[test]
fn a_hundred_thousand_nested_folders_are_a_few_with_a_long_name() {
    let name = vec!["x"; 100_000].join("/");
    let content = json!({
        "encrypted": false, "folders": [{"id": "f", "name": name}],
        "items": [{"type": 2, "name": "deep", "folderId": "f"}]
    });
    let (records, _) = read(content.to_string().as_bytes()).unwrap();
    assert!(records[0].places[0].steps.len() <= 64);
    let titles: Vec<_> = records[0].places[0].titles().collect();
    assert_eq!(titles.join("/"), name);
}

#[test]
fn an_archive_is_read_with_its_attachments() {
    let item = "25c8c414-b446-48e9-a1bd-b10700bbd740";
    let content = zip(&[
        ("data.json", export_of(&json!([login()])).as_bytes()),
        (&format!("attachments/{item}/plan.txt"), b"Heat, then hit."),
        ("../../evil", b"x"),
    ]);
    let (records, quarantined) = read(&content).unwrap();
    assert_eq!(quarantined.len(), 1, "{quarantined:?}");
    let plan = records[0].item.credential("file").unwrap();
    assert_eq!(
        (plan.text("name"), plan.number("decryptedSize")),
        (Some("plan.txt"), Some(15))
    );
    assert_eq!(records[0].attachments[0].id, plan.text("id").unwrap());
    assert_eq!(
        records[0].attachments[0].content.as_slice(),
        b"Heat, then hit."
    );
    let archive = file(&content);
    let fault = open(PLAIN, archive.path(), Access::Write).err().unwrap();
    assert!(matches!(fault, Fault::Malformed { .. }), "{fault}");
}

/// Another implementation: makes an export of the text on its input, or opens one, with what Python
/// has of key derivation and with OpenSSL's AES.
const OTHER: &str = r#"
import base64, hashlib, hmac, json, os, subprocess, sys
def aes(way, key, iv, text):
    command = ["openssl", "enc", way, "-aes-256-cbc", "-K", key.hex(), "-iv", iv.hex()]
    return subprocess.run(command, input=text, stdout=subprocess.PIPE, check=True).stdout
def keys(password, salt, iterations):
    key = hashlib.pbkdf2_hmac("sha256", password, salt.encode(), iterations)
    return [hmac.new(key, info + b"\1", "sha256").digest() for info in (b"enc", b"mac")]
def seal(keys, text):
    iv = os.urandom(16)
    text = aes("-e", keys[0], iv, text)
    parts = iv, text, hmac.new(keys[1], iv + text, "sha256").digest()
    return "2." + "|".join(base64.b64encode(part).decode() for part in parts)
def unseal(keys, text):
    iv, text, mac = [base64.b64decode(part) for part in text[2:].split("|")]
    assert hmac.new(keys[1], iv + text, "sha256").digest() == mac
    return aes("-d", keys[0], iv, text)
password, given = sys.argv[1].encode(), sys.stdin.buffer.read()
if sys.argv[2] == "seal":
    salt = base64.b64encode(os.urandom(16)).decode()
    k = keys(password, salt, 5000)
    print(json.dumps({"encrypted": True, "passwordProtected": True, "salt": salt, "kdfType": 0,
        "kdfIterations": 5000, "kdfMemory": None, "kdfParallelism": None,
        "encKeyValidation_DO_NOT_EDIT": seal(k, b"any text"), "data": seal(k, given)}))
else:
    given = json.loads(given)
    k = keys(password, given["salt"], given["kdfIterations"])
    unseal(k, given["encKeyValidation_DO_NOT_EDIT"])
    sys.stdout.buffer.write(unseal(k, given["data"]))
"#;

/// What the other implementation makes of this; `None` if it is not there.
fn other(way: &str, given: &[u8]) -> Option<Vec<u8>> {
    for needed in ["python3", "openssl"] {
        if let Err(error) = Command::new(needed).arg("--help").output() {
            eprintln!(
                "{needed} cannot be started, so that nothing else opens our exports: {error}"
            );
            return None;
        }
    }
    let mut python = Command::new("python3");
    python
        .args(["-c", OTHER, PASSWORD, way])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = python.spawn().unwrap();
    child.stdin.take().unwrap().write_all(given).unwrap();
    let told = child.wait_with_output().unwrap();
    assert!(told.status.success());
    Some(told.stdout)
}

#[test]
fn another_implementation_makes_exports_that_we_read_and_reads_those_that_we_write() {
    let Some(sealed) = other("seal", export_of(&json!([login()])).as_bytes()) else {
        return;
    };
    let file = file(&sealed);
    let mut store = open(SEALED, file.path(), Access::Write).unwrap();
    let (records, quarantined) = told(&mut *store);
    assert_eq!((records.len(), quarantined), (1, vec![]));
    add(&mut *store, &documents()[0].records);
    let opened = other("unseal", &std::fs::read(file.path()).unwrap()).unwrap();
    let opened: Value = serde_json::from_slice(&opened).unwrap();
    assert_eq!(opened["items"][0], login());
    assert_eq!(opened["items"][1]["name"], "Fjord Mail");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_a_record_holds_comes_back(records in prop::collection::vec(stage::record(), 1..4)) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store");
        add(&mut *open(PLAIN, &path, Access::Write).unwrap(), &records);
        let (back, quarantined) = told(&mut *open(PLAIN, &path, Access::Read).unwrap());
        prop_assert_eq!(quarantined, vec![]);
        prop_assert_eq!(back.len(), records.len());
        for (back, record) in back.iter().zip(&records) {
            prop_assert!(back.is_like(record), "{:?}", record.item);
        }
    }
}
