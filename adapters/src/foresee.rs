//! What would become of a record, told from what a store would hold of it natively.

use serde_json::Value;

use crate::item::pairs;
use crate::{Foreseen, Object, Record};

/// Compares a record with what a store would read back natively. Members that are the same are
/// native, others are carried; `lost` are those that the store took out of `whole` before.
#[must_use]
pub fn foresee(whole: &Record, native: &Record, lost: Vec<(String, String)>) -> Foreseen {
    let mut foreseen = Foreseen {
        lost,
        ..Foreseen::default()
    };
    foreseen.members("", &whole.item.members, Some(&native.item.members));
    let pairs = pairs(&whole.item.credentials, &native.item.credentials);
    for ((at, credential), pair) in whole.item.credentials.iter().enumerate().zip(pairs) {
        let native = pair.and_then(|pair| native.item.credentials.get(pair));
        foreseen.members(&format!("credentials[{at}]."), credential, native);
    }
    for (at, place) in whole.places.iter().enumerate() {
        let is_native = native.places.get(at) == Some(place);
        foreseen.put(format!("collections[{at}]"), is_native);
    }
    if whole.account.is_some() {
        foreseen.put("account".to_owned(), whole.account == native.account);
    }
    for attachment in &whole.attachments {
        let is_native = native.attachments.contains(attachment);
        foreseen.put(format!("attachment {}", attachment.id), is_native);
    }
    foreseen
}

impl Foreseen {
    fn members(&mut self, path: &str, whole: &Object, native: Option<&Object>) {
        for (name, value) in whole.members() {
            let native = native.and_then(|native| native.get(name));
            self.value(format!("{path}{name}"), value, native);
        }
    }

    fn value(&mut self, path: String, whole: &Value, native: Option<&Value>) {
        match (whole, native) {
            (whole, Some(native)) if whole == native => self.native.push(path),
            (Value::Object(whole), Some(Value::Object(native))) => {
                for (name, value) in whole {
                    self.value(format!("{path}.{name}"), value, native.get(name));
                }
            }
            (Value::Array(whole), Some(Value::Array(native))) if whole.len() == native.len() => {
                for (at, (whole, native)) in whole.iter().zip(native).enumerate() {
                    self.value(format!("{path}[{at}]"), whole, Some(native));
                }
            }
            _ => self.carried.push(path),
        }
    }

    fn put(&mut self, path: String, is_native: bool) {
        match is_native {
            true => self.native.push(path),
            false => self.carried.push(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FieldType, Item};

    #[test]
    fn a_member_that_differs_in_a_part_is_carried_in_that_part() {
        let mut whole = Record::new(Item::new(Some("aQ".to_owned()), "Mail"), "");
        whole.item.push_login(Some("tove"), None);
        let mut native = whole.clone();
        let mut username = whole.item.credentials[0].take("username").unwrap();
        username["label"] = "E-mail".into();
        whole.item.credentials[0].set("username", username);
        let mut card = Object::credential("credit-card");
        card.set_field("number", FieldType::Concealed, "4111");
        whole.item.credentials.push(card);
        native.item.members.set("title", "Post");
        let lost = vec![("x".to_owned(), "y".to_owned())];
        let foreseen = foresee(&whole, &native, lost.clone());
        assert_eq!(foreseen.lost, lost);
        let native = [
            "id",
            "credentials[0].type",
            "credentials[0].username.fieldType",
            "credentials[0].username.value",
        ];
        assert_eq!(foreseen.native, native);
        let carried = [
            "title",
            "credentials[0].username.label",
            "credentials[1].number",
            "credentials[1].type",
        ];
        assert_eq!(foreseen.carried, carried);
    }
}
