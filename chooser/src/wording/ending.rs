//! How an exchange goes on, and how it ended.

use credex_protocol::Reason;
use tr::tr;

use super::quantity;
use crate::model::{Arrived, Ending, Outcome, Stage};

/// How an exchange goes on. `minutes`: until it ends by itself.
#[must_use]
pub fn progress(exporter: &str, importer: &str, stage: Stage, minutes: Option<u64>) -> String {
    let now = match stage {
        Stage::Exporting => tr!("Waiting for “{}” to hand them over, sealed.", exporter),
        Stage::Deposited => {
            return tr!(
                "“{exporter}” has handed them over, sealed. Calling “{importer}”.",
                exporter,
                importer
            );
        }
        Stage::Offered => tr!("Waiting for “{}” to take them.", importer),
        Stage::Claimed => tr!("“{}” has received them and is storing them.", importer),
    };
    let limit =
        match minutes {
            None => return now,
            Some(0 | 1) => tr!("This ends by itself within a minute."),
            Some(n) => tr!("This ends by itself after {n} minute."
                | "This ends by itself after {n} minutes." % n),
        };
    format!("{now} {limit}")
}

/// The exchange has ended.
#[must_use]
pub fn ending(exporter: &str, importer: &str, ending: &Ending) -> Vec<String> {
    match ending {
        Ending::Completed {
            receipt,
            discrepancies,
        } => completed(exporter, importer, receipt, discrepancies),
        Ending::Ended {
            outcome,
            reason,
            message,
            handed_over,
        } => {
            let mut lines = vec![happened(*outcome, *reason, importer)];
            lines.extend(details(message));
            lines.push(match handed_over {
                Some(false) => tr!("Nothing was handed over: “{}” was given nothing.", importer),
                Some(true) => tr!(
                    "“{}” had already received the credentials and may have stored them: look there.",
                    importer
                ),
                None => tr!(
                    "“{}” may have received some of the credentials: look there.",
                    importer
                ),
            });
            lines.push(tr!("Your passwords are still in “{}”.", exporter));
            lines
        }
    }
}

/// The question has become moot before it was answered.
#[must_use]
pub fn withdrawn(exporter: &str, ending: &Ending) -> Vec<String> {
    let mut lines = vec![tr!("The question of “{}” is withdrawn.", exporter)];
    if let Ending::Ended {
        outcome,
        reason,
        message,
        ..
    } = ending
    {
        lines.push(happened(*outcome, *reason, exporter));
        lines.extend(details(message));
    }
    lines.push(tr!("Nothing was sent."));
    lines
}

/// A consent or a passphrase has become moot before it was answered. `app`: who had asked, if an app.
#[must_use]
pub fn withdrawn_prompt(app: Option<&str>) -> String {
    match app {
        Some(app) => tr!("The question of “{}” is withdrawn.", app),
        None => tr!("The passphrase is no longer needed."),
    }
}

/// What happened, as far as this release knows the reason.
fn happened(outcome: Outcome, reason: Option<Reason>, importer: &str) -> String {
    match (reason, outcome) {
        (Some(Reason::ImporterUnavailable), _) => tr!("“{}” could not be started.", importer),
        (Some(Reason::ImporterSilent), _) => {
            tr!("“{}” was called, and did not answer in time.", importer)
        }
        (Some(Reason::ImporterDeclined), _) => tr!("“{}” did not want them.", importer),
        (Some(Reason::ImporterVanished), _) => tr!("“{}” ended before it was done.", importer),
        (Some(Reason::NoReceipt), _) => tr!(
            "“{}” took them, but never said what became of them.",
            importer
        ),
        (Some(Reason::AttemptsExhausted), _) => {
            tr!("Somebody tried to take them with wrong tokens, so the offer was withdrawn.")
        }
        (Some(Reason::NotAuthenticated), _) => tr!("It was not proven that it is you."),
        (Some(Reason::ServiceStopped), _) => tr!("Credex was stopped."),
        (_, Outcome::Cancelled) => tr!("It was stopped."),
        (_, Outcome::Expired) => tr!("The time was up."),
        (_, Outcome::Failed) => tr!("It failed."),
    }
}

/// What the service adds, in its own words.
fn details(message: &str) -> Option<String> {
    (!message.is_empty()).then(|| tr!("Details: {}", message))
}

fn completed(
    exporter: &str,
    importer: &str,
    receipt: &[Arrived],
    discrepancies: &[String],
) -> Vec<String> {
    let totals = totals(receipt);
    let mut lines = vec![tr!(
        "“{importer}” reports: {totals}.",
        importer,
        totals = totals
    )];
    if let Some(arrived) = kinds(receipt, |each| each.succeeded) {
        lines.push(tr!("Arrived: {}.", arrived));
    }
    if let Some(failed) = kinds(receipt, |each| each.failed) {
        lines.push(tr!("Failed: {}.", failed));
    }
    if let Some(ignored) = kinds(receipt, |each| each.ignored) {
        lines.push(tr!("Ignored: {}.", ignored));
    }
    for discrepancy in discrepancies {
        lines.push(tr!("Differs from what was announced: {}", discrepancy));
    }
    lines.push(tr!(
        "Your passwords are still in “{exporter}”; delete them there when you have checked “{importer}”.",
        exporter,
        importer
    ));
    lines
}

fn kinds(receipt: &[Arrived], part: fn(&Arrived) -> u32) -> Option<String> {
    let words: Vec<String> = receipt
        .iter()
        .filter(|each| part(each) > 0)
        .map(|each| quantity(part(each), &each.kind))
        .collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn totals(receipt: &[Arrived]) -> String {
    let sum = |part: fn(&Arrived) -> u32| {
        receipt
            .iter()
            .map(|each| u64::from(part(each)))
            .sum::<u64>()
    };
    let (failed, ignored) = (sum(|each| each.failed), sum(|each| each.ignored));
    let mut parts = vec![match sum(|each| each.succeeded) {
        0 => tr!("nothing arrived"),
        n => tr!("{n} arrived" | "{n} arrived" % n),
    }];
    if failed > 0 {
        parts.push(tr!("{n} failed" | "{n} failed" % failed));
    }
    if ignored > 0 {
        parts.push(tr!("{n} ignored" | "{n} ignored" % ignored));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(reason: Option<Reason>, handed_over: Option<bool>) -> Vec<String> {
        let end = Ending::Ended {
            outcome: Outcome::Failed,
            reason,
            message: String::new(),
            handed_over,
        };
        ending("Old", "New", &end)
    }

    #[test]
    fn an_ending_says_whether_anything_was_handed_over() {
        let said = |handed_over| ended(None, handed_over).join(" ");
        assert_eq!(
            said(Some(false)),
            "It failed. Nothing was handed over: “New” was given nothing. \
             Your passwords are still in “Old”."
        );
        assert!(said(Some(true)).contains("“New” had already received"));
        assert!(said(None).contains("“New” may have received"));
    }

    #[test]
    fn an_importer_that_never_answered_is_named_and_what_happened_is_said() {
        let said = ended(Some(Reason::ImporterSilent), Some(false));
        assert_eq!(said[0], "“New” was called, and did not answer in time.");
        assert!(said[1].starts_with("Nothing was handed over"), "{said:?}");
    }

    #[test]
    fn an_empty_receipt_does_not_look_like_success() {
        let end = Ending::Completed {
            receipt: Vec::new(),
            discrepancies: Vec::new(),
        };
        assert!(ending("Old", "New", &end)[0].contains("nothing arrived"));
    }

    #[test]
    fn the_time_that_is_left_is_said_in_minutes() {
        let said = |minutes| progress("Old", "New", Stage::Offered, minutes);
        assert_eq!(said(None), "Waiting for “New” to take them.");
        assert!(said(Some(1)).ends_with("within a minute."));
        assert!(said(Some(5)).ends_with("after 5 minutes."));
    }
}
