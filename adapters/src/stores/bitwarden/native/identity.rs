//! Identities: in CXF a name, an address and the numbers of papers. What else Bitwarden asks for is
//! one `custom-fields` credential, which goes back to where it came from.

use serde_json::Value;

use crate::{FieldType, Item, Object};

/// The types of credentials that make an item an identity.
pub(super) const KINDS: [&str; 5] = [
    "person-name",
    "address",
    "identity-document",
    "passport",
    "drivers-license",
];
/// What the credential of everything else is called.
pub(super) const LABEL: &str = "Identity";

use FieldType::{CountryCode, Email, String as Text, SubdivisionCode};

/// What Bitwarden calls it, the credential and the member of CXF, and the type of the field.
const MEMBERS: [(&str, &str, &str, FieldType); 12] = [
    ("title", "person-name", "title", Text),
    ("firstName", "person-name", "given", Text),
    ("middleName", "person-name", "given2", Text),
    ("lastName", "person-name", "surname", Text),
    ("city", "address", "city", Text),
    ("state", "address", "territory", SubdivisionCode),
    ("postalCode", "address", "postalCode", Text),
    ("country", "address", "country", CountryCode),
    ("phone", "address", "tel", Text),
    ("ssn", "identity-document", "identificationNumber", Text),
    ("passportNumber", "passport", "passportNumber", Text),
    ("licenseNumber", "drivers-license", "licenseNumber", Text),
];
const LINES: [&str; 3] = ["address1", "address2", "address3"];
const REST: [(&str, FieldType); 3] = [("company", Text), ("email", Email), ("username", Text)];

pub(super) fn write(item: &Item) -> Object {
    let mut written = Object::new();
    for (name, kind, member, _) in MEMBERS {
        let credential = item.credential(kind);
        written.set(
            name,
            credential.and_then(|credential| credential.field(member)),
        );
    }
    let street = item
        .credential("address")
        .and_then(|address| address.field("streetAddress"));
    for (name, line) in LINES.iter().zip(street.unwrap_or_default().splitn(3, '\n')) {
        written.set(name, line);
    }
    let is_rest =
        |each: &&Object| each.kind() == "custom-fields" && each.text("label") == Some(LABEL);
    let rest = item.credentials.iter().find(is_rest);
    let rest = rest.and_then(|rest| rest.get("fields")?.as_array());
    for field in rest.into_iter().flatten() {
        let text = |name| field.get(name).and_then(Value::as_str);
        if let (Some(label), Some(value)) = (text("label"), text("value"))
            && REST.iter().any(|(name, _)| *name == label)
        {
            written.set(label, value);
        }
    }
    written
}

pub(super) fn read(identity: &Object, item: &mut Item) {
    let text = |name| identity.text(name).filter(|text| !text.is_empty());
    for wanted in KINDS {
        let mut read = Object::credential(wanted);
        for (name, _, member, kind) in MEMBERS.iter().filter(|(_, kind, ..)| *kind == wanted) {
            if let Some(text) = text(name) {
                read.set_field(member, *kind, text);
            }
        }
        let lines: Vec<_> = LINES.iter().filter_map(|name| text(name)).collect();
        if wanted == "address" && !lines.is_empty() {
            read.set_field("streetAddress", Text, &lines.join("\n"));
        }
        if read.members().count() > 1 {
            item.credentials.push(read);
        }
    }
    let rest = REST.iter().filter_map(|(name, kind)| {
        let field = crate::object::field(*kind, Some(name), text(name)?);
        Some(field.into_value())
    });
    let rest: Vec<_> = rest.collect();
    if !rest.is_empty() {
        let mut custom = Object::credential("custom-fields");
        custom.set("label", LABEL);
        custom.set("fields", rest);
        item.credentials.push(custom);
    }
}
