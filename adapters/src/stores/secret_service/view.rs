//! What a collection holds, in the middle of a writing as well: all of it, or nothing.
//!
//! The Secret Service knows no transactions. So a writing makes its items with a schema that nobody
//! knows, `org.credex.Pending:RUN:SCHEMA`, reads them back, and then makes one more item, the *commit*,
//! which names the writing and the items that it replaces. From that moment on the new ones count
//! for every reader of ours, and the replaced ones do not. What follows makes it so for everybody: the
//! pending items get their schemas (where a service changes no attributes, they are made anew), the
//! replaced ones are deleted, and the commit goes last. All of it can be done again; what an interrupted writing has left is completed, or undone where there is
//! no commit, before the next one.

use std::collections::{HashMap, HashSet};

use zbus::zvariant::OwnedObjectPath;
use zeroize::Zeroizing;

use super::found::{Attributes, Found};
use super::schema::{COMMIT, PENDING, SCHEMA, link};

/// The attribute of a commit that says of which writing it is.
pub(super) const RUN: &str = "credex:run";

const BEGIN: &str = "Replaced:";
const END: &str = "Done.";

/// The secret of a commit.
#[derive(Debug, Default)]
pub(super) struct Commit {
    /// The items that are replaced.
    pub(super) replaces: Vec<Replaced>,
}

/// An item that is replaced, and when it was made: a service may give its path to another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Replaced {
    path: String,
    created: u64,
}

impl Commit {
    /// The secret. It is not empty, and has no braces, which KeePassXC would look for placeholders in.
    pub(super) fn text(&self) -> Zeroizing<String> {
        let created = self.replaces.iter().map(|each| (each.created, &each.path));
        let lines = created.map(|(created, path)| format!("{created} {path}\n"));
        let lines: String = lines.collect();
        Zeroizing::new(format!("{BEGIN}\n{lines}{END}"))
    }

    /// Reads the secret; `None` if it is not whole.
    pub(super) fn parse(secret: &[u8]) -> Option<Self> {
        let lines = str::from_utf8(secret).ok()?.strip_prefix(BEGIN)?;
        let lines = lines.strip_prefix('\n')?.strip_suffix(END)?.lines();
        let replaces = lines.map(|line| {
            let (created, path) = line.split_once(' ')?;
            Some(Replaced {
                path: path.to_owned(),
                created: created.parse().ok()?,
            })
        });
        let replaces: Option<_> = replaces.collect();
        replaces.map(|replaces| Self { replaces })
    }
}

impl Replaced {
    pub(super) fn new(item: &Found) -> Self {
        Self {
            path: item.path.as_str().to_owned(),
            created: item.created,
        }
    }
}

/// What is left of a writing.
#[derive(Debug, Default)]
pub(super) struct Remains {
    /// Items that are to get the attributes that they have here.
    pub(super) settle: Vec<Found>,
    /// Items that are to be deleted, in this order.
    pub(super) delete: Vec<OwnedObjectPath>,
}

impl Remains {
    pub(super) fn is_empty(&self) -> bool {
        self.settle.is_empty() && self.delete.is_empty()
    }
}

/// The attributes of an item that does not count yet.
pub(super) fn pending(run: &str, attributes: &Attributes) -> Attributes {
    let mut pending = attributes.clone();
    let schema = attributes.get(SCHEMA).map(String::as_str);
    let schema = schema.unwrap_or_default();
    pending.insert(SCHEMA.to_owned(), format!("{PENDING}{run}:{schema}"));
    pending
}

/// The writing that an item waits for, and the schema that it will have.
fn waits_for(attributes: &Attributes) -> Option<(&str, &str)> {
    attributes
        .get(SCHEMA)?
        .strip_prefix(PENDING)?
        .split_once(':')
}

/// The writing that this item is the commit of.
pub(super) fn commit_of(item: &Found) -> Option<&str> {
    let is_commit = item.attributes.get(SCHEMA).map(String::as_str) == Some(COMMIT);
    item.attributes
        .get(RUN)
        .filter(|_| is_commit)
        .map(String::as_str)
}

/// The items that count, as they will be, and what is left to be done. `commits` are the commits whose
/// secrets could be read, by their writings; one without a secret was never completed.
pub(super) fn view(items: Vec<Found>, commits: &HashMap<String, Commit>) -> (Vec<Found>, Remains) {
    let replaced: HashSet<_> = commits
        .values()
        .flat_map(|commit| &commit.replaces)
        .collect();
    let (waiting, items): (Vec<_>, Vec<_>) = items
        .into_iter()
        .partition(|item| waits_for(&item.attributes).is_some());
    let (mut visible, mut remains, mut last) = (Vec::new(), Remains::default(), Vec::new());
    for item in items {
        if commit_of(&item).is_some() {
            last.push(item.path);
        } else if replaced.contains(&Replaced::new(&item)) {
            remains.delete.push(item.path);
        } else {
            visible.push(item);
        }
    }
    let settled: HashSet<_> = visible.iter().map(|item| key(&item.attributes)).collect();
    for mut item in waiting {
        let schema = waits_for(&item.attributes);
        let schema = schema.filter(|(run, _)| commits.contains_key(*run));
        if let Some((_, schema)) = schema {
            let schema = schema.to_owned();
            item.attributes.insert(SCHEMA.to_owned(), schema);
        }
        match schema_is_known(&item) && !settled.contains(&key(&item.attributes)) {
            true => {
                remains.settle.push(item.clone());
                visible.push(item);
            }
            // Nobody has committed it, or it was made anew with its schema.
            false => remains.delete.push(item.path),
        }
    }
    remains.delete.append(&mut last);
    (visible, remains)
}

fn schema_is_known(item: &Found) -> bool {
    waits_for(&item.attributes).is_none()
}

/// What tells an item from all others, wherever it is.
fn key(attributes: &Attributes) -> (Option<String>, String) {
    (attributes.get(SCHEMA).cloned(), link(attributes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stores::secret_service::schema::{ID, ITEM};

    fn item(path: &str, schema: &str, id: &str) -> Found {
        let pairs = [(SCHEMA, schema), (ID, id)];
        let attributes = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Found::new(path, HashMap::from(attributes))
    }

    fn waiting(path: &str, id: &str) -> Found {
        let mut item = item(path, ITEM, id);
        item.attributes = pending("run", &item.attributes);
        item
    }

    fn commit(path: &str) -> Found {
        let mut item = item(path, COMMIT, "");
        item.attributes.insert(RUN.to_owned(), "run".to_owned());
        item
    }

    fn paths(items: &[Found]) -> Vec<&str> {
        items.iter().map(|item| item.path.as_str()).collect()
    }

    fn deleted(remains: &Remains) -> Vec<&str> {
        remains.delete.iter().map(|path| path.as_str()).collect()
    }

    fn replacing(items: &[&Found]) -> HashMap<String, Commit> {
        let replaces = items.iter().map(|item| Replaced::new(item)).collect();
        HashMap::from([("run".to_owned(), Commit { replaces })])
    }

    #[test]
    fn before_the_commit_there_is_what_was_and_after_it_what_will_be() {
        let old = item("/old", ITEM, "1");
        let items = vec![old.clone(), waiting("/new", "1"), waiting("/more", "2")];
        let (visible, remains) = view(items.clone(), &HashMap::new());
        assert_eq!(paths(&visible), ["/old"]);
        assert_eq!(deleted(&remains), ["/new", "/more"]);
        assert_eq!(paths(&remains.settle), Vec::<&str>::new());

        let items = [items, vec![commit("/commit")]].concat();
        let (visible, remains) = view(items, &replacing(&[&old]));
        assert_eq!(paths(&visible), ["/new", "/more"]);
        assert_eq!(paths(&remains.settle), ["/new", "/more"]);
        assert_eq!(deleted(&remains), ["/old", "/commit"]);
        assert!(visible.iter().all(|item| item.attributes[SCHEMA] == ITEM));
    }

    #[test]
    fn a_commit_counts_when_it_is_whole() {
        let text = Commit {
            replaces: vec![Replaced::new(&item("/old", ITEM, "1"))],
        }
        .text();
        let read = Commit::parse(text.as_bytes()).unwrap();
        assert_eq!(read.replaces, [Replaced::new(&item("/old", ITEM, "1"))]);
        for end in 0..text.len() {
            assert!(Commit::parse(&text.as_bytes()[..end]).is_none());
        }
    }

    #[test]
    fn an_item_that_was_made_anew_is_there_once() {
        let items = vec![
            item("/anew", ITEM, "1"),
            waiting("/new", "1"),
            commit("/commit"),
        ];
        let (visible, remains) = view(items, &replacing(&[]));
        assert_eq!(paths(&visible), ["/anew"]);
        assert_eq!(deleted(&remains), ["/new", "/commit"]);
    }

    #[test]
    fn a_path_that_was_given_to_another_item_is_not_taken_for_the_old_one() {
        let old = item("/old", ITEM, "1");
        let mut other = item("/old", ITEM, "other");
        other.created = 7;
        let (visible, _) = view(vec![other, commit("/commit")], &replacing(&[&old]));
        assert_eq!(paths(&visible), ["/old"]);
    }
}
