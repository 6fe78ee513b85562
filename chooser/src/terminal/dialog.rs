//! Where credentials may go, at the terminal: which app, what to leave out, and the whole word yes.

use std::collections::BTreeSet;

use tr::tr;

use super::answers::{self, Heard};
use super::prompt::{Asking, Interrupted};
use super::{Desk, Live, pages};
use crate::model::{Answer, Authentication, Importer, Kind, Quantity, Question};
use crate::queue::Subject;
use crate::serve::{Ask, Event};
use crate::wording;

/// What the person decided: an importer of the question, and the types that stay.
pub(super) struct Decision {
    pub(super) importer: usize,
    pub(super) left_out: BTreeSet<Kind>,
}

impl Desk {
    /// Puts the question, and answers for the person.
    pub(super) async fn decide_export(&mut self, ask: Ask) -> Result<(), Interrupted> {
        self.show(&pages::question(&ask.question)).await?;
        let decision = match self.script.choose.clone() {
            Some(choice) => Ok(self.follow(&choice, &ask.question).await?),
            None => self.converse(&ask).await,
        };
        match decision {
            Ok(Some(decision)) => {
                self.agree(ask, &decision);
                Ok(())
            }
            Ok(None) => {
                ask.answer(Answer::Decline);
                Ok(self.say(&wording::declined()).await?)
            }
            Err(Interrupted::Moot(event)) => {
                self.console.write("\n").await?;
                let name = &ask.question.exporter.name;
                let lines = match &*event {
                    Event::Finished { ending, .. } => wording::withdrawn(name, ending),
                    _ => vec![wording::withdrawn_prompt(Some(name))],
                };
                Ok(self.show(&pages::news(&lines)).await?)
            }
            Err(other) => Err(other),
        }
    }

    fn agree(&mut self, ask: Ask, decision: &Decision) {
        let Some(importer) = ask.question.importers.get(decision.importer) else {
            return ask.answer(Answer::Decline);
        };
        self.agreed += 1;
        self.live.push(Live {
            exchange: ask.exchange.clone(),
            number: self.agreed,
            exporter: ask.question.exporter.name.clone(),
            importer: importer.name.clone(),
            proves: ask.question.authentication == Authentication::Asked,
            stage: None,
        });
        let answer = ask.question.answer(importer, &decision.left_out);
        ask.answer(answer);
    }

    /// The three steps. `None`: the person said no, with any of the words for it or none.
    async fn converse(&mut self, ask: &Ask) -> Result<Option<Decision>, Interrupted> {
        self.input_ended = false;
        let question = &ask.question;
        let mut asking = Asking::new(Subject::Exchange(ask.exchange.clone()));
        let Some(chosen) = self.ask_app(&mut asking, question).await? else {
            return Ok(None);
        };
        let Some(importer) = question.importers.get(chosen) else {
            return Ok(None);
        };
        let going = question.taken_by(importer);
        let Some(left_out) = self.ask_left_out(&mut asking, importer, &going).await? else {
            return Ok(None);
        };
        let agreed = self
            .ask_yes(&mut asking, question, importer, &left_out)
            .await?;
        Ok(agreed.map(|()| Decision {
            importer: chosen,
            left_out,
        }))
    }

    async fn ask_app(
        &mut self,
        asking: &mut Asking,
        question: &Question,
    ) -> Result<Option<usize>, Interrupted> {
        let prompt = match question.importers.len() {
            1 => tr!("Type 1 to choose it, or only Enter to cancel:"),
            _ => tr!("Type the number of the app, or only Enter to cancel:"),
        };
        let hear = |line: &str| match answers::app(line, question.importers.len()) {
            Heard::Meant(index) => match question.importers.get(index) {
                Some(importer) if question.is_pointless(importer) => Heard::Unclear(tr!(
                    "“{}” takes none of these. Press only Enter to cancel.",
                    importer.name
                )),
                _ => Heard::Meant(index),
            },
            other => other,
        };
        self.prompt(asking, &prompt, hear).await
    }

    async fn ask_left_out(
        &mut self,
        asking: &mut Asking,
        importer: &Importer,
        going: &[&Quantity],
    ) -> Result<Option<BTreeSet<Kind>>, Interrupted> {
        if going.len() < 2 {
            return Ok(Some(BTreeSet::new()));
        }
        self.show(&pages::leave_out(importer, going)).await?;
        let prompt = tr!("Leave anything out? Type numbers, or only Enter for nothing:");
        let hear = |line: &str| answers::left_out(line, going.len());
        let indices = self.prompt(asking, &prompt, hear).await?;
        Ok(indices.map(|indices| {
            let kinds = indices.into_iter().filter_map(|index| going.get(index));
            kinds.map(|each| each.kind.clone()).collect()
        }))
    }

    async fn ask_yes(
        &mut self,
        asking: &mut Asking,
        question: &Question,
        importer: &Importer,
        left_out: &BTreeSet<Kind>,
    ) -> Result<Option<()>, Interrupted> {
        let (mut staying, going): (Vec<_>, Vec<_>) = question
            .taken_by(importer)
            .into_iter()
            .partition(|each| left_out.contains(&each.kind));
        staying.extend(question.refused_by(importer));
        self.show(&pages::confirm(question, importer, &going, &staying))
            .await?;
        if let Some(unchecked) = wording::unchecked(question) {
            self.show(&pages::unchecked(&unchecked)).await?;
            let prompt = tr!("Type yes if it is you, or only Enter to cancel:");
            if self.prompt(asking, &prompt, answers::yes).await?.is_none() {
                return Ok(None);
            }
        }
        let prompt = tr!("Type yes to send, or only Enter to cancel:");
        self.prompt(asking, &prompt, answers::yes).await
    }
}
