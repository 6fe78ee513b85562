//! What would become of a record, told from what a store would hold of it natively.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::item::pairs;
use crate::{Attachment, Foreseen, Object, Place, Record, Why};

/// Compares a record with what a store would read back natively, value by value. Those that are the same are
/// native, others are carried; `lost` is what the store does not take, and its reasons. A credential that is lost
/// as a whole (`credentials[2]`) is not told of otherwise, nor are the bytes of its file.
#[must_use]
pub fn foresee(whole: &Record, native: &Record, lost: Vec<(String, Why)>) -> Foreseen {
    let gone: HashSet<_> = lost.iter().map(|(path, _)| path.clone()).collect();
    let path_of = |at: usize| format!("credentials[{at}]");
    let all = whole.item.credentials.iter().enumerate();
    let (gone, kept): (Vec<_>, Vec<_>) = all.partition(|(at, _)| gone.contains(&path_of(*at)));
    let mut foreseen = Foreseen {
        lost,
        ..Foreseen::default()
    };
    foreseen.members("", &whole.item.members, Some(&native.item.members));
    let pairs = pairs(kept.iter().map(|(_, each)| *each), &native.item.credentials);
    for ((at, credential), pair) in kept.into_iter().zip(pairs) {
        let native = pair.and_then(|pair| native.item.credentials.get(pair));
        foreseen.members(&format!("{}.", path_of(at)), credential, native);
    }
    for (at, place) in whole.places.iter().enumerate() {
        foreseen.place(&format!("collections[{at}]"), place, native.places.get(at));
    }
    if whole.account.is_some() {
        foreseen.put("account".to_owned(), whole.account == native.account);
    }
    let gone: HashSet<_> = gone
        .iter()
        .filter_map(|(_, each)| each.text("id"))
        .collect();
    let mut held: HashMap<_, Vec<&Attachment>> = HashMap::new();
    for file in &native.attachments {
        held.entry(&*file.id).or_default().push(file);
    }
    let stays = whole.attachments.iter();
    for attachment in stays.filter(|file| !gone.contains(&*file.id)) {
        let of_id = held.get(&*attachment.id);
        let is_native = of_id.is_some_and(|of_id| of_id.contains(&attachment));
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
                let is_field = whole.contains_key("fieldType") && whole.contains_key("value");
                for (name, value) in whole {
                    let native = native.get(name);
                    // The type of a value says nothing without the value.
                    if !(is_field && name == "fieldType" && native == Some(value)) {
                        self.value(format!("{path}.{name}"), value, native);
                    }
                }
            }
            (Value::Array(whole), Some(Value::Array(native))) if !native.is_empty() => {
                for (at, value) in whole.iter().enumerate() {
                    self.value(format!("{path}[{at}]"), value, native.get(at));
                }
            }
            _ => self.carried.push(path),
        }
    }

    /// Many stores have nothing but names for collections.
    fn place(&mut self, path: &str, whole: &Place, native: Option<&Place>) {
        let titles = |place: &Place| place.titles().map(str::to_owned).collect::<Vec<_>>();
        match native {
            Some(native) if native == whole => self.native.push(path.to_owned()),
            Some(native) if titles(native) == titles(whole) => {
                self.native.push(format!("{path}.title"));
                self.carried.push(path.to_owned());
            }
            _ => self.carried.push(path.to_owned()),
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
    use credex::LossReason;

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
        let lost = vec![("x".to_owned(), Why::new(LossReason::Other, "y"))];
        let foreseen = foresee(&whole, &native, lost.clone());
        assert_eq!(foreseen.lost, lost);
        let native = ["id", "credentials[0].type", "credentials[0].username.value"];
        assert_eq!(foreseen.native, native);
        let carried = [
            "title",
            "credentials[0].username.label",
            "credentials[1].number",
            "credentials[1].type",
        ];
        assert_eq!(foreseen.carried, carried);
    }

    #[test]
    fn of_a_list_the_part_that_is_there_is_native_and_of_a_folder_its_name() {
        let mut whole = Record::new(Item::new(Some("aQ".to_owned()), "Mail"), "");
        whole
            .item
            .set_urls(["https://a.example", "https://b.example"]);
        whole.places.push(Place::titled(["Work"]));
        whole.places[0].steps[0].0.set("id", "bQ");
        let mut native = whole.clone();
        native.item.set_urls(["https://a.example"]);
        native.places = vec![Place::titled(["Work"])];
        let foreseen = foresee(&whole, &native, Vec::new());
        let scope = "scope.urls[1]".to_owned();
        assert_eq!(foreseen.carried, [scope, "collections[0]".to_owned()]);
        assert!(foreseen.native.contains(&"scope.urls[0]".to_owned()));
        assert!(foreseen.native.contains(&"collections[0].title".to_owned()));
    }

    #[test]
    fn a_file_that_is_lost_is_told_once_and_the_next_one_is_not_mistaken_for_it() {
        let mut whole = Record::new(Item::new(Some("aQ".to_owned()), "Plans"), "");
        for id in ["YQ", "Yg"] {
            let content = zeroize::Zeroizing::new(id.as_bytes().to_vec());
            let id = id.to_owned();
            let attachment = Attachment { id, content };
            whole.item.credentials.push(attachment.credential("plan"));
            whole.attachments.push(attachment);
        }
        let mut native = whole.clone();
        native.item.credentials.remove(0);
        native.attachments.remove(0);
        let lost = vec![(
            "credentials[0]".to_owned(),
            Why::new(LossReason::TooLarge, "too large"),
        )];
        let foreseen = foresee(&whole, &native, lost);
        assert_eq!(foreseen.carried, [""; 0]);
        assert!(foreseen.native.contains(&"attachment Yg".to_owned()));
        let of_lost = |path: &&String| path.starts_with("credentials[0]") || path.ends_with("YQ");
        assert_eq!(foreseen.native.iter().find(of_lost), None);
    }
}
