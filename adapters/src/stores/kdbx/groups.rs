//! Groups and collections: a group is the collection with its UUID for an id.

use std::collections::{HashMap, HashSet};

use data_encoding::BASE64;
use uuid::Uuid;

use super::entry::{id_of, is_xml, uuid, uuid_of};
use super::format::Element;
use super::times;
use crate::{Place, Step};

/// The entries of a document, each with the collection that it is in, until `each` has enough. Tells
/// how many there are in the recycle bin, which is left out.
pub(super) fn walk<'t>(
    tree: &'t Element,
    each: &mut dyn FnMut(&'t Element, Option<&Place>) -> bool,
) -> usize {
    let mut walking = Walking {
        bin: recycle_bin(tree),
        recycled: 0,
        each,
    };
    if let Some(root) = root(tree) {
        walking.group(root, &mut Place::default());
    }
    walking.recycled
}

struct Walking<'w, 't> {
    bin: Option<Uuid>,
    recycled: usize,
    each: &'w mut dyn FnMut(&'t Element, Option<&Place>) -> bool,
}

impl<'t> Walking<'_, 't> {
    fn group(&mut self, group: &'t Element, place: &mut Place) -> bool {
        let here = (!place.steps.is_empty()).then_some(&*place);
        for entry in group.children_named("Entry") {
            if !(self.each)(entry, here) {
                return false;
            }
        }
        for inner in group.children_named("Group") {
            if self.bin.is_some() && uuid(inner) == self.bin {
                self.recycled += entries(inner);
                continue;
            }
            place.steps.push(step(inner));
            let goes_on = self.group(inner, place);
            place.steps.pop();
            if !goes_on {
                return false;
            }
        }
        true
    }
}

fn entries(group: &Element) -> usize {
    let inner = group.children_named("Group").map(entries).sum::<usize>();
    group.children_named("Entry").count() + inner
}

fn root(tree: &Element) -> Option<&Element> {
    tree.child("Root")?.child("Group")
}

/// The UUIDs of all groups and entries.
pub(super) fn uuids(tree: &Element) -> HashSet<Uuid> {
    let mut found = HashSet::new();
    if let Some(root) = root(tree) {
        collect(root, &mut found);
    }
    found
}

fn collect(element: &Element, found: &mut HashSet<Uuid>) {
    found.extend(uuid(element));
    if element.name() == "Group" {
        let is_one = |child: &&Element| matches!(child.name(), "Group" | "Entry");
        let children = element.children.iter().filter(is_one);
        children.for_each(|child| collect(child, found));
    }
}

/// The UUID of the recycle bin, if there is one.
fn recycle_bin(tree: &Element) -> Option<Uuid> {
    let text = tree.child("Meta")?.child_text("RecycleBinUUID")?;
    let bytes = BASE64.decode(text.trim().as_bytes()).ok()?;
    Uuid::from_slice(&bytes).ok().filter(|uuid| !uuid.is_nil())
}

/// A group as a collection.
fn step(group: &Element) -> Step {
    let mut step = Step::titled(group.child_text("Name").unwrap_or_default());
    if let Some(uuid) = uuid(group) {
        step.0.set("id", id_of(uuid));
    }
    if let Some(notes) = group.child_text("Notes").filter(|notes| !notes.is_empty()) {
        step.0.set("subtitle", notes);
    }
    let moments = group.child("Times");
    for (name, member) in [
        ("CreationTime", "creationAt"),
        ("LastModificationTime", "modifiedAt"),
    ] {
        let moment = moments.and_then(|moments| moments.child_text(name));
        if let Some(seconds) = moment.and_then(times::read) {
            step.0.set(member, seconds);
        }
    }
    step
}

/// A collection as a group.
fn group(id: Uuid, step: &Step) -> Element {
    let text = |name: &str| {
        step.0
            .text(name)
            .map(|text| text.replace(|letter| !is_xml_letter(letter), ""))
    };
    let moment = |name: &str, member: &str| times::write(name, step.0.number(member)?);
    let moments = [
        moment("CreationTime", "creationAt"),
        moment("LastModificationTime", "modifiedAt"),
    ];
    Element::new("Group").with([
        Element::with_text("UUID", &BASE64.encode(id.as_bytes())),
        Element::with_text("Name", &text("title").unwrap_or_default()),
        Element::with_text("Notes", &text("subtitle").unwrap_or_default()),
        Element::new("Times").with(moments.into_iter().flatten()),
    ])
}

fn is_xml_letter(letter: char) -> bool {
    is_xml(letter.encode_utf8(&mut [0; 4]))
}

/// The groups that there are, and those that have to be made.
#[derive(Clone)]
pub(super) struct Groups {
    groups: Vec<Group>,
    by_id: HashMap<Uuid, usize>,
    by_title: HashMap<(usize, String), usize>,
    /// The UUIDs that nothing new can have, those in the recycle bin too.
    taken: HashSet<Uuid>,
}

#[derive(Clone)]
struct Group {
    id: Uuid,
    above: Option<usize>,
    step: Step,
    /// The group itself, if it has to be made.
    new: Option<Element>,
}

impl Groups {
    /// Those of a document; the recycle bin, and what is in it, is no place for anything.
    pub(super) fn new(tree: &Element) -> Self {
        let mut groups = Self {
            groups: Vec::new(),
            by_id: HashMap::new(),
            by_title: HashMap::new(),
            taken: uuids(tree),
        };
        if let Some(root) = root(tree) {
            groups.collect(root, None, recycle_bin(tree));
        }
        groups
    }

    fn collect(&mut self, element: &Element, above: Option<usize>, bin: Option<Uuid>) {
        let Some(id) = uuid(element).filter(|id| bin != Some(*id)) else {
            return;
        };
        let at = self.push(Group {
            id,
            above,
            step: step(element),
            new: None,
        });
        for inner in element.children_named("Group") {
            self.collect(inner, Some(at), bin);
        }
    }

    fn push(&mut self, group: Group) -> usize {
        let at = self.groups.len();
        if let Some(above) = group.above {
            let title = group.step.title().to_owned();
            self.by_title.entry((above, title)).or_insert(at);
            self.by_id.entry(group.id).or_insert(at);
        }
        self.groups.push(group);
        at
    }

    /// The group for a collection, which is made if it is not there: that of its id, or of its title
    /// in the same group. What is written of the collection becomes what the group says.
    pub(super) fn place(&mut self, place: &mut Place) -> Uuid {
        let mut at = 0;
        for step in &place.steps {
            let id = step.0.text("id").map(|id| uuid_of("collection", id));
            let known = id.and_then(|id| self.by_id.get(&id));
            let known = known.or_else(|| self.by_title.get(&(at, step.title().to_owned())));
            at = match known.copied() {
                Some(known) => known,
                None => self.make(at, id, step),
            };
        }
        let groups = self.chain(at);
        let is_said = groups.len() == place.steps.len()
            && place.owner.is_none()
            && groups
                .iter()
                .zip(&place.steps)
                .all(|(group, step)| group.says(step));
        if is_said {
            place.steps = groups.into_iter().map(|group| group.step.clone()).collect();
        }
        self.groups.get(at).map_or_else(Uuid::nil, |group| group.id)
    }

    fn make(&mut self, above: usize, id: Option<Uuid>, step_of: &Step) -> usize {
        let id = id.filter(|id| !self.taken.contains(id));
        let id = id.unwrap_or_else(Uuid::new_v4);
        self.taken.insert(id);
        let element = group(id, step_of);
        let step = step(&element);
        self.push(Group {
            id,
            above: Some(above),
            step,
            new: Some(element),
        })
    }

    /// The group and those around it, from the outermost one, without the root.
    fn chain(&self, at: usize) -> Vec<&Group> {
        let first = self.groups.get(at);
        let above = |group: &&Group| self.groups.get(group.above?);
        let mut chain: Vec<_> = std::iter::successors(first, above)
            .filter(|group| group.above.is_some())
            .collect();
        chain.reverse();
        chain
    }

    /// The collection that a group is; `None` for the root, which is none.
    pub(super) fn native_of(&self, id: Uuid) -> Option<Place> {
        let chain = self.chain(*self.by_id.get(&id)?);
        Some(Place {
            steps: chain.into_iter().map(|group| group.step.clone()).collect(),
            owner: None,
        })
    }

    /// The group in which everything is.
    pub(super) fn root(&self) -> Uuid {
        self.groups.first().map_or_else(Uuid::nil, |group| group.id)
    }

    /// The groups that have to be made, by the groups that they belong in.
    pub(super) fn new_ones(self) -> HashMap<Uuid, Vec<Element>> {
        let ids: Vec<_> = self.groups.iter().map(|group| group.id).collect();
        let mut new_ones: HashMap<Uuid, Vec<Element>> = HashMap::new();
        for group in self.groups {
            let above = group.above.and_then(|above| ids.get(above));
            if let (Some(above), Some(element)) = (above, group.new) {
                new_ones.entry(*above).or_default().push(element);
            }
        }
        new_ones
    }
}

impl Group {
    /// Whether it says all that is to be said of a collection. What a group that was there before
    /// tells of itself is worth more than what is told elsewhere.
    fn says(&self, whole: &Step) -> bool {
        const OF_A_GROUP: [&str; 5] = ["id", "title", "subtitle", "creationAt", "modifiedAt"];
        let id = whole.0.text("id");
        let is_it = id.is_none_or(|id| self.step.0.text("id") == Some(id));
        match self.new {
            Some(_) => {
                is_it
                    && whole
                        .0
                        .members()
                        .all(|(name, value)| self.step.0.get(name) == Some(value))
            }
            None => {
                let is_like_it = self.step.title() == whole.title()
                    && id.is_none_or(|id| uuid_of("collection", id) != self.id);
                (is_it || is_like_it)
                    && whole
                        .0
                        .members()
                        .all(|(name, _)| OF_A_GROUP.contains(&name))
            }
        }
    }
}
