//! `CredexProgress`: how far an operation is, for whoever asks, and for whoever wants to be told.

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use credex::Progress;

use crate::boundary::{guard, out};
use crate::client::Due;
use crate::error::CredexError;
use crate::failure::{Failure, Result};
use crate::operation::{CredexCallback, CredexOperation};
use crate::status::CredexStatus;
use crate::table;

/// What an operation is at.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredexStep {
    /// The person is asked where credentials may go.
    Asking = 0,
    /// What was let go is being sealed.
    Sealing = 1,
    /// It is sealed and on its way: the importer has yet to take it, and to report.
    Waiting = 2,
    /// What came is being opened.
    Opening = 3,
}

/// How far an operation is.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredexProgress {
    /// What it is at.
    pub step: CredexStep,
    /// How many bytes were sealed or opened.
    pub done: u64,
    /// How many they are in all; 0 as long as that is not known.
    pub total: u64,
}

/// What an operation tells of itself while it is under way.
#[derive(Debug)]
pub(crate) struct Telling {
    told: Mutex<Told>,
    /// What is told of; missing where somebody waits for the end alone.
    operation: OnceLock<Weak<CredexOperation>>,
}

#[derive(Debug)]
struct Told {
    now: CredexProgress,
    watcher: CredexCallback,
    data: AtomicPtr<c_void>,
    /// Whether a call of the watcher is due already, which will show what is newest then.
    is_due: bool,
}

impl Telling {
    /// Begins at `step`.
    pub(crate) fn new(step: CredexStep) -> Arc<Self> {
        let now = CredexProgress {
            step,
            done: 0,
            total: 0,
        };
        Arc::new(Self {
            told: Mutex::new(Told {
                now,
                watcher: None,
                data: AtomicPtr::default(),
                is_due: false,
            }),
            operation: OnceLock::new(),
        })
    }

    /// Says what it tells of. Nobody else does.
    pub(crate) fn belongs_to(&self, operation: &Arc<CredexOperation>) {
        self.operation.get_or_init(|| Arc::downgrade(operation));
    }

    /// So much of `step` is done.
    pub(crate) fn tell(&self, step: CredexStep, progress: Progress) {
        let Progress { done, total } = progress;
        self.change(|now| *now = CredexProgress { step, done, total });
    }

    /// On to the next step, with as many bytes as before.
    pub(crate) fn go_on_to(&self, step: CredexStep) {
        self.change(|now| now.step = step);
    }

    fn change(&self, change: impl FnOnce(&mut CredexProgress)) {
        let mut told = self.told();
        change(&mut told.now);
        self.call_for(told);
    }

    /// Has the watcher called by the next dispatch; now, in any case, so that they see where it stands.
    fn watch(&self, watcher: CredexCallback, data: *mut c_void) {
        let mut told = self.told();
        told.watcher = watcher;
        told.data = AtomicPtr::new(data);
        self.call_for(told);
    }

    fn call_for(&self, mut told: MutexGuard<'_, Told>) {
        if told.is_due || told.watcher.is_none() {
            return;
        }
        let operation = self.operation.get().and_then(Weak::upgrade);
        told.is_due = operation.is_some();
        drop(told);
        if let Some(operation) = operation {
            operation.client().is_due(Due::Progress(operation.clone()));
        }
    }

    /// Who is to be called, if that is still wanted.
    pub(crate) fn take_watcher(&self) -> (CredexCallback, *mut c_void) {
        let mut told = self.told();
        told.is_due = false;
        (told.watcher, told.data.load(Ordering::Relaxed))
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn telling(operation: &CredexOperation) -> Result<&Telling> {
    let nothing = || Failure::state("this operation has no progress to tell of, only an end");
    operation.telling().ok_or_else(nothing)
}

/// How far an operation is, or came: those of credex_exporter_export(), credex_grant_send() and
/// credex_offer_redeem() know, and those of credex_grant_send_fd() without the bytes. Any thread may ask.
#[unsafe(no_mangle)]
pub extern "C" fn credex_operation_progress(
    operation: *const CredexOperation,
    progress: Option<&mut MaybeUninit<CredexProgress>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let operation = table::get(operation)?;
        let now = telling(&operation)?.told().now;
        out(progress, "progress")?.write(now);
        Ok(())
    })
}

/// Has credex_client_dispatch() call `callback` with `data` soon, and again whenever the operation has come
/// further, until it is finished: then ask credex_operation_progress(). Between two dispatches much may
/// happen, and is one call. A later watcher takes the place of an earlier one; NULL is none.
#[unsafe(no_mangle)]
pub extern "C" fn credex_operation_watch(
    operation: *const CredexOperation,
    callback: CredexCallback,
    data: *mut c_void,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let operation = table::get(operation)?;
        telling(&operation)?.watch(callback, data);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(telling: &Telling) -> (CredexStep, u64, u64) {
        let now = telling.told().now;
        (now.step, now.done, now.total)
    }

    #[test]
    fn what_was_sealed_is_still_known_while_the_importer_is_waited_for() {
        let telling = Telling::new(CredexStep::Asking);
        assert_eq!(at(&telling), (CredexStep::Asking, 0, 0));
        telling.tell(CredexStep::Sealing, Progress { done: 7, total: 9 });
        assert_eq!(at(&telling), (CredexStep::Sealing, 7, 9));
        telling.tell(CredexStep::Sealing, Progress { done: 9, total: 9 });
        telling.go_on_to(CredexStep::Waiting);
        assert_eq!(at(&telling), (CredexStep::Waiting, 9, 9));
    }

    #[test]
    fn without_an_operation_nobody_is_called() {
        extern "C" fn watcher(_: *mut CredexOperation, _: *mut c_void) {}
        let telling = Telling::new(CredexStep::Asking);
        telling.watch(Some(watcher), std::ptr::null_mut());
        assert!(!telling.told().is_due);
    }
}
