//! The chooser as a process of its own: one per terminal or display, for as long as it has exchanges.
//! Serves `org.credex.Chooser1` and design §8 ("a trait each, and its adapter").

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use credex_protocol::Passphrase;
use credex_protocol::wire::{FinishedDetails, ProgressDetails};
use tokio::sync::OnceCell;
use tokio::sync::mpsc::UnboundedSender;

use super::prompts::Prompts;
use super::running::Running;
use super::seat::{Seat, SeatId};
use super::{Answer, Chooser, ChooserError, Consent, PassphraseQuestion, Question, Verdict};
use crate::launcher::Launcher;

/// Which programs ask.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The chooser for terminals and its arguments. It gets the terminal as its standard input, output
    /// and error.
    pub terminal: Vec<OsString>,
    /// The chooser for displays and its arguments, if there is one.
    pub graphical: Option<Vec<OsString>>,
    /// Whether the session has a display; see [`Programs::has_display`].
    pub display: bool,
    /// How long a chooser may take to start, and to take in what it is told.
    pub patience: Duration,
}

impl Programs {
    /// Whether the environment of this process names a display.
    #[must_use]
    pub fn has_display() -> bool {
        ["WAYLAND_DISPLAY", "DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
    }
}

/// Asks through programs that it starts.
pub struct ProcessChooser {
    programs: Programs,
    launcher: Arc<dyn Launcher>,
    seats: Arc<Seats>,
    prompts: Arc<Prompts>,
}

/// The choosers that run or are being started, and which exchange or prompt belongs to which.
#[derive(Default)]
pub(super) struct Seats(Mutex<Taken>);

#[derive(Default)]
struct Taken {
    places: HashMap<SeatId, Arc<Place>>,
    exchanges: HashMap<String, Arc<Place>>,
    cancelled: Option<UnboundedSender<String>>,
}

/// A seat with a chooser at it, now or in a moment.
pub(super) struct Place {
    seat: SeatId,
    pub(super) running: OnceCell<Running>,
}

impl ProcessChooser {
    /// Asks with `programs`, which `launcher` starts.
    #[must_use]
    pub fn new(programs: Programs, launcher: Arc<dyn Launcher>) -> ProcessChooser {
        ProcessChooser {
            programs,
            launcher,
            seats: Arc::default(),
            prompts: Arc::default(),
        }
    }

    /// How many choosers run or are being started.
    #[must_use]
    pub fn running(&self) -> usize {
        self.seats.lock().places.len()
    }

    pub(super) async fn chooser_at<'a>(
        &self,
        place: &'a Arc<Place>,
        seat: Seat,
    ) -> Result<&'a Running, ChooserError> {
        let start = || self.start(place, seat);
        place.running.get_or_try_init(start).await
    }

    async fn start(&self, place: &Arc<Place>, seat: Seat) -> Result<Running, ChooserError> {
        let running = Running::start(&self.programs, self.launcher.as_ref(), seat).await?;
        let mut cancelled = running.cancelled().await?;
        let (seats, place) = (Arc::clone(&self.seats), Arc::downgrade(place));
        tokio::spawn(async move {
            while let Some(exchange) = cancelled.next().await {
                if let Some(place) = place.upgrade() {
                    seats.cancelled(&place, &exchange);
                }
            }
            if let Some(place) = place.upgrade() {
                seats.vacate(&place);
            }
        });
        Ok(running)
    }
}

#[async_trait]
impl Chooser for ProcessChooser {
    async fn ask(&self, question: Question) -> Result<Answer, ChooserError> {
        let seat = Seat::find(&self.programs, &question.parent_window, &question.exporter)?;
        let place = self.seats.enter(&question.exchange, seat.id());
        let running = self.chooser_at(&place, seat).await;
        let answer = match running {
            Ok(running) => running.ask(&question).await,
            Err(error) => Err(error),
        };
        if !matches!(answer, Ok(Answer::Send { .. })) {
            self.seats.release(&question.exchange).await;
        }
        answer
    }

    async fn consent(&self, consent: Consent) -> Result<Verdict, ChooserError> {
        let seat = Seat::find(&self.programs, &consent.parent_window, &consent.app)?;
        let open = self.prompts.open(&self.seats, consent.asker, seat.id())?;
        let running = self.chooser_at(open.place(), seat).await?;
        let answer = running.consent(open.name(), &consent).await;
        open.close().await;
        answer
    }

    async fn passphrase(
        &self,
        question: PassphraseQuestion,
    ) -> Result<Option<Passphrase>, ChooserError> {
        let seat = Seat::find(&self.programs, &question.parent_window, &question.app)?;
        let open = self.prompts.open(&self.seats, question.asker, seat.id())?;
        let running = self.chooser_at(open.place(), seat).await?;
        let answer = running.passphrase(open.name(), &question).await;
        open.close().await;
        answer
    }

    async fn progress(&self, exchange: &str, state: &str, details: ProgressDetails) {
        let place = self.seats.of(exchange);
        if let Some(running) = place.as_ref().and_then(|place| place.running.get()) {
            running.progress(exchange, state, details).await;
        }
    }

    async fn finished(&self, exchange: &str, outcome: &str, details: FinishedDetails) {
        let place = self.seats.of(exchange);
        if let Some(running) = place.as_ref().and_then(|place| place.running.get()) {
            running.finished(exchange, outcome, details).await;
        }
        self.seats.release(exchange).await;
    }

    fn on_cancel(&self, exchanges: UnboundedSender<String>) {
        self.seats.lock().cancelled = Some(exchanges);
    }
}

impl Seats {
    fn lock(&self) -> MutexGuard<'_, Taken> {
        // Every change below is a single step, so what a panic left behind is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, exchange: &str) -> Option<Arc<Place>> {
        self.lock().exchanges.get(exchange).cloned()
    }

    pub(super) fn enter(&self, exchange: &str, seat: SeatId) -> Arc<Place> {
        let mut taken = self.lock();
        let place = Arc::clone(taken.places.entry(seat).or_insert_with(|| {
            Arc::new(Place {
                seat,
                running: OnceCell::new(),
            })
        }));
        taken
            .exchanges
            .insert(exchange.to_owned(), Arc::clone(&place));
        place
    }

    /// Forgets `exchange`, and lets its chooser go if that was its last.
    pub(super) async fn release(&self, exchange: &str) {
        let unused = self.leave(exchange);
        if let Some(running) = unused.as_ref().and_then(|place| place.running.get()) {
            running.retire().await;
        }
    }

    /// Returns the place if nobody needs it any more.
    fn leave(&self, exchange: &str) -> Option<Arc<Place>> {
        let mut taken = self.lock();
        let place = taken.exchanges.remove(exchange)?;
        if taken
            .exchanges
            .values()
            .any(|other| Arc::ptr_eq(other, &place))
        {
            return None;
        }
        taken.remove(&place);
        Some(place)
    }

    /// The chooser at `place` has ended: the next question starts another.
    fn vacate(&self, place: &Arc<Place>) {
        let mut taken = self.lock();
        if taken.remove(place)
            && taken
                .exchanges
                .values()
                .any(|each| Arc::ptr_eq(each, place))
        {
            tracing::info!(seat = ?place.seat, "the chooser ended before its exchanges did");
        }
    }

    fn cancelled(&self, place: &Arc<Place>, exchange: &str) {
        let taken = self.lock();
        let own = taken.exchanges.get(exchange);
        match (
            own.is_some_and(|own| Arc::ptr_eq(own, place)),
            &taken.cancelled,
        ) {
            (true, Some(cancelled)) if cancelled.send(exchange.to_owned()).is_ok() => {}
            (true, _) => tracing::warn!("the person stops an exchange, but nobody listens"),
            (false, _) => tracing::warn!("a chooser stops an exchange that is not its own"),
        }
    }
}

impl Taken {
    /// Whether `place` was still there to remove.
    fn remove(&mut self, place: &Arc<Place>) -> bool {
        let there = self
            .places
            .get(&place.seat)
            .is_some_and(|there| Arc::ptr_eq(there, place));
        if there {
            self.places.remove(&place.seat);
        }
        there
    }
}
