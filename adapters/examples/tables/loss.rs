//! What becomes of each type of credential in a store.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use credex_adapters::{Foreseen, Record};

use super::places::Tried;

/// What becomes of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Native,
    Carried,
    Lost,
}

/// A table: what becomes of what.
pub(crate) struct Table {
    fates: BTreeMap<String, BTreeSet<Fate>>,
    why: BTreeSet<String>,
}

impl Table {
    pub(crate) fn of(tried: &Tried) -> Self {
        let mut table = Self {
            fates: BTreeMap::new(),
            why: BTreeSet::new(),
        };
        for (record, foreseen) in &tried.records {
            table.record(record, foreseen);
        }
        table
    }

    fn record(&mut self, record: &Record, foreseen: &Foreseen) {
        let told = |paths: &[String], fate| -> Vec<(String, Fate)> {
            paths.iter().map(|path| (path.clone(), fate)).collect()
        };
        let mut all = told(&foreseen.native, Fate::Native);
        all.extend(told(&foreseen.carried, Fate::Carried));
        all.extend(
            foreseen
                .lost
                .iter()
                .map(|(path, _)| (path.clone(), Fate::Lost)),
        );
        for (path, fate) in all {
            for part in parts(record, &path) {
                self.fates.entry(part).or_default().insert(fate);
            }
        }
        self.why
            .extend(foreseen.lost.iter().map(|(_, why)| why.to_string()));
    }

    /// What has exactly these fates.
    fn with(&self, fates: &[Fate]) -> String {
        let wanted: BTreeSet<_> = fates.iter().copied().collect();
        let parts = self.fates.iter().filter(|(_, fates)| **fates == wanted);
        let parts: Vec<_> = parts.map(|(part, _)| part.as_str()).collect();
        parts.join(", ")
    }
}

/// What a path leads to, for a reader: the type of a credential, or what an item has besides.
fn parts(record: &Record, path: &str) -> Vec<String> {
    let kind_at = |at: &str| -> Option<String> {
        let credential = record.item.credentials.get(at.parse::<usize>().ok()?)?;
        Some(format!("`{}`", credential.kind()))
    };
    if path == "$" {
        let kinds = record.item.credentials.iter();
        return kinds.map(|each| format!("`{}`", each.kind())).collect();
    }
    if let Some((at, rest)) = path
        .strip_prefix("credentials[")
        .and_then(|rest| rest.split_once(']'))
    {
        // That it is one of its type is no news.
        return match rest {
            ".type" => Vec::new(),
            _ => kind_at(at).into_iter().collect(),
        };
    }
    let member = path.split(['.', '[', ' ']).next().unwrap_or_default();
    let part = match member {
        "title" | "tags" | "subtitle" => member,
        "favorite" => "favourite",
        "scope" => "addresses and apps",
        "creationAt" | "modifiedAt" => "times",
        "collections" => "collections",
        "account" => "account",
        "attachment" => "bytes of files",
        "id" => "id",
        _ => "other members",
    };
    vec![part.to_owned()]
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Fate::{Carried, Lost, Native};
        writeln!(f, "\n| Kept | |\n| --- | --- |")?;
        for (how, fates) in [
            ("natively", &[Native][..]),
            ("natively in part, the rest in fields", &[Native, Carried]),
            ("in fields", &[Carried]),
            ("natively in part, the rest is lost", &[Native, Lost]),
            ("in fields in part, the rest is lost", &[Carried, Lost]),
            (
                "natively or in fields in part, the rest is lost",
                &[Native, Carried, Lost],
            ),
            ("lost", &[Lost]),
        ] {
            let parts = self.with(fates);
            if !parts.is_empty() || fates == [Lost] {
                let parts = if parts.is_empty() { "nothing" } else { &parts };
                writeln!(f, "| {how} | {parts} |")?;
            }
        }
        if !self.why.is_empty() {
            writeln!(f, "\nWhat is lost is so because:\n")?;
        }
        self.why.iter().try_for_each(|why| writeln!(f, "- {why}"))
    }
}
