//! Stories of reading documents: what costs the document, an item, a credential, a member, nothing.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "the whole file is a test"
)]

use credex::cxf::{Invalid, Quirk, Reason, Report, Unit, inspect, validate};

/// A Header around one account with these items.
fn header(items: &str) -> String {
    format!(
        r#"{{"version":{{"major":1,"minor":0}},"exporterRpId":"a.example","exporterDisplayName":"A",
        "timestamp":1760000000,"accounts":[{{"id":"YQ","username":"u","email":"e@a.example",
        "collections":[],"items":[{items}]}}]}}"#
    )
}

/// A Header around one item with these credentials.
fn with_credentials(credentials: &str) -> String {
    header(&format!(
        r#"{{"id":"aQ","title":"t","credentials":[{credentials}]}}"#
    ))
}

fn read(document: &str) -> Report {
    validate(document.as_bytes()).unwrap()
}

fn refused(document: impl AsRef<[u8]>) -> Invalid {
    validate(document.as_ref()).unwrap_err()
}

/// What was quarantined, as people read it.
fn told(report: &Report) -> Vec<String> {
    report.quarantined.iter().map(ToString::to_string).collect()
}

fn quirks(report: &Report) -> Vec<Quirk> {
    report.notes.iter().map(|note| note.quirk).collect()
}

const NOTE: &str = r#"{"type":"note","content":{"fieldType":"string","value":"v"}}"#;
const PASSKEY: &str = r#"{"type":"passkey","credentialId":"YQ","rpId":"a.example","username":"u",
    "userDisplayName":"U","userHandle":"YQ","key":"YQ"}"#;
const TOTP: &str =
    r#"{"type":"totp","secret":"JBSWY3DP","period":30,"digits":6,"algorithm":"sha1"}"#;

/// A document of ../shared/cxf, if this machine has it.
fn shared(name: &str) -> Option<Vec<u8>> {
    let path = format!("{}/../../shared/cxf/{name}", env!("CARGO_MANIFEST_DIR"));
    let found = std::fs::read(&path);
    if found.is_err() {
        eprintln!("{path} is not there: this part of the story is not told");
    }
    found.ok()
}

#[test]
fn the_example_of_the_specification_is_read_without_a_complaint() {
    let Some(document) = shared("appendix-a.json") else {
        return;
    };
    let report = inspect(&document).unwrap();
    assert_eq!(told(&report), [""; 0]);
    assert_eq!(
        (report.accounts, report.collections, report.items),
        (1, 1, 14)
    );
    assert_eq!(report.counts.iter().count(), 15);
    assert_eq!(report.inconsistencies, []);
    assert_eq!(report.notes, []);
}

#[test]
fn the_document_with_everything_loses_only_the_totp_nobody_can_compute() {
    let Some(document) = shared("kitchen-sink.json") else {
        return;
    };
    let report = inspect(&document).unwrap();
    assert_eq!(
        told(&report),
        [
            "$.accounts[0].items[0].credentials[1].algorithm: the TOTP algorithm is none of sha1, \
          sha256 and sha512; the credential is ignored"
        ]
    );
    assert_eq!(report.counts.get("cxf-kit.example/loyalty-card"), 1);
    assert_eq!(report.counts.iter().count(), 17);
    assert_eq!(
        report.present.iter().count(),
        18,
        "it is there all the same"
    );
    let ignored: Vec<_> = report.ignored.iter().collect();
    assert_eq!(ignored, [("totp", 1)]);
    assert_eq!(report.inconsistencies, []);
}

#[test]
fn credentials_are_counted_by_type_wherever_the_type_stands() {
    let report = read(&with_credentials(&format!(
        r#"{NOTE},{{"content":{{"fieldType":"string","value":"v"}},"type":"note"}},
        {{"key":"YQ","credentialId":"YQ","type":"passkey","rpId":"a.example","username":"u",
        "userDisplayName":"U","userHandle":""}},
        {{"key":{{"fieldType":"concealed-string","value":"v"}},"type":"api-key"}}"#
    )));
    assert_eq!(told(&report), [""; 0]);
    let counts: Vec<_> = report.counts.iter().collect();
    assert_eq!(counts, [("api-key", 1), ("note", 2), ("passkey", 1)]);
}

#[test]
fn types_and_members_that_nobody_knows_are_legal() {
    let report = read(&with_credentials(
        r#"{"type":"a.example/loyalty","key":1,"fields":[7],"fido2Extensions":{"credBlob":7},
            "id":"","reference":{"x":[]},"extensions":null},
           {"fido2Extensions":{"credBlob":"?"},"type":"a.example/loyalty"}"#,
    ));
    assert_eq!(told(&report), [""; 0]);
    assert_eq!(report.notes, []);
    assert_eq!(report.counts.get("a.example/loyalty"), 2);
}

#[test]
fn a_bad_credential_costs_that_credential() {
    let bad_key = PASSKEY.replace(r#""key":"YQ""#, r#""key":"a+b/""#);
    let no_handle = PASSKEY.replace(r#""userHandle":"YQ","#, "");
    let report = read(&with_credentials(&format!(
        "{bad_key},{no_handle},7,{{}},{PASSKEY}"
    )));
    assert_eq!(
        told(&report),
        [
            "$.accounts[0].items[0].credentials[0].key: the value is not base64url; the credential \
             is ignored",
            "$.accounts[0].items[0].credentials[1]: the required member `userHandle` is missing; \
             the credential is ignored",
            "$.accounts[0].items[0].credentials[2]: an object is expected, another number was \
             found; the credential is ignored",
            "$.accounts[0].items[0].credentials[3]: the required member `type` is missing; the \
             credential is ignored",
        ]
    );
    assert_eq!(report.counts.get("passkey"), 1);
    assert_eq!((report.present.get("passkey"), report.untyped), (3, 2));
    assert_eq!(report.items, 1);
}

#[test]
fn a_bad_item_costs_that_item_with_its_credentials() {
    let report = read(&header(&format!(
        r#"{{"title":"no id","credentials":[{NOTE}]}},
           {{"id":"{}","title":"t","credentials":[{NOTE}]}},
           {{"id":"aQ","title":null,"credentials":[{NOTE}]}},
           {{"id":"aQ","title":"t","credentials":[{NOTE},{PASSKEY}]}}"#,
        "A".repeat(87)
    )));
    let units: Vec<_> = report
        .quarantined
        .iter()
        .map(|p| (p.unit, p.reason))
        .collect();
    assert_eq!(
        units,
        [
            (Unit::Item, Reason::Missing { member: "id" }),
            (Unit::Item, Reason::IdTooLong),
            (Unit::Item, Reason::Missing { member: "title" }),
        ]
    );
    assert_eq!((report.items, report.counts.total()), (1, 2));
    assert_eq!((report.present.get("note"), report.untyped), (4, 0));
}

#[test]
fn a_bad_optional_member_costs_that_member() {
    let report = read(&header(
        r#"{"id":"aQ","title":"t","favorite":"yes","creationAt":1.5,"tags":[1],"scope":{"urls":7},
            "credentials":[{"type":"basic-auth","username":"plain","password":{"fieldType":
            "concealed-string"}}]}"#,
    ));
    let places: Vec<_> = report
        .quarantined
        .iter()
        .map(|p| (&*p.path, p.unit))
        .collect();
    assert_eq!(
        places,
        [
            ("$.accounts[0].items[0].tags[0]", Unit::Member),
            ("$.accounts[0].items[0].scope.urls", Unit::Member),
            (
                "$.accounts[0].items[0].credentials[0].username",
                Unit::Member
            ),
            (
                "$.accounts[0].items[0].credentials[0].password",
                Unit::Member
            ),
            ("$.accounts[0].items[0].favorite", Unit::Member),
            ("$.accounts[0].items[0].creationAt", Unit::Member),
        ]
    );
    assert_eq!(report.counts.get("basic-auth"), 1);
}

#[test]
fn a_totp_that_nobody_can_compute_is_ignored_and_reported() {
    for (from, to, reason) in [
        ("sha1", "sha3-512", Reason::UnknownTotpAlgorithm),
        ("JBSWY3DP", "not base32: 1", Reason::NotBase32),
        ("JBSWY3DP", "", Reason::Empty),
    ] {
        let report = read(&with_credentials(&TOTP.replace(from, to)));
        let found: Vec<_> = report
            .quarantined
            .iter()
            .map(|p| (p.unit, p.reason))
            .collect();
        assert_eq!(found, [(Unit::Credential, reason)]);
        assert!(report.counts.is_empty());
        assert_eq!(report.present.get("totp"), 1);
        let is_ignored = report.ignored.get("totp") == 1;
        assert_eq!(is_ignored, reason == Reason::UnknownTotpAlgorithm);
    }
    let slow = read(&with_credentials(&TOTP.replace("30", "3600")));
    assert_eq!(
        slow.counts.get("totp"),
        1,
        "a period may be longer than a byte can say"
    );
    let never = read(&with_credentials(&TOTP.replace("30", "0")));
    assert_eq!(never.quarantined_total, 1);
}

#[test]
fn the_habits_of_real_exporters_are_tolerated_and_told() {
    let report = read(&header(&format!(
        r#"{{"id":"","creationAt":-11644473600,"modifiedAt":2713910400,"title":"t","subtitle":null,
            "scope":{{"urls":["example.com","https://example.com"],"androidApps":[]}},
            "credentials":[{},{{"type":"custom-fields","fields":[{{"fieldType":"string",
            "value":"otpauth://totp/x?secret=JBSWY3DP"}}]}}]}}"#,
        PASSKEY.replace(r#""key":"YQ""#, r#""key":"YQ==""#)
    )));
    assert_eq!(told(&report), [""; 0]);
    assert_eq!(
        quirks(&report),
        [
            Quirk::BareDomain,
            Quirk::PaddedBase64Url,
            Quirk::TotpAsCustomField,
            Quirk::EmptyId,
            Quirk::NegativeTimestamp,
            Quirk::FarFutureTimestamp,
            Quirk::NullForAbsent,
        ]
    );
    assert_eq!(
        report.notes[0].first,
        "$.accounts[0].items[0].scope.urls[0]"
    );
    assert_eq!(report.counts.total(), 2);
}

#[test]
fn a_bare_account_is_read_as_the_only_one() {
    let account = format!(
        r#"{{"items":[{{"credentials":[{NOTE}],"title":"t","id":"aQ"}}],"id":"YQ","username":"u"}}"#
    );
    let report = read(&account);
    assert_eq!(
        (report.accounts, report.items, report.counts.get("note")),
        (1, 1, 1)
    );
    assert_eq!(quirks(&report), [Quirk::BareAccount, Quirk::MissingMember]);
}

#[test]
fn a_later_minor_version_is_read_and_another_major_one_is_not() {
    let later = header("").replace(r#""minor":0"#, r#""minor":1"#);
    assert_eq!(quirks(&read(&later)), [Quirk::MinorVersion]);
    let other = header("").replace(r#""major":1"#, r#""major":2"#);
    assert_eq!(
        refused(other),
        Invalid::UnsupportedVersion { major: Some(2) }
    );
    let words = header("").replace(r#""major":1"#, r#""major":"1""#);
    assert_eq!(refused(words), Invalid::UnsupportedVersion { major: None });
}

#[test]
fn what_is_no_cxf_document_at_all_is_refused_with_a_reason() {
    assert_eq!(refused("[]"), Invalid::NotAnObject);
    assert_eq!(refused("null"), Invalid::NotAnObject);
    assert_eq!(refused("{}"), Invalid::NoAccounts);
    assert_eq!(refused(r#"{"accounts":[]}"#), Invalid::NoAccounts);
    assert_eq!(refused(r#"{"accounts":[7]}"#), Invalid::NoAccounts);
    assert_eq!(
        refused(header("").replace(r#""accounts""#, r#""items":[],"accounts""#)),
        Invalid::HeaderAndAccount
    );
    assert_eq!(refused(b"{\"a\":\"\xff\"}"), Invalid::NotUtf8 { offset: 6 });
}

#[test]
fn broken_json_is_told_by_place_and_never_by_value() {
    let broken = header(r#"{"id":"aQ","title":"my secret title""#);
    let Invalid::NotJson {
        line, path, reason, ..
    } = refused(&broken)
    else {
        panic!("this is not JSON");
    };
    assert_eq!((line, &*path), (3, "$.accounts[0].items[0]"));
    assert!(
        !reason.contains("secret") && !reason.contains("line"),
        "{reason}"
    );
}

#[test]
fn a_name_used_twice_is_refused_at_any_level_and_however_it_is_spelt() {
    let deep = with_credentials(r#"{"type":"x","u":{"v":[{"a":1,"\u0061":2}]}}"#);
    assert_eq!(
        refused(deep),
        Invalid::DuplicateMember {
            path: "$.accounts[0].items[0].credentials[0].u.v[0].a".to_owned()
        }
    );
    let shallow = header("").replace(r#""email""#, r#""username":"v","email""#);
    assert_eq!(
        refused(shallow),
        Invalid::DuplicateMember {
            path: "$.accounts[0].username".to_owned()
        }
    );
}

#[test]
fn a_name_used_twice_is_found_among_thousands() {
    let names: Vec<_> = (0..9000)
        .map(|number| format!(r#""n{number}":0"#))
        .collect();
    let wide = format!(r#"{{"type":"x",{},"n17":1}}"#, names.join(","));
    assert_eq!(
        refused(with_credentials(&wide)),
        Invalid::DuplicateMember {
            path: "$.accounts[0].items[0].credentials[0].n17".to_owned()
        }
    );
}

#[test]
fn an_object_of_a_million_members_is_refused_before_it_fills_the_memory() {
    let names: Vec<_> = (0..1_000_000)
        .map(|number| format!(r#""{number}":0"#))
        .collect();
    let wide = format!("{{{}}}", names.join(","));
    assert!(matches!(
        refused(wide),
        Invalid::TooManyMembers { limit: 10_000, .. }
    ));
}

#[test]
fn a_hundred_thousand_brackets_do_not_reach_the_stack() {
    for bracket in ["[", r#"{"a":"#] {
        let deep = format!(r#"{{"x":{}"#, bracket.repeat(100_000));
        assert!(matches!(refused(deep), Invalid::TooDeep { limit: 64, .. }));
    }
    let at_limit = format!(r#"{{"x":{}{},"items":[]}}"#, "[".repeat(63), "]".repeat(63));
    assert_eq!(read(&at_limit).accounts, 1);
}

#[test]
fn what_json_or_i_json_forbids_is_refused() {
    for value in [
        "\"\0\"",
        "\"\u{1}\"",
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        "1e999",
        "01",
        "NaN",
        "'a'",
        "[1,]",
        "{,}",
        "// no",
    ] {
        let document = format!(r#"{{"items":[],"x":{value}}}"#);
        assert!(
            matches!(refused(&document), Invalid::NotJson { .. }),
            "{value}"
        );
    }
    assert!(
        matches!(refused(header("") + "x"), Invalid::NotJson { .. }),
        "after the end"
    );
    assert!(matches!(refused(""), Invalid::NotJson { .. }));
}

#[test]
fn a_huge_string_and_a_nul_that_is_spelt_out_are_nothing_special() {
    let huge = NOTE.replace("\"v\"", &format!("\"{}\\u0000\"", "x".repeat(10_000_000)));
    assert_eq!(read(&with_credentials(&huge)).counts.get("note"), 1);
}

#[test]
fn a_million_faults_are_counted_and_a_thousand_of_them_listed() {
    let faults = "7,".repeat(999_999) + "7";
    let report = read(&header(&faults));
    assert_eq!(
        (report.quarantined.len(), report.quarantined_total),
        (1000, 1_000_000)
    );
    assert_eq!(report.untyped, 1_000_000);
}

#[test]
fn an_inspection_finds_ids_used_twice_and_references_into_nowhere() {
    let document = header(&format!(
        r#"{{"id":"aQ","title":"t","credentials":[{NOTE}]}},
           {{"id":"aQ==","title":"t","credentials":[
             {{"type":"item-reference","reference":{{"item":"Yg"}}}},
             {{"type":"item-reference","reference":{{"item":"aQ","account":"YQ"}}}}]}}"#
    ))
    .replace(
        r#""collections":[]"#,
        r#""collections":[{"id":"Yw","title":"c","items":[{"item":"aQ"},{"item":"Zg"}]}]"#,
    );
    let report = inspect(document.as_bytes()).unwrap();
    let found: Vec<_> = report
        .inconsistencies
        .iter()
        .map(|p| (&*p.path, p.reason))
        .collect();
    assert_eq!(
        found,
        [
            ("$.accounts[0].items[1].id", Reason::DuplicateId),
            (
                "$.accounts[0].collections[0].items[1]",
                Reason::DanglingReference
            ),
            (
                "$.accounts[0].items[1].credentials[0].reference",
                Reason::DanglingReference
            ),
        ]
    );
    assert_eq!(told(&report), [""; 0], "nothing is lost by it");
    assert_eq!(validate(document.as_bytes()).unwrap().inconsistencies, []);
}
