//! One step of a question: a line of the person, asked for until it is understood.

use std::io;

use tr::tr;

use super::answers::Heard;
use super::page::{Page, Tone};
use super::{Desk, Happened};
use crate::queue::Subject;
use crate::serve::Event;

const WRONG_ANSWERS: u32 = 5;

/// Why a question ended without an answer.
pub(super) enum Interrupted {
    /// It has become moot, as this says.
    Moot(Box<Event>),
    /// The service is gone.
    Closed,
    /// The terminal is.
    Io(io::Error),
}

impl From<io::Error> for Interrupted {
    fn from(error: io::Error) -> Interrupted {
        Interrupted::Io(error)
    }
}

/// The question that is open, and how often it was answered with something else.
pub(super) struct Asking {
    pub(super) subject: Subject,
    pub(super) wrong: u32,
}

impl Asking {
    pub(super) fn new(subject: Subject) -> Asking {
        Asking { subject, wrong: 0 }
    }
}

impl Desk {
    /// Asks until the answer is understood. `None`: cancelled, also by the end of the input and by too
    /// many answers that were not understood.
    pub(super) async fn prompt<T>(
        &mut self,
        asking: &mut Asking,
        prompt: &str,
        hear: impl Fn(&str) -> Heard<T>,
    ) -> Result<Option<T>, Interrupted> {
        loop {
            self.console.forget_typed()?;
            self.console.write(&format!("{prompt} ")).await?;
            let Some(line) = self.answer_to(asking).await? else {
                self.console.write("\n").await?;
                return Ok(None);
            };
            let hint = match hear(&line) {
                Heard::Meant(meant) => return Ok(Some(meant)),
                Heard::Cancel => return Ok(None),
                Heard::Unclear(hint) => hint,
            };
            if !self.again(asking, &hint).await? {
                return Ok(None);
            }
        }
    }

    /// Says what was wrong, and whether to ask again.
    pub(super) async fn again(&mut self, asking: &mut Asking, hint: &str) -> io::Result<bool> {
        asking.wrong += 1;
        if asking.wrong == WRONG_ANSWERS {
            self.say(&tr!("That was not understood five times."))
                .await?;
            return Ok(false);
        }
        self.say(hint).await?;
        Ok(true)
    }

    async fn answer_to(&mut self, asking: &Asking) -> Result<Option<String>, Interrupted> {
        loop {
            match self.next(true).await? {
                Happened::Line(line) => return Ok(line),
                other => self.meanwhile(asking, other)?,
            }
        }
    }

    /// Keeps for later what is not about the open question.
    pub(super) fn meanwhile(
        &mut self,
        asking: &Asking,
        happened: Happened,
    ) -> Result<(), Interrupted> {
        match happened {
            Happened::Closed => Err(Interrupted::Closed),
            Happened::Event(event) if asking.subject.is_ended_by(&event) => {
                Err(Interrupted::Moot(event))
            }
            Happened::Event(event) => {
                self.hold(*event);
                Ok(())
            }
            Happened::Line(_) => Ok(()),
        }
    }

    pub(super) async fn say(&self, line: &str) -> io::Result<()> {
        self.show(Page::default().say(Tone::Plain, line)).await
    }
}
