//! The state machine of one exchange: `step(state, event, now) -> (state, effects, answer)`.
//! Serves design §3 and "States" of `protocol/README.md`.
//!
//! Two invariants, which the test at the end checks over every state × event pair:
//! a step into a terminal state concludes exactly once, and it wipes.

use std::time::Duration;

use credex_protocol::Reason;

use crate::clock::BootTime;

/// How long each part of an exchange may take. Configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The person's time to decide.
    pub choose: Duration,
    /// The exporter's time to deposit, from the person's answer.
    pub deposit: Duration,
    /// The importer's time to appear and acknowledge, from the deposit.
    pub acknowledge: Duration,
    /// The token's life, from the deposit.
    pub offer: Duration,
    /// The token's life with all extensions, from the deposit.
    pub extended: Duration,
    /// The importer's time to report, from the redemption.
    pub receipt: Duration,
    /// Wrong tokens after which the offer is withdrawn.
    pub attempts: u32,
}

/// Where an exchange stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The person decides.
    Choosing {
        /// The person's deadline.
        until: BootTime,
    },
    /// The exporter seals its payload. There is a key from here on.
    Exporting {
        /// The exporter's deadline.
        until: BootTime,
    },
    /// The payload is here; the importer is being launched or signalled.
    Deposited {
        /// When the payload came.
        at: BootTime,
        /// The importer's deadline.
        until: BootTime,
    },
    /// The importer has the token.
    Offered {
        /// When the payload came.
        at: BootTime,
        /// When the token is void.
        expires: BootTime,
        /// How many wrong tokens are still forgiven.
        attempts: u32,
    },
    /// The importer has the payload. There is no key any more.
    Claimed {
        /// The importer's deadline to report.
        until: BootTime,
    },
    /// The importer has reported.
    Completed,
    /// The person or the exporter ended it.
    Cancelled,
    /// The time was up.
    Expired,
    /// It could not go on.
    Failed,
}

/// What can happen to an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The person chose an importer.
    PersonAgreed,
    /// The person said no.
    PersonDeclined,
    /// The person stopped it after having agreed.
    PersonStopped,
    /// There was nobody to choose, or no way to ask.
    ChoosingFailed(Reason),
    /// A payload passed every check.
    PayloadAccepted,
    /// The importer answered the offer.
    ImporterAcknowledged,
    /// The importer could not be started, or refused the offer.
    ImporterUnreachable(Reason),
    /// The rightful importer showed the right token.
    TokenRedeemed,
    /// The rightful importer showed a wrong token.
    TokenWrong,
    /// The importer needs more time.
    ExtensionAsked(Duration),
    /// The importer does not want it.
    ImporterDeclined,
    /// The importer reported what became of the payload.
    ReceiptGiven,
    /// The exporter closed its request or session.
    ExporterClosed,
    /// The exporter left the bus.
    ExporterVanished,
    /// The importer left the bus.
    ImporterVanished,
    /// The clock moved.
    TimePassed,
    /// The service is stopping, for the reason given.
    ServiceFailed(Reason),
}

/// How an exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conclusion {
    /// The terminal state.
    pub state: State,
    /// Why; `None` for a completed exchange.
    pub reason: Option<Reason>,
    /// Whether the importer had the payload.
    pub handed_over: bool,
    /// Whether the exporter still wants to know.
    pub tell_exporter: bool,
    /// Whether the importer has an offer and does not know yet that it ended.
    pub tell_importer: bool,
}

/// What follows from a step, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Make a key, open the session, answer the request.
    Grant,
    /// Launch or signal the importer.
    ReachImporter,
    /// Send the token to the importer.
    DeliverToken,
    /// Take payload and key out, once, for the importer that asks.
    HandOver,
    /// Tell the person how far it is.
    Inform,
    /// Forget key, token and payload.
    Wipe,
    /// Answer whoever waits. Terminal, exactly once.
    Conclude(Conclusion),
}

/// The outcome of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Step {
    /// Where the exchange now stands.
    pub state: State,
    /// What must be done, in order.
    pub effects: Vec<Effect>,
    /// What the one who caused the event is told.
    pub answer: Result<(), Reason>,
}

impl State {
    /// The first state of an exchange.
    #[must_use]
    pub fn begin(now: BootTime, terms: &Terms) -> State {
        State::Choosing {
            until: now.after(terms.choose),
        }
    }

    /// Whether nothing can happen any more.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(
            self,
            State::Completed | State::Cancelled | State::Expired | State::Failed
        )
    }

    /// When this state must be left; `None` for a terminal one.
    #[must_use]
    pub fn deadline(self) -> Option<BootTime> {
        match self {
            State::Choosing { until }
            | State::Exporting { until }
            | State::Deposited { until, .. }
            | State::Offered { expires: until, .. }
            | State::Claimed { until } => Some(until),
            _ => None,
        }
    }

    /// The name on the wire: in `Chooser1.Progress`, `Session.Closed` and `Status.GetStatus`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            State::Choosing { .. } => "choosing",
            State::Exporting { .. } => "exporting",
            State::Deposited { .. } => "deposited",
            State::Offered { .. } => "offered",
            State::Claimed { .. } => "claimed",
            State::Completed => "completed",
            State::Cancelled => "cancelled",
            State::Expired => "expired",
            State::Failed => "failed",
        }
    }

    /// Applies `event`, which happened at `now`.
    pub fn step(self, event: Event, now: BootTime, terms: &Terms) -> Step {
        if self.deadline().is_some_and(|deadline| now >= deadline) {
            return self.time_is_up();
        }
        match (self, event) {
            (_, Event::TimePassed) => self.stay(Ok(())),
            (state, _) if state.is_terminal() => self.stay(Err(Reason::WrongState)),
            (_, Event::ServiceFailed(reason)) => self.end(State::Failed, reason),
            (State::Claimed { .. }, event) => self.after_hand_over(event),
            (_, Event::ExporterClosed | Event::ExporterVanished) => {
                self.end_with(State::Cancelled, Reason::Cancelled, |end| {
                    end.tell_exporter = false
                })
            }
            (_, Event::PersonStopped) => self.end(State::Cancelled, Reason::Cancelled),
            (State::Choosing { .. }, event) => self.while_choosing(event, now, terms),
            (State::Exporting { .. }, Event::PayloadAccepted) => {
                let until = now.after(terms.acknowledge.min(terms.offer));
                go(
                    State::Deposited { at: now, until },
                    [Effect::ReachImporter, Effect::Inform],
                )
            }
            (State::Deposited { at, .. }, event) => self.while_reaching(event, at, terms),
            (
                State::Offered {
                    at,
                    expires,
                    attempts,
                },
                event,
            ) => self.while_offered(event, now, terms, (at, expires, attempts)),
            _ => self.stay(Err(Reason::WrongState)),
        }
    }

    fn while_choosing(self, event: Event, now: BootTime, terms: &Terms) -> Step {
        match event {
            Event::PersonAgreed => {
                let until = now.after(terms.deposit);
                go(State::Exporting { until }, [Effect::Grant, Effect::Inform])
            }
            Event::PersonDeclined => self.end(State::Cancelled, Reason::Cancelled),
            Event::ChoosingFailed(reason) => self.end(State::Failed, reason),
            _ => self.stay(Err(Reason::WrongState)),
        }
    }

    fn while_reaching(self, event: Event, at: BootTime, terms: &Terms) -> Step {
        match event {
            Event::ImporterAcknowledged => {
                let expires = at.after(terms.offer);
                let state = State::Offered {
                    at,
                    expires,
                    attempts: terms.attempts,
                };
                go(state, [Effect::DeliverToken, Effect::Inform])
            }
            Event::ImporterUnreachable(reason) => self.end(State::Failed, reason),
            _ => self.stay(Err(Reason::WrongState)),
        }
    }

    fn while_offered(
        self,
        event: Event,
        now: BootTime,
        terms: &Terms,
        (at, expires, attempts): (BootTime, BootTime, u32),
    ) -> Step {
        match event {
            Event::TokenRedeemed => {
                let until = now.after(terms.receipt);
                go(
                    State::Claimed { until },
                    [Effect::HandOver, Effect::Wipe, Effect::Inform],
                )
            }
            Event::TokenWrong if attempts > 1 => Step {
                state: State::Offered {
                    at,
                    expires,
                    attempts: attempts - 1,
                },
                effects: Vec::new(),
                answer: Err(Reason::InvalidToken),
            },
            Event::TokenWrong => Step {
                answer: Err(Reason::AttemptsExhausted),
                ..self.end_knowing_importer(State::Failed, Reason::AttemptsExhausted)
            },
            Event::ExtensionAsked(span) => {
                let latest = at.after(terms.extended);
                let expires = expires.max(now.after(span).min(latest));
                go(
                    State::Offered {
                        at,
                        expires,
                        attempts,
                    },
                    [Effect::Inform],
                )
            }
            Event::ImporterDeclined => {
                self.end_knowing_importer(State::Failed, Reason::ImporterDeclined)
            }
            Event::ImporterVanished => {
                self.end_knowing_importer(State::Failed, Reason::ImporterVanished)
            }
            _ => self.stay(Err(Reason::WrongState)),
        }
    }

    /// What was handed over cannot be called back: neither the person nor the exporter can stop it,
    /// and an exporter that leaves only misses the receipt.
    fn after_hand_over(self, event: Event) -> Step {
        match event {
            Event::ReceiptGiven => self.end_with(State::Completed, Reason::Internal, |end| {
                end.reason = None;
                end.tell_importer = false;
            }),
            Event::ImporterDeclined => {
                self.end_knowing_importer(State::Failed, Reason::ImporterDeclined)
            }
            Event::ImporterVanished => {
                self.end_knowing_importer(State::Failed, Reason::ImporterVanished)
            }
            Event::ExporterClosed | Event::ExporterVanished => self.stay(Ok(())),
            Event::TokenRedeemed
            | Event::TokenWrong
            | Event::PersonStopped
            | Event::ExtensionAsked(_) => self.stay(Err(Reason::AlreadyRedeemed)),
            _ => self.stay(Err(Reason::WrongState)),
        }
    }

    fn time_is_up(self) -> Step {
        let (state, reason) = match self {
            State::Deposited { .. } => (State::Failed, Reason::ImporterSilent),
            State::Claimed { .. } => (State::Failed, Reason::NoReceipt),
            _ => (State::Expired, Reason::Expired),
        };
        Step {
            answer: Err(reason),
            ..self.end(state, reason)
        }
    }

    fn stay(self, answer: Result<(), Reason>) -> Step {
        Step {
            state: self,
            effects: Vec::new(),
            answer,
        }
    }

    fn end(self, state: State, reason: Reason) -> Step {
        self.end_with(state, reason, |_| ())
    }

    fn end_knowing_importer(self, state: State, reason: Reason) -> Step {
        self.end_with(state, reason, |end| end.tell_importer = false)
    }

    fn end_with(self, state: State, reason: Reason, adjust: impl FnOnce(&mut Conclusion)) -> Step {
        let mut conclusion = Conclusion {
            state,
            reason: Some(reason),
            handed_over: matches!(self, State::Claimed { .. }),
            tell_exporter: true,
            tell_importer: matches!(self, State::Offered { .. } | State::Claimed { .. }),
        };
        adjust(&mut conclusion);
        go(state, [Effect::Wipe, Effect::Conclude(conclusion)])
    }
}

fn go<const N: usize>(state: State, effects: [Effect; N]) -> Step {
    Step {
        state,
        effects: effects.into(),
        answer: Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms = Terms {
        choose: Duration::from_secs(600),
        deposit: Duration::from_secs(120),
        acknowledge: Duration::from_secs(30),
        offer: Duration::from_secs(300),
        extended: Duration::from_secs(1800),
        receipt: Duration::from_secs(600),
        attempts: 3,
    };
    const NOW: BootTime = BootTime(1_000_000);
    const LATER: BootTime = BootTime(2_000_000);

    fn states() -> Vec<State> {
        vec![
            State::Choosing { until: LATER },
            State::Exporting { until: LATER },
            State::Deposited {
                at: NOW,
                until: LATER,
            },
            State::Offered {
                at: NOW,
                expires: LATER,
                attempts: 3,
            },
            State::Offered {
                at: NOW,
                expires: LATER,
                attempts: 1,
            },
            State::Claimed { until: LATER },
            State::Completed,
            State::Cancelled,
            State::Expired,
            State::Failed,
        ]
    }

    fn events() -> Vec<Event> {
        vec![
            Event::PersonAgreed,
            Event::PersonDeclined,
            Event::PersonStopped,
            Event::ChoosingFailed(Reason::NoImporter),
            Event::PayloadAccepted,
            Event::ImporterAcknowledged,
            Event::ImporterUnreachable(Reason::ImporterUnavailable),
            Event::TokenRedeemed,
            Event::TokenWrong,
            Event::ExtensionAsked(Duration::from_secs(60)),
            Event::ImporterDeclined,
            Event::ReceiptGiven,
            Event::ExporterClosed,
            Event::ExporterVanished,
            Event::ImporterVanished,
            Event::TimePassed,
            Event::ServiceFailed(Reason::ServiceStopped),
        ]
    }

    fn conclusions(step: &Step) -> usize {
        step.effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Conclude(_)))
            .count()
    }

    #[test]
    fn every_end_concludes_once_and_wipes_and_nothing_else_concludes() {
        for state in states() {
            for event in events() {
                for now in [NOW, LATER] {
                    let step = state.step(event, now, &TERMS);
                    let ended = !state.is_terminal() && step.state.is_terminal();
                    let what = format!("{state:?} × {event:?} at {now:?} → {step:?}");
                    assert_eq!(conclusions(&step), usize::from(ended), "{what}");
                    if ended {
                        assert!(step.effects.contains(&Effect::Wipe), "{what}");
                    }
                    if state.is_terminal() {
                        assert_eq!((step.state, step.effects.len()), (state, 0), "{what}");
                    }
                }
            }
        }
    }

    #[test]
    fn no_live_state_outlives_its_deadline() {
        for state in states().into_iter().filter(|state| !state.is_terminal()) {
            for event in events() {
                let step = state.step(event, LATER, &TERMS);
                assert!(step.state.is_terminal(), "{state:?} × {event:?}");
                assert!(step.answer.is_err());
            }
        }
    }

    #[test]
    fn the_payload_is_handed_over_only_from_offered_and_only_once() {
        for state in states() {
            let step = state.step(Event::TokenRedeemed, NOW, &TERMS);
            let handed_over = step.effects.contains(&Effect::HandOver);
            assert_eq!(
                handed_over,
                matches!(state, State::Offered { .. }),
                "{state:?}"
            );
            let again = step.state.step(Event::TokenRedeemed, NOW, &TERMS);
            assert!(!again.effects.contains(&Effect::HandOver));
        }
    }

    #[test]
    fn an_exchange_goes_from_the_question_to_the_receipt() {
        let mut state = State::begin(NOW, &TERMS);
        for (event, name) in [
            (Event::PersonAgreed, "exporting"),
            (Event::PayloadAccepted, "deposited"),
            (Event::ImporterAcknowledged, "offered"),
            (Event::TokenRedeemed, "claimed"),
            (Event::ReceiptGiven, "completed"),
        ] {
            let step = state.step(event, NOW, &TERMS);
            assert_eq!((step.answer, step.state.name()), (Ok(()), name));
            state = step.state;
        }
    }

    #[test]
    fn an_extension_never_shortens_an_offer_nor_outlives_thirty_minutes() {
        let offered = State::Offered {
            at: NOW,
            expires: NOW.after(TERMS.offer),
            attempts: 3,
        };
        for (asked, expected) in [(1, 300), (600, 600), (u64::MAX, 1800)] {
            let event = Event::ExtensionAsked(Duration::from_secs(asked));
            let deadline = offered.step(event, NOW, &TERMS).state.deadline();
            assert_eq!(
                deadline,
                Some(NOW.after(Duration::from_secs(expected))),
                "{asked} s"
            );
        }
    }

    #[test]
    fn a_guesser_has_three_attempts() {
        let mut state = State::Offered {
            at: NOW,
            expires: LATER,
            attempts: TERMS.attempts,
        };
        let mut answers = Vec::new();
        for _ in 0..3 {
            let step = state.step(Event::TokenWrong, NOW, &TERMS);
            answers.push(step.answer.unwrap_err());
            state = step.state;
        }
        use Reason::{AttemptsExhausted, InvalidToken};
        assert_eq!(answers, [InvalidToken, InvalidToken, AttemptsExhausted]);
        assert_eq!(state, State::Failed);
    }

    #[test]
    fn what_was_handed_over_is_not_called_back() {
        let claimed = State::Claimed { until: LATER };
        for event in [
            Event::ExporterClosed,
            Event::ExporterVanished,
            Event::PersonStopped,
        ] {
            assert_eq!(claimed.step(event, NOW, &TERMS).state, claimed, "{event:?}");
        }
    }
}
