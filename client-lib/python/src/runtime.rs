//! The event loop behind every call: one runtime for the process, on a thread of its own.
//!
//! One thread, so that what arrives one after the other is also dealt with in that order.

use std::io;
use std::sync::OnceLock;
use std::thread;

use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle};

struct Shared {
    runtime: Handle,
    process: u32,
}

static SHARED: OnceLock<io::Result<Shared>> = OnceLock::new();

/// The runtime, which is started by the first call.
///
/// # Errors
/// `OSError` if there is no thread to be had; `RuntimeError` in a process that was forked after the
/// first call, since the thread does not go with it.
pub(crate) fn handle() -> PyResult<&'static Handle> {
    let shared = SHARED.get_or_init(start).as_ref();
    let shared = shared.map_err(|error| PyOSError::new_err(error.to_string()))?;
    if shared.process == std::process::id() {
        return Ok(&shared.runtime);
    }
    Err(PyRuntimeError::new_err(
        "credex was used before this process was forked off, and its thread stayed behind: fork \
         first, or start a new program (multiprocessing: the method \"spawn\")",
    ))
}

/// Whether the runtime was started, and its thread is in this process.
pub(crate) fn is_of_this_process() -> bool {
    let shared = SHARED.get().and_then(|shared| shared.as_ref().ok());
    shared.is_some_and(|shared| shared.process == std::process::id())
}

fn start() -> io::Result<Shared> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let run = move || runtime.block_on(std::future::pending::<()>());
    thread::Builder::new()
        .name("credex".to_owned())
        .spawn(run)?;
    Ok(Shared {
        runtime: handle,
        process: std::process::id(),
    })
}
