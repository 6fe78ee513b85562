//! Items as typed values (cargo feature `typed`), for adapters that store what they receive.
//!
//! The types are those of the crate `credential-exchange-format`, which is no validator: it takes a
//! malformed credential for one of an unknown type, and gives up on a document for one negative
//! timestamp, on all custom fields for one of an unknown kind. Here each item and each credential is read for itself, and what does not fit is told.
//!
//! The typed values do not keep unknown members, and do not wipe what they hold: to pass a document
//! on, pass on its bytes.

pub use credential_exchange_format;

use std::fmt::Write;

use credential_exchange_format::{Credential, Item};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::raw::{self, Members};
use super::role::Role;
use super::{Invalid, Problem, Reason, Unit, credential_types, path, validate};

/// An item, and what had to be left out of it.
#[derive(Debug, Clone)]
pub struct TypedItem {
    /// The index of its account.
    pub account: usize,
    /// The item with those credentials and members that could be read.
    pub item: Item,
    /// The others.
    pub ignored: Vec<Problem>,
}

/// The items of all accounts, one after the other; an error costs its item only.
///
/// # Errors
///
/// As [`validate`], which is called first.
pub fn items(
    document: &[u8],
) -> Result<impl Iterator<Item = Result<TypedItem, Problem>> + '_, Invalid> {
    validate(document)?;
    let root = raw::root(document)?;
    let members = raw::members(root).unwrap_or_default();
    let accounts = match raw::is_bare_account(&members) {
        true => vec![("$".to_owned(), root)],
        false => {
            let accounts = raw::member(&members, "accounts").and_then(raw::elements);
            let path = |index| path::with_element("$.accounts".to_owned(), index);
            let numbered = accounts.unwrap_or_default().into_iter().enumerate();
            numbered
                .map(|(index, account)| (path(index), account))
                .collect()
        }
    };
    let places = accounts
        .into_iter()
        .enumerate()
        .flat_map(|(account, (path, raw))| {
            let items = raw::members(raw).and_then(|members| raw::member(&members, "items"));
            let items = items
                .and_then(raw::elements)
                .unwrap_or_default()
                .into_iter()
                .enumerate();
            let path = path::with_member(path, "items");
            items.map(move |(index, raw)| (account, path::with_element(path.clone(), index), raw))
        });
    Ok(places.map(|(account, path, raw)| item(account, path, raw)))
}

fn item(account: usize, path: String, raw: &RawValue) -> Result<TypedItem, Problem> {
    let members = raw::members(raw).unwrap_or_default();
    let required = |name: &str| matches!(name, "id" | "title");
    let mut ignored = Vec::new();
    let mut item = match shell(&members, |_| true) {
        Some(item) => item,
        None => {
            let probe = |name: &str| shell(&members, |other| required(other) || other == name);
            for (name, _) in &members {
                if probe(name).is_none() && !required(name) {
                    let path = path::with_member(path.clone(), name);
                    ignored.push(Problem {
                        path,
                        reason: Reason::Untyped,
                        unit: Unit::Member,
                    });
                }
            }
            let sound = |name: &str| required(name) || probe(name).is_some();
            shell(&members, sound).ok_or_else(|| Problem {
                path: path.clone(),
                reason: Reason::Untyped,
                unit: Unit::Item,
            })?
        }
    };
    let path = path::with_member(path, "credentials");
    let credentials = raw::member(&members, "credentials").and_then(raw::elements);
    for (index, raw) in credentials.unwrap_or_default().into_iter().enumerate() {
        let path = path::with_element(path.clone(), index);
        match credential(raw.get()).or_else(|| custom_fields(raw, &path, &mut ignored)) {
            Some(credential) => item.credentials.push(credential),
            None => ignored.push(Problem {
                path,
                reason: Reason::Untyped,
                unit: Unit::Credential,
            }),
        }
    }
    Ok(TypedItem {
        account,
        item,
        ignored,
    })
}

/// The item without its credentials, made of those known members that are chosen.
fn shell(members: &Members<'_>, is_chosen: impl Fn(&str) -> bool) -> Option<Item> {
    let known = Role::Item.shape().members.iter().map(|member| member.name);
    let chosen = known.filter(|name| *name != "credentials" && is_chosen(name));
    serde_json::from_str(&object(members, r#""credentials":[]"#, chosen)).ok()
}

/// The text of an object of these members, after others that are already text.
fn object<'n>(
    members: &Members<'_>,
    others: &str,
    names: impl Iterator<Item = &'n str>,
) -> Zeroizing<String> {
    // Large enough from the start: a string that moves leaves its old content behind unwiped.
    let length: usize = members
        .iter()
        .map(|(name, value)| name.len() + value.get().len() + 4)
        .sum();
    let mut text = Zeroizing::new(String::with_capacity(length + others.len() + 2));
    // Writing to a String cannot fail.
    let _infallible = write!(text, "{{{others}");
    for name in names {
        if let Some(value) = raw::member(members, name) {
            let _infallible = write!(text, r#","{name}":{}"#, value.get());
        }
    }
    text.push('}');
    text
}

/// The credential, unless it is a known one in an unknown shape.
fn credential(text: &str) -> Option<Credential> {
    let credential = serde_json::from_str(text).ok()?;
    match &credential {
        Credential::Unknown { ty, .. } if credential_types::find(ty).is_some() => None,
        _ => Some(credential),
    }
}

/// Custom fields, of which the crate takes none if it does not know the type of one.
fn custom_fields(raw: &RawValue, path: &str, ignored: &mut Vec<Problem>) -> Option<Credential> {
    let members = raw::members(raw)?;
    let fields = raw::elements(raw::member(&members, "fields")?)?;
    let names = ["type", "id", "label", "extensions"].into_iter();
    let mut credential = self::credential(&object(&members, r#""fields":[]"#, names))?;
    let Credential::CustomFields(custom) = &mut credential else {
        return None;
    };
    for (index, field) in fields.into_iter().enumerate() {
        match serde_json::from_str(field.get()) {
            Ok(field) => custom.fields.push(field),
            Err(_) => ignored.push(Problem {
                path: path::with_element(path::with_member(path.to_owned(), "fields"), index),
                reason: Reason::Untyped,
                unit: Unit::Member,
            }),
        }
    }
    Some(credential)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cxf::sample;

    fn read(document: &str) -> Vec<Result<TypedItem, Problem>> {
        items(document.as_bytes()).unwrap().collect()
    }

    #[test]
    fn every_item_of_the_sample_can_be_typed_but_for_moments_before_1970_and_an_unknown_field() {
        let typed: Vec<_> = items(sample()).unwrap().map(Result::unwrap).collect();
        assert_eq!(typed.len(), 10);
        assert_eq!((typed[0].account, typed[9].account), (0, 1));
        let ignored: Vec<_> = typed.iter().flat_map(|item| &item.ignored).collect();
        let paths: Vec<_> = ignored.iter().map(|problem| &*problem.path).collect();
        let expected = [
            "$.accounts[0].items[0].creationAt",
            "$.accounts[0].items[2].credentials[1].fields[4]",
            "$.accounts[0].items[6].creationAt",
        ];
        assert_eq!(paths, expected);
        let credentials = typed
            .iter()
            .map(|typed| typed.item.credentials.len())
            .sum::<usize>();
        assert_eq!(
            credentials as u64,
            validate(sample()).unwrap().counts.total()
        );
    }

    #[test]
    fn a_malformed_credential_is_not_passed_off_as_one_of_an_unknown_type() {
        let typed = read(
            r#"{"items":[{"id":"aQ","title":"t","credentials":[{"type":"passkey","rpId":7},
                {"type":"totp","secret":"JBSWY3DP","period":3600,"digits":6,"algorithm":"sha1"},
                {"type":"x.example/new","rpId":7}]}]}"#,
        );
        let typed = typed[0].as_ref().unwrap();
        let told: Vec<_> = typed
            .ignored
            .iter()
            .map(|problem| (&*problem.path, problem.unit))
            .collect();
        assert_eq!(
            told,
            [
                ("$.items[0].credentials[0]", Unit::Credential),
                ("$.items[0].credentials[1]", Unit::Credential),
            ]
        );
        assert!(matches!(
            &typed.item.credentials[..],
            [Credential::Unknown { .. }]
        ));
    }

    #[test]
    fn an_item_without_an_id_costs_that_item() {
        let typed = read(
            r#"{"items":[{"title":"t","credentials":[]},7,{"id":"aQ","title":"t","credentials":[]}]}"#,
        );
        let units: Vec<_> = typed
            .iter()
            .map(|item| item.as_ref().map_err(|p| p.unit).err())
            .collect();
        assert_eq!(units, [Some(Unit::Item), Some(Unit::Item), None]);
    }
}
