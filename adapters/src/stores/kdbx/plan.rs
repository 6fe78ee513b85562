//! Changes, gathered first and then made in one pass over the document.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::entry::{Drawn, draw, id_of, uuid, uuid_of};
use super::format::{Binary, Element};
use super::groups::{Groups, uuids};
use super::pool::Pool;
use crate::{Change, Object, Place, Quarantined, Record};

/// What of an old entry gives way to the new one; everything else stays: icon, colours, auto-type,
/// what plugins keep there.
const REPLACED: [&str; 5] = ["UUID", "Tags", "Times", "String", "Binary"];
/// Times that are not about what an entry says.
const KEPT_TIMES: [&str; 3] = ["LastAccessTime", "UsageCount", "LocationChanged"];

/// Changes to a document.
pub(super) struct Plan {
    groups: Groups,
    pool: Pool,
    taken: HashSet<Uuid>,
    /// The ids of items that there are.
    ids: HashMap<String, Entry>,
    added: HashMap<Uuid, Vec<Element>>,
    replaced: HashMap<Uuid, Replaced>,
    /// What should be read back, by the entry.
    pub(super) expected: Vec<(Uuid, Record)>,
}

/// Where an entry is that a record can take the place of.
pub(super) struct Entry {
    pub(super) id: Uuid,
    pub(super) place: Option<Place>,
}

struct Replaced {
    element: Element,
    /// The group that it moves to.
    moved_to: Option<Uuid>,
}

impl Plan {
    pub(super) fn new(tree: &Element, binaries: Vec<Binary>, ids: HashMap<String, Entry>) -> Self {
        Self {
            groups: Groups::new(tree),
            pool: Pool::new(binaries),
            taken: uuids(tree),
            ids,
            added: HashMap::new(),
            replaced: HashMap::new(),
            expected: Vec::new(),
        }
    }

    /// Takes a change into the plan.
    pub(super) fn change(&mut self, change: &Change) -> Result<(), Quarantined> {
        let mut whole = change.record().clone();
        let drawn = match change {
            Change::Add(_) => self.add(&mut whole)?,
            Change::Replace(id, _) => self.replace(id, &mut whole)?,
        };
        self.expected.push((drawn, whole));
        Ok(())
    }

    fn add(&mut self, whole: &mut Record) -> Result<Uuid, Quarantined> {
        let (group, place) = locate(&mut self.groups, whole);
        let mut id = uuid_of("item", whole.item.id());
        if self.ids.contains_key(whole.item.id()) {
            // Both are kept, so that the new one needs an id of its own.
            id = Uuid::new_v4();
            whole.item.members.set("id", id_of(id));
        }
        while !self.taken.insert(id) {
            id = Uuid::new_v4();
        }
        let Drawn { element, .. } = draw(whole, id, place.as_ref(), &mut self.pool)?;
        self.added.entry(group).or_default().push(element);
        Ok(id)
    }

    fn replace(&mut self, old: &str, whole: &mut Record) -> Result<Uuid, Quarantined> {
        let Some(entry) = self.ids.get(old) else {
            return Err(Quarantined::new(
                &whole.origin,
                "what it should replace is not there",
            ));
        };
        let (id, place) = (entry.id, entry.place.clone());
        let stays = whole.places.is_empty();
        if stays {
            whole.places.extend(place);
        }
        let (group, place) = locate(&mut self.groups, whole);
        let Drawn { element, .. } = draw(whole, id, place.as_ref(), &mut self.pool)?;
        let moved_to = (!stays).then_some(group);
        self.replaced.insert(id, Replaced { element, moved_to });
        Ok(id)
    }

    /// Makes the changes; what is left are the bytes of all attachments.
    pub(super) fn apply(mut self, tree: &mut Element) -> (Vec<Binary>, Vec<(Uuid, Record)>) {
        let mut new_groups = self.groups.new_ones();
        if let Some(root) = tree
            .child_mut("Root")
            .and_then(|root| root.child_mut("Group"))
        {
            let mut moving = HashMap::new();
            replace_in(root, &mut self.replaced, &mut moving);
            for (group, entries) in moving {
                self.added.entry(group).or_default().extend(entries);
            }
            add_to(root, &mut self.added, &mut new_groups);
        }
        (self.pool.into_binaries(), self.expected)
    }
}

/// Finds the group for a record, and how that is read back. What says nothing of an account is not
/// worth carrying.
pub(super) fn locate(groups: &mut Groups, whole: &mut Record) -> (Uuid, Option<Place>) {
    let is_blank = |account: &Object| {
        account
            .members()
            .all(|(name, value)| name == "id" || value.as_str() == Some(""))
    };
    if whole.account.as_deref().is_some_and(is_blank) {
        whole.account = None;
    }
    match whole.places.first_mut() {
        Some(place) => {
            let group = groups.place(place);
            (group, groups.native_of(group))
        }
        None => (groups.root(), None),
    }
}

/// Replaces entries where they are; those that move are taken out, by the group they move to.
fn replace_in(
    group: &mut Element,
    replaced: &mut HashMap<Uuid, Replaced>,
    moving: &mut HashMap<Uuid, Vec<Element>>,
) {
    let here = uuid(group);
    let children = std::mem::take(&mut group.children);
    for mut child in children {
        if child.name() == "Group" {
            replace_in(&mut child, replaced, moving);
        }
        let new = match child.name() {
            "Entry" => uuid(&child).and_then(|id| replaced.remove(&id)),
            _ => None,
        };
        let Some(new) = new else {
            group.children.push(child);
            continue;
        };
        let element = merged(child, new.element);
        match new.moved_to.filter(|to| Some(*to) != here) {
            Some(to) => moving.entry(to).or_default().push(element),
            None => group.children.push(element),
        }
    }
}

/// The new entry with what stays of the old one, which becomes the last one of its history.
fn merged(mut old: Element, mut new: Element) -> Element {
    let history = old
        .children
        .iter()
        .position(|child| child.name() == "History");
    let history = history.map(|at| old.children.remove(at));
    if let (Some(times), Some(old_times)) = (new.child_mut("Times"), old.child("Times")) {
        let kept = old_times
            .children
            .iter()
            .filter(|time| KEPT_TIMES.contains(&time.name()));
        times.children.extend(kept.cloned());
    }
    let kept = old
        .children
        .iter()
        .filter(|child| !REPLACED.contains(&child.name()));
    new.children.extend(kept.cloned());
    let mut history = history.unwrap_or_else(|| Element::new("History"));
    history.children.push(old);
    new.children.push(history);
    new
}

/// Adds entries and groups; entries stand before groups.
fn add_to(
    group: &mut Element,
    added: &mut HashMap<Uuid, Vec<Element>>,
    groups: &mut HashMap<Uuid, Vec<Element>>,
) {
    let Some(id) = uuid(group) else {
        return;
    };
    if let Some(entries) = added.remove(&id) {
        let first = group
            .children
            .iter()
            .position(|child| child.name() == "Group");
        let at = first.unwrap_or(group.children.len());
        group.children.splice(at..at, entries);
    }
    group
        .children
        .extend(groups.remove(&id).into_iter().flatten());
    for inner in group
        .children
        .iter_mut()
        .filter(|child| child.name() == "Group")
    {
        add_to(inner, added, groups);
    }
}
