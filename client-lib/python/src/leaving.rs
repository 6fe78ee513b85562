//! The end of the interpreter, after which nobody calls into it.
//!
//! CPython ends a thread that comes back to an interpreter which is going (`pthread_exit`), wherever it is. In the
//! middle of a call of ours that would abort the process, and with it an app that ends right after an answer. So
//! the end waits for such a call, and none begins afterwards.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::runtime;

/// Held by the runtime's thread while it calls into Python; taken before the interpreter, never after it.
static CALLING: Mutex<()> = Mutex::new(());
static LEFT: AtomicBool = AtomicBool::new(false);

/// Does `call`, which no code of an app waits for, unless there is no interpreter any more.
pub(crate) fn call_in(call: impl FnOnce(Python<'_>)) {
    let _calling = CALLING.lock().unwrap_or_else(PoisonError::into_inner);
    if !LEFT.load(Ordering::SeqCst) {
        Python::try_attach(call);
    }
}

/// # Errors
/// `RuntimeError` if nobody would be called back any more.
pub(crate) fn check() -> PyResult<()> {
    match LEFT.load(Ordering::SeqCst) {
        true => Err(PyRuntimeError::new_err("the interpreter is ending")),
        false => Ok(()),
    }
}

/// Has [`leave`] called before the interpreter goes.
///
/// # Errors
/// Those of Python.
pub(crate) fn register(py: Python<'_>) -> PyResult<()> {
    let leave = wrap_pyfunction!(leave, py)?;
    let atexit = py.import("atexit")?;
    atexit.call_method1("register", (leave,)).map(drop)
}

/// Waits for whoever is calling into Python.
#[pyfunction]
fn leave(py: Python<'_>) {
    py.detach(|| {
        // The thread of another process cannot be waited for, and does not call into this one.
        let _nobody_calls = runtime::is_of_this_process()
            .then(|| CALLING.lock().unwrap_or_else(PoisonError::into_inner));
        LEFT.store(true, Ordering::SeqCst);
    });
}
