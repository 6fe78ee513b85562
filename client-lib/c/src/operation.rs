//! `CredexOperation`: something under way, what came of it, and who wants to know.

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

use std::any::Any;
use std::ffi::c_void;
use std::fmt;
use std::future::Future;
use std::mem::MaybeUninit;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::AbortHandle;

use crate::boundary::{guard, out};
use crate::client::{CredexClient, Due};
use crate::error::CredexError;
use crate::failure::{Failure, Result};
use crate::progress::Telling;
use crate::status::CredexStatus;
use crate::table::{self, Object};

/// Something under way. Several may be at once. Whoever has it frees it; as long as it is not finished,
/// that calls it off.
pub struct CredexOperation {
    state: Mutex<State>,
    finished: Condvar,
    task: OnceLock<AbortHandle>,
    client: Arc<CredexClient>,
    callback: CredexCallback,
    data: AtomicPtr<c_void>,
    number: AtomicUsize,
    telling: Option<Arc<Telling>>,
}

/// Called by credex_client_dispatch() once an operation is finished, was cancelled, or failed: ask
/// `operation` what came of it, and free it. Or, by credex_operation_watch(), while it is under way.
/// Nothing may be thrown or jumped out of it.
pub type CredexCallback = Option<extern "C" fn(operation: *mut CredexOperation, data: *mut c_void)>;

/// Boxed, for there are many kinds of results.
type Outcome = Box<dyn Any + Send>;

enum State {
    Running,
    Finished(Outcome),
    Failed(Failure),
    Taken,
}

impl Object for CredexOperation {
    const NAME: &'static str = "CredexOperation";
}

impl fmt::Debug for CredexOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredexOperation").finish_non_exhaustive()
    }
}

/// How an app wants to learn of the end of an operation.
pub(crate) struct Wish<'a> {
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&'a mut MaybeUninit<*mut CredexOperation>>,
}

impl<'a> Wish<'a> {
    /// # Errors
    /// `BadArgument` if there is neither a callback nor a place for the operation.
    pub(crate) fn new(
        callback: CredexCallback,
        data: *mut c_void,
        operation: Option<&'a mut MaybeUninit<*mut CredexOperation>>,
    ) -> Result<Self> {
        if callback.is_none() && operation.is_none() {
            let wrong = "both callback and operation are NULL: nobody would learn what came of it";
            return Err(Failure::argument(wrong));
        }
        Ok(Self {
            callback,
            data,
            operation,
        })
    }
}

/// Has the client do `work`, and returns at once.
pub(crate) fn start<T: Send + 'static>(
    client: &Arc<CredexClient>,
    wish: Wish<'_>,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<()> {
    start_telling(client, wish, None, work)
}

/// Does the same with work that tells how far it is.
pub(crate) fn start_telling<T: Send + 'static>(
    client: &Arc<CredexClient>,
    wish: Wish<'_>,
    telling: Option<Arc<Telling>>,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<()> {
    client.check_process()?;
    let operation = Arc::new(CredexOperation {
        state: Mutex::new(State::Running),
        finished: Condvar::new(),
        task: OnceLock::new(),
        client: Arc::clone(client),
        callback: wish.callback,
        data: AtomicPtr::new(wish.data),
        number: AtomicUsize::new(0),
        telling,
    });
    if let Some(telling) = operation.telling() {
        telling.belongs_to(&operation);
    }
    let handle = client.adopt_shared(Arc::clone(&operation))?;
    operation.number.store(handle.addr(), Ordering::Relaxed);
    if let Some(slot) = wish.operation {
        slot.write(handle);
    }
    let ending = Arc::clone(&operation);
    let task = client.runtime().spawn(async move {
        let done = caught(work).await;
        ending.end(match done {
            Ok(outcome) => State::Finished(Box::new(outcome)),
            Err(failure) => State::Failed(failure),
        });
    });
    // Nobody else sets it.
    operation.task.get_or_init(|| task.abort_handle());
    Ok(())
}

/// Has the client do `work`, and waits `timeout_ms`; then it is called off.
pub(crate) fn wait_for<T: Send + 'static>(
    client: &Arc<CredexClient>,
    timeout_ms: i32,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    client.check_process()?;
    let (tell, told) = mpsc::sync_channel(1);
    let task = client.runtime().spawn(async move {
        let done = caught(work).await;
        // Whoever waits stays until this has ended.
        tell.send(done).ok();
    });
    let said = match patience(timeout_ms) {
        None => told.recv().ok(),
        Some(patience) => match told.recv_timeout(patience) {
            Ok(done) => Some(done),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                task.abort();
                // It may have been done in this very moment. An offer that was taken is not to be lost.
                Some(told.recv().unwrap_or_else(|_| Err(Failure::timed_out())))
            }
        },
    };
    said.unwrap_or_else(|| Err(Failure::freed()))
}

/// Does the same, and gives what came of it a handle of its own.
pub(crate) fn wait_for_object<T: Object>(
    client: &Arc<CredexClient>,
    timeout_ms: i32,
    slot: &mut MaybeUninit<*mut T>,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<()> {
    slot.write(client.adopt(wait_for(client, timeout_ms, work)?)?);
    Ok(())
}

async fn caught<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let done = AssertUnwindSafe(work).catch_unwind().await;
    done.unwrap_or_else(|panic| Err(Failure::panicked(&*panic)))
}

/// A negative time is for ever.
fn patience(timeout_ms: i32) -> Option<Duration> {
    u64::try_from(timeout_ms).ok().map(Duration::from_millis)
}

impl CredexOperation {
    /// The result, which can be had once.
    ///
    /// # Errors
    /// What the operation failed with, as often as asked; `WrongState` if it is not finished, was taken
    /// already, or is something else.
    fn take<T: 'static>(&self) -> Result<T> {
        let mut state = self.state();
        match std::mem::replace(&mut *state, State::Taken) {
            State::Finished(outcome) => outcome.downcast().map(|it| *it).map_err(|other| {
                *state = State::Finished(other);
                Failure::state("the operation has a result of another kind")
            }),
            State::Failed(failure) => {
                *state = State::Failed(failure.clone());
                Err(failure)
            }
            State::Running => {
                *state = State::Running;
                Err(Failure::state("the operation is not finished"))
            }
            State::Taken => Err(Failure::state("the result was taken already")),
        }
    }

    /// The first end counts.
    fn end(self: &Arc<Self>, end: State) {
        let mut state = self.state();
        if !matches!(*state, State::Running) {
            drop(state);
            drop(end);
            return;
        }
        *state = end;
        drop(state);
        self.finished.notify_all();
        if self.callback.is_some() {
            self.client.is_due(Due::End(Arc::clone(self)));
        }
    }

    fn call_off(self: &Arc<Self>, why: Failure) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
        self.end(State::Failed(why));
    }

    /// The client is going.
    pub(crate) fn abandon(self: &Arc<Self>) {
        self.call_off(Failure::freed());
    }

    fn wait(&self, timeout_ms: i32) -> Result<()> {
        let running = |state: &mut State| matches!(state, State::Running);
        let state = self.state();
        let state = match patience(timeout_ms) {
            None => self.finished.wait_while(state, running),
            Some(patience) => {
                let waited = self.finished.wait_timeout_while(state, patience, running);
                waited.map(|(state, _)| state).map_err(|poison| {
                    let (state, _) = poison.into_inner();
                    PoisonError::new(state)
                })
            }
        };
        match &*state.unwrap_or_else(PoisonError::into_inner) {
            State::Running => Err(Failure::timed_out()),
            State::Failed(failure) => Err(failure.clone()),
            State::Finished(_) | State::Taken => Ok(()),
        }
    }

    /// Calls back that it is finished. Whether it did.
    pub(crate) fn tell_end(&self) -> bool {
        self.call(self.callback, self.data.load(Ordering::Relaxed))
    }

    /// Calls back whoever watches. Whether it did.
    pub(crate) fn tell_progress(&self) -> bool {
        self.telling().is_some_and(|telling| {
            let (watcher, data) = telling.take_watcher();
            self.call(watcher, data)
        })
    }

    /// Calls back, unless the app has freed the operation since.
    fn call(&self, callback: CredexCallback, data: *mut c_void) -> bool {
        let number = self.number.load(Ordering::Relaxed);
        let handle = std::ptr::without_provenance_mut::<Self>(number);
        let wanted = callback.filter(|_| table::has(handle));
        if let Some(callback) = wanted {
            callback(handle, data);
        }
        wanted.is_some()
    }

    pub(crate) fn client(&self) -> &CredexClient {
        &self.client
    }

    pub(crate) fn telling(&self) -> Option<&Telling> {
        self.telling.as_deref()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came of it, which needs no handle.
pub(crate) fn take_value<T: 'static>(
    operation: *const CredexOperation,
    slot: Option<&mut MaybeUninit<T>>,
    name: &str,
) -> Result<()> {
    let slot = out(slot, name)?;
    slot.write(table::get(operation)?.take()?);
    Ok(())
}

/// What came of it, with a handle of its own.
pub(crate) fn take_object<T: Object>(
    operation: *const CredexOperation,
    slot: Option<&mut MaybeUninit<*mut T>>,
    name: &str,
) -> Result<()> {
    let slot = out(slot, name)?;
    let operation = table::get(operation)?;
    let object = operation.take::<T>()?;
    slot.write(operation.client.adopt(object)?);
    Ok(())
}

/// Waits until an operation is finished, for at most `timeout_ms` milliseconds, or for ever if that is
/// negative. Any thread may. A callback is called later all the same.
///
/// Returns `CREDEX_STATUS_TIMED_OUT` if it goes on, and otherwise what it came to; its result is still to
/// be taken.
#[unsafe(no_mangle)]
pub extern "C" fn credex_operation_wait(
    operation: *const CredexOperation,
    timeout_ms: i32,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || table::get(operation)?.wait(timeout_ms))
}

/// Takes the end of an operation that has no result: `CREDEX_STATUS_OK` if it was done.
#[unsafe(no_mangle)]
pub extern "C" fn credex_operation_finish(
    operation: *const CredexOperation,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || table::get(operation)?.take::<()>())
}

/// Calls an operation off: it fails with `CREDEX_STATUS_CANCELLED`, unless it is finished already. The
/// other side is told.
#[unsafe(no_mangle)]
pub extern "C" fn credex_operation_cancel(
    operation: *const CredexOperation,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        table::get(operation)?.call_off(Failure::cancelled());
        Ok(())
    })
}

/// Frees an operation, and its result if nobody took it. One that is not finished is called off, and its
/// callback is not called. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_operation_free(operation: *mut CredexOperation) -> CredexStatus {
    guard(None, || {
        if let Some(operation) = table::remove(operation)? {
            operation.call_off(Failure::cancelled());
            let result = std::mem::replace(&mut *operation.state(), State::Taken);
            operation.client.let_go(result);
        }
        Ok(())
    })
}
