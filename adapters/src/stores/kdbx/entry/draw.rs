//! A record as an entry.

use std::collections::{HashMap, HashSet};

use data_encoding::BASE64;
use serde_json::Value;
use uuid::Uuid;

use super::super::format::Element;
use super::super::pool::Pool;
use super::super::times;
use super::read::{Reading, renamed};
use super::{
    EXPIRES, FAVORITE, MORE_URLS, NOTES, OTP, OWN, PASSWORD, RESIDUE, References, TITLE, URL,
    USERNAME, is_xml, passkey,
};
use crate::carry::{Carried, carry};
use crate::forms::otpauth;
use crate::{Object, Place, Quarantined, Record};

/// A record as an entry, and what was found out on the way.
pub(in super::super) struct Drawn {
    /// The entry.
    pub(in super::super) element: Element,
    /// What of the record it holds natively.
    pub(in super::super) native: Record,
}

/// Makes an entry of a record; the bytes of its attachments go into the pool.
pub(in super::super) fn draw(
    whole: &mut Record,
    id: Uuid,
    place: Option<&Place>,
    pool: &mut Pool,
) -> Result<Drawn, Quarantined> {
    let mut element = Element::new("Entry");
    element
        .children
        .push(Element::with_text("UUID", &BASE64.encode(id.as_bytes())));
    element.children.extend(tags(whole));
    let expiry = draw_strings(&mut element, whole);
    element.children.insert(1, draw_times(whole, expiry));
    draw_attachments(&mut element, whole, pool);
    let mut native = Reading::new(&element, place, pool.binaries(), &References::default())?.native;
    // The bytes are in the file as they are; only what is said of them can have to be carried.
    let (of_whole, of_native) = (
        std::mem::take(&mut whole.attachments),
        std::mem::take(&mut native.attachments),
    );
    let keys: HashSet<String> = keys(&element).map(str::to_owned).collect();
    let taken = |label: &str| keys.contains(label) || OWN.contains(&label) || label == OTP;
    let carried = carry(whole, &native, &taken);
    native.attachments = renamed(of_native, &whole.item);
    whole.attachments = of_whole;
    put_carried(&mut element, carried);
    Ok(Drawn { element, native })
}

fn put_carried(element: &mut Element, carried: Carried) {
    for field in carried.fields {
        push(element, &field.label, &field.value, field.concealed);
    }
    if let Some(residue) = carried.residue {
        push(element, RESIDUE, &residue.text(), true);
    }
}

fn keys(element: &Element) -> impl Iterator<Item = &str> {
    element
        .children_named("String")
        .filter_map(|string| string.child_text("Key"))
}

/// Adds a string. What XML cannot say is protected, whether it is a secret or not.
fn push(element: &mut Element, key: &str, value: &str, conceal: bool) {
    let value_element = Element::with_text("Value", value);
    let value_element = match conceal || !is_xml(value) {
        true => value_element.protected(),
        false => value_element,
    };
    let string = Element::new("String").with([Element::with_text("Key", key), value_element]);
    element.children.push(string);
}

fn tags(whole: &Record) -> Option<Element> {
    let is_clean = |tag: &&str| {
        !tag.is_empty() && tag.trim() == *tag && !tag.contains([';', ',', '\t']) && is_xml(tag)
    };
    let favorite = whole.item.is_favorite().then_some(FAVORITE);
    let tags = whole
        .item
        .tags()
        .filter(is_clean)
        .filter(|tag| *tag != FAVORITE);
    let tags: Vec<_> = tags.chain(favorite).collect();
    (!tags.is_empty()).then(|| Element::with_text("Tags", &tags.join(";")))
}

fn draw_times(whole: &Record, expiry: Option<i64>) -> Element {
    let members = &whole.item.members;
    let moment = |name: &str, member: &str| times::write(name, members.number(member)?);
    let moments = [
        moment("CreationTime", "creationAt"),
        moment("LastModificationTime", "modifiedAt"),
    ];
    let expires = Element::with_text("Expires", if expiry.is_some() { "True" } else { "False" });
    let expiry = expiry.and_then(|seconds| times::write("ExpiryTime", seconds));
    Element::new("Times").with(moments.into_iter().flatten().chain([expires]).chain(expiry))
}

/// Adds the strings, and finds the moment at which the entry expires.
fn draw_strings(element: &mut Element, whole: &Record) -> Option<i64> {
    let item = &whole.item;
    let login = item.credential("basic-auth");
    let field = |name: &str| {
        login
            .and_then(|login| login.field(name))
            .unwrap_or_default()
    };
    let note = item
        .credential("note")
        .and_then(|note| note.field("content"));
    let mut urls = item.urls();
    // Every entry has these five, filled or not.
    push(element, TITLE, item.title(), false);
    push(element, USERNAME, field("username"), false);
    push(element, PASSWORD, field("password"), true);
    push(element, URL, urls.next().unwrap_or_default(), false);
    push(element, NOTES, note.unwrap_or_default(), false);
    for (number, url) in urls.enumerate() {
        let key = match number {
            0 => MORE_URLS.to_owned(),
            number => format!("{MORE_URLS}_{number}"),
        };
        push(element, &key, url, false);
    }
    if let Some(uri) = item.credential("totp").and_then(otpauth::uri) {
        push(element, OTP, &uri, true);
    }
    for (key, value, conceal) in item
        .credential("passkey")
        .and_then(passkey::write)
        .into_iter()
        .flatten()
    {
        push(element, key, &value, conceal);
    }
    draw_custom(element, item.credential("custom-fields"))
}

/// Adds custom fields where strings can say everything of them; programs may sort strings, so that
/// what has to be remembered of one must not depend on its place.
fn draw_custom(element: &mut Element, custom: Option<&Object>) -> Option<i64> {
    let fields: Option<Vec<_>> = match custom?.get("fields")? {
        Value::Array(fields) if custom?.members().count() == 2 => {
            fields.iter().map(plain).collect()
        }
        _ => None,
    };
    let fields = fields?;
    let taken: HashSet<&str> = keys(element).collect();
    let labels: HashSet<&str> = fields.iter().map(|(label, ..)| *label).collect();
    if labels.len() != fields.len() || !labels.is_disjoint(&taken) {
        return None;
    }
    let mut expiry = None;
    for (label, value, conceal) in fields {
        match moment(value).filter(|_| label == EXPIRES && !conceal) {
            Some(moment) => expiry = Some(moment),
            None => push(element, label, value, conceal),
        }
    }
    expiry
}

/// A custom field of which a string can say everything.
fn plain(field: &Value) -> Option<(&str, &str, bool)> {
    let field = field.as_object()?;
    let text = |name: &str| field.get(name)?.as_str();
    let (label, value) = (text("label")?, text("value")?);
    let conceal = match text("fieldType")? {
        "string" if is_xml(value) => false,
        "concealed-string" => true,
        _ => return None,
    };
    let is_name = !label.is_empty() && label.trim() == label && is_xml(label);
    let is_own = OWN.contains(&label) || (label == OTP && otpauth::parse(value).is_some());
    (field.len() == 3 && is_name && !is_own).then_some((label, value, conceal))
}

fn moment(text: &str) -> Option<i64> {
    let moment: jiff::Timestamp = text.parse().ok()?;
    // Only what would be read back like this.
    (moment.to_string() == text).then(|| moment.as_second())
}

fn draw_attachments(element: &mut Element, whole: &Record, pool: &mut Pool) {
    let mut names = HashSet::new();
    let attachments = whole.attachments.iter().rev();
    // Of two with the same id, the first one.
    let attachments: HashMap<_, _> = attachments.map(|each| (&*each.id, each)).collect();
    for file in whole
        .item
        .credentials
        .iter()
        .filter(|each| each.kind() == "file")
    {
        let Some(attachment) = file.text("id").and_then(|id| attachments.get(id)) else {
            continue;
        };
        let name = file
            .text("name")
            .filter(|name| !name.is_empty() && is_xml(name))
            .unwrap_or("file");
        let numbered = (2_usize..).map(|number| format!("{number} {name}"));
        let mut free = std::iter::once(name.to_owned()).chain(numbered);
        let name = free
            .find(|name| names.insert(name.clone()))
            .unwrap_or_default();
        let value =
            Element::new("Value").with_attribute("Ref", &pool.put(&attachment.content).to_string());
        element
            .children
            .push(Element::new("Binary").with([Element::with_text("Key", &name), value]));
    }
}
