//! Every sentence that a person reads, whichever front end shows it. Serves design §1 and §5.

use crate::hostile;
use crate::model::{
    Arrived, Assurance, Ending, Exporter, Importer, Kind, Origin, Outcome, Quantity, Question,
    Stage,
};

/// The names of a credential type in words: one of it, and several.
#[rustfmt::skip]
const KINDS: [(&str, &str, &str); 17] = [
    ("address", "address", "addresses"),
    ("api-key", "API key", "API keys"),
    ("basic-auth", "password", "passwords"),
    ("credit-card", "payment card", "payment cards"),
    ("custom-fields", "set of custom fields", "sets of custom fields"),
    ("drivers-license", "driver's licence", "driver's licences"),
    ("file", "file", "files"),
    ("generated-password", "generated password", "generated passwords"),
    ("identity-document", "identity document", "identity documents"),
    ("item-reference", "link between items", "links between items"),
    ("note", "note", "notes"),
    ("passkey", "passkey", "passkeys"),
    ("passport", "passport", "passports"),
    ("person-name", "name of a person", "names of people"),
    ("ssh-key", "SSH key", "SSH keys"),
    ("totp", "one-time code secret (TOTP)", "one-time code secrets (TOTP)"),
    ("wifi", "Wi-Fi network", "Wi-Fi networks"),
];

/// A credential type in words, as `count` of it are called.
#[must_use]
pub fn kind(kind: &Kind, count: u32) -> String {
    match KINDS.iter().find(|(raw, ..)| *raw == kind.raw()) {
        Some((_, one, _)) if count == 1 => (*one).to_owned(),
        Some((_, _, many)) => (*many).to_owned(),
        None => format!("of the unknown kind “{}”", hostile::name(kind.raw())),
    }
}

/// For example "2 SSH keys".
#[must_use]
pub fn quantity(count: u32, of: &Kind) -> String {
    format!("{count} {}", kind(of, count))
}

/// For example "142 passwords, 12 passkeys".
pub fn quantities<'a>(quantities: impl IntoIterator<Item = &'a Quantity>) -> String {
    let parts: Vec<String> = quantities
        .into_iter()
        .map(|each| quantity(each.count, &each.kind))
        .collect();
    parts.join(", ")
}

/// The headline of the question.
#[must_use]
pub fn headline(exporter: &Exporter) -> String {
    format!(
        "“{}” wants to send credentials to another app.",
        exporter.name
    )
}

/// The app ID, or that there is none.
#[must_use]
pub fn app_id(exporter: &Exporter) -> String {
    match exporter.id.as_str() {
        "" => "none".to_owned(),
        id => id.to_owned(),
    }
}

/// How sure it is who asks.
#[must_use]
pub fn assurance(assurance: Assurance) -> &'static str {
    match assurance {
        Assurance::Sandboxed => "sandboxed app (Flatpak or Snap), verified",
        Assurance::Launched => "started by Credex",
        Assurance::Installed => "installed by the system, not verified",
        Assurance::Unverified => "unknown program; anything in your session can claim this name",
    }
}

/// What leaves.
#[must_use]
pub fn sends(question: &Question) -> String {
    match &question.sends {
        None => "it does not say what, or how much".to_owned(),
        Some(none) if none.is_empty() => "nothing: it says that it has no credentials".to_owned(),
        Some(some) => quantities(some),
    }
}

/// What is at stake, in two sentences.
#[must_use]
pub fn risks(question: &Question) -> [String; 2] {
    let exporter = &question.exporter;
    [
        "Whoever receives them can sign in as you, and nobody can take them back.".to_owned(),
        match exporter.assurance {
            Assurance::Unverified => format!(
                "Go on only if you asked for this just now. Nobody has checked that it is “{}”.",
                exporter.name
            ),
            _ => format!(
                "Go on only if you asked “{}” for this just now.",
                exporter.name
            ),
        },
    ]
}

/// Where an importer comes from.
#[must_use]
pub fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::System => "installed by the system",
        Origin::User => "set up in your own files, not by the system",
        Origin::Running => "running, not installed; anything in your session can claim this name",
    }
}

/// What an importer will not take of the question, if anything.
#[must_use]
pub fn will_not_take(question: &Question, importer: &Importer) -> Option<String> {
    if question.is_pointless(importer) {
        return Some("Takes none of these".to_owned());
    }
    let refused = question.refused_by(importer);
    (!refused.is_empty()).then(|| format!("Will not take: {}", quantities(refused)))
}

/// The last question before the credentials go, as statements to check.
#[must_use]
pub fn summary(
    question: &Question,
    importer: &Importer,
    going: &[&Quantity],
    staying: &[&Quantity],
) -> Vec<String> {
    let what = match &question.sends {
        None => "whatever it exports".to_owned(),
        Some(_) => quantities(going.iter().copied()),
    };
    let mut lines = vec![format!(
        "“{}” will send to “{}” ({}): {what}.",
        question.exporter.name, importer.name, importer.id
    )];
    if !staying.is_empty() {
        lines.push(format!(
            "Left out: {}.",
            quantities(staying.iter().copied())
        ));
    }
    lines
}

/// The person said no.
pub const DECLINED: &str = "Cancelled. Nothing was sent.";

/// How an exchange goes on. `minutes`: until it ends by itself.
#[must_use]
pub fn progress(exporter: &str, importer: &str, stage: Stage, minutes: Option<u64>) -> String {
    let limit = match minutes {
        None => String::new(),
        Some(0 | 1) => " This ends by itself within a minute.".to_owned(),
        Some(n) => format!(" This ends by itself after {n} minutes."),
    };
    match stage {
        Stage::Exporting => format!("Waiting for “{exporter}” to hand them over, sealed.{limit}"),
        Stage::Deposited => {
            format!("“{exporter}” has handed them over, sealed. Calling “{importer}”.")
        }
        Stage::Offered => format!("Waiting for “{importer}” to take them.{limit}"),
        Stage::Claimed => format!("“{importer}” has received them and is storing them.{limit}"),
    }
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
            message,
            handed_over,
        } => {
            let mut lines = vec![why(*outcome, message)];
            lines.push(match handed_over {
                Some(false) => format!("“{importer}” was given nothing."),
                Some(true) => format!(
                    "“{importer}” had already received the credentials and may have stored them: look there."
                ),
                None => format!(
                    "“{importer}” may have received some of the credentials: look there."
                ),
            });
            lines
        }
    }
}

/// The question has become moot before it was answered.
#[must_use]
pub fn withdrawn(exporter: &str, ending: &Ending) -> Vec<String> {
    let reason = match ending {
        Ending::Ended {
            outcome, message, ..
        } => why(*outcome, message),
        Ending::Completed { .. } => "It has ended.".to_owned(),
    };
    vec![
        format!("The question of “{exporter}” is withdrawn. {reason}"),
        "Nothing was sent.".to_owned(),
    ]
}

fn why(outcome: Outcome, message: &str) -> String {
    let happened = match outcome {
        Outcome::Cancelled => "It was stopped.",
        Outcome::Expired => "The time was up.",
        Outcome::Failed => "It failed.",
    };
    match message {
        "" => happened.to_owned(),
        message => format!("{happened} {message}"),
    }
}

fn completed(
    exporter: &str,
    importer: &str,
    receipt: &[Arrived],
    discrepancies: &[String],
) -> Vec<String> {
    let mut lines = vec![format!("“{importer}” reports: {}.", totals(receipt))];
    lines.extend(kinds("Arrived", receipt, |each| each.succeeded));
    lines.extend(kinds("Failed", receipt, |each| each.failed));
    lines.extend(kinds("Ignored", receipt, |each| each.ignored));
    for discrepancy in discrepancies {
        lines.push(format!("Differs from what was announced: {discrepancy}"));
    }
    lines.push(format!(
        "Your originals are still in “{exporter}”; delete them there yourself when you have checked “{importer}”."
    ));
    lines
}

fn kinds(label: &str, receipt: &[Arrived], part: fn(&Arrived) -> u32) -> Option<String> {
    let words: Vec<String> = receipt
        .iter()
        .filter(|each| part(each) > 0)
        .map(|each| quantity(part(each), &each.kind))
        .collect();
    (!words.is_empty()).then(|| format!("{label}: {}.", words.join(", ")))
}

fn totals(receipt: &[Arrived]) -> String {
    let sum = |part: fn(&Arrived) -> u32| {
        receipt
            .iter()
            .map(|each| u64::from(part(each)))
            .sum::<u64>()
    };
    let (failed, ignored) = (sum(|each| each.failed), sum(|each| each.ignored));
    let mut words = match sum(|each| each.succeeded) {
        0 => "nothing arrived".to_owned(),
        n => format!("{n} arrived"),
    };
    if failed > 0 {
        words.push_str(&format!(", {failed} failed"));
    }
    if ignored > 0 {
        words.push_str(&format!(", {ignored} ignored"));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_many_are_told_apart_for_every_kind() {
        for (raw, one, many) in KINDS {
            assert_eq!(quantity(1, &Kind::new(raw)), format!("1 {one}"));
            assert_eq!(quantity(2, &Kind::new(raw)), format!("2 {many}"));
            assert_ne!(one, many);
        }
        assert_eq!(
            quantity(3, &Kind::new("x\u{1b}y")),
            "3 of the unknown kind “x�y”"
        );
    }

    #[test]
    fn an_unverified_name_is_called_a_claim() {
        assert!(assurance(Assurance::Unverified).contains("can claim this name"));
        assert!(origin(Origin::Running).contains("can claim this name"));
    }

    #[test]
    fn an_ending_says_whether_anything_was_handed_over() {
        let said = |handed_over| {
            let end = Ending::Ended {
                outcome: Outcome::Expired,
                message: String::new(),
                handed_over,
            };
            ending("Old", "New", &end).join(" ")
        };
        assert_eq!(
            said(Some(false)),
            "The time was up. “New” was given nothing."
        );
        assert!(said(Some(true)).contains("“New” had already received"));
        assert!(said(None).contains("“New” may have received"));
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
