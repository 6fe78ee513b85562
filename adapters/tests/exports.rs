//! Stories of the exports of 1Password and Proton Pass, which are only read.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod stage;

use credex::cxf;
use credex_adapters::stores::onepux::OnePux;
use credex_adapters::stores::proton::ProtonPass;
use credex_adapters::{Access, Adapter, Change, Direction, Fault, Object, Record};
use serde_json::{Value, json};
use stage::{Answers, document_of, file, told, zip};

/// The key of nobody, as ssh-keygen writes it in PKCS#8.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIFAigTQJ8imju+TsYnjKE5iRa0l3FrFurn5TulUbFjhV\n-----END PRIVATE KEY-----\n";

fn read(kind: &dyn Adapter, content: &[u8]) -> Result<(Vec<Record>, Vec<String>), Fault> {
    let file = file(content);
    let path = file.path().to_str().unwrap();
    let mut store = kind.open(path, Access::Read, &mut Answers::default())?;
    let (records, quarantined) = told(&mut *store);
    let quarantined = quarantined
        .iter()
        .map(|told| told.to_string().replace(path, "it"));
    Ok((records, quarantined.collect()))
}

fn kinds(record: &Record) -> Vec<&str> {
    record.item.credentials.iter().map(Object::kind).collect()
}

/// Every document that is made of an export has to be one.
fn is_valid(records: &[Record]) {
    cxf::validate(&document_of(records)).unwrap();
}

fn onepux_data(items: &Value) -> Value {
    json!({"accounts": [{
        "attrs": {"uuid": "A1", "accountName": "Tove", "name": "Tove Brandt", "email": "t@b.example"},
        "vaults": [{"attrs": {"uuid": "V1", "name": "Private"}, "items": items}]
    }]})
}

fn onepux(items: &Value) -> Vec<u8> {
    let data = onepux_data(items);
    zip(&[
        ("export.attributes", br#"{"version":3}"#.as_slice()),
        ("export.data", data.to_string().as_bytes()),
        ("files/D1__plan.txt", b"Heat, then hit."),
        ("../files/D2__evil", b"x"),
    ])
}

fn field(id: &str, kind: &str, value: Value) -> Value {
    json!({"id": id, "title": id.to_uppercase(), "value": {kind: value}})
}

#[test]
fn an_export_of_1password_is_read_with_its_files() {
    let login = json!({
        "uuid": "I1", "favIndex": 1, "createdAt": 1_600_000_000, "updatedAt": 1_600_000_001,
        "state": "archived", "categoryUuid": "001",
        "overview": {"title": "Forge", "url": "https://forge.example", "tags": ["iron"],
            "urls": [{"label": "", "url": "https://forge.example"}, {"label": "", "url": "https://b.example"}]},
        "details": {
            "loginFields": [
                {"value": "smith", "name": "user", "fieldType": "T", "designation": "username"},
                {"value": "steel", "name": "pass", "fieldType": "P", "designation": "password"},
                {"value": "on", "name": "remember", "fieldType": "C"},
                {"value": "left", "name": "door", "fieldType": "T"}
            ],
            "notesPlain": "Behind the hill.",
            "passwordHistory": [{"value": "iron", "time": 1_600_000_000}],
            "sections": [{"title": "More", "fields": [
                field("otp", "totp", json!("otpauth://totp/F?secret=JBSWY3DPEHPK3PXP")),
                field("code", "concealed", json!("4711")),
                field("mail", "email", json!({"email_address": "s@f.example", "provider": null})),
                field("made", "date", json!(446_774_400)),
                field("link", "reference", json!("I2")),
                field("file", "file", json!({"fileName": "plan.txt", "documentId": "D1", "decryptedSize": 15})),
                field("none", "string", json!(""))
            ]}]
        }
    });
    let (records, quarantined) = read(&OnePux, &onepux(&json!([login]))).unwrap();
    assert_eq!(
        quarantined,
        ["it, ../files/D2__evil: its name leads out of the archive"]
    );
    let record = &records[0];
    let expected = [
        "basic-auth",
        "custom-fields",
        "totp",
        "item-reference",
        "file",
        "custom-fields",
        "note",
    ];
    assert_eq!(kinds(record), expected);
    assert_eq!(
        record.item.urls().collect::<Vec<_>>(),
        ["https://forge.example", "https://b.example"]
    );
    assert_eq!(record.attachments[0].content.as_slice(), b"Heat, then hit.");
    let more = &record.item.credentials[5];
    assert_eq!(more.text("label"), Some("More"));
    let fields = more.get("fields").unwrap().as_array().unwrap();
    let types: Vec<_> = fields
        .iter()
        .map(|field| field["fieldType"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["concealed-string", "email", "date"]);
    assert_eq!(
        record.account.as_ref().unwrap().text("email"),
        Some("t@b.example")
    );
    let own = &record.item.members.get("extensions").unwrap()[0];
    assert_eq!(
        (&own["state"], &own["passwordHistory"][0]["value"]),
        (&"archived".into(), &"iron".into())
    );
    is_valid(&records);
}

#[test]
fn categories_of_1password_become_credentials() {
    let item = |category: &str, title: &str, fields: Value| {
        json!({"uuid": title, "categoryUuid": category, "overview": {"title": title},
            "details": {"sections": [{"title": "", "fields": fields}]}})
    };
    let key = json!({"privateKey": KEY, "metadata": {"publicKey": "", "fingerprint": "", "keyType": "ed25519"}});
    let items = json!([
        item(
            "002",
            "Card",
            json!([
                field("ccnum", "creditCardNumber", json!("4111")),
                field("expiry", "monthYear", json!(203_104))
            ])
        ),
        item(
            "004",
            "Me",
            json!([
                field("firstname", "string", json!("Tove")),
                field(
                    "address",
                    "address",
                    json!({"street": "Bryggen 7", "city": "Bergen", "country": "no"})
                )
            ])
        ),
        item(
            "109",
            "Router",
            json!([
                field("network_name", "string", json!("Fyrlykt")),
                field("wireless_security", "menu", json!("wpa2p")),
                field("password", "concealed", json!("base station"))
            ])
        ),
        item("114", "Key", json!([field("private_key", "sshKey", key)])),
        item(
            "112",
            "API",
            json!([
                field("credential", "concealed", json!("lk")),
                field("expires", "date", json!(0))
            ])
        ),
        json!({"uuid": "P", "categoryUuid": "005", "overview": {"title": "Password"}, "details": {"password": "p"}}),
        7
    ]);
    let (records, quarantined) = read(&OnePux, &onepux(&items)).unwrap();
    assert!(
        quarantined.contains(&"Private, item 7: it is no object".to_owned()),
        "{quarantined:?}"
    );
    let kinds: Vec<_> = records.iter().map(kinds).collect();
    let expected: [&[&str]; 6] = [
        &["credit-card"],
        &["person-name", "address"],
        &["wifi", "custom-fields"],
        &["ssh-key"],
        &["api-key"],
        &["basic-auth"],
    ];
    assert_eq!(kinds, expected);
    assert_eq!(
        records[0].item.credentials[0].field("expiryDate"),
        Some("2031-04")
    );
    assert_eq!(
        records[2].item.credentials[0].field("networkSecurityType"),
        Some("wpa2-personal")
    );
    assert_eq!(
        records[3].item.credentials[0].text("keyType"),
        Some("ssh-ed25519")
    );
    is_valid(&records);
}

fn proton(items: &Value) -> Value {
    json!({"version": "1.30", "encrypted": false, "vaults": {"V": {
        "name": "Personal", "items": items,
        "folders": [
            {"folderId": "a", "parentFolderId": "b", "name": "Inner"},
            {"folderId": "b", "parentFolderId": null, "name": "Outer"},
            {"folderId": "c", "parentFolderId": "c", "name": "Itself"}
        ]
    }}})
}

fn of_type(kind: &str, content: Value) -> Value {
    json!({"itemId": kind, "state": 1, "createTime": 1_600_000_000, "modifyTime": 1_600_000_001,
        "pinned": true, "aliasEmail": null, "data": {"type": kind,
        "metadata": {"name": kind, "note": "Noted."}, "extraFields": [], "content": content}})
}

#[test]
fn an_export_of_proton_pass_is_read_with_its_files() {
    let mut login = of_type(
        "login",
        json!({
            "itemEmail": "s@f.example", "itemUsername": "smith", "password": "steel",
            "urls": ["https://forge.example/"], "totpUri": "JBSWY3DPEHPK3PXP",
            "passkeys": [{"rpId": "forge.example", "content": "AAAA"}]
        }),
    );
    login["folderId"] = "a".into();
    login["files"] = json!(["plan.1.txt", "gone.txt"]);
    login["data"]["extraFields"] = json!([
        {"fieldName": "PIN", "type": "hidden", "data": {"content": "4711"}},
        {"fieldName": "Second", "type": "totp", "data": {"totpUri": "GEZDGNBVGY3TQOJQ"}}
    ]);
    let mut trash = of_type("note", json!({}));
    trash["state"] = 2.into();
    let data = proton(&json!([login, trash, {"what": "?"}])).to_string();
    let files: [(&str, &[u8]); 3] = [
        ("Proton Pass/data.json", data.as_bytes()),
        ("Proton Pass/files/plan.1.txt", b"Heat, then hit."),
        ("Proton Pass/files/stray.txt", b"?"),
    ];
    let (records, quarantined) = read(&ProtonPass, &zip(&files)).unwrap();
    let record = &records[0];
    assert_eq!(
        kinds(record),
        [
            "basic-auth",
            "totp",
            "totp",
            "note",
            "custom-fields",
            "file"
        ]
    );
    assert_eq!(record.item.credentials[0].field("username"), Some("smith"));
    assert_eq!(
        record.places[0].titles().collect::<Vec<_>>(),
        ["Personal", "Outer", "Inner"]
    );
    assert_eq!(record.attachments[0].content.as_slice(), b"Heat, then hit.");
    let told: Vec<_> = quarantined
        .iter()
        .map(|told| told.split(": ").next().unwrap())
        .collect();
    let places = [
        "Personal, item “login”",
        "Personal, item “login”",
        "Personal, item “note”",
        "Personal, item 3",
        "it, stray.txt",
    ];
    assert_eq!(told, places);
    assert!(!quarantined.concat().contains("AAAA"));
    is_valid(&records);
    let (alone, _) = read(&ProtonPass, data.as_bytes()).unwrap();
    assert_eq!(alone[0].item.title(), "login");
}

#[test]
fn types_of_proton_pass_become_credentials() {
    let items = json!([
        of_type(
            "creditCard",
            json!({"number": "4111", "expirationDate": "042031", "pin": "1"})
        ),
        of_type(
            "identity",
            json!({"firstName": "Tove", "city": "Bergen", "passportNumber": "X1", "jobTitle": "Smith",
            "extraSections": [{"sectionName": "Club", "sectionFields": [
                {"fieldName": "Number", "type": "text", "data": {"content": "7"}}]}]})
        ),
        of_type(
            "wifi",
            json!({"ssid": "Fyrlykt", "security": 2, "sections": []})
        ),
        of_type(
            "sshKey",
            json!({"privateKey": KEY, "publicKey": "ssh-ed25519 AAAA"})
        ),
        of_type(
            "custom",
            json!({"sections": [{"sectionName": "Any", "sectionFields": [
            {"fieldName": "What", "type": "hidden", "data": {"content": "Secret"}}]}]})
        )
    ]);
    let mut alias = of_type("alias", json!({}));
    alias["aliasEmail"] = "x@alias.example".into();
    let mut items = items;
    items.as_array_mut().unwrap().push(alias);
    let (records, quarantined) = read(&ProtonPass, proton(&items).to_string().as_bytes()).unwrap();
    assert_eq!(quarantined, [""; 0]);
    let kinds: Vec<_> = records.iter().map(kinds).collect();
    let expected: [&[&str]; 6] = [
        &["credit-card", "note"],
        &[
            "address",
            "custom-fields",
            "person-name",
            "passport",
            "note",
            "custom-fields",
        ],
        &["wifi", "note"],
        &["ssh-key", "note"],
        &["custom-fields", "note"],
        &["basic-auth", "note"],
    ];
    assert_eq!(kinds, expected);
    assert_eq!(
        records[0].item.credentials[0].field("expiryDate"),
        Some("2031-04")
    );
    assert_eq!(
        records[2].item.credentials[0].field("networkSecurityType"),
        Some("wpa2-personal")
    );
    assert_eq!(
        records[5].item.credentials[0].field("username"),
        Some("x@alias.example")
    );
    is_valid(&records);
}

#[test]
fn what_is_encrypted_says_which_export_to_make_instead() {
    let sealed = zip(&[("Proton Pass/data.pgp", b"x".as_slice())]);
    let contents: [&[u8]; 4] = [
        &sealed,
        b"-----BEGIN PGP MESSAGE-----\n",
        &[0xc3, 0x0d, 4, 9],
        br#"{"encrypted":true,"vaults":{}}"#,
    ];
    for content in contents {
        let fault = read(&ProtonPass, content).unwrap_err();
        assert!(
            fault.to_string().contains("without a passphrase"),
            "{fault}"
        );
    }
}

#[test]
fn hostile_exports_are_refused_within_bounds() {
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    let zeros = vec![b' '; 100 << 20];
    for (kind, data) in [
        (&OnePux as &dyn Adapter, "export.data"),
        (&ProtonPass, "Proton Pass/data.json"),
    ] {
        let fault = read(kind, &zip(&[(data, &zeros)])).unwrap_err();
        assert!(matches!(fault, Fault::TooLarge { .. }), "{fault}");
        for content in [deep.as_slice(), b"{\"a\":\"\xff\"}", b"{}", b"", b"7"] {
            let fault = read(kind, &zip(&[(data, content)])).unwrap_err();
            assert!(matches!(fault, Fault::Malformed { .. }), "{fault}");
        }
        for content in [b"PK\x03\x04".as_slice(), b"PK", b"", b"hello"] {
            let fault = read(kind, content).unwrap_err();
            assert!(matches!(fault, Fault::Malformed { .. }), "{fault}");
        }
    }
    let mut within = of_type("note", json!({}));
    within["folderId"] = "c".into();
    let (records, _) = read(&ProtonPass, proton(&json!([within])).to_string().as_bytes()).unwrap();
    assert!(records[0].places[0].steps.len() <= 32);
}

/// The most memory that this process has had so far, in MiB.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.unwrap().trim().trim_end_matches(" kB");
    number.parse::<u64>().unwrap() >> 10
}

#[test]
fn an_export_that_says_a_large_thing_very_often_is_read_as_far_as_anybody_wants() {
    const OFTEN: usize = 4_000;
    let name = "x".repeat(100 << 10);
    let mut items = vec![json!({"overview": {"title": "T"}}); OFTEN];
    let (mut first, mut proton) = (onepux_data(&json!(items)), proton(&json!([])));
    first["accounts"][0]["vaults"][0]["attrs"]["name"] = name.as_str().into();
    items.fill(of_type("note", json!({})));
    let vault = proton["vaults"].as_object_mut().unwrap().values_mut();
    for vault in vault {
        vault["name"] = name.as_str().into();
        vault["items"] = items.clone().into();
    }
    drop(items);
    let first = zip(&[("export.data", first.to_string().as_bytes())]);
    let second = proton.to_string().into_bytes();
    for (kind, content) in [(&OnePux as &dyn Adapter, first), (&ProtonPass, second)] {
        let file = file(&content);
        let path = file.path().to_str().unwrap();
        let before = most_memory();
        let mut store = kind
            .open(path, Access::Read, &mut Answers::default())
            .unwrap();
        let (mut told, mut size) = (0, 0);
        let read = store.read(&mut |record| {
            told += 1;
            size += record.unwrap().size();
            true
        });
        read.unwrap();
        assert_eq!(told, OFTEN);
        // They say 800 MB, none of which anybody wanted to keep.
        assert!(size > OFTEN * name.len(), "{size}");
        let taken = most_memory() - before;
        assert!(taken < 200, "{taken} MiB");
        // Who stops is told no more, and may begin again.
        told = 0;
        store
            .read(&mut |_| {
                told += 1;
                told < 3
            })
            .unwrap();
        assert_eq!(told, 3);
    }
}

#[test]
fn nobody_writes_to_them() {
    for kind in [&OnePux as &dyn Adapter, &ProtonPass] {
        assert_eq!(kind.describe().direction, Direction::In);
    }
    let content = file(proton(&json!([])).to_string().as_bytes());
    let path = content.path().to_str().unwrap();
    let mut store = ProtonPass
        .open(path, Access::Write, &mut Answers::default())
        .unwrap();
    let record = Record::new(credex_adapters::Item::new(None, "x"), "");
    let fault = store.write(&[Change::Add(record)], &mut |_| {});
    assert!(matches!(fault, Err(Fault::Malformed { .. })), "{fault:?}");
}
