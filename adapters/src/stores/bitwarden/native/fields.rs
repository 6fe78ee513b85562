//! Custom fields: text (0), hidden (1), yes or no (2), and those that are linked to a value of the
//! login (3). What is carried is kept in such fields too; the residue in hidden ones that are called
//! "Credex", "Credex (2)" and so on.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::carry::{Carried, CarriedField, Residue, ResidueError};
use crate::{FieldType, Item, Object};

/// What the fields of the residue are called, the second one with a number behind it.
const RESERVED: &str = "Credex";
/// Bitwarden's server takes 5,000 letters of an encrypted value (`EncryptedStringLength` of
/// bitwarden/server's `CipherFieldModel`), which are 3,600 bytes before they are encrypted.
const LONGEST: usize = 3_500;
/// The extension of a field that is linked to a value of the login: which one it is.
const LINKED: &str = "bitwarden.com/linked";

const TEXT: i64 = 0;
const HIDDEN: i64 = 1;
const BOOLEAN: i64 = 2;
const LINK: i64 = 3;

/// Whether a field of this name would be taken for a part of the residue.
pub(super) fn is_reserved(label: &str) -> bool {
    // Never all names that a number makes of another, among which one is to be found.
    let rest = label.strip_prefix(RESERVED);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" (") && rest.ends_with(')'))
}

/// Whether an item has a field of this name.
pub(super) fn has(item: &Object, label: &str) -> bool {
    elements(item).any(|field| name(field) == label)
}

fn elements(item: &Object) -> impl Iterator<Item = &Value> {
    let fields = item.get("fields").and_then(Value::as_array);
    fields.into_iter().flatten()
}

fn name(field: &Value) -> &str {
    field
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn value(field: &Value) -> &str {
    field
        .get("value")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The fields of the first `custom-fields` credential.
pub(super) fn write(item: &Item) -> Vec<Value> {
    let fields = item
        .credentials
        .iter()
        .find(|credential| credential.kind() == "custom-fields" && !is_parts(credential))
        .and_then(|custom| custom.get("fields")?.as_array());
    let fields = fields.into_iter().flatten().filter(|field| {
        let label = field.get("label").and_then(Value::as_str);
        !is_reserved(label.unwrap_or_default())
    });
    fields.map(write_field).collect()
}

/// Whether this is what a type of item has beside its credentials, which goes back there.
pub(super) fn is_parts(credential: &Object) -> bool {
    credential.text("label") == Some(super::identity::LABEL)
}

fn write_field(field: &Value) -> Value {
    let (kind, text) = (field.get("fieldType"), field.get("value"));
    let text = text.and_then(Value::as_str).unwrap_or_default();
    let number = match kind.and_then(Value::as_str) {
        Some("concealed-string") => HIDDEN,
        Some("boolean") if matches!(text, "true" | "false") => BOOLEAN,
        _ => TEXT,
    };
    let link = extension(field, LINKED).and_then(|link| link.get("linkedId"));
    match link {
        Some(link) => json!({
            "name": field.get("label"), "value": null, "type": LINK, "linkedId": link,
        }),
        None => json!({
            "name": field.get("label"), "value": text, "type": number, "linkedId": null,
        }),
    }
}

fn extension<'f>(field: &'f Value, name: &str) -> Option<&'f Value> {
    let extensions = field.get("extensions")?.as_array()?;
    extensions
        .iter()
        .find(|extension| extension.get("name").and_then(Value::as_str) == Some(name))
}

/// Adds what is carried to the fields of an item.
pub(super) fn append(item: &mut Object, carried: &Carried) {
    let mut fields = match item.take("fields") {
        Some(Value::Array(fields)) => fields,
        _ => Vec::new(),
    };
    for field in &carried.fields {
        let kind = if field.concealed { HIDDEN } else { TEXT };
        let value = field.value.as_str();
        fields.push(json!({"name": field.label, "value": value, "type": kind, "linkedId": null}));
    }
    if let Some(residue) = &carried.residue {
        let text = residue.text();
        for (at, part) in parts(&text).enumerate() {
            let name = part_name(at);
            fields.push(json!({"name": name, "value": part, "type": HIDDEN, "linkedId": null}));
        }
    }
    item.set("fields", fields);
}

/// A text in pieces that are not too long for a field.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (part, after) = rest.split_at(rest.floor_char_boundary(LONGEST));
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}

fn part_name(at: usize) -> Cow<'static, str> {
    match at {
        0 => Cow::Borrowed(RESERVED),
        _ => Cow::Owned(format!("{RESERVED} ({})", at + 1)),
    }
}

/// An item taken apart.
pub(super) struct Read {
    /// The item without the fields that are carried.
    pub(super) item: Object,
    /// Those.
    pub(super) fields: Vec<CarriedField>,
    /// What they go with.
    pub(super) residue: Option<Result<Residue, ResidueError>>,
}

/// Takes what is carried out of the fields of an item.
pub(super) fn carried(item: &Object) -> Read {
    let mut item = item.clone();
    let mut fields = match item.take("fields") {
        Some(Value::Array(fields)) => fields,
        _ => Vec::new(),
    };
    let mut text = Zeroizing::new(String::new());
    let mut at = 0;
    while let Some(place) = fields.iter().position(|field| name(field) == part_name(at)) {
        let part = Object::from_value(fields.remove(place));
        let part = part.as_ref().and_then(|part| part.text("value"));
        // Larger before it grows: a string that moves leaves its old content behind unwiped.
        let mut longer = Zeroizing::new(String::with_capacity(text.len() + LONGEST));
        longer.push_str(&text);
        longer.push_str(part.unwrap_or_default());
        text = longer;
        at += 1;
    }
    let residue = (at > 0).then(|| Residue::parse(&text));
    let labels = match &residue {
        Some(Ok(residue)) => residue.labels(),
        _ => BTreeSet::new(),
    };
    let (shown, fields): (Vec<_>, Vec<_>) = fields
        .into_iter()
        .partition(|field| labels.contains(&name(field)));
    let shown = shown.iter().map(|field| CarriedField {
        label: name(field).to_owned(),
        value: Zeroizing::new(value(field).to_owned()),
        concealed: field.get("type").and_then(Value::as_i64) == Some(HIDDEN),
    });
    let shown = shown.collect();
    item.set("fields", fields);
    Read {
        item,
        fields: shown,
        residue,
    }
}

/// Reads the fields that are not carried.
pub(super) fn read(item: &Object, read: &mut Item) {
    let fields: Vec<_> = elements(item).filter_map(read_field).collect();
    if !fields.is_empty() {
        let mut custom = Object::credential("custom-fields");
        custom.set("fields", fields);
        read.credentials.push(custom);
    }
}

fn read_field(field: &Value) -> Option<Value> {
    let number = field.as_object()?.get("type").and_then(Value::as_i64);
    let kind = match number {
        Some(HIDDEN) => FieldType::Concealed,
        Some(BOOLEAN) => FieldType::Boolean,
        _ => FieldType::String,
    };
    let label = field.get("name").and_then(Value::as_str);
    let mut read = crate::object::field(kind, label, value(field));
    if let Some(link) = field.get("linkedId").filter(|link| !link.is_null()) {
        read.set("extensions", json!([{"name": LINKED, "linkedId": link}]));
    }
    Some(read.into_value())
}

/// Reads the members of a part of an item that has no credential of its own.
pub(super) fn read_members(part: &Object, label: &str, read: &mut Item) {
    let texts = part.members().filter_map(|(name, value)| {
        let text = value.as_str().filter(|text| !text.is_empty())?;
        let kind = match name {
            "privateKey" | "pin" | "accountNumber" => FieldType::Concealed,
            _ => FieldType::String,
        };
        Some(crate::object::field(kind, Some(name), text).into_value())
    });
    let fields: Vec<_> = texts.collect();
    if !fields.is_empty() {
        let mut custom = Object::credential("custom-fields");
        custom.set("label", label);
        custom.set("fields", fields);
        read.credentials.push(custom);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_residue_is_cut_where_a_letter_ends() {
        let text = "é".repeat(LONGEST);
        let cut: Vec<_> = parts(&text).collect();
        assert_eq!(cut.concat(), text);
        assert!(cut.iter().all(|part| part.len() <= LONGEST));
        assert_eq!(part_name(cut.len() - 1), format!("Credex ({})", cut.len()));
    }
}
