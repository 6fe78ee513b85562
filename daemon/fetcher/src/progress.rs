//! How far a fetch has come, told by those who do its parts: the library between them says less.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use credexd::web_credentials::fetch::{Certificate, Fault, Stage};

/// Shared by the parts of one fetch.
#[derive(Debug, Clone)]
pub(crate) struct Progress(Arc<Mutex<Reached>>);

/// What is known so far.
#[derive(Debug, Clone)]
pub(crate) struct Reached {
    pub(crate) stage: Stage,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) certificate: Option<Certificate>,
    /// What went wrong, and how to say so, where a part knows it better than the library does.
    pub(crate) fault: Option<(Fault, String)>,
}

impl Progress {
    /// Of what is connected to one of `addresses`.
    pub(crate) fn new(addresses: &[SocketAddr]) -> Progress {
        Progress(Arc::new(Mutex::new(Reached {
            stage: Stage::Tls,
            addresses: addresses.to_vec(),
            certificate: None,
            fault: None,
        })))
    }

    pub(crate) fn reached(&self, stage: Stage) {
        self.lock().stage = stage;
    }

    pub(crate) fn failed(&self, fault: Fault, problem: impl Into<String>) {
        self.lock().fault = Some((fault, problem.into()));
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Reached> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
