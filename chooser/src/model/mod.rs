//! What the dialogs are about, without any presentation: the questions, the answers, how the exchange
//! goes on and how it ends. Serves `org.credex.Chooser1`; shared by every front end.
//!
//! Every text in here is safe to show. What is needed untouched for the answer is called `raw`.

mod app;
mod consent;
mod ending;
mod passphrase;
mod plan;

use std::collections::BTreeSet;

use credex_protocol::wire::{ChooseRequest, ChooseResults, ImporterInfo, response};

use crate::hostile;

pub use app::{App, Assurance, Source};
pub use consent::{Account, Act, Consent, ConsentError, Verdict};
pub use ending::{Arrived, Ending, Outcome, Stage};
pub use passphrase::{PassphraseError, PassphraseQuestion, Purpose};
pub use plan::{Loss, LossReason, Lost, Plan};

/// Why a question cannot be put to a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// The list of importers is missing or empty, or none of them has an id.
    #[error("the request names no importer to choose from: give at least one, with an id")]
    NoImporter,
}

/// A CXF credential type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    raw: String,
}

impl Kind {
    /// A type by its name in the Credential Exchange Format.
    #[must_use]
    pub fn new(raw: &str) -> Kind {
        Kind { raw: raw.into() }
    }

    /// Its name in the format, untouched: not to be shown.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }
}

/// How many credentials there are of a type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity {
    /// The type.
    pub kind: Kind,
    /// How many; never zero.
    pub count: u32,
}

/// Where an importer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Its desktop entry belongs to the system.
    System,
    /// Its desktop entry is the person's own.
    User,
    /// It runs, and has announced itself. Also whatever the chooser does not know.
    Running,
}

/// An app that can take credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Importer {
    raw_id: String,
    raw_name: String,
    /// Display name, or if it gives none its id.
    pub name: String,
    /// Desktop-entry ID.
    pub id: String,
    /// Icon name, untouched.
    pub icon: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// How sure the service is of its name; only of one that runs already.
    pub assurance: Option<Assurance>,
    /// A warning.
    pub conflict: Option<String>,
    /// What the exporter says will become of its credentials there.
    pub plan: Option<Plan>,
    will_not_take: BTreeSet<Kind>,
}

impl Importer {
    /// Whether a person or a script who writes `text` means this importer: its id or its name.
    #[must_use]
    pub fn is_called(&self, text: &str) -> bool {
        self.raw_id == text || self.raw_name.eq_ignore_ascii_case(text)
    }
}

/// The question to the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Who asks.
    pub exporter: App,
    /// What leaves; `None` if the exporter does not say.
    pub sends: Option<Vec<Quantity>>,
    /// Who can take it. Never empty.
    pub importers: Vec<Importer>,
    /// Whether the person must then prove who they are.
    pub authentication: Authentication,
    /// XDG activation token, for a front end with windows.
    pub activation_token: Option<String>,
}

/// Whether anything checks, before the credentials go, that it is the person who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// The system will ask for a password or the like next.
    Asked,
    /// Nothing on this computer can check it. Also whatever the chooser does not know.
    Unchecked,
    /// The administrator wants no check.
    Waived,
}

impl Authentication {
    fn parse(word: Option<&str>) -> Authentication {
        match word {
            Some("asked") => Authentication::Asked,
            Some("waived") => Authentication::Waived,
            _ => Authentication::Unchecked,
        }
    }
}

/// What the person answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Send these types to this importer. Both untouched: not to be shown.
    Send {
        /// Its id.
        importer: String,
        /// The types that may go.
        types: BTreeSet<String>,
    },
    /// No.
    Decline,
}

impl Question {
    /// Reads the question, and makes its texts safe to show.
    ///
    /// # Errors
    /// There is nobody to choose.
    pub fn parse(request: ChooseRequest) -> Result<Question, QuestionError> {
        let importers: Vec<Importer> = request
            .importers
            .unwrap_or_default()
            .into_iter()
            .filter_map(parse_importer)
            .collect();
        if importers.is_empty() {
            return Err(QuestionError::NoImporter);
        }
        let sends = request.counts.filter(|counts| !counts.is_empty()).map(|c| {
            c.into_iter()
                .filter(|(_, count)| *count > 0)
                .map(|(raw, count)| Quantity {
                    kind: Kind { raw },
                    count,
                })
                .collect()
        });
        Ok(Question {
            exporter: App::parse(request.exporter.unwrap_or_default()),
            authentication: Authentication::parse(request.authentication.as_deref()),
            sends,
            importers,
            activation_token: request.activation_token,
        })
    }

    /// What of it `importer` takes: what the person can still leave out.
    #[must_use]
    pub fn taken_by(&self, importer: &Importer) -> Vec<&Quantity> {
        self.split(importer, true)
    }

    /// What of it `importer` does not take, and is not sent for that reason.
    #[must_use]
    pub fn refused_by(&self, importer: &Importer) -> Vec<&Quantity> {
        self.split(importer, false)
    }

    fn split(&self, importer: &Importer, taken: bool) -> Vec<&Quantity> {
        let sends = self.sends.iter().flatten();
        sends
            .filter(|quantity| importer.will_not_take.contains(&quantity.kind) != taken)
            .collect()
    }

    /// Whether nothing at all could go to `importer`.
    #[must_use]
    pub fn is_pointless(&self, importer: &Importer) -> bool {
        self.sends.is_some() && self.taken_by(importer).is_empty()
    }

    /// The answer that sends to `importer` whatever it takes, but not the types `left_out`.
    #[must_use]
    pub fn answer(&self, importer: &Importer, left_out: &BTreeSet<Kind>) -> Answer {
        let going = self.taken_by(importer).into_iter();
        Answer::Send {
            importer: importer.raw_id.clone(),
            types: going
                .filter(|quantity| !left_out.contains(&quantity.kind))
                .map(|quantity| quantity.kind.raw.clone())
                .collect(),
        }
    }
}

impl Answer {
    /// As `ChooseImporter` returns it.
    #[must_use]
    pub fn into_wire(self) -> (u32, ChooseResults) {
        match self {
            Answer::Decline => (response::DECLINED, ChooseResults::default()),
            Answer::Send { importer, types } => (
                response::DONE,
                ChooseResults {
                    importer: Some(importer),
                    types: Some(types.into_iter().collect()),
                },
            ),
        }
    }
}

fn parse_importer(info: ImporterInfo) -> Option<Importer> {
    let raw_id = info.id.filter(|id| !id.is_empty())?;
    let id = hostile::identifier(&raw_id);
    Some(Importer {
        name: app::name_or_id(info.name.as_deref(), &id),
        raw_name: info.name.unwrap_or_default(),
        raw_id,
        id,
        icon: info.icon,
        origin: match info.origin.as_deref() {
            Some("system") => Origin::System,
            Some("user") => Origin::User,
            _ => Origin::Running,
        },
        assurance: info.assurance.as_deref().map(Assurance::parse),
        conflict: app::warning(info.conflict),
        plan: info.plan.map(Plan::parse),
        will_not_take: info
            .will_not_take
            .into_iter()
            .flatten()
            .map(|raw| Kind { raw })
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(counts: &[(&str, u32)], will_not_take: &[&str]) -> Question {
        let importer = ImporterInfo {
            id: Some("org.example.Vault".into()),
            will_not_take: Some(will_not_take.iter().map(|&raw| raw.into()).collect()),
            ..ImporterInfo::default()
        };
        let counts = counts.iter().map(|&(raw, count)| (raw.into(), count));
        Question::parse(ChooseRequest {
            counts: Some(counts.collect()),
            importers: Some(vec![importer, ImporterInfo::default()]),
            ..ChooseRequest::default()
        })
        .unwrap()
    }

    fn types(question: &Question, left_out: &[&str]) -> Vec<String> {
        let left_out = left_out.iter().map(|raw| Kind::new(raw)).collect();
        match question.answer(&question.importers[0], &left_out) {
            Answer::Send { types, .. } => types.into_iter().collect(),
            Answer::Decline => panic!("declined"),
        }
    }

    #[test]
    fn nothing_goes_that_was_left_out_or_that_the_importer_does_not_take() {
        let question = question(
            &[("note", 3), ("totp", 2), ("wifi", 1), ("file", 0)],
            &["wifi"],
        );
        assert_eq!(types(&question, &[]), ["note", "totp"]);
        assert_eq!(types(&question, &["note", "unheard-of"]), ["totp"]);
    }

    #[test]
    fn an_importer_that_takes_nothing_of_it_is_pointless() {
        let all = question(&[("wifi", 1)], &["wifi"]);
        assert!(all.is_pointless(&all.importers[0]));
        let undeclared = question(&[], &["wifi"]);
        assert!(!undeclared.is_pointless(&undeclared.importers[0]));
    }

    #[test]
    fn an_importer_without_an_id_cannot_be_chosen() {
        assert_eq!(question(&[], &[]).importers.len(), 1);
        let nobody = Question::parse(ChooseRequest::default());
        assert_eq!(nobody, Err(QuestionError::NoImporter));
    }

    #[test]
    fn a_check_that_is_not_known_counts_as_none() {
        for (word, meant) in [
            (Some("asked"), Authentication::Asked),
            (Some("waived"), Authentication::Waived),
            (Some("unchecked"), Authentication::Unchecked),
            (Some("skipped"), Authentication::Unchecked),
            (None, Authentication::Unchecked),
        ] {
            assert_eq!(Authentication::parse(word), meant, "{word:?}");
        }
    }
}
