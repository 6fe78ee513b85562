//! A passphrase, typed unseen; a new one twice.

use credex_protocol::{Passphrase, PassphraseError};
use zeroize::Zeroizing;

use super::prompt::{Asking, Interrupted};
use super::{Desk, Happened, pages};
use crate::model::{PassphraseQuestion, Purpose};
use crate::queue::Subject;
use crate::serve::AskPassphrase;
use crate::wording;

impl Desk {
    /// Puts the question, and answers for the person.
    pub(super) async fn decide_passphrase(
        &mut self,
        ask: AskPassphrase,
    ) -> Result<(), Interrupted> {
        self.show(&pages::passphrase(&ask.question)).await?;
        let typed = match self.script.passphrase.take() {
            Some(given) => {
                self.answered_by("--passphrase-fd").await?;
                Ok(Some(given))
            }
            None => self.typed_unseen(&ask).await,
        };
        match typed {
            Ok(passphrase) => {
                let said = wording::passphrase_typed(passphrase.is_some());
                ask.answer(passphrase);
                Ok(self.say(&said).await?)
            }
            Err(Interrupted::Moot(_)) => {
                Ok(self.dismissed(wording::withdrawn_prompt(None)).await?)
            }
            Err(other) => Err(other),
        }
    }

    async fn typed_unseen(
        &mut self,
        ask: &AskPassphrase,
    ) -> Result<Option<Passphrase>, Interrupted> {
        self.input_ended = false;
        let mut asking = Asking::new(Subject::Prompt(ask.prompt.clone()));
        loop {
            let hint = match self.attempt(&asking, &ask.question).await? {
                Attempt::Typed(passphrase) => return Ok(Some(passphrase)),
                Attempt::Cancelled => return Ok(None),
                Attempt::Unfit { differs } => wording::passphrase_refused(differs),
            };
            if !self.again(&mut asking, &hint).await? {
                return Ok(None);
            }
        }
    }

    async fn attempt(
        &mut self,
        asking: &Asking,
        question: &PassphraseQuestion,
    ) -> Result<Attempt, Interrupted> {
        let (first, again) = wording::new_passphrase();
        let Some(typed) = self.unseen(asking, &first).await? else {
            return Ok(Attempt::Cancelled);
        };
        let passphrase = match Passphrase::new(typed) {
            Ok(passphrase) => passphrase,
            Err(PassphraseError::Empty) => return Ok(Attempt::Cancelled),
            Err(_) => return Ok(Attempt::Unfit { differs: false }),
        };
        if question.purpose == Purpose::Create {
            let Some(repeated) = self.unseen(asking, &again).await? else {
                return Ok(Attempt::Cancelled);
            };
            if passphrase.as_bytes() != repeated.as_slice() {
                return Ok(Attempt::Unfit { differs: true });
            }
        }
        Ok(Attempt::Typed(passphrase))
    }

    /// One line that the terminal does not show. Enter alone cancels.
    async fn unseen(
        &mut self,
        asking: &Asking,
        label: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Interrupted> {
        let _unseen = self.console.unsee()?;
        self.console.forget_typed()?;
        let hint = wording::passphrase_hint();
        self.console.write(&format!("{label} ({hint}): ")).await?;
        loop {
            let happened = tokio::select! {
                biased;
                event = self.events.recv() => Happened::of(event),
                () = self.service.closed() => Happened::Closed,
                line = self.console.unseen_line() => return Ok(line?),
            };
            self.meanwhile(asking, happened)?;
        }
    }
}

enum Attempt {
    Typed(Passphrase),
    Cancelled,
    /// `differs`: from what was typed before it; else it is no passphrase.
    Unfit {
        differs: bool,
    },
}
