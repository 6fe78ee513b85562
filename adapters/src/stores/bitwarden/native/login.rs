//! Logins: user name, password, addresses, one-time password and passkeys.

use serde_json::{Value, json};

use super::passkey;
use crate::forms::otpauth;
use crate::{FieldType, Item, Object, Quarantined};

/// Before the name of an Android app where an address is due.
const ANDROID_APP: &str = "androidapp://";

pub(super) fn write(item: &Item) -> Object {
    let mut login = Object::new();
    let basic = item.credential("basic-auth");
    for name in ["username", "password"] {
        login.set(name, basic.and_then(|basic| basic.field(name)));
    }
    let apps = item
        .members
        .get("scope")
        .and_then(|scope| scope.get("androidApps"));
    let apps = apps.and_then(Value::as_array).into_iter().flatten();
    let apps =
        apps.filter_map(|app| Some(format!("{ANDROID_APP}{}", app.get("bundleId")?.as_str()?)));
    let uris = item.urls().map(str::to_owned).chain(apps);
    let uris: Vec<_> = uris.map(|uri| json!({"uri": uri, "match": null})).collect();
    login.set("uris", uris);
    let totp = item.credential("totp").and_then(otpauth::uri);
    login.set("totp", totp.as_ref().map(|totp| totp.as_str()));
    let passkeys = item
        .credentials
        .iter()
        .filter(|each| each.kind() == "passkey");
    let passkeys: Vec<_> = passkeys
        .filter_map(|passkey| passkey::write(passkey, item))
        .map(Object::into_value)
        .collect();
    login.set("fido2Credentials", passkeys);
    login
}

pub(super) fn read(login: &Object, item: &mut Item, quarantined: &mut Vec<Quarantined>) {
    let text = |name| login.text(name).filter(|text| !text.is_empty());
    item.push_login(text("username"), text("password"));
    let unclear = text("totp").filter(|totp| match otpauth::parse(totp) {
        Some(credential) => {
            item.credentials.push(credential);
            false
        }
        None => true,
    });
    for passkey in objects(login, "fido2Credentials") {
        match passkey::read(&passkey) {
            Ok(credential) => item.credentials.push(credential),
            Err(reason) => {
                let origin = format!("item “{}”, a passkey", item.title());
                quarantined.push(Quarantined::new(origin, reason));
            }
        }
    }
    // Steam's, or one that counts: CXF has no words for it.
    if let Some(totp) = unclear {
        let mut custom = Object::credential("custom-fields");
        let field = crate::object::field(FieldType::Concealed, Some("totp"), totp);
        custom.set("fields", vec![field.into_value()]);
        item.credentials.push(custom);
    }
    let uris: Vec<_> = objects(login, "uris")
        .filter_map(|uri| {
            uri.text("uri")
                .filter(|uri| !uri.is_empty())
                .map(str::to_owned)
        })
        .collect();
    if !uris.is_empty() {
        item.members.set("scope", scope(&uris).into_value());
    }
}

fn objects(login: &Object, name: &str) -> impl Iterator<Item = Object> {
    let elements = login
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    elements.cloned().filter_map(Object::from_value)
}

fn scope(uris: &[String]) -> Object {
    let app = |uri: &String| {
        uri.strip_prefix(ANDROID_APP)
            .map(|app| json!({"bundleId": app}))
    };
    let urls = uris.iter().filter(|uri| app(uri).is_none()).cloned();
    let urls: Vec<_> = urls.map(Value::String).collect();
    let apps: Vec<_> = uris.iter().filter_map(app).collect();
    let mut scope = Object::new();
    scope.set("urls", urls);
    scope.set("androidApps", apps);
    scope
}
