//! A thousand logins, as a document.

use serde_json::{Value, json};

/// A CXF document of so many logins.
pub(crate) fn logins(number: usize) -> Vec<u8> {
    let items: Vec<Value> = (0..number).map(login).collect();
    let account = json!({
        "id": "YWNjb3VudA",
        "username": "ada",
        "email": "ada@example.org",
        "collections": [],
        "items": items,
    });
    let document = json!({
        "version": { "major": 1, "minor": 0 },
        "exporterRpId": "vault.example",
        "exporterDisplayName": "Vault",
        "timestamp": 1_700_000_000,
        "accounts": [account],
    });
    serde_json::to_vec(&document).unwrap()
}

/// What a login is called.
pub(crate) fn site(number: usize) -> String {
    format!("https://site-{number}.example")
}

/// Its secret.
pub(crate) fn password(number: usize) -> String {
    format!("correct horse battery staple {number}")
}

fn login(number: usize) -> Value {
    let field = |kind: &str, value: String| json!({ "fieldType": kind, "value": value });
    json!({
        "id": data_encoding::BASE64URL_NOPAD.encode(format!("item-{number}").as_bytes()),
        "creationAt": 1_700_000_000,
        "modifiedAt": 1_700_000_000,
        "title": site(number),
        "scope": { "urls": [site(number)], "androidApps": [] },
        "credentials": [{
            "type": "basic-auth",
            "username": field("string", format!("user-{number}")),
            "password": field("concealed-string", password(number)),
        }],
    })
}
