//! What a store would lose of a record, told as briefly as can be.

use std::collections::{BTreeSet, HashSet};

use super::Entry;
use crate::{Foreseen, Record, Why};

/// The path that stands for a whole record.
pub(super) const EVERYTHING: &str = "$";

/// What is said of one credential.
#[derive(Default, Clone)]
struct Said {
    some_kept: bool,
    some_lost: bool,
    whole_lost: bool,
}

/// The credentials, by their places in the record, of which nothing comes through, or of a file not
/// its bytes.
pub(super) fn gone(record: &Record, foreseen: &Foreseen) -> BTreeSet<usize> {
    let credentials = &record.item.credentials;
    let lost = foreseen.lost.iter().map(|(path, _)| path.as_str());
    let lost: HashSet<_> = lost.collect();
    if lost.contains(EVERYTHING) {
        return (0..credentials.len()).collect();
    }
    let mut said = vec![Said::default(); credentials.len()];
    for path in foreseen.native.iter().chain(&foreseen.carried) {
        if let Some((at, rest)) = Entry::credential_at(path)
            && let Some(said) = said.get_mut(at)
        {
            said.some_kept |= rest != ".type";
        }
    }
    for path in &lost {
        if let Some((at, rest)) = Entry::credential_at(path)
            && let Some(said) = said.get_mut(at)
        {
            said.some_lost = true;
            said.whole_lost |= rest.is_empty();
        }
    }
    let is_gone = |said: &Said| said.whole_lost || (said.some_lost && !said.some_kept);
    let bytes_lost =
        |id: Option<&str>| id.is_some_and(|id| lost.contains(&*format!("attachment {id}")));
    let both = said.iter().zip(credentials).enumerate();
    both.filter(|(_, (said, each))| {
        is_gone(said) || (each.kind() == "file" && bytes_lost(each.text("id")))
    })
    .map(|(at, _)| at)
    .collect()
}

/// The losses, with one for each credential of which nothing comes through.
pub(super) fn briefly(foreseen: Foreseen, gone: &BTreeSet<usize>) -> Vec<(String, Why)> {
    let mut told = BTreeSet::new();
    let mut losses = Vec::new();
    for (path, why) in foreseen.lost {
        let of = Entry::credential_at(&path).map(|(at, _)| at);
        match of.filter(|at| gone.contains(at)) {
            Some(at) if told.insert(at) => losses.push((format!("credentials[{at}]"), why)),
            Some(_) => {}
            None => losses.push((path, why)),
        }
    }
    losses
}
