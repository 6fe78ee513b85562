//! What of one document another has lost, changed or added: places only, never values.
//!
//! Accounts, collections and items are matched by `id`, credentials by content and type, fields and
//! other unordered lists by content. The order of members makes no difference, nor does the order
//! of such lists; the order of an unknown list does.

use std::collections::{HashMap, VecDeque};

use serde::Serialize;
use serde_json::value::RawValue;

use super::fingerprint::{Fingerprint, fingerprint};
use super::raw::{self, Members};
use super::{Invalid, path, validate};

/// A place at which two documents differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{path} is {change}")]
pub struct Difference {
    /// In the first document; for [`Change::Added`] in the second.
    pub path: String,
    /// What became of it.
    pub change: Change,
}

/// What became of a value on its way from the first document to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// The second document does not have it.
    Lost,
    /// The second document has another value in its place.
    Changed,
    /// Only the second document has it.
    Added,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Lost => "lost",
            Self::Changed => "changed",
            Self::Added => "added",
        })
    }
}

/// Tells where document `b` differs from document `a`. A member that is null is one that is absent.
///
/// # Errors
///
/// As [`validate`], for either document.
pub fn diff(a: &[u8], b: &[u8]) -> Result<Vec<Difference>, Invalid> {
    validate(a)?;
    validate(b)?;
    let (a, b) = (raw::root(a)?, raw::root(b)?);
    let mut found = Differences::default();
    let (a_members, b_members) = (
        raw::members(a).unwrap_or_default(),
        raw::members(b).unwrap_or_default(),
    );
    if raw::is_bare_account(&a_members) == raw::is_bare_account(&b_members) {
        found.values("", Place::root(a), Place::root(b));
    } else {
        found.header_and_account((a, a_members), (b, b_members));
    }
    Ok(found.0)
}

/// A value and where it stands.
#[derive(Clone)]
struct Place<'d> {
    path: String,
    raw: &'d RawValue,
}

impl<'d> Place<'d> {
    fn root(raw: &'d RawValue) -> Self {
        Self {
            path: "$".to_owned(),
            raw,
        }
    }

    fn element(&self, index: usize, raw: &'d RawValue) -> Self {
        Self {
            path: path::with_element(self.path.clone(), index),
            raw,
        }
    }

    fn member(&self, name: &str, raw: &'d RawValue) -> Self {
        Self {
            path: path::with_member(self.path.clone(), name),
            raw,
        }
    }

    fn elements(&self) -> Option<Vec<Self>> {
        let elements = raw::elements(self.raw)?.into_iter().enumerate();
        Some(
            elements
                .map(|(index, raw)| self.element(index, raw))
                .collect(),
        )
    }
}

/// By what the elements of two lists are taken for one another, one rule after the other.
#[derive(Debug, Clone, Copy)]
enum Match {
    /// The same value of this member, unless it is empty.
    Member(&'static str),
    /// The same content.
    Content,
    /// The same place among those that are left and have no identifier.
    Position,
}

/// The rules for the list in the member of this name; `None` if its order counts.
fn rules(name: &str) -> Option<&'static [Match]> {
    use Match::{Content, Member, Position};
    Some(match name {
        "accounts" => &[Member("id"), Content, Member("username"), Position],
        "collections" | "subCollections" | "items" => &[
            Member("id"),
            Content,
            Member("item"),
            Member("title"),
            Position,
        ],
        "credentials" => &[
            Content,
            Member("id"),
            Member("credentialId"),
            Member("type"),
        ],
        "fields" => &[Content, Member("id"), Member("label"), Position],
        "extensions" => &[Content, Member("name")],
        "accessors" => &[Content, Member("accountId")],
        "androidApps" => &[Content, Member("bundleId")],
        "urls" | "tags" | "permissions" => &[Content],
        _ => return None,
    })
}

#[derive(Default)]
struct Differences(Vec<Difference>);

impl Differences {
    fn tell(&mut self, path: &str, change: Change) {
        self.0.push(Difference {
            path: path.to_owned(),
            change,
        });
    }

    /// Compares two values that stand in the member of this name.
    fn values(&mut self, name: &str, a: Place<'_>, b: Place<'_>) {
        if a.raw.get() == b.raw.get() {
            return;
        }
        if let (Some(a_members), Some(b_members)) = (raw::members(a.raw), raw::members(b.raw)) {
            self.objects((&a, &a_members), (&b, &b_members));
        } else if let (Some(a_list), Some(b_list)) = (a.elements(), b.elements()) {
            self.lists(name, a_list, b_list);
        } else if fingerprint(a.raw) != fingerprint(b.raw) {
            self.tell(&a.path, Change::Changed);
        }
    }

    fn objects(&mut self, a: (&Place<'_>, &Members<'_>), b: (&Place<'_>, &Members<'_>)) {
        let is_there = |raw: &&RawValue| raw.get() != "null";
        for (name, value) in a.1.iter().filter(|(_, value)| is_there(value)) {
            let place = a.0.member(name, value);
            match raw::member(b.1, name).filter(is_there) {
                Some(other) => self.values(name, place, b.0.member(name, other)),
                None => self.tell(&place.path, Change::Lost),
            }
        }
        for (name, value) in b.1.iter().filter(|(_, value)| is_there(value)) {
            if raw::member(a.1, name).filter(is_there).is_none() {
                self.tell(&b.0.member(name, value).path, Change::Added);
            }
        }
    }

    fn lists(&mut self, name: &str, mut a: Vec<Place<'_>>, mut b: Vec<Place<'_>>) {
        let mut pairs = Vec::new();
        match rules(name) {
            Some(rules) => {
                for rule in rules {
                    pairs.extend(rule.pairs(&mut a, &mut b));
                }
            }
            None => {
                let common = a.len().min(b.len());
                pairs.extend(a.drain(..common).zip(b.drain(..common)));
            }
        }
        for (a, b) in pairs {
            self.values("", a, b);
        }
        for lost in a {
            self.tell(&lost.path, Change::Lost);
        }
        for added in b {
            self.tell(&added.path, Change::Added);
        }
    }

    /// Compares a Header with a bare Account, whose only account it is.
    fn header_and_account(&mut self, a: (&RawValue, Members<'_>), b: (&RawValue, Members<'_>)) {
        let mut lists = Vec::new();
        for ((root, members), change) in [(a, Change::Lost), (b, Change::Added)] {
            let place = Place::root(root);
            if raw::is_bare_account(&members) {
                lists.push(vec![place]);
                continue;
            }
            for (name, value) in members {
                let member = place.member(&name, value);
                match name == "accounts" {
                    true => lists.push(member.elements().unwrap_or_default()),
                    false => self.tell(&member.path, change),
                }
            }
        }
        if let Ok([a, b]) = <[Vec<Place<'_>>; 2]>::try_from(lists) {
            self.lists("accounts", a, b);
        }
    }
}

impl Match {
    /// Takes those elements out of both lists that this rule takes for one another.
    fn pairs<'a, 'b>(
        self,
        a: &mut Vec<Place<'a>>,
        b: &mut Vec<Place<'b>>,
    ) -> Vec<(Place<'a>, Place<'b>)> {
        let mut slots: Vec<_> = b.drain(..).map(Some).collect();
        let mut waiting: HashMap<Fingerprint, VecDeque<usize>> = HashMap::new();
        for (index, place) in slots.iter().enumerate() {
            if let Some(key) = place.as_ref().and_then(|place| self.key(place.raw)) {
                waiting.entry(key).or_default().push_back(index);
            }
        }
        let mut pairs = Vec::new();
        for place in std::mem::take(a) {
            let key = self.key(place.raw);
            let index = key.and_then(|key| waiting.get_mut(&key)?.pop_front());
            match index.and_then(|index| slots.get_mut(index)?.take()) {
                Some(other) => pairs.push((place, other)),
                None => a.push(place),
            }
        }
        b.extend(slots.into_iter().flatten());
        pairs
    }

    fn key(self, raw: &RawValue) -> Option<Fingerprint> {
        match self {
            Self::Content => fingerprint(raw),
            Self::Member(name) => identity(raw, name),
            Self::Position => {
                let has_none = ["id", "item"]
                    .iter()
                    .all(|name| identity(raw, name).is_none());
                // One key for all: they pair up in their order.
                has_none.then_some(Fingerprint::SAME)
            }
        }
    }
}

fn identity(raw: &RawValue, name: &str) -> Option<Fingerprint> {
    let value = raw::member(&raw::members(raw)?, name)?;
    fingerprint(value).filter(|_| !matches!(value.get(), "null" | "\"\""))
}
