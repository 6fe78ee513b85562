//! What an exporter says will become of its credentials at an importer: the `plan` of
//! `Export.RequestExport`. It is its word, and reaches the person as that; here it is only held against
//! itself and against what the exporter counts. Pure.

use std::collections::{BTreeMap, BTreeSet};

use credex_protocol::Error;
use credex_protocol::wire::{Counts, LossReason, Plan, PlannedLoss};

use super::record::Target;
use super::request::{check_length, invalid};

/// More than any store has; so that numbers stay such that can be read.
const MOST_ITEMS: u64 = 10_000_000;
const MOST_LOSSES: usize = 1024;
const LONGEST_NAME: usize = 255;

/// A plan that does not contradict itself, in words that are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Foreseen {
    importer: String,
    plan: Plan,
}

/// The credentials of a type, all of each or a part: what one loss is of.
type Of = (Option<String>, bool);

impl Foreseen {
    /// Reads a plan of an exporter that has these `counts`.
    pub(super) fn parse(plan: Plan, counts: &Counts) -> Result<Foreseen, Error> {
        let importer = plan.importer.clone().unwrap_or_default();
        if importer.is_empty() {
            return Err(refused("must say in importer where that is"));
        }
        check_length("plan: importer", &importer, LONGEST_NAME)?;
        check_items(&plan)?;
        let losses = losses(plan.losses.as_deref().unwrap_or_default())?;
        check_losses(&losses, &plan, counts)?;
        let losses = losses.into_iter().map(|(((kind, part), reason), count)| {
            // What would be too much was refused.
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            PlannedLoss {
                credential_type: kind,
                reason: Some(reason.name().to_owned()),
                count: Some(count),
                part: Some(part),
            }
        });
        let plan = Plan {
            importer: None,
            losses: Some(losses.collect()),
            ..plan
        };
        Ok(Foreseen { importer, plan })
    }

    /// The plan, if it is about this importer.
    pub(super) fn at(&self, importer: &Target) -> Option<Plan> {
        let is_meant = match importer {
            Target::Installed(id) => **id == *self.importer,
            Target::Running(name, _) => name.as_str() == self.importer,
        };
        is_meant.then(|| self.plan.clone())
    }
}

fn check_items(plan: &Plan) -> Result<(), Error> {
    let all = [
        plan.added,
        plan.same,
        plan.kept,
        plan.replaced,
        plan.both,
        plan.dropped,
        plan.unreadable,
    ];
    match sum(all) <= MOST_ITEMS {
        true => Ok(()),
        false => Err(refused(&format!("has more than {MOST_ITEMS} items"))),
    }
}

/// The losses, those of the same kind together.
fn losses(told: &[PlannedLoss]) -> Result<BTreeMap<(Of, LossReason), u64>, Error> {
    if told.len() > MOST_LOSSES {
        let problem = format!("has more than {MOST_LOSSES} losses");
        return Err(refused(&problem));
    }
    let mut losses = BTreeMap::new();
    for loss in told {
        let count = loss.count.unwrap_or_default();
        if count == 0 {
            return Err(refused("has a loss without a count"));
        }
        let part = loss.part.unwrap_or_default();
        if loss.credential_type.is_none() && !part {
            return Err(refused("has a loss that is neither of a type nor a part"));
        }
        let kind = loss.credential_type.as_deref().unwrap_or_default();
        check_length("plan: type", kind, LONGEST_NAME)?;
        let of = (loss.credential_type.clone(), part);
        let reason = LossReason::from_name(loss.reason.as_deref().unwrap_or_default());
        *losses.entry((of, reason)).or_default() += u64::from(count);
    }
    Ok(losses)
}

/// Holds the losses against what there is.
fn check_losses(
    losses: &BTreeMap<(Of, LossReason), u64>,
    plan: &Plan,
    counts: &Counts,
) -> Result<(), Error> {
    let written = sum([plan.added, plan.replaced, plan.both]);
    let kinds: BTreeSet<_> = losses.keys().map(|((kind, _), _)| kind.as_ref()).collect();
    for kind in kinds {
        let of_kind = |part: bool| {
            let of_kind = losses
                .iter()
                .filter(move |(((of, is_part), _), _)| of.as_ref() == kind && *is_part == part);
            of_kind.map(|(_, count)| *count)
        };
        // Something can lose a part for one reason, and another part for another.
        let lost = of_kind(false).sum::<u64>() + of_kind(true).max().unwrap_or_default();
        match kind {
            None if lost > written => {
                return Err(refused("has more items that lose a part than there are"));
            }
            None => {}
            Some(kind) => match counts.get(kind) {
                None => {
                    let problem =
                        format!("loses credentials of the type {kind:?}, which counts has not");
                    return Err(refused(&problem));
                }
                Some(count) if lost > u64::from(*count) => {
                    let problem =
                        format!("loses {lost} of the type {kind:?}, of which counts has {count}");
                    return Err(refused(&problem));
                }
                Some(_) => {}
            },
        }
    }
    Ok(())
}

fn sum<const N: usize>(numbers: [Option<u32>; N]) -> u64 {
    let numbers = numbers.into_iter().flatten();
    numbers.map(u64::from).sum()
}

fn refused(problem: &str) -> Error {
    invalid("plan", problem)
}

#[cfg(test)]
mod tests {
    use credex_protocol::Reason;

    use super::*;

    fn counts() -> Counts {
        [("basic-auth", 5), ("credit-card", 3)]
            .map(|(kind, count)| (kind.to_owned(), count))
            .into()
    }

    fn loss(kind: Option<&str>, reason: &str, count: u32, part: bool) -> PlannedLoss {
        PlannedLoss {
            credential_type: kind.map(str::to_owned),
            reason: Some(reason.to_owned()),
            count: Some(count),
            part: Some(part),
        }
    }

    fn plan(losses: &[PlannedLoss]) -> Plan {
        Plan {
            importer: Some(":1.7".to_owned()),
            added: Some(4),
            same: Some(2),
            losses: Some(losses.to_vec()),
            ..Plan::default()
        }
    }

    fn refusal(plan: Plan) -> String {
        let error = Foreseen::parse(plan, &counts()).unwrap_err();
        assert_eq!(error.reason, Reason::InvalidArgument);
        assert!(error.message.starts_with("plan"), "{error}");
        error.message
    }

    #[test]
    fn a_plan_is_told_of_the_importer_that_it_names_and_of_no_other() {
        let told = [loss(Some("credit-card"), "no-place", 3, false)];
        let foreseen = Foreseen::parse(plan(&told), &counts()).unwrap();
        let running = |name: &str| {
            let name = name.to_owned().try_into().unwrap();
            Target::Running(name, "org.example.Vault".into())
        };
        let plan = foreseen.at(&running(":1.7")).unwrap();
        assert_eq!((plan.added, plan.importer), (Some(4), None));
        assert_eq!(plan.losses.as_deref(), Some(&told[..]));
        assert_eq!(foreseen.at(&running(":1.77")), None);
    }

    #[test]
    fn the_limits_are_those_that_the_protocol_names() {
        let readme = include_str!("../../../protocol/README.md");
        for line in [
            format!("| `importer` of a `plan` | {LONGEST_NAME} bytes |"),
            format!("| items of a `plan`, all together | {MOST_ITEMS} |"),
            format!("| `losses` of a `plan` | {MOST_LOSSES} |"),
        ] {
            assert!(readme.contains(&line), "{line}");
        }
    }

    #[test]
    fn no_word_of_the_exporters_own_comes_through() {
        let told = [
            loss(Some("credit-card"), "because Ada said so", 1, false),
            loss(Some("credit-card"), "\u{1b}[2J", 1, false),
        ];
        let foreseen = Foreseen::parse(plan(&told), &counts()).unwrap();
        let other = [loss(Some("credit-card"), "other", 2, false)];
        assert_eq!(foreseen.plan.losses.as_deref(), Some(&other[..]));
    }

    #[test]
    fn a_part_of_the_same_may_be_lost_for_two_reasons() {
        let told = [
            loss(Some("basic-auth"), "no-place", 5, true),
            loss(Some("basic-auth"), "too-large", 5, true),
            loss(None, "no-place", 4, true),
        ];
        Foreseen::parse(plan(&told), &counts()).unwrap();
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_what_is_wrong() {
        let lost = |kind, count| loss(Some(kind), "no-place", count, false);
        for (losses, words) in [
            (
                &[lost("passkey", 1)][..],
                "\"passkey\", which counts has not",
            ),
            (
                &[lost("credit-card", 4)],
                "loses 4 of the type \"credit-card\"",
            ),
            (
                &[
                    lost("credit-card", 2),
                    loss(Some("credit-card"), "other", 2, false),
                ],
                "loses 4",
            ),
            (
                &[
                    lost("credit-card", 2),
                    loss(Some("credit-card"), "other", 2, true),
                ],
                "loses 4",
            ),
            (&[lost("credit-card", 0)], "without a count"),
            (
                &[loss(None, "no-place", 5, true)],
                "more items that lose a part",
            ),
            (
                &[loss(None, "no-place", 1, false)],
                "neither of a type nor a part",
            ),
            (&vec![lost("credit-card", 1); 1025], "more than 1024 losses"),
        ] {
            let message = refusal(plan(losses));
            assert!(message.contains(words), "{message}");
        }
        let many = Plan {
            kept: Some(u32::MAX),
            dropped: Some(u32::MAX),
            ..plan(&[])
        };
        assert!(refusal(many).contains("more than 10000000 items"));
        for importer in [None, Some(String::new()), Some("x".repeat(256))] {
            assert!(
                refusal(Plan {
                    importer,
                    ..plan(&[])
                })
                .contains("importer")
            );
        }
    }
}
