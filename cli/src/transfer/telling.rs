//! A plan and what came of it, in words for a person and as events for programs.

use std::collections::BTreeMap;

use credex::Tally;
use credex_adapters::transfer::{Entry, OnDifference, Plan, Status, Summary};
use credex_adapters::{Quarantined, Written};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{BAD, GOOD, Output, STRONG, WARNING, counted, harmless, quoted};
use crate::receipt::Told;

/// How many of a kind are named one by one.
const NAMED: usize = 20;

/// What `--json` tells, an object on each line.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum Event<'e> {
    /// How far a step is, at most once a second.
    Progress {
        step: &'e str,
        done: usize,
        total: Option<usize>,
    },
    /// What would be done.
    Plan {
        to: &'e str,
        summary: &'e Summary,
        #[serde(flatten)]
        plan: &'e Plan,
    },
    /// What was written, and read back.
    Written {
        records: usize,
        refused: &'e [Quarantined],
        missing: &'e [String],
        types: &'e BTreeMap<String, Tally>,
    },
    /// What the exporting side was told.
    Receipt {
        granted: Vec<&'e str>,
        #[serde(flatten)]
        receipt: &'e Told,
    },
    /// Everything is in the new place: how to remove the old one.
    Removal { advice: &'e str },
}

/// Shows a plan.
pub(super) fn plan(output: &Output, to: &str, plan: &Plan) -> Result<(), Failure> {
    let summary = plan.summary();
    let to_name = harmless(to);
    output.line(format!("{STRONG}{to_name}{STRONG:#}"))?;
    numbers(output, plan, &summary)?;
    for loss in &summary.losses {
        let (what, why) = (harmless(&loss.what), harmless(&loss.why));
        let times = counted(loss.count as u64, "item");
        output.line(format!(
            "    {WARNING}lost{WARNING:#}: {what} of {times}: {why}"
        ))?;
    }
    let dropped = plan.entries.iter().filter_map(|entry| match &entry.status {
        Status::Dropped { why } => Some(format!("{}: {}", title(entry), harmless(why))),
        _ => None,
    });
    named(output, "not taken", dropped)?;
    let aside = plan
        .set_aside
        .iter()
        .map(|each| harmless(&each.to_string()));
    named(output, "set aside", aside)?;
    let differing = plan
        .entries
        .iter()
        .filter(|entry| matches!(entry.status, Status::Differs { .. }));
    named(output, "differs", differing.map(title))?;
    let kept = plan.entries.iter().filter(|entry| !entry.kept.is_empty());
    named(output, "keeps", kept.map(kept_of))?;
    output.object(Event::Plan {
        to,
        summary: &summary,
        plan,
    })
}

fn title(entry: &Entry) -> String {
    quoted(&entry.title)
}

/// What stays of the target's, of which the new one says nothing.
fn kept_of(entry: &Entry) -> String {
    let kept = entry.kept.iter();
    let kept: Vec<_> = kept
        .map(|(kind, count)| format!("{count} {}", harmless(kind)))
        .collect();
    format!("{}, the target's {}", title(entry), kept.join(", "))
}

fn numbers(output: &Output, plan: &Plan, summary: &Summary) -> Result<(), Failure> {
    let line = |count: usize, what: &str| match count {
        0 => Ok(()),
        count => output.line(format!("    {}{what}", counted(count as u64, "item"))),
    };
    line(summary.add, " to add")?;
    line(summary.same, ", the same in both")?;
    let resolution = plan.entries.iter().find_map(|entry| match entry.status {
        Status::Differs { resolution } => Some(resolution),
        _ => None,
    });
    let resolved = match resolution.unwrap_or_default() {
        OnDifference::Keep => ", different in both: the target keeps its own",
        OnDifference::Replace => ", different in both: the target's is replaced",
        OnDifference::Both => ", different in both: both are kept",
    };
    line(summary.differs, resolved)?;
    line(summary.dropped, " that the target takes nothing of")?;
    line(
        summary.carried,
        ", of which a part is kept in fields that only Credex turns back",
    )?;
    match summary.set_aside {
        0 => Ok(()),
        count => output.line(format!(
            "    {} of the source cannot be read",
            counted(count as u64, "part")
        )),
    }
}

/// Names the first of many.
fn named(output: &Output, what: &str, all: impl Iterator<Item = String>) -> Result<(), Failure> {
    let all: Vec<_> = all.collect();
    for each in all.iter().take(NAMED) {
        output.line(format!("    {WARNING}{what}{WARNING:#}: {each}"))?;
    }
    match all.len().saturating_sub(NAMED) {
        0 => Ok(()),
        more => output.line(format!("    … and {more} more; --json tells all")),
    }
}

/// Shows what was written.
pub(super) fn written(
    output: &Output,
    name: &str,
    written: &Written,
    missing: &[String],
    types: &BTreeMap<String, Tally>,
) -> Result<(), Failure> {
    let name = quoted(name);
    let count = counted(written.records as u64, "item");
    match missing {
        [] => output.line(format!(
            "{GOOD}{count}{GOOD:#} written to {name}, and read back."
        ))?,
        missing => {
            let some = counted(missing.len() as u64, "item");
            output.line(format!(
                "{BAD}{some} of {count}{BAD:#} cannot be found again in {name}."
            ))?;
            named(output, "missing", missing.iter().map(|each| harmless(each)))?;
        }
    }
    let refused = written
        .refused
        .iter()
        .map(|each| harmless(&each.to_string()));
    named(output, "refused", refused)?;
    output.object(Event::Written {
        records: written.records,
        refused: &written.refused,
        missing,
        types,
    })
}
