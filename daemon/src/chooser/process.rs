//! The chooser as a process of its own: one per terminal or display, for as long as it has exchanges.
//! Serves `org.credex.Chooser1` and design §8 ("a trait each, and its adapter").

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use credex_protocol::wire::{FinishedDetails, ProgressDetails};
use tokio::sync::OnceCell;
use tokio::sync::mpsc::UnboundedSender;

use super::running::Running;
use super::seat::{Seat, SeatId};
use super::{Answer, Chooser, ChooserError, Question};
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
}

/// The choosers that run or are being started, and which exchange belongs to which.
#[derive(Default)]
struct Seats(Mutex<Taken>);

#[derive(Default)]
struct Taken {
    places: HashMap<SeatId, Arc<Place>>,
    exchanges: HashMap<String, Arc<Place>>,
    cancelled: Option<UnboundedSender<String>>,
}

/// A seat with a chooser at it, now or in a moment.
struct Place {
    seat: SeatId,
    running: OnceCell<Running>,
}

impl ProcessChooser {
    /// Asks with `programs`, which `launcher` starts.
    #[must_use]
    pub fn new(programs: Programs, launcher: Arc<dyn Launcher>) -> ProcessChooser {
        ProcessChooser {
            programs,
            launcher,
            seats: Arc::default(),
        }
    }

    /// How many choosers run or are being started.
    #[must_use]
    pub fn running(&self) -> usize {
        self.seats.lock().places.len()
    }

    async fn put(
        &self,
        place: &Arc<Place>,
        seat: Seat,
        question: &Question,
    ) -> Result<Answer, ChooserError> {
        let start = || self.start(place, seat);
        let running = place.running.get_or_try_init(start).await?;
        running.ask(question).await
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

    /// Forgets `exchange`, and lets its chooser go if that was its last.
    async fn leave(&self, exchange: &str) {
        let unused = self.seats.leave(exchange);
        if let Some(running) = unused.as_ref().and_then(|place| place.running.get()) {
            running.retire().await;
        }
    }
}

#[async_trait]
impl Chooser for ProcessChooser {
    async fn ask(&self, question: Question) -> Result<Answer, ChooserError> {
        let seat = Seat::find(&self.programs, &question)?;
        let place = self.seats.enter(&question.exchange, seat.id());
        let answer = self.put(&place, seat, &question).await;
        if !matches!(answer, Ok(Answer::Send { .. })) {
            self.leave(&question.exchange).await;
        }
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
        self.leave(exchange).await;
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

    fn enter(&self, exchange: &str, seat: SeatId) -> Arc<Place> {
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
