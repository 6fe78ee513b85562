//! A JSON object that is wiped when it is dropped: an item, a credential, a field of CXF 1.0.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use zeroize::{Zeroize, Zeroizing};

use crate::FieldType;

/// A JSON object, wiped when it is dropped.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Object(Map<String, Value>);

impl Object {
    /// An object without members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A credential of this CXF type.
    #[must_use]
    pub fn credential(kind: &str) -> Self {
        let mut credential = Self::new();
        credential.set("type", kind);
        credential
    }

    /// The object that this value is; `None`, and the value wiped, if it is of another kind.
    #[must_use]
    pub fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Object(members) => Some(Self(members)),
            mut other => {
                wipe(&mut other);
                None
            }
        }
    }

    /// The value that this object is. Whoever takes it wipes it.
    #[must_use]
    pub fn into_value(mut self) -> Value {
        Value::Object(std::mem::take(&mut self.0))
    }

    /// The member of this name; `None` also where it is null, which CXF reads as absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// The text in the member of this name.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// The number in the member of this name.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_i64()
    }

    /// The value of the editable field in the member of this name (CXF 1.0, `EditableField`).
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.get(name)?.get("value")?.as_str()
    }

    /// The CXF type of this credential; empty if it has none.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text("type").unwrap_or_default()
    }

    /// Sets a member, and wipes what was there.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        if let Some(mut old) = self.0.insert(name.to_owned(), value.into()) {
            wipe(&mut old);
        }
    }

    /// Sets the member of this name to an editable field.
    pub fn set_field(&mut self, name: &str, kind: FieldType, value: &str) {
        self.set(name, field(kind, None, value).into_value());
    }

    /// Takes a member out. Whoever takes it wipes it.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// The members, in the order of their names.
    pub fn members(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many bytes of text it holds.
    pub(crate) fn size(&self) -> usize {
        self.0
            .iter()
            .map(|(name, value)| name.len() + size(value))
            .sum()
    }

    /// Whether there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// An editable field (CXF 1.0, `EditableField`).
#[must_use]
pub(crate) fn field(kind: FieldType, label: Option<&str>, value: &str) -> Object {
    let mut field = Object::new();
    field.set("fieldType", kind.name());
    if let Some(label) = label {
        field.set("label", label);
    }
    field.set("value", value);
    field
}

/// The JSON text of an object, in memory that is wiped, and never grown: a vector that moves leaves
/// its old content behind.
pub(crate) fn text(object: &Object) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
    let mut length = Length(0);
    serde_json::to_writer(&mut length, object)?;
    let mut text = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *text, object)?;
    Ok(text)
}

/// Counts what is written to it.
struct Length(usize);

impl std::io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(elements) => elements.iter().map(size).sum(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| name.len() + size(value))
            .sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// Overwrites every string in `value`.
pub(crate) fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(elements) => elements.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self)
    }
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_of_an_object_are_the_names_of_its_members() {
        let mut object = Object::credential("basic-auth");
        object.set_field("password", FieldType::Concealed, "hunter2");
        assert_eq!(format!("{object:?}"), r#"{"password", "type"}"#);
        assert_eq!(object.field("password"), Some("hunter2"));
    }

    #[test]
    fn a_member_that_is_null_is_one_that_is_absent() {
        let mut object = Object::new();
        object.set("title", Value::Null);
        assert_eq!(object.get("title"), None);
    }
}
