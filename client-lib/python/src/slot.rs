//! Something that can be used up or closed, by any thread and at any time.

use std::sync::Arc;

use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard, watch};

use crate::runtime;
use crate::trouble::Trouble;

/// A place for one thing, which is empty once that is used up.
pub(crate) struct Slot<T> {
    value: Mutex<Option<T>>,
    closed: watch::Sender<bool>,
    what: &'static str,
}

impl<T> Slot<T> {
    /// A place with `value`, which `what` calls by its name.
    pub(crate) fn new(value: T, what: &'static str) -> Arc<Self> {
        Arc::new(Self {
            value: Mutex::new(Some(value)),
            closed: watch::Sender::new(false),
            what,
        })
    }

    /// The thing itself; waits until nobody else uses it.
    pub(crate) async fn open(&self) -> Result<MappedMutexGuard<'_, T>, Trouble> {
        let opened = MutexGuard::try_map(self.value.lock().await, Option::as_mut);
        opened.map_err(|_empty| Trouble::Used(self.what))
    }

    /// Takes it for good, and ends whatever else is waited for.
    pub(crate) async fn take(&self) -> Result<T, Trouble> {
        let taken = self.value.lock().await.take();
        self.closed.send_replace(true);
        taken.ok_or(Trouble::Used(self.what))
    }

    /// Does `work`, unless it is closed meanwhile.
    pub(crate) async fn until_closed<R>(
        &self,
        work: impl Future<Output = Result<R, Trouble>>,
    ) -> Result<R, Trouble> {
        let mut closed = self.closed.subscribe();
        tokio::select! {
            biased;
            _closed = closed.wait_for(|closed| *closed) => Err(Trouble::Used(self.what)),
            result = work => result,
        }
    }

    /// Ends whatever is being done with it, and takes it, if it is still there.
    pub(crate) async fn close(&self) -> Option<T> {
        self.closed.send_replace(true);
        self.value.lock().await.take()
    }
}

impl<T> Drop for Slot<T> {
    fn drop(&mut self) {
        // What ends with it may have a last word to say, which takes a runtime.
        let _context = runtime::handle().map(|handle| handle.enter());
        drop(self.value.get_mut().take());
    }
}
