//! How the daemon starts other programs: the trait, and what it is told. Serves design §6.
//!
//! The daemon at work never forks: an fd that has just arrived over D-Bus is not close-on-exec yet,
//! and a fork at that moment would leak it. Programs are started by a small process of our own
//! (`zygote`), a copy that the daemon makes of itself before it does anything else, or by systemd in a unit of
//! its own.

mod environment;
mod fork;
mod lineage;
mod message;
mod other_end;
pub(crate) mod packet;
mod process;
mod scope;
pub(crate) mod unit_socket;
mod zygote;

pub use environment::scrub;
pub use process::ProcessLauncher;
pub use scope::ScopedLauncher;
pub use unit_socket::check_caller;
pub use zygote::run_zygote;

use std::ffi::OsString;
use std::os::fd::OwnedFd;

use async_trait::async_trait;

use crate::caller::Process;

/// A program to start.
#[derive(Debug, Default)]
pub struct Program {
    /// The program and its arguments. Never contains a secret.
    pub argv: Vec<OsString>,
    /// Environment variables to set on top of the session's. Never contains a secret.
    pub environment: Vec<(String, OsString)>,
    /// File descriptors to hand over, each with the number it gets there. All others are closed.
    pub fds: Vec<(OwnedFd, i32)>,
    /// The desktop-entry ID of the app that this is; `None` if it is one of our own programs.
    pub app: Option<String>,
    /// Whether nobody will ever ask what descends from it. Of the others only so many are remembered,
    /// and what is started as often as an app likes must not push an app out of that memory.
    pub is_forgotten: bool,
}

/// A program that was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Started {
    /// Its process ID.
    pub pid: u32,
}

/// Why a program could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// There is no such program, or it cannot be run.
    #[error("cannot start {program}: {source}")]
    Spawn {
        /// The first of its arguments.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The launching process does not answer.
    #[error("the launching process is gone: {0}")]
    Gone(#[source] std::io::Error),
}

/// Starts programs.
#[async_trait]
pub trait Launcher: Send + Sync {
    /// Starts `program` and returns as soon as it runs.
    ///
    /// # Errors
    /// The program cannot be started, or the launching process is gone.
    async fn start(&self, program: Program) -> Result<Started, LaunchError>;

    /// Whether `process` is `ancestor`, or was started by it, directly or not, and still runs.
    fn descends(&self, process: Process, ancestor: Started) -> bool;
}
