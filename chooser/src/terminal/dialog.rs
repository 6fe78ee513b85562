//! One question at the terminal: which app, what to leave out, and the whole word yes.

use std::collections::BTreeSet;
use std::io;

use super::answers::{self, Heard};
use super::page::{Page, Tone};
use super::{Desk, Happened, Interrupted, Live, Turn, pages};
use crate::model::{Answer, Importer, Kind, Quantity, Question};
use crate::serve::{Ask, Event};
use crate::wording;

const WRONG_ANSWERS: u32 = 5;

/// What the person decided: an importer of the question, and the types that stay.
pub(super) struct Decision {
    pub(super) importer: usize,
    pub(super) left_out: BTreeSet<Kind>,
}

impl Desk {
    /// Puts the question, and answers for the person.
    pub(super) async fn decide(&mut self, turn: Turn) -> Result<(), Interrupted> {
        let Turn { ask, waited } = turn;
        if waited {
            let line = "Another question has been waiting:";
            self.show(Page::default().gap().say(Tone::Plain, line))
                .await?;
        }
        self.show(&pages::question(&ask.question)).await?;
        let decision = match self.script.clone() {
            Some(script) => Ok(self.follow(&script, &ask.question).await?),
            None => self.converse(&ask).await,
        };
        match decision {
            Ok(Some(decision)) => {
                self.agree(ask, &decision);
                Ok(())
            }
            Ok(None) => {
                ask.answer(Answer::Decline);
                Ok(self.say(wording::DECLINED).await?)
            }
            Err(Interrupted::Withdrawn(ending)) => {
                let lines = wording::withdrawn(&ask.question.exporter.name, &ending);
                self.console.write("\n").await?;
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
            stage: None,
        });
        let answer = ask.question.answer(importer, &decision.left_out);
        ask.answer(answer);
    }

    /// The three steps. `None`: the person said no, with any of the words for it or none.
    async fn converse(&mut self, ask: &Ask) -> Result<Option<Decision>, Interrupted> {
        self.input_ended = false;
        let question = &ask.question;
        let mut asking = Asking {
            exchange: &ask.exchange,
            wrong: 0,
        };
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
        asking: &mut Asking<'_>,
        question: &Question,
    ) -> Result<Option<usize>, Interrupted> {
        let prompt = match question.importers.len() {
            1 => "Type 1 to choose it, or only Enter to cancel: ",
            _ => "Type the number of the app, or only Enter to cancel: ",
        };
        let hear = |line: &str| match answers::app(line, question.importers.len()) {
            Heard::Meant(index) => match question.importers.get(index) {
                Some(importer) if question.is_pointless(importer) => Heard::Unclear(format!(
                    "“{}” takes none of these. Press only Enter to cancel.",
                    importer.name
                )),
                _ => Heard::Meant(index),
            },
            other => other,
        };
        self.prompt(asking, prompt, hear).await
    }

    async fn ask_left_out(
        &mut self,
        asking: &mut Asking<'_>,
        importer: &Importer,
        going: &[&Quantity],
    ) -> Result<Option<BTreeSet<Kind>>, Interrupted> {
        if going.len() < 2 {
            return Ok(Some(BTreeSet::new()));
        }
        self.show(&pages::leave_out(importer, going)).await?;
        let prompt = "Leave anything out? Type numbers, or only Enter for nothing: ";
        let hear = |line: &str| answers::left_out(line, going.len());
        let indices = self.prompt(asking, prompt, hear).await?;
        Ok(indices.map(|indices| {
            let kinds = indices.into_iter().filter_map(|index| going.get(index));
            kinds.map(|each| each.kind.clone()).collect()
        }))
    }

    async fn ask_yes(
        &mut self,
        asking: &mut Asking<'_>,
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
        let prompt = "Type yes to send, or only Enter to cancel: ";
        self.prompt(asking, prompt, answers::yes).await
    }

    /// Asks until the answer is understood. `None`: cancelled, also by the end of the input and by too
    /// many answers that were not understood.
    async fn prompt<T>(
        &mut self,
        asking: &mut Asking<'_>,
        prompt: &str,
        hear: impl Fn(&str) -> Heard<T>,
    ) -> Result<Option<T>, Interrupted> {
        loop {
            self.console.forget_typed()?;
            self.console.write(prompt).await?;
            let Some(line) = self.answer_to(asking).await? else {
                self.console.write("\n").await?;
                return Ok(None);
            };
            let hint = match hear(&line) {
                Heard::Meant(meant) => return Ok(Some(meant)),
                Heard::Cancel => return Ok(None),
                Heard::Unclear(hint) => hint,
            };
            asking.wrong += 1;
            if asking.wrong == WRONG_ANSWERS {
                self.say("That was not understood five times.").await?;
                return Ok(None);
            }
            self.say(&hint).await?;
        }
    }

    async fn answer_to(&mut self, asking: &Asking<'_>) -> Result<Option<String>, Interrupted> {
        loop {
            match self.next(true).await? {
                Happened::Line(line) => return Ok(line),
                Happened::Closed => return Err(Interrupted::Closed),
                Happened::Event(Event::Finished { exchange, ending })
                    if exchange == asking.exchange =>
                {
                    return Err(Interrupted::Withdrawn(ending));
                }
                Happened::Event(event) => self.hold(event),
            }
        }
    }

    pub(super) async fn say(&self, line: &str) -> io::Result<()> {
        self.show(Page::default().say(Tone::Plain, line)).await
    }
}

/// The question that is open, and how often it was answered with something else.
struct Asking<'a> {
    exchange: &'a str,
    wrong: u32,
}
