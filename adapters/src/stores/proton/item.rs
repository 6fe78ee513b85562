//! One item of an export of Proton Pass.

use serde_json::{Map, Value};

use super::Files;
use crate::FieldType::{
    self, Concealed, CountryCode, Date, Email, String as Text, SubdivisionCode, YearMonth,
};
use crate::forms::{otpauth, ssh};
use crate::{Attachment, Item, Object, Record, stable_id};

/// What Proton calls it in which type of item, the credential and the member of CXF, and its type.
const MEMBERS: [(&str, &str, &str, &str, FieldType); 25] = [
    (
        "creditCard",
        "cardholderName",
        "credit-card",
        "fullName",
        Text,
    ),
    ("creditCard", "number", "credit-card", "number", Concealed),
    (
        "creditCard",
        "verificationNumber",
        "credit-card",
        "verificationNumber",
        Concealed,
    ),
    (
        "creditCard",
        "expirationDate",
        "credit-card",
        "expiryDate",
        YearMonth,
    ),
    ("creditCard", "pin", "credit-card", "pin", Concealed),
    ("identity", "firstName", "person-name", "given", Text),
    ("identity", "middleName", "person-name", "given2", Text),
    ("identity", "lastName", "person-name", "surname", Text),
    (
        "identity",
        "streetAddress",
        "address",
        "streetAddress",
        Text,
    ),
    ("identity", "zipOrPostalCode", "address", "postalCode", Text),
    ("identity", "city", "address", "city", Text),
    (
        "identity",
        "stateOrProvince",
        "address",
        "territory",
        SubdivisionCode,
    ),
    (
        "identity",
        "countryOrRegion",
        "address",
        "country",
        CountryCode,
    ),
    ("identity", "phoneNumber", "address", "tel", Text),
    (
        "identity",
        "socialSecurityNumber",
        "identity-document",
        "identificationNumber",
        Text,
    ),
    (
        "identity",
        "fullName",
        "identity-document",
        "fullName",
        Text,
    ),
    (
        "identity",
        "birthdate",
        "identity-document",
        "birthDate",
        Date,
    ),
    (
        "identity",
        "passportNumber",
        "passport",
        "passportNumber",
        Text,
    ),
    (
        "identity",
        "licenseNumber",
        "drivers-license",
        "licenseNumber",
        Text,
    ),
    ("wifi", "ssid", "wifi", "ssid", Text),
    ("wifi", "password", "wifi", "passphrase", Concealed),
    ("login", "password", "basic-auth", "password", Concealed),
    ("login", "itemUsername", "basic-auth", "username", Text),
    ("login", "itemEmail", "basic-auth", "username", Text),
    ("alias", "aliasEmail", "basic-auth", "username", Text),
];
/// Proton's numbers for the security of networks.
const SECURITY: [(i64, &str); 4] = [
    (1, "wpa-personal"),
    (2, "wpa2-personal"),
    (3, "wpa3-personal"),
    (4, "wep"),
];

/// The record that an item is. Reasons why something of it was set aside are added to `quarantined`.
pub(super) fn read(item: &Value, files: &mut Files<'_>, quarantined: &mut Vec<String>) -> Record {
    let data = item.get("data").unwrap_or(&Value::Null);
    let id = text(item, "/itemId").map(stable_id);
    let title = text(data, "/metadata/name").unwrap_or_default();
    let mut reading = Reading {
        kind: text(data, "/type").unwrap_or_default(),
        item: Item::new(id, title),
        rest: Vec::new(),
        quarantined,
    };
    for (name, member) in [("createTime", "creationAt"), ("modifyTime", "modifiedAt")] {
        if let Some(seconds) = item.get(name).and_then(Value::as_i64) {
            reading.item.members.set(member, seconds);
        }
    }
    if item.get("pinned") == Some(&Value::Bool(true)) {
        reading.item.members.set("favorite", true);
    }
    if let Some(alias) = text(item, "/aliasEmail") {
        reading.text("aliasEmail", alias);
    }
    if let Some(Value::Object(content)) = data.get("content") {
        reading.content(content);
    }
    reading.extra(data.get("extraFields"));
    if let Some(note) = text(data, "/metadata/note") {
        reading.item.push_note(note);
    }
    let rest = std::mem::take(&mut reading.rest);
    reading.custom("", rest);
    let mut record = Record::new(reading.item, "");
    attach(item, files, &mut record, quarantined);
    record
}

/// The text at a place, if there is any.
fn text<'v>(of: &'v Value, path: &str) -> Option<&'v str> {
    let text = of.pointer(path).and_then(Value::as_str);
    text.filter(|text| !text.is_empty())
}

fn attach(item: &Value, files: &mut Files<'_>, record: &mut Record, quarantined: &mut Vec<String>) {
    let names = item
        .get("files")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    for name in names.filter_map(Value::as_str) {
        let Some(content) = files.take(name) else {
            quarantined.push(format!(
                "its file {} is not in the archive",
                name.escape_debug()
            ));
            continue;
        };
        let id = stable_id(name);
        let attachment = Attachment { id, content };
        record.item.credentials.push(attachment.credential(name));
        record.attachments.push(attachment);
    }
}

struct Reading<'r> {
    /// What Proton calls the type of the item.
    kind: &'r str,
    item: Item,
    /// Custom fields that are in no section.
    rest: Vec<Value>,
    quarantined: &'r mut Vec<String>,
}

impl Reading<'_> {
    fn content(&mut self, content: &Map<String, Value>) {
        // The user name before the e-mail address, which may be one.
        let names = ["itemUsername", "itemEmail"];
        let names = names
            .into_iter()
            .filter_map(|name| Some((name, content.get(name)?)));
        let rest = content
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "itemUsername" | "itemEmail"));
        for (name, value) in names.chain(rest.map(|(name, value)| (name.as_str(), value))) {
            match (name, value) {
                (_, Value::String(text)) if text.is_empty() => {}
                ("totpUri", Value::String(text)) => self.totp("totp", text),
                ("privateKey", Value::String(text)) => self.ssh_key(text),
                // It is made of the private one.
                ("publicKey", _) if self.item.credential("ssh-key").is_some() => {}
                (name, Value::String(text)) => self.text(name, text),
                ("urls", Value::Array(urls)) => self.urls(urls),
                ("passkeys", Value::Array(passkeys)) => self.passkeys(passkeys),
                ("security", Value::Number(number)) => self.security(number.as_i64()),
                ("sections" | "extraSections", Value::Array(sections)) => self.sections(sections),
                (_, Value::Array(fields)) if name.starts_with("extra") => {
                    self.extra(Some(&Value::Array(fields.clone())));
                }
                _ => {}
            }
        }
    }

    /// Puts a text where it belongs; to the custom fields, if that is nowhere, or taken.
    fn text(&mut self, name: &str, text: &str) {
        let known = MEMBERS
            .iter()
            .find(|(kind, theirs, ..)| *kind == self.kind && *theirs == name);
        let Some((_, _, credential, member, kind)) = known else {
            return self.field(guess(name), name, text);
        };
        let month = (*kind == YearMonth).then(|| month(text)).flatten();
        let text = month.as_deref().unwrap_or(text);
        let credential = self.credential(credential);
        match credential.get(member) {
            None => credential.set_field(member, *kind, text),
            Some(_) => self.field(guess(name), name, text),
        }
    }

    /// The first credential of a type, which is made if there is none.
    fn credential(&mut self, kind: &str) -> &mut Object {
        let credentials = &mut self.item.credentials;
        let known = credentials
            .iter()
            .position(|credential| credential.kind() == kind);
        let at = known.unwrap_or_else(|| {
            credentials.push(Object::credential(kind));
            credentials.len() - 1
        });
        &mut credentials[at]
    }

    fn field(&mut self, kind: FieldType, label: &str, text: &str) {
        let field = crate::object::field(kind, Some(label), text);
        self.rest.push(field.into_value());
    }

    fn totp(&mut self, label: &str, text: &str) {
        match otpauth::parse(text) {
            Some(totp) => self.item.credentials.push(totp),
            // Steam's, or one that counts: CXF has no words for it.
            None => self.field(Concealed, label, text),
        }
    }

    fn ssh_key(&mut self, text: &str) {
        match ssh::parse(text) {
            Some(key) => self.item.credentials.push(key),
            None => self.field(Concealed, "privateKey", text),
        }
    }

    fn urls(&mut self, urls: &[Value]) {
        let urls: Vec<_> = urls
            .iter()
            .filter_map(Value::as_str)
            .filter(|url| !url.is_empty())
            .collect();
        if !urls.is_empty() {
            let mut scope = Object::new();
            scope.set("urls", urls);
            scope.set("androidApps", Vec::<Value>::new());
            self.item.members.set("scope", scope.into_value());
        }
    }

    fn passkeys(&mut self, passkeys: &[Value]) {
        for passkey in passkeys {
            let site = passkey
                .get("rpId")
                .or(passkey.get("domain"))
                .and_then(Value::as_str);
            let site = site.unwrap_or("a site");
            self.quarantined.push(format!(
                "its passkey for {site} is written in a way that only Proton Pass reads: make another one there"
            ));
        }
    }

    fn security(&mut self, number: Option<i64>) {
        let known = SECURITY.iter().find(|(theirs, _)| Some(*theirs) == number);
        if let Some((_, name)) = known {
            let wifi = self.credential("wifi");
            wifi.set_field("networkSecurityType", FieldType::WifiSecurity, name);
        }
    }

    fn sections(&mut self, sections: &[Value]) {
        for section in sections {
            let outside = std::mem::take(&mut self.rest);
            self.extra(section.get("sectionFields"));
            let fields = std::mem::replace(&mut self.rest, outside);
            let title = section.get("sectionName").and_then(Value::as_str);
            self.custom(title.unwrap_or_default(), fields);
        }
    }

    fn extra(&mut self, fields: Option<&Value>) {
        for field in fields.and_then(Value::as_array).into_iter().flatten() {
            let label = field
                .get("fieldName")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let data = field.get("data").and_then(Value::as_object);
            let texts = data
                .into_iter()
                .flat_map(Map::values)
                .filter_map(Value::as_str);
            let kind = field
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or_default();
            for text in texts.filter(|text| !text.is_empty()) {
                match kind {
                    "totp" => self.totp(label, text),
                    "hidden" => self.field(Concealed, label, text),
                    _ => self.field(Text, label, text),
                }
            }
        }
    }

    fn custom(&mut self, title: &str, fields: Vec<Value>) {
        if fields.is_empty() {
            return;
        }
        let mut custom = Object::credential("custom-fields");
        if !title.is_empty() {
            custom.set("label", title);
        }
        custom.set("fields", fields);
        self.item.credentials.push(custom);
    }
}

/// The type of a field by its name.
fn guess(name: &str) -> FieldType {
    match name {
        "privateKey" | "password" | "pin" => Concealed,
        _ if name.ends_with("mail") => Email,
        _ => Text,
    }
}

/// A month as CXF has it, of `2031-04` or `042031`; `None` if it is neither.
fn month(text: &str) -> Option<String> {
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match (text.len(), text.split_at_checked(2)) {
        (6, Some((month, year))) if is_digits(text) => Some(format!("{year}-{month}")),
        _ => None,
    }
}
