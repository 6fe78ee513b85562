//! What a store would lose of a record, told as briefly as can be.

use std::collections::BTreeSet;

use crate::{Foreseen, Record};

/// The path that stands for a whole record.
const EVERYTHING: &str = "$";

/// The credentials, by their places in the record, of which nothing comes through, or of a file not
/// its bytes.
pub(super) fn gone(record: &Record, foreseen: &Foreseen) -> BTreeSet<usize> {
    let lost = |path: &str| foreseen.lost.iter().any(|(lost, _)| lost == path);
    if lost(EVERYTHING) {
        return (0..record.item.credentials.len()).collect();
    }
    let credentials = record.item.credentials.iter().enumerate();
    let is_gone = |at: usize| {
        let whole = format!("credentials[{at}]");
        let kind = format!("{whole}.type");
        let within = |path: &str| is_within(path, &whole);
        let mut kept = foreseen.native.iter().chain(&foreseen.carried);
        let some_kept = kept.any(|path| within(path) && *path != kind);
        let some_lost = foreseen.lost.iter().any(|(path, _)| within(path));
        lost(&whole) || (some_lost && !some_kept)
    };
    let bytes_lost = |id: Option<&str>| id.is_some_and(|id| lost(&format!("attachment {id}")));
    credentials
        .filter(|(at, each)| is_gone(*at) || (each.kind() == "file" && bytes_lost(each.text("id"))))
        .map(|(at, _)| at)
        .collect()
}

/// The losses, with one for each credential of which nothing comes through.
pub(super) fn briefly(foreseen: Foreseen, gone: &BTreeSet<usize>) -> Vec<(String, String)> {
    let mut told = BTreeSet::new();
    let mut losses = Vec::new();
    for (path, why) in foreseen.lost {
        let of_gone = gone
            .iter()
            .map(|at| format!("credentials[{at}]"))
            .find(|whole| is_within(&path, whole));
        match of_gone {
            Some(whole) if told.insert(whole.clone()) => losses.push((whole, why)),
            Some(_) => {}
            None => losses.push((path, why)),
        }
    }
    losses
}

fn is_within(path: &str, whole: &str) -> bool {
    let rest = path.strip_prefix(whole);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
