//! An object while its members are being read: which names are taken, what they stand for, and
//! whether anything is worth a second look at the end.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::de::Error;

use super::Invalid;
use super::credential_types;
use super::members::{ONLY_TYPE, Shape};
use super::path::Step;
use super::role::Role;
use super::seen::Seen;
use super::walk::{Met, Walk};

/// The most members of one object.
const MOST_MEMBERS: usize = 10_000;
/// With more members than this, an object's names are looked up in a hash set.
const FEW_MEMBERS: usize = 24;

#[derive(Debug)]
pub(super) struct Frame<'de> {
    /// Where the object's members start in [`Walk::met`].
    pub(super) first: usize,
    pub(super) shape: &'static Shape,
    /// The places in the shape that are taken.
    pub(super) present: u64,
    /// Whether some member does not fit, is null, or may be a habit of the exporter.
    pub(super) is_odd: bool,
    /// What was seen of all members together.
    pub(super) all: Seen,
    /// Of a credential: whether members came before the type, and could only be presumed.
    pub(super) presumed: bool,
    awaits_type: bool,
    /// Where the search in the shape goes on.
    next: usize,
    /// Members with names that were not in the shape when they were met.
    strangers: usize,
    /// All names, once the strangers are many.
    names: Option<HashSet<Cow<'de, str>>>,
}

impl<'de> Frame<'de> {
    #[inline]
    pub(super) fn new(role: Role, first: usize) -> Self {
        Self {
            first,
            shape: role.shape(),
            present: 0,
            is_odd: false,
            all: Seen::NONE,
            presumed: false,
            awaits_type: role == Role::Credential,
            next: 0,
            strangers: 0,
            names: None,
        }
    }

    /// Takes up a name and tells the role of its value.
    #[inline]
    pub(super) fn meet(&mut self, walk: &mut Walk<'de>, name: Cow<'de, str>) -> Role {
        let place = self.place_of(&name);
        let role = match place.and_then(|place| self.shape.members.get(place)) {
            Some(member) => member.role,
            None if self.awaits_type => {
                self.presumed = true;
                credential_types::presumed_role(&name)
            }
            None => Role::Unknown,
        };
        walk.steps.push(Step::Member(walk.met.len()));
        walk.met.push(Met {
            name,
            seen: Seen::NONE,
            place,
        });
        role
    }

    /// Members usually come in the order of the shape, so the search goes on where the last one
    /// ended.
    #[inline]
    fn place_of(&mut self, name: &str) -> Option<usize> {
        let members = self.shape.members;
        let (before, after) = members.split_at(self.next.min(members.len()));
        let ahead = after.iter().position(|member| member.name == name);
        let place = match ahead {
            Some(distance) => self.next + distance,
            None => before.iter().position(|member| member.name == name)?,
        };
        self.next = place + 1;
        Some(place)
    }

    /// Refuses the member met last if its name was met before in this object.
    #[inline]
    pub(super) fn admit<E: Error>(&mut self, walk: &mut Walk<'de>) -> Result<(), E> {
        let members = walk.met.get(self.first..).unwrap_or_default();
        let Some((newest, earlier)) = members.split_last() else {
            return Ok(());
        };
        let is_new = match newest.place {
            // Without strangers the shape tells all names apart.
            Some(place) if self.strangers == 0 => self.present & (1 << place) == 0,
            _ => self.is_new_among(newest, earlier),
        };
        match newest.place {
            Some(place) => self.present |= 1 << place,
            None => self.strangers += 1,
        }
        if !is_new {
            let path = walk.path();
            return Err(walk.refuse(Invalid::DuplicateMember { path }));
        }
        if members.len() > MOST_MEMBERS {
            let path = walk.path();
            return Err(walk.refuse(Invalid::TooManyMembers {
                path,
                limit: MOST_MEMBERS,
            }));
        }
        Ok(())
    }

    fn is_new_among(&mut self, newest: &Met<'de>, earlier: &[Met<'de>]) -> bool {
        if earlier.len() < FEW_MEMBERS {
            return !earlier.iter().any(|met| met.name == newest.name);
        }
        let names = self
            .names
            .get_or_insert_with(|| earlier.iter().map(|met| met.name.clone()).collect());
        names.insert(newest.name.clone())
    }

    /// Takes down what was seen of the value of the member met last.
    #[inline]
    pub(super) fn settle(&mut self, walk: &mut Walk<'de>, seen: Seen) {
        let Some(met) = walk.met.last_mut() else {
            return;
        };
        met.seen = seen;
        self.all |= seen;
        if let Some(member) = met.place.and_then(|place| self.shape.members.get(place)) {
            self.is_odd |= !member.accepts(seen) || seen.has_any(Seen::ODD);
        }
        if self.awaits_type && walk.type_name.is_some() {
            self.awaits_type = false;
            self.shape = walk
                .known_type
                .map_or(&ONLY_TYPE, |(_, known)| &known.shape);
            self.next = 1;
        }
    }
}
