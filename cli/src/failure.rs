//! Why a command failed: what was wrong, what to do about it, and the exit code.

use std::io;
use std::path::Path;

use credex::{Outcome, Reason};
use serde::Serialize;

use crate::exit::Exit;

/// A command that came to nothing. Never contains a secret; may contain hostile text, so show it
/// through [`crate::output`].
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    what: String,
    advice: Option<String>,
    /// Standard output is closed: nobody is there to be told.
    pub(crate) unheard: bool,
}

/// A failure as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Told<'a> {
    exit_code: u8,
    kind: &'static str,
    message: &'a str,
    advice: Option<&'a str>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, what: impl Into<String>) -> Failure {
        Failure {
            exit,
            what: what.into(),
            advice: None,
            unheard: false,
        }
    }

    /// Adds what the person can do about it.
    #[must_use]
    pub(crate) fn advise(self, advice: impl Into<String>) -> Failure {
        Failure {
            advice: Some(advice.into()),
            ..self
        }
    }

    /// What happened to the file at `path`.
    pub(crate) fn file(doing: &str, path: &Path, error: &io::Error) -> Failure {
        Failure::new(
            Exit::Failed,
            format!("{} cannot be {doing}: {error}", path.display()),
        )
    }

    /// The person pressed Ctrl-C, or the system asked the program to stop.
    pub(crate) fn interrupted() -> Failure {
        Failure::new(Exit::Declined, "interrupted; the exchange was called off")
    }

    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    pub(crate) fn advice(&self) -> Option<&str> {
        self.advice.as_deref()
    }

    pub(crate) fn told(&self) -> Told<'_> {
        Told {
            exit_code: self.exit.code(),
            kind: self.exit.key(),
            message: &self.what,
            advice: self.advice(),
        }
    }
}

/// Standard output or error could not be written.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        let mut failure = Failure::new(Exit::Failed, format!("cannot write the output: {error}"));
        failure.unheard = error.kind() == io::ErrorKind::BrokenPipe;
        failure
    }
}

impl From<credex::Error> for Failure {
    fn from(error: credex::Error) -> Failure {
        let failure = Failure::new(exit_of(&error), error.to_string());
        match advice_for(&error) {
            Some(advice) => failure.advise(advice),
            None => failure,
        }
    }
}

fn exit_of(error: &credex::Error) -> Exit {
    use credex::Error;
    match error {
        Error::NoBus(_) | Error::ServiceStopped(_) => Exit::Unavailable,
        Error::Declined(_) => Exit::Declined,
        Error::Document(_) => Exit::Invalid,
        Error::Ended(ended) if ended.outcome == Outcome::Expired => Exit::Expired,
        error => match error.reason() {
            Some(Reason::Cancelled | Reason::Declined | Reason::Never) => Exit::Declined,
            Some(Reason::NotDeclared | Reason::NotAssociated | Reason::SiteUnreachable) => {
                Exit::NotAssociated
            }
            Some(Reason::NoCredential) => Exit::NoCredential,
            Some(Reason::Expired) => Exit::Expired,
            Some(
                Reason::NoImporter
                | Reason::NoCommonVersion
                | Reason::ImporterUnavailable
                | Reason::ImporterSilent
                | Reason::ImporterDeclined
                | Reason::ImporterVanished,
            ) => Exit::NoImporter,
            Some(Reason::ServiceStopped) => Exit::Unavailable,
            _ => Exit::Failed,
        },
    }
}

fn advice_for(error: &credex::Error) -> Option<&'static str> {
    match error {
        credex::Error::NoBus(_) => Some("run this inside a session, or try `credex demo`"),
        credex::Error::Document(_) => Some("`credex validate FILE` says more about the document"),
        error => match error.reason()? {
            Reason::ServiceStopped => Some(
                "install credexd and its D-Bus service file, or start credexd by hand; \
                 `credex status` tells whether it runs",
            ),
            Reason::NoImporter | Reason::NoCommonVersion => {
                Some("`credex providers` lists the apps that can take credentials")
            }
            Reason::ProviderRequired | Reason::UnknownProvider => {
                Some("name the exporting provider with --for NAME")
            }
            Reason::NotDeclared | Reason::NotAssociated | Reason::SiteUnreachable => {
                Some("`credex domain check DOMAIN --app ID` says stage by stage what is missing")
            }
            Reason::NoStore => Some("start a Secret Service, for instance gnome-keyring"),
            Reason::ChooserUnavailable => Some("run this in a terminal, so that you can be asked"),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_told_that_the_service_is_missing_is_told_what_to_do() {
        let gone = credex::Error::ServiceStopped("nobody owns the name".into());
        let failure = Failure::from(gone);
        assert_eq!(failure.exit, Exit::Unavailable);
        assert!(failure.advice().unwrap().contains("credexd"));
    }

    #[test]
    fn a_refusal_of_the_person_is_no_failure_of_the_program() {
        let declined = credex::Error::Declined("no".into());
        assert_eq!(Failure::from(declined).exit, Exit::Declined);
    }
}
