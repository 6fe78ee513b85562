//! Things that arrive, in their order, until somebody waits for one of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use crate::patience::within;

/// Filled by one task, emptied by a test. Its clones are the same mailbox.
#[derive(Debug)]
pub(crate) struct Mailbox<T>(Arc<Inner<T>>);

#[derive(Debug)]
struct Inner<T> {
    waiting: Mutex<VecDeque<T>>,
    changed: Notify,
}

impl<T> Mailbox<T> {
    pub(crate) fn put(&self, thing: T) {
        self.0.waiting.lock().unwrap().push_back(thing);
        self.0.changed.notify_waiters();
    }

    /// Takes the first thing of which `wanted` makes something; it may be one that is already there.
    pub(crate) async fn take<R>(&self, what: &str, wanted: impl Fn(&T) -> Option<R>) -> R {
        let arrival = async {
            loop {
                let changed = self.0.changed.notified();
                if let Some(found) = self.take_now(&wanted) {
                    return found;
                }
                changed.await;
            }
        };
        within(what, arrival).await
    }

    /// Takes what is already there.
    pub(crate) fn take_now<R>(&self, wanted: impl Fn(&T) -> Option<R>) -> Option<R> {
        let mut waiting = self.0.waiting.lock().unwrap();
        let found = waiting
            .iter()
            .enumerate()
            .find_map(|(index, thing)| Some((index, wanted(thing)?)));
        let (index, made) = found?;
        waiting.remove(index);
        Some(made)
    }

    /// What is there and nobody has taken.
    pub(crate) fn left<R>(&self, describe: impl Fn(&T) -> R) -> Vec<R> {
        self.0
            .waiting
            .lock()
            .unwrap()
            .iter()
            .map(describe)
            .collect()
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
