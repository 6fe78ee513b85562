//! What only Bitwarden says of an item: whether the master password is asked for again, how
//! addresses are compared, former passwords, and whether it is archived. It is passed on as an
//! extension of the item.

use serde_json::{Value, json};

use crate::{Item, Object};

const NAME: &str = "bitwarden.com/item";

pub(super) fn write(item: &Item, written: &mut Object) {
    let extensions = item.members.get("extensions").and_then(Value::as_array);
    let is_own = |each: &&Value| each.get("name").and_then(Value::as_str) == Some(NAME);
    let own = extensions.into_iter().flatten().find(is_own);
    let get = |name: &str| own.and_then(|own| own.get(name)).cloned();
    written.set("reprompt", get("reprompt").unwrap_or(Value::from(0)));
    written.set("passwordHistory", get("passwordHistory"));
    if let Some(date) = get("archivedDate") {
        written.set("archivedDate", date);
    }
    if let Some(Value::Object(matches)) = get("match")
        && let Some(login) = written.take("login")
    {
        written.set("login", with_matches(login, &matches));
    }
}

fn with_matches(mut login: Value, matches: &serde_json::Map<String, Value>) -> Value {
    let uris = login.get_mut("uris").and_then(Value::as_array_mut);
    for uri in uris.into_iter().flatten() {
        let found = uri
            .get("uri")
            .and_then(Value::as_str)
            .and_then(|uri| matches.get(uri));
        if let (Some(found), Some(place)) = (found.cloned(), uri.get_mut("match")) {
            *place = found;
        }
    }
    login
}

pub(super) fn read(item: &Object, read: &mut Item) {
    let mut own = Object::new();
    if let Some(reprompt) = item.number("reprompt").filter(|reprompt| *reprompt != 0) {
        own.set("reprompt", reprompt);
    }
    if let Some(Value::Array(history)) = item.get("passwordHistory")
        && !history.is_empty()
    {
        own.set("passwordHistory", history.clone());
    }
    if let Some(date) = item.get("archivedDate") {
        own.set("archivedDate", date.clone());
    }
    let matches = matches(item);
    if !matches.is_empty() {
        own.set("match", matches);
    }
    if !own.is_empty() {
        own.set("name", NAME);
        read.members.set("extensions", json!([own.into_value()]));
    }
}

fn matches(item: &Object) -> serde_json::Map<String, Value> {
    let uris = item.get("login").and_then(|login| login.get("uris"));
    let uris = uris.and_then(Value::as_array).into_iter().flatten();
    let matches = uris.filter_map(|uri| {
        let found = uri.get("match").filter(|found| !found.is_null())?;
        Some((uri.get("uri")?.as_str()?.to_owned(), found.clone()))
    });
    matches.collect()
}
