//! Vaults of any size for tests and benchmarks (cargo feature `testing`).

use std::fmt::Write;

/// A well-formed CXF document with this many items, always the same for the same number.
///
/// An item is about 1.3 kB, so that 100,000 of them make about 130 MB. All 17 credential types
/// occur, and an unknown one; some members are unknown, some strings hold escapes, and every fifth
/// credential has its `type` last, as writers in alphabetical or random order produce it.
pub fn generate_vault(items: usize) -> Vec<u8> {
    let mut letters = Letters(0x9e37_79b9_7f4a_7c15);
    let mut vault = String::with_capacity(items.saturating_mul(1400).saturating_add(1000));
    vault.push_str(
        r#"{"version":{"major":1,"minor":0},"exporterRpId":"vault.example","exporterDisplayName":"#,
    );
    vault.push_str(
        r#""Generated vault","timestamp":1760000000,"accounts":[{"id":"Z2VuZXJhdGVk","username":"#,
    );
    vault.push_str(r#""robin","email":"robin@vault.example","collections":[],"items":["#);
    for number in 0..items {
        if number > 0 {
            vault.push(',');
        }
        item(&mut vault, number, &mut letters);
    }
    vault.push_str("]}]}");
    vault.into_bytes()
}

fn item(vault: &mut String, number: usize, letters: &mut Letters) {
    let id = format!("aXRl{number:018}");
    put(
        vault,
        format_args!(r#"{{"id":"{id}","creationAt":{},"#, 1_500_000_000 + number),
    );
    put(
        vault,
        format_args!(
            r#""modifiedAt":{},"title":"Site {number}","#,
            1_700_000_000 + number
        ),
    );
    put(
        vault,
        format_args!(
            r#""subtitle":"robin@site{number}.example","favorite":{},"scope":{{"urls":["#,
            number.is_multiple_of(7)
        ),
    );
    put(
        vault,
        format_args!(
            r#""https://site{number}.example/login","https://www.site{number}.example"],"#
        ),
    );
    vault.push_str(r#""androidApps":[]},"credentials":["#);
    basic_auth(vault, number, letters);
    vault.push(',');
    TYPES[number % TYPES.len()](vault, number, letters);
    put(
        vault,
        format_args!(
            r#"],"tags":["tag{}","import"],"extensions":[{{"name":"vault.example/Meta","#,
            number % 40
        ),
    );
    put(
        vault,
        format_args!(r#""folder":"Folder {}","rank":{number},"#, number % 12),
    );
    put(
        vault,
        format_args!(r#""origin":"{}"}}]}}"#, letters.take(90)),
    );
}

/// Formats to the end of the vault.
fn put(vault: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _infallible = vault.write_fmt(text);
}

type Writer = fn(&mut String, usize, &mut Letters);

const TYPES: [Writer; 10] = [
    passkey,
    totp,
    note,
    card,
    ssh_key,
    identity,
    custom_fields,
    passkey,
    small_ones,
    totp,
];

fn field(vault: &mut String, name: &str, field_type: &str, value: &str) {
    put(
        vault,
        format_args!(
            r#","{name}":{{"id":"ZmllbGQ","fieldType":"{field_type}","value":"{value}","label":"{name}"}}"#
        ),
    );
}

fn basic_auth(vault: &mut String, number: usize, letters: &mut Letters) {
    let type_is_last = number.is_multiple_of(5);
    vault.push_str(if type_is_last {
        r#"{"x":0"#
    } else {
        r#"{"type":"basic-auth""#
    });
    field(
        vault,
        "username",
        "string",
        &format!("robin{number}@mail.example"),
    );
    let password = letters.take(24);
    let escaped = if number.is_multiple_of(4) {
        r#"\"\\é"#
    } else {
        ""
    };
    field(
        vault,
        "password",
        "concealed-string",
        &format!("{password}{escaped}"),
    );
    vault.push_str(if type_is_last {
        r#","type":"basic-auth"}"#
    } else {
        "}"
    });
}

fn passkey(vault: &mut String, number: usize, letters: &mut Letters) {
    put(
        vault,
        format_args!(
            r#"{{"type":"passkey","credentialId":"{}","rpId":"site{number}.example","#,
            letters.take(43)
        ),
    );
    put(
        vault,
        format_args!(
            r#""username":"robin{number}","userDisplayName":"Robin {number}","userHandle":"{}","#,
            letters.take(43)
        ),
    );
    put(
        vault,
        format_args!(
            r#""key":"{}","fido2Extensions":{{"hmacCredentials":{{"algorithm":"hmac-sha256","#,
            letters.take(184)
        ),
    );
    put(
        vault,
        format_args!(
            r#""credWithUV":"{}","credWithoutUV":"{}"}},"payments":false}}}}"#,
            letters.take(43),
            letters.take(43)
        ),
    );
}

fn totp(vault: &mut String, number: usize, letters: &mut Letters) {
    put(
        vault,
        format_args!(
            r#"{{"type":"totp","secret":"JBSWY3DPEHPK3PXP","period":30,"digits":6,"username":"#
        ),
    );
    put(
        vault,
        format_args!(r#""robin{number}","algorithm":"sha1","issuer":"Site {number}"}},"#),
    );
    note(vault, number, letters);
}

fn note(vault: &mut String, _number: usize, letters: &mut Letters) {
    vault.push_str(r#"{"type":"note""#);
    let text = [letters.take(90), letters.take(110), letters.take(120)];
    field(vault, "content", "string", &text.join(r"\n"));
    vault.push('}');
}

fn card(vault: &mut String, number: usize, _letters: &mut Letters) {
    vault.push_str(r#"{"type":"credit-card""#);
    field(vault, "number", "concealed-string", "4111111111111111");
    field(
        vault,
        "fullName",
        "string",
        &format!("Robin Vault {number}"),
    );
    field(vault, "cardType", "string", "Visa");
    field(vault, "verificationNumber", "concealed-string", "123");
    field(vault, "expiryDate", "year-month", "2031-04");
    vault.push('}');
}

fn ssh_key(vault: &mut String, number: usize, letters: &mut Letters) {
    put(
        vault,
        format_args!(
            r#"{{"type":"ssh-key","keyType":"ssh-ed25519","privateKey":"{}","keyComment":"k{number}""#,
            letters.take(400)
        ),
    );
    field(vault, "creationDate", "date", "2025-02-03");
    vault.push('}');
}

fn identity(vault: &mut String, number: usize, _letters: &mut Letters) {
    let name = format!("Robin Vault {number}");
    vault.push_str(r#"{"type":"person-name""#);
    field(vault, "given", "string", "Robin");
    field(vault, "surname", "string", "Vault");
    let types = ["identity-document", "passport", "drivers-license"];
    put(
        vault,
        format_args!(r#"}},{{"type":"{}""#, types[number / 10 % types.len()]),
    );
    field(vault, "fullName", "string", &name);
    field(vault, "birthDate", "date", "1990-01-02");
    field(vault, "issuingAuthority", "string", "Office");
    vault.push_str(r#"},{"type":"address""#);
    field(
        vault,
        "streetAddress",
        "string",
        &format!("{number} Long Road"),
    );
    field(vault, "country", "country-code", "IS");
    vault.push('}');
}

fn custom_fields(vault: &mut String, number: usize, letters: &mut Letters) {
    vault.push_str(r#"{"type":"custom-fields","label":"More","fields":["#);
    for place in 0..4 {
        let comma = if place == 0 { "" } else { "," };
        put(
            vault,
            format_args!(
                r#"{comma}{{"fieldType":"string","value":"{}","label":"Field {number}/{place}"}}"#,
                letters.take(50)
            ),
        );
    }
    vault.push_str("]}");
}

fn small_ones(vault: &mut String, number: usize, letters: &mut Letters) {
    vault.push_str(r#"{"type":"wifi""#);
    field(vault, "ssid", "string", &format!("Net {number}"));
    field(vault, "passphrase", "concealed-string", &letters.take(20));
    vault.push_str(r#"},{"type":"api-key""#);
    field(vault, "key", "concealed-string", &letters.take(40));
    put(
        vault,
        format_args!(
            r#"}},{{"type":"generated-password","password":"{}"}},"#,
            letters.take(20)
        ),
    );
    put(
        vault,
        format_args!(
            r#"{{"type":"file","id":"ZmlsZQ","name":"{number}.pdf","decryptedSize":{number},"#
        ),
    );
    put(
        vault,
        format_args!(r#""integrityHash":"{}"}},"#, letters.take(43)),
    );
    put(
        vault,
        format_args!(
            r#"{{"type":"item-reference","reference":{{"item":"aXRl{:018}"}}}},"#,
            number / 2
        ),
    );
    put(
        vault,
        format_args!(
            r#"{{"type":"vault.example/loyalty","number":"{}","tier":{{"level":3}}}}"#,
            letters.take(12)
        ),
    );
}

/// A cheap sequence of base64url letters; nothing here needs to be unguessable.
struct Letters(u64);

impl Letters {
    fn take(&mut self, number: usize) -> String {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let letter = |_| {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            char::from(ALPHABET[(self.0 >> 58) as usize])
        };
        (0..number).map(letter).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cxf::{inspect, validate};

    #[test]
    fn a_generated_vault_is_flawless_and_has_every_type() {
        let report = inspect(&generate_vault(1000)).unwrap();
        assert_eq!(
            (
                report.items,
                report.quarantined_total,
                report.inconsistencies_total
            ),
            (1000, 0, 0)
        );
        assert_eq!(report.notes, []);
        assert_eq!(report.counts.iter().count(), 18);
    }

    #[test]
    fn a_hundred_thousand_items_would_be_about_130_megabytes() {
        let bytes = generate_vault(1000).len() / 1000;
        assert!((1200..1400).contains(&bytes), "{bytes} bytes an item");
    }

    #[test]
    fn the_same_number_gives_the_same_vault() {
        assert_eq!(generate_vault(50), generate_vault(50));
        assert_eq!(validate(&generate_vault(0)).unwrap().accounts, 1);
    }
}
