//! Whose question is put: one of each app at a time, the others in the order in which they came. Apps do
//! not wait for one another: one could have itself asked at a terminal at which nobody answers. What a
//! person sees at once is the chooser's affair.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use credex_protocol::Reason;
use tokio::sync::OwnedMutexGuard;

use super::{Refusal, Stage};
use crate::caller::Account;

/// The turns of all apps.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<Account, Arc<tokio::sync::Mutex<()>>>>);

/// One app's turn, until it is dropped.
#[derive(Debug)]
#[must_use]
pub(super) struct Turn(#[allow(dead_code, reason = "held for its end")] OwnedMutexGuard<()>);

impl Turns {
    /// Waits for the turn of `app`, but not longer than `patience`.
    ///
    /// # Errors
    /// The time was up.
    pub(super) async fn take(&self, app: Account, patience: Duration) -> Result<Turn, Refusal> {
        let turn = self.of(app).lock_owned();
        match tokio::time::timeout(patience, turn).await {
            Ok(turn) => Ok(Turn(turn)),
            Err(_late) => Err(Refusal::new(
                Stage::Consent,
                Reason::Expired,
                "another question of this app was open all the time",
            )),
        }
    }

    fn of(&self, app: Account) -> Arc<tokio::sync::Mutex<()>> {
        // Every change is a single step, so what a panic left behind is whole.
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(turns.entry(app).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOT_LONG: Duration = Duration::from_millis(1);

    fn app(name: &str) -> Account {
        Account::App(name.to_owned())
    }

    #[tokio::test]
    async fn an_app_whose_question_nobody_answers_holds_up_nobody_but_itself() {
        let turns = Turns::default();
        let open = turns.take(app("hangs"), NOT_LONG).await.unwrap();
        let late = turns.take(app("hangs"), NOT_LONG).await.unwrap_err();
        assert_eq!(late.error.reason, Reason::Expired);
        let other = turns.take(app("other"), NOT_LONG).await;
        drop((open, other.unwrap()));
        drop(turns.take(app("hangs"), NOT_LONG).await.unwrap());
        let _last = turns.of(app("last"));
        assert_eq!(
            turns.0.lock().unwrap().len(),
            1,
            "what is over is forgotten"
        );
    }
}
