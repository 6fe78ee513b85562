//! Consents and passphrases that are open: how many, whose, and that they are withdrawn when nobody
//! waits for the answer any more. Serves `Chooser1.Withdraw`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use uuid::Uuid;

use super::ChooserError;
use super::process::{Place, Seats};
use super::seat::SeatId;
use crate::caller::Process;
use crate::exchange::quota::Ledger;

/// How many prompts one app may have open, as many as exchanges by default.
pub const PROMPTS_PER_APP: u32 = 8;
/// How many prompts may be open together.
pub const PROMPTS: u32 = 64;

/// The prompts that are open, charged to whoever asked.
pub(super) struct Prompts(Mutex<Ledger<Process>>);

impl Default for Prompts {
    fn default() -> Prompts {
        Prompts(Mutex::new(Ledger::new(PROMPTS_PER_APP, PROMPTS)))
    }
}

impl Prompts {
    /// Charges a prompt to `asker`, and gives it a name and its place at `seat`.
    pub(super) fn open(
        self: &Arc<Self>,
        seats: &Arc<Seats>,
        asker: Process,
        seat: SeatId,
    ) -> Result<Open, ChooserError> {
        let charge = self.ledger().charge(&asker);
        charge.map_err(|exceeded| ChooserError::TooMany(exceeded.to_string()))?;
        let name = format!("prompt-{}", Uuid::new_v4().simple());
        let place = seats.enter(&name, seat);
        Ok(Open {
            name,
            place,
            asker,
            answered: false,
            prompts: Arc::clone(self),
            seats: Arc::clone(seats),
        })
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger<Process>> {
        // Every change is a single step, so what a panic left behind is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A prompt that is open. Dropped before it was answered, it is withdrawn.
pub(super) struct Open {
    name: String,
    place: Arc<Place>,
    asker: Process,
    answered: bool,
    prompts: Arc<Prompts>,
    seats: Arc<Seats>,
}

impl Open {
    /// What the chooser knows it by.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Where it is asked.
    pub(super) fn place(&self) -> &Arc<Place> {
        &self.place
    }

    /// It was answered: lets the chooser go if it has nothing else to do.
    pub(super) async fn close(mut self) {
        self.answered = true;
        self.seats.release(&self.name).await;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.prompts.ledger().release(&self.asker);
        if self.answered {
            return;
        }
        // Without a runtime the service is ending, and the choosers with it.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let (name, seats) = (std::mem::take(&mut self.name), Arc::clone(&self.seats));
        let place = Arc::clone(&self.place);
        runtime.spawn(async move {
            if let Some(running) = place.running.get() {
                running.withdraw(&name).await;
            }
            seats.release(&name).await;
        });
    }
}
