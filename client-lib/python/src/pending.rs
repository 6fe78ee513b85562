//! A call that is under way in the runtime, and its two ways back to Python: waiting for it, and being
//! called when it is over.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyRuntimeError, PyTimeoutError, PyValueError};
use pyo3::prelude::*;
use tokio::task::AbortHandle;

use crate::leaving;
use crate::runtime;
use crate::trouble::Trouble;

/// How long a Ctrl-C may wait for us.
const BETWEEN_SIGNALS: Duration = Duration::from_millis(50);

/// What a call makes: it becomes an object once there is an interpreter at hand.
pub(crate) trait Product: Send + 'static {
    /// Makes the object.
    fn into_object(self, py: Python<'_>) -> PyResult<Py<PyAny>>;
}

impl Product for () {
    fn into_object(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(py.None())
    }
}

type Made = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

enum Stage {
    Running {
        to_call: Vec<Py<PyAny>>,
    },
    Ended(Result<Made, Trouble>),
    Cancelled,
    /// The result was fetched.
    Fetched,
}

struct Shared {
    stage: Mutex<Stage>,
    changed: Condvar,
}

/// A call that is under way. To forget it is to cancel it.
#[pyclass(frozen, module = "credex._credex")]
pub(crate) struct Pending {
    shared: Arc<Shared>,
    work: AbortHandle,
}

/// Starts `work` in the runtime.
///
/// # Errors
/// Those of [`runtime::handle`].
pub(crate) fn start<T: Product>(
    work: impl Future<Output = Result<T, Trouble>> + Send + 'static,
) -> PyResult<Pending> {
    let shared = Arc::new(Shared {
        stage: Mutex::new(Stage::Running {
            to_call: Vec::new(),
        }),
        changed: Condvar::new(),
    });
    let ending = Ending {
        shared: Arc::clone(&shared),
        stage: None,
    };
    let work = runtime::handle()?.spawn(async move {
        let made = work
            .await
            .map(|product| -> Made { Box::new(move |py: Python<'_>| product.into_object(py)) });
        ending.with(Stage::Ended(made));
    });
    Ok(Pending {
        shared,
        work: work.abort_handle(),
    })
}

#[pymethods]
impl Pending {
    /// Waits until the call is over, and returns what it made. Other Python threads go on meanwhile;
    /// Ctrl-C cancels it.
    #[pyo3(signature = (timeout=None))]
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Py<PyAny>> {
        let until = timeout.map(deadline).transpose()?.flatten();
        while !py.detach(|| self.shared.is_over_by(until)) {
            if let Err(interrupted) = py.check_signals() {
                self.work.abort();
                return Err(interrupted);
            }
            if until.is_some_and(|until| until <= Instant::now()) {
                self.work.abort();
                // It may have been over just now, and then it counts.
                py.detach(|| self.shared.wait_for_the_end());
            }
        }
        self.result(py)
    }

    /// Returns what the call made, or raises what became of it instead. Once.
    fn result(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let stage = self.shared.fetch();
        match stage {
            Stage::Ended(Ok(made)) => made(py),
            Stage::Ended(Err(trouble)) => Err(trouble.into_exception(py)),
            Stage::Cancelled => Err(PyTimeoutError::new_err("the time is up")),
            Stage::Running { .. } => Err(PyRuntimeError::new_err("the call is not over yet")),
            Stage::Fetched => Err(PyRuntimeError::new_err("the result was fetched before")),
        }
    }

    /// Has `callback()` called once the call is over, in another thread, or at once if it is.
    fn on_done(&self, py: Python<'_>, callback: Py<PyAny>) -> PyResult<()> {
        if let Stage::Running { to_call } = &mut *self.shared.stage() {
            leaving::check()?;
            to_call.push(callback);
            return Ok(());
        }
        callback.call0(py).map(drop)
    }

    /// Ends the call, and with it what it was doing.
    fn cancel(&self) {
        self.work.abort();
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.work.abort();
    }
}

/// When a time-out is over; never, if that is too far away to tell.
fn deadline(seconds: f64) -> PyResult<Option<Instant>> {
    if seconds.is_nan() {
        return Err(PyValueError::new_err("timeout is not a number of seconds"));
    }
    let left = Duration::try_from_secs_f64(seconds.max(0.0));
    Ok(left.ok().and_then(|left| Instant::now().checked_add(left)))
}

impl Shared {
    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fetch(&self) -> Stage {
        let mut stage = self.stage();
        match &*stage {
            Stage::Running { .. } => Stage::Running {
                to_call: Vec::new(),
            },
            _ => std::mem::replace(&mut stage, Stage::Fetched),
        }
    }

    /// Waits a moment, and tells whether the call is over.
    fn is_over_by(&self, until: Option<Instant>) -> bool {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let moment = left.map_or(BETWEEN_SIGNALS, |left| left.min(BETWEEN_SIGNALS));
        let running = |stage: &mut Stage| matches!(stage, Stage::Running { .. });
        let waited = self
            .changed
            .wait_timeout_while(self.stage(), moment, running);
        !running(&mut waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    fn wait_for_the_end(&self) {
        let running = |stage: &mut Stage| matches!(stage, Stage::Running { .. });
        drop(self.changed.wait_while(self.stage(), running));
    }
}

/// Tells the end of a call, whatever ends it.
struct Ending {
    shared: Arc<Shared>,
    stage: Option<Stage>,
}

impl Ending {
    fn with(mut self, stage: Stage) {
        self.stage = Some(stage);
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let stage = match self.stage.take() {
            Some(stage) => stage,
            None if std::thread::panicking() => Stage::Ended(Err(Trouble::Panicked)),
            None => Stage::Cancelled,
        };
        let before = std::mem::replace(&mut *self.shared.stage(), stage);
        self.shared.changed.notify_all();
        if let Stage::Running { to_call } = before
            && !to_call.is_empty()
        {
            leaving::call_in(|py| call_all(py, &to_call));
        }
    }
}

fn call_all(py: Python<'_>, callbacks: &[Py<PyAny>]) {
    for callback in callbacks {
        if let Err(error) = callback.call0(py) {
            error.write_unraisable(py, Some(callback.bind(py)));
        }
    }
}
