//! Things that arrive, in their order, until somebody waits for one of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// Filled by one task, emptied by a check. Its clones are the same mailbox.
#[derive(Debug)]
pub(super) struct Mailbox<T>(Arc<Inner<T>>);

#[derive(Debug)]
struct Inner<T> {
    waiting: Mutex<VecDeque<T>>,
    changed: Notify,
}

impl<T> Mailbox<T> {
    pub(super) fn put(&self, thing: T) {
        self.waiting().push_back(thing);
        self.0.changed.notify_waiters();
    }

    /// Takes the first thing of which `wanted` makes something; it may be there already. `None` if
    /// nothing of the kind comes within `patience`.
    pub(super) async fn take<R>(
        &self,
        patience: Duration,
        wanted: impl Fn(&T) -> Option<R>,
    ) -> Option<R> {
        let arrival = async {
            loop {
                let changed = self.0.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if let Some(found) = self.take_now(&wanted) {
                    return found;
                }
                changed.await;
            }
        };
        tokio::time::timeout(patience, arrival).await.ok()
    }

    /// Takes what is already there.
    pub(super) fn take_now<R>(&self, wanted: impl Fn(&T) -> Option<R>) -> Option<R> {
        let mut waiting = self.waiting();
        let found = waiting
            .iter()
            .enumerate()
            .find_map(|(index, thing)| Some((index, wanted(thing)?)));
        let (index, made) = found?;
        waiting.remove(index);
        Some(made)
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Mailbox<T> {
    fn default() -> Mailbox<T> {
        Mailbox(Arc::new(Inner {
            waiting: Mutex::default(),
            changed: Notify::new(),
        }))
    }
}

impl<T> Clone for Mailbox<T> {
    fn clone(&self) -> Mailbox<T> {
        Mailbox(Arc::clone(&self.0))
    }
}
