//! The question where credentials may go.

use tr::tr;

use super::{assurance, quantities};
use crate::model::{App, Assurance, Authentication, Importer, Origin, Quantity, Question};

/// The headline of the question.
#[must_use]
pub fn headline(app: &App) -> String {
    tr!("“{}” wants to send credentials to another app.", app.name)
}

/// What leaves.
#[must_use]
pub fn sends(question: &Question) -> String {
    match &question.sends {
        None => tr!("it does not say what, or how much"),
        Some(none) if none.is_empty() => tr!("nothing: it says that it has no credentials"),
        Some(some) => quantities(some),
    }
}

/// What is at stake, in two sentences.
#[must_use]
pub fn risks(question: &Question) -> [String; 2] {
    let app = &question.exporter;
    [
        tr!("Whoever receives them can sign in as you, and nobody can take them back."),
        match app.assurance {
            Assurance::Unverified => tr!(
                "Go on only if you asked for this just now. Nobody has checked that it is “{}”.",
                app.name
            ),
            _ => tr!("Go on only if you asked “{}” for this just now.", app.name),
        },
    ]
}

/// That nothing checks who answers, where nothing does: to be confirmed by the person.
#[must_use]
pub fn unchecked(question: &Question) -> Option<String> {
    (question.authentication == Authentication::Unchecked).then(|| {
        tr!(
            "Nothing on this computer checks that it is you who answers: whoever sits at it now can send your credentials away."
        )
    })
}

/// Where an importer comes from, and how sure that is.
#[must_use]
pub fn origin(importer: &Importer) -> String {
    match (importer.origin, importer.assurance) {
        (Origin::System, _) => tr!("installed by the system"),
        (Origin::User, _) => tr!("set up in your own files, not by the system"),
        (Origin::Running, None | Some(Assurance::Unverified)) => {
            tr!("running, not installed; anything in your session can claim this name")
        }
        (Origin::Running, Some(level)) => {
            let level = assurance(level);
            tr!("running; {}", level)
        }
    }
}

/// What an importer will not take of the question, if anything.
#[must_use]
pub fn will_not_take(question: &Question, importer: &Importer) -> Option<String> {
    if question.is_pointless(importer) {
        return Some(tr!("Takes none of these"));
    }
    let refused = question.refused_by(importer);
    (!refused.is_empty()).then(|| {
        let refused = quantities(refused);
        tr!("Will not take: {}", refused)
    })
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
        None => tr!("whatever it exports"),
        Some(_) => quantities(going.iter().copied()),
    };
    let mut lines = vec![tr!(
        "“{exporter}” will send to “{importer}” ({id}): {what}.",
        exporter = question.exporter.name,
        importer = importer.name,
        id = importer.id,
        what = what
    )];
    if !staying.is_empty() {
        let staying = quantities(staying.iter().copied());
        lines.push(tr!("Left out: {}.", staying));
    }
    lines
}

/// The person said no.
#[must_use]
pub fn declined() -> String {
    tr!("Cancelled. Nothing was sent.")
}

/// Another question is open; this one waited.
#[must_use]
pub fn waiting() -> String {
    tr!("Another question has been waiting:")
}

#[cfg(test)]
mod tests {
    use credex_protocol::wire::{ChooseRequest, ImporterInfo};

    use super::*;

    fn question(authentication: &str, assurance: Option<&str>) -> Question {
        let importer = ImporterInfo {
            id: Some("org.example.Vault".into()),
            origin: Some("running".into()),
            assurance: assurance.map(Into::into),
            ..ImporterInfo::default()
        };
        Question::parse(ChooseRequest {
            importers: Some(vec![importer]),
            authentication: Some(authentication.into()),
            ..ChooseRequest::default()
        })
        .unwrap()
    }

    #[test]
    fn the_name_of_a_running_app_is_called_a_claim_where_it_is_one() {
        for (assurance, words) in [
            (None, "can claim this name"),
            (Some("unverified"), "can claim this name"),
            (
                Some("installed"),
                "running; installed by the system, not verified",
            ),
            (Some("sandboxed"), "running; sandboxed app, verified"),
        ] {
            let question = question("asked", assurance);
            let said = origin(&question.importers[0]);
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn that_nothing_checks_the_person_is_said_plainly_and_only_then() {
        assert!(unchecked(&question("unchecked", None)).is_some());
        for checked in ["asked", "waived"] {
            assert_eq!(unchecked(&question(checked, None)), None);
        }
    }
}
