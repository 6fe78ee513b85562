//! Credentials as fields that a person can read, and credentials made of such fields again.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::Object;
use crate::object::wipe;

/// The member of the residue that stands in for the value of a field.
const REFERENCE: &str = "$";

/// A field that stands for one value of a credential.
#[derive(Clone, PartialEq)]
pub struct CarriedField {
    /// Its name: the type of the credential and the name of the value, `credit-card.number`.
    pub label: String,
    /// The value.
    pub value: Zeroizing<String>,
    /// Whether it should not be shown without being asked for.
    pub concealed: bool,
}

impl std::fmt::Debug for CarriedField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CarriedField({})", self.label)
    }
}

/// Makes fields of credentials, with names that are not taken.
pub(super) struct Showing<'t> {
    taken: &'t dyn Fn(&str) -> bool,
    pub(super) fields: Vec<CarriedField>,
    labels: HashSet<String>,
    /// The last number that made a label another.
    turns: HashMap<String, usize>,
}

impl<'t> Showing<'t> {
    pub(super) fn new(taken: &'t dyn Fn(&str) -> bool) -> Self {
        Self {
            taken,
            fields: Vec::new(),
            labels: HashSet::new(),
            turns: HashMap::new(),
        }
    }

    /// The credential with references where its values were, which become fields.
    pub(super) fn credential(&mut self, credential: &Object) -> Value {
        let kind = credential.kind().to_owned();
        let shown = credential.members().map(|(name, value)| {
            let shown = match value {
                Value::String(text) if !matches!(name, "type" | "id") => {
                    self.text(&format!("{kind}.{name}"), text, is_secret(name))
                }
                Value::Object(field) => self.field(&format!("{kind}.{name}"), field),
                Value::Array(fields) if name == "fields" => self.custom(&kind, fields),
                other => other.clone(),
            };
            (name.to_owned(), shown)
        });
        Value::Object(shown.collect())
    }

    fn custom(&mut self, kind: &str, fields: &[Value]) -> Value {
        let shown = fields.iter().map(|field| match field {
            Value::Object(field) => {
                let label = field.get("label").and_then(Value::as_str).unwrap_or(kind);
                self.field(label, field)
            }
            other => other.clone(),
        });
        Value::Array(shown.collect())
    }

    /// An editable field with its value shown; any other object as it is.
    fn field(&mut self, label: &str, field: &Map<String, Value>) -> Value {
        let mut shown = Value::Object(field.clone());
        if let (Some(Value::String(text)), Some(place)) =
            (field.get("value"), shown.get_mut("value"))
        {
            let concealed =
                field.get("fieldType").and_then(Value::as_str) == Some("concealed-string");
            wipe(place);
            *place = self.text(label, text, concealed);
        }
        shown
    }

    /// A reference to a new field. What is empty or would not survive as a line stays as it is, as
    /// does what has a label that XML cannot say.
    fn text(&mut self, label: &str, text: &str, concealed: bool) -> Value {
        let is_shown =
            |letter: char| !letter.is_control() && !matches!(letter, '\u{fffe}'..='\u{ffff}');
        if text.is_empty()
            || text.trim() != text
            || label.is_empty()
            || !label.chars().all(is_shown)
        {
            return Value::String(text.to_owned());
        }
        let label = self.free(label);
        self.fields.push(CarriedField {
            label: label.clone(),
            value: Zeroizing::new(text.to_owned()),
            concealed,
        });
        json!({ REFERENCE: label })
    }

    /// A label that is not taken. Counts on where it stopped, for there may be thousands of one name.
    fn free(&mut self, label: &str) -> String {
        let turn = self.turns.entry(label.to_owned()).or_default();
        loop {
            *turn += 1;
            let free = match *turn {
                1 => label.to_owned(),
                number => format!("{label} {number}"),
            };
            if !(self.taken)(&free) && self.labels.insert(free.clone()) {
                return free;
            }
        }
    }
}

/// Members of credentials that are plain strings and secrets.
fn is_secret(name: &str) -> bool {
    matches!(
        name,
        "key" | "secret" | "privateKey" | "password" | "userHandle"
    )
}

/// The credential with the values of `fields` where references are; what refers to a field that is
/// gone is left out, for a person has removed it.
pub(super) fn resolve(shown: &Value, fields: &mut Vec<CarriedField>) -> Option<Value> {
    match shown {
        Value::Object(members) => {
            if let Some(label) = reference(shown) {
                let place = fields.iter().position(|field| field.label == label)?;
                return Some(Value::String(fields.remove(place).value.to_string()));
            }
            let resolved = members.iter().filter_map(|(name, value)| {
                let value = match reference(value.get("value").unwrap_or(&Value::Null)) {
                    // An editable field is nothing without its value.
                    Some(_) => {
                        let mut field = value.clone();
                        let place = field.get_mut("value")?;
                        *place = resolve(place, fields)?;
                        field
                    }
                    None => resolve(value, fields)?,
                };
                Some((name.clone(), value))
            });
            Some(Value::Object(resolved.collect()))
        }
        Value::Array(elements) => {
            let resolved = elements.iter().filter_map(|element| {
                let resolved = resolve(element, fields)?;
                let had = element.get("value").is_some() && resolved.get("value").is_none();
                (!had).then_some(resolved)
            });
            Some(Value::Array(resolved.collect()))
        }
        other => Some(other.clone()),
    }
}

/// The label that this value refers to.
fn reference(value: &Value) -> Option<&str> {
    match value {
        Value::Object(members) if members.len() == 1 => members.get(REFERENCE)?.as_str(),
        _ => None,
    }
}

/// All labels that this value refers to.
pub(super) fn labels<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
    match value {
        Value::Object(members) => match reference(value) {
            Some(label) => drop(found.insert(label)),
            None => members.values().for_each(|value| labels(value, found)),
        },
        Value::Array(elements) => elements.iter().for_each(|element| labels(element, found)),
        _ => {}
    }
}

/// Whether a credential would be taken for one with references when it is read back.
pub(super) fn has_references(credential: &Object) -> bool {
    let mut found = BTreeSet::new();
    credential
        .members()
        .for_each(|(_, value)| labels(value, &mut found));
    !found.is_empty()
}
