//! A document without the credentials that the person did not grant.
//!
//! Pieces are cut out of the original text, and everything else stays byte for byte as it was:
//! unknown members, order, spelling.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::raw::{self, Members};
use super::{Choice, Counts, Invalid, Report, validate};

/// The outcome of [`narrow`].
pub enum Narrowed<'d> {
    /// Nothing had to go: the original bytes.
    Whole(&'d [u8]),
    /// A copy without what was not granted, wiped when it is dropped.
    Part(Zeroizing<Vec<u8>>),
}

impl AsRef<[u8]> for Narrowed<'_> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Whole(document) => document,
            Self::Part(document) => document,
        }
    }
}

impl std::fmt::Debug for Narrowed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self {
            Self::Whole(_) => "Whole",
            Self::Part(_) => "Part",
        };
        write!(f, "Narrowed::{name}({} bytes)", self.as_ref().len())
    }
}

/// Leaves out the credentials whose type is not in `granted`, the items that have no credential
/// left by that, and the links of collections to those items. The type alone decides: whether a
/// credential is usable is for the importer to find out. [`Counts::OTHER`], where it was `declared`,
/// stands for every type that was not declared under its own name.
///
/// What has no type to read (a credential without one, an item that is no object, credentials that
/// are no array) is nobody's to choose: it stays if everything `declared` was granted and nothing
/// else is there, so that the document stays as it is, and goes if anything was kept back.
///
/// # Errors
///
/// As [`validate`], which is called first.
pub fn narrow<'d>(
    document: &'d [u8],
    declared: &Counts,
    granted: &BTreeSet<String>,
) -> Result<Narrowed<'d>, Invalid> {
    let report = validate(document)?;
    narrow_to(document, &report, Choice::new(declared, granted))
}

/// Does what [`narrow`] does with a document that was validated already.
pub(crate) fn narrow_to<'d>(
    document: &'d [u8],
    report: &Report,
    choice: Choice<'_>,
) -> Result<Narrowed<'d>, Invalid> {
    if choice.lets_all_go(&report.present) {
        return Ok(Narrowed::Whole(document));
    }
    let mut scissors = Scissors {
        choice,
        start: document.as_ptr() as usize,
        cuts: Vec::new(),
    };
    let root = raw::root(document)?;
    let members = raw::members(root).unwrap_or_default();
    if raw::is_bare_account(&members) {
        scissors.accounts(&[root]);
    } else if let Some(accounts) = raw::member(&members, "accounts").and_then(raw::elements) {
        let is_object: Vec<_> = accounts
            .iter()
            .map(|account| raw::is_object(account))
            .collect();
        scissors.keep(&accounts, &is_object);
        scissors.accounts(&accounts);
    }
    Ok(match scissors.cuts.is_empty() {
        true => Narrowed::Whole(document),
        false => Narrowed::Part(without(document, scissors.cuts)),
    })
}

/// Copies what lies between the cuts.
fn without(document: &[u8], mut cuts: Vec<Range<usize>>) -> Zeroizing<Vec<u8>> {
    cuts.sort_by_key(|cut| cut.start);
    // Large enough from the start: a vector that moves leaves its old content behind unwiped.
    let mut rest = Zeroizing::new(Vec::with_capacity(document.len()));
    let mut kept = 0;
    for cut in cuts {
        rest.extend_from_slice(document.get(kept..cut.start).unwrap_or_default());
        kept = cut.end.max(kept);
    }
    rest.extend_from_slice(document.get(kept..).unwrap_or_default());
    rest
}

/// An item's identifier, together with that of its account.
type ItemId<'d> = (Cow<'d, str>, Cow<'d, str>);

struct Scissors<'c> {
    choice: Choice<'c>,
    /// The address of the document, to tell the place of each piece in it.
    start: usize,
    /// Pieces to leave out; no two overlap.
    cuts: Vec<Range<usize>>,
}

impl Scissors<'_> {
    fn place(&self, raw: &RawValue) -> Range<usize> {
        let start = raw.get().as_ptr() as usize - self.start;
        start..start + raw.get().len()
    }

    /// Cuts out those elements of an array that are not kept, each with one comma.
    fn keep(&mut self, elements: &[&RawValue], kept: &[bool]) {
        let places: Vec<_> = elements.iter().map(|element| self.place(element)).collect();
        let mut before = None;
        for (index, place) in places.iter().enumerate() {
            match (kept.get(index).copied().unwrap_or(false), &before) {
                (true, _) => before = Some(place.end),
                (false, Some(_)) => {
                    let comma = places
                        .get(index.wrapping_sub(1))
                        .map_or(place.start, |p| p.end);
                    self.cuts.push(comma..place.end);
                }
                (false, None) => {
                    let end = places.get(index + 1).map_or(place.end, |next| next.start);
                    self.cuts.push(place.start..end);
                }
            }
        }
    }

    fn accounts(&mut self, accounts: &[&RawValue]) {
        let accounts: Vec<_> = accounts
            .iter()
            .filter_map(|raw| raw::members(raw))
            .collect();
        let (mut gone, mut kept) = (HashSet::new(), HashSet::new());
        for account in &accounts {
            self.items(account, &mut gone, &mut kept);
        }
        // An identifier that is used twice may still lead to an item that stays.
        gone.retain(|id| !kept.contains(id));
        for account in accounts.iter().filter(|_| !gone.is_empty()) {
            if let Some(collections) = raw::member(account, "collections") {
                self.collections(collections, &text(account, "id"), &gone);
            }
        }
    }

    fn items<'d>(
        &mut self,
        account: &Members<'d>,
        gone: &mut HashSet<ItemId<'d>>,
        kept: &mut HashSet<ItemId<'d>>,
    ) {
        let Some(items) = raw::member(account, "items") else {
            return;
        };
        let Some(elements) = raw::elements(items) else {
            self.cuts.extend(self.inside(items));
            return;
        };
        let stays: Vec<_> = elements
            .iter()
            .map(|item| {
                let members = raw::members(item).unwrap_or_default();
                let stays = raw::is_object(item) && self.item(&members);
                let id = text(&members, "id");
                if !id.is_empty() {
                    let ids = if stays { &mut *kept } else { &mut *gone };
                    ids.insert((text(account, "id"), id));
                }
                stays
            })
            .collect();
        self.keep(&elements, &stays);
    }

    /// What may stand between the ends of a value that should have been an array: all of an object
    /// but its braces. Other kinds are too small to hold a credential, and stay.
    fn inside(&self, raw: &RawValue) -> Option<Range<usize>> {
        let place = self.place(raw);
        raw::is_object(raw).then(|| place.start + 1..place.end - 1)
    }

    /// Cuts credentials out of an item, and says whether the item stays.
    fn item(&mut self, item: &Members<'_>) -> bool {
        let Some(credentials) = raw::member(item, "credentials") else {
            return true;
        };
        let Some(elements) = raw::elements(credentials) else {
            return credentials.get() == "null";
        };
        let stays: Vec<_> = elements
            .iter()
            .map(|credential| self.is_granted(credential))
            .collect();
        if !stays.is_empty() && !stays.contains(&true) {
            return false;
        }
        self.keep(&elements, &stays);
        true
    }

    fn is_granted(&self, credential: &RawValue) -> bool {
        raw::members(credential)
            .and_then(|members| raw::member(&members, "type"))
            .and_then(raw::string)
            .is_some_and(|name| self.choice.lets_go(&name))
    }

    fn collections(&mut self, collections: &RawValue, account: &str, gone: &HashSet<ItemId<'_>>) {
        for collection in raw::elements(collections).unwrap_or_default() {
            let members = raw::members(collection).unwrap_or_default();
            if let Some(links) = raw::member(&members, "items").and_then(raw::elements) {
                let leads_nowhere = |link: &&RawValue| {
                    let link = raw::members(link).unwrap_or_default();
                    let account = match raw::member(&link, "account") {
                        Some(_) => text(&link, "account"),
                        None => Cow::Borrowed(account),
                    };
                    gone.contains(&(account, text(&link, "item")))
                };
                let stays: Vec<_> = links.iter().map(|link| !leads_nowhere(link)).collect();
                self.keep(&links, &stays);
            }
            if let Some(inner) = raw::member(&members, "subCollections") {
                self.collections(inner, account, gone);
            }
        }
    }
}

/// The text of a member, without base64url padding; empty if there is none.
fn text<'d>(members: &Members<'d>, name: &str) -> Cow<'d, str> {
    match raw::member(members, name).and_then(raw::string) {
        Some(Cow::Borrowed(text)) => Cow::Borrowed(text.trim_end_matches('=')),
        Some(Cow::Owned(text)) => Cow::Owned(text.trim_end_matches('=').to_owned()),
        None => Cow::Borrowed(""),
    }
}
