//! The residue: what of a record has no native form in a store, and how it is written.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::Carried;
use super::fields::{self, CarriedField, Showing};
use super::patch::{self, Patch, digest};
use crate::item::pairs;
use crate::object::wipe;
use crate::{Account, Attachment, Item, Object, Place, Record, Step};

/// The version of what is written here.
const VERSION: u32 = 1;

/// What of a record has no native form in a store, wiped when it is dropped.
#[derive(Clone, PartialEq)]
pub struct Residue(Written);

/// Why a residue cannot be read: somebody has changed it by hand, or a later version wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResidueError {
    /// It is no such text.
    #[error("what Credex keeps there was changed, and cannot be read any more")]
    Unreadable,
    /// A later version wrote it.
    #[error("what Credex keeps there was written by a later version of it")]
    TooNew,
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
struct Written {
    credex: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<Object>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    places: Option<Places>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    item: Vec<(String, Patch)>,
    /// Every credential, in the order of the whole; `None` if that is the native one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    credentials: Option<Vec<Part>>,
    /// Native credentials that are no part of the whole: which, and their digests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    extra: Vec<(usize, String)>,
    /// The bytes of attachments, by the ids of their credentials.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<(String, String)>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Places {
    /// The first native place: if it is another by now, a person has moved the record.
    native: Option<Vec<String>>,
    whole: Vec<WrittenPlace>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct WrittenPlace {
    steps: Vec<Object>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<Object>,
}

/// One credential of the whole.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Part {
    /// The native one of this index, with patches.
    Native(usize, Vec<(String, Patch)>),
    /// One that has no native form: values in fields are references.
    Shown(Value),
    /// One that has no native form, as it is.
    Kept(Value),
}

/// Finds the residue and the fields that go with it.
pub(super) fn find(whole: &Record, native: &Record, taken: &dyn Fn(&str) -> bool) -> Carried {
    let mut showing = Showing::new(taken);
    let mut written = Written {
        credex: VERSION,
        account: account(whole, native),
        places: places(whole, native),
        item: patch::members(
            &members(&whole.item.members),
            &members(&native.item.members),
        ),
        files: files(whole, native),
        ..Written::default()
    };
    let pairs = pairs(&whole.item.credentials, &native.item.credentials);
    let paired: HashSet<_> = pairs.iter().flatten().copied().collect();
    let extra = native.item.credentials.iter().enumerate();
    let extra = extra.filter(|(index, _)| !paired.contains(index));
    written.extra = extra
        .map(|(index, credential)| (index, digest_of(credential)))
        .collect();
    let parts: Vec<_> = whole
        .item
        .credentials
        .iter()
        .zip(pairs)
        .map(|(credential, pair)| {
            let native = pair.and_then(|at| Some((at, native.item.credentials.get(at)?)));
            match native {
                Some((at, native)) => {
                    Part::Native(at, patch::members(&members(credential), &members(native)))
                }
                None if fields::has_references(credential) => {
                    Part::Kept(credential.clone().into_value())
                }
                None => Part::Shown(showing.credential(credential)),
            }
        })
        .collect();
    let is_native = |(at, part): (usize, &Part)| matches!(part, Part::Native(index, patches) if *index == at && patches.is_empty());
    if !parts.iter().enumerate().all(is_native) || !written.extra.is_empty() {
        written.credentials = Some(parts);
    }
    let nothing = Written {
        credex: VERSION,
        ..Written::default()
    };
    Carried {
        fields: showing.fields,
        residue: (written != nothing).then_some(Residue(written)),
    }
}

fn members(object: &Object) -> Map<String, Value> {
    object
        .members()
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .collect()
}

fn digest_of(credential: &Object) -> String {
    digest(&Value::Object(members(credential)))
}

fn account(whole: &Record, native: &Record) -> Option<Object> {
    let account = whole.account.as_deref()?;
    (native.account.as_deref() != Some(account)).then(|| account.clone())
}

fn places(whole: &Record, native: &Record) -> Option<Places> {
    if whole.places == native.places {
        return None;
    }
    let written = whole.places.iter().map(|place| WrittenPlace {
        steps: place.steps.iter().map(|step| step.0.clone()).collect(),
        owner: place.owner.as_deref().cloned(),
    });
    Some(Places {
        native: native.places.first().map(titles),
        whole: written.collect(),
    })
}

fn titles(place: &Place) -> Vec<String> {
    place.titles().map(str::to_owned).collect()
}

fn files(whole: &Record, native: &Record) -> Vec<(String, String)> {
    let lost = whole
        .attachments
        .iter()
        .filter(|file| !native.attachments.contains(file));
    lost.map(|file| (file.id.clone(), BASE64.encode(&file.content)))
        .collect()
}

impl Residue {
    /// The text to keep.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        // Values that were read from JSON, and names: these can always be written.
        Zeroizing::new(serde_json::to_string(&self.0).unwrap_or_default())
    }

    /// Reads the text.
    ///
    /// # Errors
    /// [`ResidueError`].
    pub fn parse(text: &str) -> Result<Self, ResidueError> {
        #[derive(Deserialize)]
        struct Version {
            credex: u32,
        }
        let version: Version = serde_json::from_str(text).map_err(|_| ResidueError::Unreadable)?;
        match version.credex {
            VERSION => {
                let written = serde_json::from_str(text);
                written.map(Self).map_err(|_| ResidueError::Unreadable)
            }
            _ => Err(ResidueError::TooNew),
        }
    }

    /// The names of the fields that it refers to.
    #[must_use]
    pub fn labels(&self) -> BTreeSet<&str> {
        let mut labels = BTreeSet::new();
        for part in self.0.credentials.iter().flatten() {
            if let Part::Shown(shown) = part {
                fields::labels(shown, &mut labels);
            }
        }
        labels
    }

    pub(super) fn restore(&self, mut native: Record, fields: &mut Vec<CarriedField>) -> Record {
        if let Some(account) = &self.0.account {
            native.account = Some(Arc::new(account.clone()));
        }
        if let Some(places) = &self.0.places {
            places.restore(&mut native.places);
        }
        let whole = patch::apply_members(&self.0.item, members(&native.item.members));
        native.item.members = Object::from_value(Value::Object(whole)).unwrap_or_default();
        if let Some(parts) = &self.0.credentials {
            self.credentials(parts, &mut native.item, fields);
        }
        for (id, content) in &self.0.files {
            if let Ok(content) = BASE64.decode(content.as_bytes()) {
                native.attachments.push(Attachment {
                    id: id.clone(),
                    content: Zeroizing::new(content),
                });
            }
        }
        native
    }

    fn credentials(&self, parts: &[Part], item: &mut Item, fields: &mut Vec<CarriedField>) {
        let natives = std::mem::take(&mut item.credentials);
        let mut natives: Vec<_> = natives.into_iter().map(Some).collect();
        for (at, digest) in &self.0.extra {
            if let Some(native) = natives.get_mut(*at)
                && native
                    .as_ref()
                    .is_some_and(|native| digest_of(native) == *digest)
            {
                *native = None;
            }
        }
        for part in parts {
            let whole = match part {
                Part::Native(at, patches) => {
                    let native = natives.get_mut(*at).and_then(Option::take);
                    native.map(|native| {
                        Value::Object(patch::apply_members(patches, members(&native)))
                    })
                }
                Part::Shown(shown) => fields::resolve(shown, fields),
                Part::Kept(whole) => Some(whole.clone()),
            };
            item.credentials.extend(whole.and_then(Object::from_value));
        }
        // What a person has added since.
        item.credentials.extend(natives.into_iter().flatten());
    }
}

impl Places {
    fn restore(&self, places: &mut Vec<Place>) {
        let moved = places.first().map(titles) != self.native;
        let whole = self.whole.iter().map(|place| Place {
            steps: place.steps.iter().cloned().map(Step).collect(),
            owner: place.owner.clone().map(Account::new),
        });
        match moved {
            false => *places = whole.collect(),
            // The folder that a person has chosen since, instead of the one that it was in.
            true => places.extend(whole.skip(1)),
        }
    }
}

impl std::fmt::Debug for Residue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Residue(refers to {:?})", self.labels())
    }
}

impl Drop for Residue {
    fn drop(&mut self) {
        for part in self.0.credentials.iter_mut().flatten() {
            match part {
                Part::Native(_, patches) => wipe_all(patches),
                Part::Shown(value) | Part::Kept(value) => wipe(value),
            }
        }
        wipe_all(&mut self.0.item);
        for (_, content) in &mut self.0.files {
            zeroize::Zeroize::zeroize(content);
        }
    }
}

fn wipe_all(patches: &mut [(String, Patch)]) {
    for (_, patch) in patches {
        wipe_patch(patch);
    }
}

fn wipe_patch(patch: &mut Patch) {
    match patch {
        Patch::Is(value) | Patch::Was(_, value) => wipe(value),
        Patch::Not(_) => {}
        Patch::In(patches) => wipe_all(patches),
        Patch::At(patches) => patches.iter_mut().for_each(|(_, patch)| wipe_patch(patch)),
    }
}
