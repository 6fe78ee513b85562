//! What the exporter says will become of its credentials: always as its word, never as ours.

use tr::tr;

use super::quantity;
use crate::model::{Importer, Kind, Loss, LossReason, Lost, Plan, Question};

/// How many losses are told one by one.
const TOLD: usize = 12;

/// A plan in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanWords {
    /// Whose word it is, and about what.
    pub heading: String,
    /// How many items become what.
    pub items: Vec<String>,
    /// Above what is lost.
    pub lost: String,
    /// What is lost, and why; empty if nothing is.
    pub losses: Vec<String>,
}

/// What the exporter says will become of its credentials at `importer`, if it says so.
#[must_use]
pub fn plan(question: &Question, importer: &Importer) -> Option<PlanWords> {
    let plan = importer.plan.as_ref()?;
    let (items, losses) = (items(plan), losses(plan));
    if items.is_empty() && losses.is_empty() {
        return None;
    }
    let heading = tr!(
        "What “{exporter}” says will happen at “{importer}”",
        exporter = question.exporter.name,
        importer = importer.name
    );
    Some(PlanWords {
        heading,
        items,
        lost: tr!("What is lost there, and why"),
        losses,
    })
}

/// That a plan is about more than goes, where the person leaves something out.
#[must_use]
pub fn plan_of_everything(question: &Question) -> String {
    let exporter = &question.exporter.name;
    tr!(
        "What “{}” says is about everything; you leave something out.",
        exporter
    )
}

/// What is said of so many.
type Words = fn(u32) -> String;

fn items(plan: &Plan) -> Vec<String> {
    let lines: [(u32, Words); 7] = [
        (plan.added, added),
        (plan.same, same),
        (plan.kept, kept),
        (plan.replaced, replaced),
        (plan.both, both),
        (plan.dropped, dropped),
        (plan.unreadable, unreadable),
    ];
    let some = lines.into_iter().filter(|(count, _)| *count > 0);
    some.map(|(count, words)| words(count)).collect()
}

fn added(n: u32) -> String {
    tr!("{n} item is new there" | "{n} items are new there" % n)
}

fn same(n: u32) -> String {
    tr!("{n} item is there already" | "{n} items are there already" % n)
}

fn kept(n: u32) -> String {
    tr!("{n} item differs there: what is there stays"
        | "{n} items differ there: what is there stays" % n)
}

fn replaced(n: u32) -> String {
    tr!("{n} item differs there: it is replaced" | "{n} items differ there: they are replaced" % n)
}

fn both(n: u32) -> String {
    tr!("{n} item differs there: both are kept" | "{n} items differ there: both are kept" % n)
}

fn dropped(n: u32) -> String {
    tr!("{n} item is dropped: nothing of it can be kept there"
        | "{n} items are dropped: nothing of them can be kept there" % n)
}

fn unreadable(n: u32) -> String {
    tr!("{n} part of the source cannot be read" | "{n} parts of the source cannot be read" % n)
}

/// The greatest losses, and how many more kinds of them there are.
fn losses(plan: &Plan) -> Vec<String> {
    let mut lines: Vec<_> = plan.losses.iter().take(TOLD).map(loss).collect();
    let more = u32::try_from(plan.losses.len() - lines.len()).unwrap_or(u32::MAX);
    if more > 0 {
        lines.push(tr!("and {n} more loss" | "and {n} more losses" % more));
    }
    lines
}

fn loss(loss: &Loss) -> String {
    let count = loss.count;
    let what = match &loss.of {
        Lost::Whole(kind) => quantity(count, kind),
        Lost::Part(kind) => part(count, kind),
        Lost::OfItem => {
            tr!("Other parts of {n} item, such as title, tags or folders"
                | "Other parts of {n} items, such as titles, tags or folders" % count)
        }
    };
    match loss.reason {
        LossReason::NoPlace => tr!("{}: there is no place for that", what),
        LossReason::TooLarge => tr!("{}: too large or too long", what),
        LossReason::WebsitesOnly => tr!("{}: only passwords of websites are taken", what),
        _ => tr!("{}: for another reason", what),
    }
}

fn part(count: u32, kind: &Kind) -> String {
    let what = quantity(count, kind);
    tr!("{}, in part", what)
}

#[cfg(test)]
mod tests {
    use credex_protocol::wire::{self, ChooseRequest, ImporterInfo, PlannedLoss};

    use super::*;

    fn asked(plan: wire::Plan) -> Question {
        Question::parse(ChooseRequest {
            importers: Some(vec![ImporterInfo {
                id: Some("org.example.Vault".into()),
                plan: Some(plan),
                ..ImporterInfo::default()
            }]),
            ..ChooseRequest::default()
        })
        .unwrap()
    }

    fn lost(kind: &str, count: u32) -> PlannedLoss {
        PlannedLoss {
            credential_type: Some(kind.into()),
            reason: Some("no-place".into()),
            count: Some(count),
            part: None,
        }
    }

    fn words(plan: wire::Plan) -> Option<PlanWords> {
        let question = asked(plan);
        super::plan(&question, &question.importers[0])
    }

    #[test]
    fn a_plan_is_told_as_the_word_of_whoever_exports() {
        let words = words(wire::Plan {
            added: Some(9),
            both: Some(1),
            losses: Some(vec![lost("passkey", 2)]),
            ..wire::Plan::default()
        });
        let words = words.unwrap();
        assert!(
            words
                .heading
                .contains("says will happen at “org.example.Vault”")
        );
        let items = [
            "9 items are new there",
            "1 item differs there: both are kept",
        ];
        assert_eq!(words.items, items);
        assert_eq!(words.losses, ["2 passkeys: there is no place for that"]);
    }

    #[test]
    fn a_plan_that_says_nothing_is_not_told() {
        assert_eq!(words(wire::Plan::default()), None);
    }

    #[test]
    fn a_long_list_of_losses_is_cut_where_nobody_would_read_on() {
        let losses = (0..64).map(|number| lost(&format!("invented-{number}"), 1));
        let plan = wire::Plan {
            losses: Some(losses.collect()),
            ..wire::Plan::default()
        };
        let losses = words(plan).unwrap().losses;
        assert_eq!(losses.len(), TOLD + 1);
        assert_eq!(losses[TOLD], "and 52 more losses");
    }
}
