//! Whether an app may touch a password of its website, at the terminal: yes, not now, or never. Enter
//! alone is *not now*.

use std::io;

use tr::tr;

use super::answers::{self, Spoken};
use super::prompt::{Asking, Interrupted};
use super::{Desk, pages};
use crate::model::{Act, Consent, Verdict};
use crate::queue::Subject;
use crate::serve::AskConsent;
use crate::wording;

impl Desk {
    /// Puts the question, and answers for the person.
    pub(super) async fn decide_consent(&mut self, ask: AskConsent) -> Result<(), Interrupted> {
        self.show(&pages::consent(&ask.consent)).await?;
        let verdict = match self.script.consent {
            Some(verdict) => Ok(self.follow_consent(verdict, &ask.consent).await?),
            None => self.converse_on_consent(&ask).await,
        };
        match verdict {
            Ok(verdict) => {
                let said = news(&ask.consent, &verdict);
                ask.answer(verdict);
                Ok(self.say(&said).await?)
            }
            Err(Interrupted::Moot(_)) => {
                let line = wording::withdrawn_prompt(Some(&ask.consent.app.name));
                Ok(self.dismissed(line).await?)
            }
            Err(other) => Err(other),
        }
    }

    async fn converse_on_consent(&mut self, ask: &AskConsent) -> Result<Verdict, Interrupted> {
        self.input_ended = false;
        let consent = &ask.consent;
        let chooses = matches!(consent.act, Act::Choose(_));
        let prompt = match &consent.act {
            Act::Add(_) => tr!("Type yes to save it, never, or only Enter for not now:"),
            Act::Update(_) => tr!("Type yes to change it, never, or only Enter for not now:"),
            Act::Delete(_) => tr!("Type yes to delete it, never, or only Enter for not now:"),
            Act::Choose(_) => {
                tr!("Type the number of the account, never, or only Enter for not now:")
            }
        };
        let mut asking = Asking::new(Subject::Prompt(ask.prompt.clone()));
        let hear = |line: &str| answers::verdict(line, consent, chooses);
        let spoken = self.prompt(&mut asking, &prompt, hear).await?;
        Ok(match spoken {
            Some(Spoken::Agree(index)) => agreed(consent, index),
            Some(Spoken::Never) => Verdict::Never,
            None => Verdict::NotNow,
        })
    }

    /// The question has become moot: says so below it.
    pub(super) async fn dismissed(&mut self, line: String) -> io::Result<()> {
        self.console.write("\n").await?;
        self.show(&pages::news(&[line])).await
    }
}

/// The verdict that agrees, for a choice to the account of `index`.
pub(super) fn agreed(consent: &Consent, index: usize) -> Verdict {
    match (&consent.act, consent.accounts().get(index)) {
        (Act::Choose(_), Some(account)) => Verdict::Agreed(Some(account.clone())),
        (Act::Choose(_), None) => Verdict::NotNow,
        _ => Verdict::Agreed(None),
    }
}

fn news(consent: &Consent, verdict: &Verdict) -> String {
    match verdict {
        Verdict::Agreed(_) => wording::agreed(&consent.app),
        Verdict::NotNow => wording::refused(consent, false),
        Verdict::Never => wording::refused(consent, true),
    }
}
