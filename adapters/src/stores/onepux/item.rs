//! One item of a 1PUX export.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::super::read_only::Files;
use super::fields::{self, Member};
use super::{object, objects};
use crate::forms::{otpauth, ssh};
use crate::{Attachment, FieldType, Item, Object, Record, stable_id};

/// What only 1Password says of an item, as an extension.
const OWN: &str = "1password.com/item";
/// Types of login fields that hold no value: check boxes, buttons, drop-downs' markers.
const EMPTY: [&str; 3] = ["C", "B", "I"];

/// The record that an item is. Reasons why something of it was set aside are added to `quarantined`.
pub(super) fn read(
    item: &Object,
    title: &str,
    files: &mut Files<'_>,
    quarantined: &mut Vec<String>,
) -> Record {
    let id = item.text("uuid").filter(|id| !id.is_empty()).map(stable_id);
    let mut read = Item::new(id, title);
    for (name, member) in [("createdAt", "creationAt"), ("updatedAt", "modifiedAt")] {
        if let Some(seconds) = item.number(name) {
            read.members.set(member, seconds);
        }
    }
    if item.number("favIndex").is_some_and(|index| index > 0) {
        read.members.set("favorite", true);
    }
    overview(&object(item, "overview"), &mut read);
    let details = object(item, "details");
    let category = item.text("categoryUuid").unwrap_or_default();
    let mut reading = Reading {
        record: Record::new(read, ""),
        files,
        quarantined,
    };
    reading.login(&details);
    for section in objects(details.get("sections")) {
        reading.section(category, &section);
    }
    if let Some(document) = details.get("documentAttributes") {
        reading.file(document);
    }
    let mut record = reading.record;
    if let Some(note) = details.text("notesPlain").filter(|note| !note.is_empty()) {
        record.item.push_note(note);
    }
    own(item, &details, &mut record.item);
    record
}

fn overview(overview: &Object, read: &mut Item) {
    let mut urls: Vec<String> = Vec::new();
    let listed = objects(overview.get("urls"));
    let listed = listed.iter().filter_map(|url| url.text("url"));
    for url in overview.text("url").into_iter().chain(listed) {
        if !url.is_empty() && !urls.iter().any(|known| known == url) {
            urls.push(url.to_owned());
        }
    }
    if !urls.is_empty() {
        let mut scope = Object::new();
        scope.set("urls", urls);
        scope.set("androidApps", Vec::<Value>::new());
        read.members.set("scope", scope.into_value());
    }
    let tags = overview
        .get("tags")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    read.set_tags(tags.filter_map(Value::as_str));
}

fn own(item: &Object, details: &Object, read: &mut Item) {
    let mut own = Object::new();
    if let Some(state) = item.text("state").filter(|state| *state != "active") {
        own.set("state", state);
    }
    if let Some(Value::Array(history)) = details.get("passwordHistory")
        && !history.is_empty()
    {
        own.set("passwordHistory", history.clone());
    }
    if !own.is_empty() {
        own.set("name", OWN);
        read.members.set("extensions", json!([own.into_value()]));
    }
}

struct Reading<'r, 'e> {
    record: Record,
    files: &'r mut Files<'e>,
    quarantined: &'r mut Vec<String>,
}

impl Reading<'_, '_> {
    fn login(&mut self, details: &Object) {
        let fields = objects(details.get("loginFields"));
        let value = |field: &Object| {
            let value = field.get("value")?;
            let kind = if value.is_object() { "email" } else { "string" };
            fields::text(kind, value).map(|(_, text)| Zeroizing::new(text))
        };
        let designated = |name: &str| {
            let field = fields
                .iter()
                .find(|field| field.text("designation") == Some(name));
            field.and_then(value)
        };
        let password = details.text("password").filter(|text| !text.is_empty());
        let password =
            designated("password").or(password.map(|text| Zeroizing::new(text.to_owned())));
        let username = designated("username");
        let username = username.as_ref().map(|text| text.as_str());
        self.record
            .item
            .push_login(username, password.as_ref().map(|text| text.as_str()));
        let mut rest = Vec::new();
        for field in &fields {
            let is_login = matches!(field.text("designation"), Some("username" | "password"));
            let kind = field.text("fieldType").unwrap_or_default();
            if is_login || EMPTY.contains(&kind) {
                continue;
            }
            let name = field.text("name").filter(|name| !name.is_empty());
            let label = name.or(field.text("id")).unwrap_or_default();
            let kind = match kind {
                "P" => FieldType::Concealed,
                "E" => FieldType::Email,
                _ => FieldType::String,
            };
            if let Some(text) = value(field) {
                rest.push(crate::object::field(kind, Some(label), &text).into_value());
            }
        }
        self.custom("", rest);
    }

    fn section(&mut self, category: &str, section: &Object) {
        let mut rest = Vec::new();
        for field in objects(section.get("fields")) {
            let id = field.text("id").unwrap_or_default();
            let title = field
                .text("title")
                .filter(|title| !title.is_empty())
                .unwrap_or(id);
            let value = object(&field, "value");
            for (kind, value) in value.members().filter(|(_, value)| !value.is_null()) {
                rest.extend(self.field(category, id, title, kind, value));
            }
        }
        self.custom(section.text("title").unwrap_or_default(), rest);
    }

    /// Takes in one value; what belongs to no credential is a custom field.
    fn field(
        &mut self,
        category: &str,
        id: &str,
        title: &str,
        kind: &str,
        value: &Value,
    ) -> Option<Value> {
        match kind {
            "totp" => return self.totp(title, value.as_str()?),
            "file" => self.file(value),
            "address" => self.address(value),
            "sshKey" => return self.ssh_key(title, value),
            "reference" => self.reference(value),
            _ => {
                let (natural, text) = fields::text(kind, value)?;
                let text = Zeroizing::new(text);
                let Some(member) = Member::find(category, id) else {
                    return Some(crate::object::field(natural, Some(title), &text).into_value());
                };
                let text = match member.kind {
                    FieldType::WifiSecurity => fields::security(&text),
                    _ => &text,
                };
                let credential = self.credential(member.credential);
                credential.set_field(member.name, member.kind, text);
            }
        }
        None
    }

    /// The first credential of a type, which is made if there is none.
    fn credential(&mut self, kind: &str) -> &mut Object {
        let credentials = &mut self.record.item.credentials;
        let known = credentials
            .iter()
            .position(|credential| credential.kind() == kind);
        let at = known.unwrap_or_else(|| {
            credentials.push(Object::credential(kind));
            credentials.len() - 1
        });
        &mut credentials[at]
    }

    fn totp(&mut self, title: &str, text: &str) -> Option<Value> {
        if text.is_empty() {
            return None;
        }
        match otpauth::parse(text) {
            Some(totp) => {
                self.record.item.credentials.push(totp);
                None
            }
            // Steam's, or one that counts: CXF has no words for it.
            None => {
                Some(crate::object::field(FieldType::Concealed, Some(title), text).into_value())
            }
        }
    }

    fn ssh_key(&mut self, title: &str, value: &Value) -> Option<Value> {
        let texts = [
            value.get("privateKey"),
            value.pointer("/metadata/privateKey"),
        ];
        let mut texts = texts.into_iter().flatten().filter_map(Value::as_str);
        match texts.clone().find_map(ssh::parse) {
            Some(key) => {
                self.record.item.credentials.push(key);
                None
            }
            None => {
                let text = texts.find(|text| !text.is_empty())?;
                Some(crate::object::field(FieldType::Concealed, Some(title), text).into_value())
            }
        }
    }

    fn address(&mut self, value: &Value) {
        let members = [
            ("street", "streetAddress", FieldType::String),
            ("city", "city", FieldType::String),
            ("zip", "postalCode", FieldType::String),
            ("state", "territory", FieldType::SubdivisionCode),
            ("country", "country", FieldType::CountryCode),
        ];
        let texts = members.iter().filter_map(|(theirs, ours, kind)| {
            let text = value
                .get(theirs)?
                .as_str()
                .filter(|text| !text.is_empty())?;
            Some((*ours, *kind, text))
        });
        let texts: Vec<_> = texts.collect();
        if !texts.is_empty() {
            let address = self.credential("address");
            for (name, kind, text) in texts {
                address.set_field(name, kind, text);
            }
        }
    }

    fn reference(&mut self, value: &Value) {
        if let Some(item) = value.as_str().filter(|item| !item.is_empty()) {
            let mut reference = Object::credential("item-reference");
            reference.set("reference", json!({"item": stable_id(item)}));
            self.record.item.credentials.push(reference);
        }
    }

    fn file(&mut self, value: &Value) {
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
        let (name, document) = (text("fileName"), text("documentId"));
        let Some(content) = self.files.take(document) else {
            let reason = format!("its file {} is not in the archive", name.escape_debug());
            return self.quarantined.push(reason);
        };
        let id = stable_id(document);
        let attachment = Attachment { id, content };
        self.record
            .item
            .credentials
            .push(attachment.credential(name));
        self.record.attachments.push(attachment);
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
        self.record.item.credentials.push(custom);
    }
}
