//! Questions that wait for their turn: one is open at a time, the rest queue in order, and one that has
//! become moot leaves. Pure, and shared by every front end. Serves `org.credex.Chooser1`: "it shows one
//! question at a time".
//!
//! A queue is of one terminal or display. There is none across them: whoever opens a terminal of their
//! own, asks there and never answers would otherwise keep the person from answering anywhere else. How
//! many questions one app may have waiting is limited by the service.

use std::collections::VecDeque;

use crate::serve::{Ask, AskConsent, AskPassphrase, Event};

/// A question, of whatever kind.
#[derive(Debug)]
pub enum Prompt {
    /// Where credentials may go.
    Export(Ask),
    /// Whether an app may touch a password that it shares with its website.
    Consent(AskConsent),
    /// A passphrase.
    Passphrase(AskPassphrase),
}

/// What a question is called by the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An exchange.
    Exchange(String),
    /// A consent or a passphrase.
    Prompt(String),
}

/// The questions that wait.
#[derive(Debug, Default)]
pub struct Queue(VecDeque<Prompt>);

impl Queue {
    /// Takes in a question, or lets go of one that has become moot. Gives back whatever is about
    /// something else.
    pub fn take(&mut self, event: Event) -> Option<Event> {
        let prompt = match event {
            Event::Ask(ask) => Prompt::Export(ask),
            Event::Consent(ask) => Prompt::Consent(ask),
            Event::Passphrase(ask) => Prompt::Passphrase(ask),
            other => {
                let before = self.0.len();
                self.0
                    .retain(|waiting| !waiting.subject().is_ended_by(&other));
                return (self.0.len() == before).then_some(other);
            }
        };
        self.0.push_back(prompt);
        None
    }

    /// The question whose turn it is.
    pub fn turn(&mut self) -> Option<Prompt> {
        self.0.pop_front()
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Prompt {
    /// What the service calls it.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match self {
            Prompt::Export(ask) => Subject::Exchange(ask.exchange.clone()),
            Prompt::Consent(ask) => Subject::Prompt(ask.prompt.clone()),
            Prompt::Passphrase(ask) => Subject::Prompt(ask.prompt.clone()),
        }
    }
}

impl Subject {
    /// Whether `event` says that the question has become moot.
    #[must_use]
    pub fn is_ended_by(&self, event: &Event) -> bool {
        match (self, event) {
            (Subject::Exchange(own), Event::Finished { exchange, .. }) => own == exchange,
            (Subject::Prompt(own), Event::Withdrawn { prompt }) => own == prompt,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use credex_protocol::wire::{FinishedDetails, PassphraseRequest};
    use tokio::sync::oneshot;

    use super::*;
    use crate::model::{Ending, PassphraseQuestion};

    fn passphrase(prompt: &str) -> Event {
        let request = PassphraseRequest {
            purpose: Some("open".into()),
            ..PassphraseRequest::default()
        };
        Event::Passphrase(AskPassphrase {
            prompt: prompt.into(),
            parent_window: String::new(),
            question: PassphraseQuestion::parse(request).unwrap(),
            reply: oneshot::channel().0,
        })
    }

    fn withdrawn(prompt: &str) -> Event {
        Event::Withdrawn {
            prompt: prompt.into(),
        }
    }

    #[test]
    fn questions_take_turns_in_the_order_in_which_they_came_and_moot_ones_leave() {
        let mut queue = Queue::default();
        for prompt in ["a", "b", "c"] {
            assert!(queue.take(passphrase(prompt)).is_none());
        }
        assert!(queue.take(withdrawn("b")).is_none());
        let order: Vec<_> = std::iter::from_fn(|| queue.turn())
            .map(|prompt| prompt.subject())
            .collect();
        assert_eq!(
            order,
            ["a", "c"].map(|prompt| Subject::Prompt(prompt.into()))
        );
    }

    #[test]
    fn what_is_about_something_else_comes_back() {
        let mut queue = Queue::default();
        queue.take(passphrase("a"));
        assert!(queue.take(withdrawn("x")).is_some());
        // An exchange may be called what a prompt is called.
        let finished = Event::Finished {
            exchange: "a".into(),
            ending: Ending::parse("failed", FinishedDetails::default()),
        };
        assert!(queue.take(finished).is_some());
        assert_eq!(queue.len(), 1);
    }
}
