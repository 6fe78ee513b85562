//! How a fetcher or a dialler comes to be: in a unit, which systemd starts when its socket is connected to, or as
//! a process that our launcher starts. Serves design §7 ("a separate process without bus access").

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use rustix::net::SocketType;
use tokio::net::UnixStream;

use crate::launcher::{Launcher, Program, unit_socket};
use crate::protections::Protections;

/// What a program has said, and the file descriptor beside it.
pub(super) type Heard = (Vec<u8>, Option<OwnedFd>);

/// The ways to have one program started. It ends after one conversation.
#[derive(Clone)]
pub(super) struct Ways {
    /// What it is called.
    name: &'static str,
    /// The protection that its unit is.
    unit_protection: &'static str,
    /// The socket of its unit, where there is one.
    unit: Option<PathBuf>,
    /// Whether the unit has failed, so that it is not tried again.
    unit_failed: Arc<AtomicBool>,
    argv: Vec<OsString>,
    launcher: Arc<dyn Launcher>,
}

impl Ways {
    /// The program `argv`, called `name` in errors, which `launcher` starts.
    pub(super) fn new(
        name: &'static str,
        unit_protection: &'static str,
        argv: Vec<OsString>,
        launcher: Arc<dyn Launcher>,
    ) -> Ways {
        Ways {
            name,
            unit_protection,
            unit: None,
            unit_failed: Arc::default(),
            argv,
            launcher,
        }
    }

    /// Has it started by the unit that listens at `socket`, as long as that works.
    pub(super) fn in_unit(&mut self, socket: PathBuf) {
        self.unit = Some(socket);
    }

    /// Has a `conversation` with the program in its unit; or else, if that says nothing, another one with a process
    /// of our own, which is confined by itself alone.
    ///
    /// # Errors
    /// It cannot be started, or not be spoken with.
    pub(super) async fn converse<'a>(
        &self,
        protections: &Protections,
        conversation: impl Fn(UnixStream) -> BoxFuture<'a, io::Result<Heard>>,
    ) -> Result<Heard, String> {
        let unit = self.unit.as_ref();
        let unit = unit.filter(|_| !self.unit_failed.load(Ordering::Relaxed));
        if let Some(socket) = unit {
            let heard = match reach(socket).await {
                Ok(socket) => conversation(socket).await,
                Err(error) => Err(error),
            };
            match heard {
                Ok(heard) if !heard.0.is_empty() => {
                    protections.hold(self.unit_protection);
                    return Ok(heard);
                }
                // It did not come as far as to look at what it was asked.
                Ok(_) => {
                    let problem = "its unit does not start; see its log";
                    protections.lack(self.unit_protection, problem);
                }
                Err(error) => protections.lack(self.unit_protection, &error.to_string()),
            }
            self.unit_failed.store(true, Ordering::Relaxed);
        }
        let failed = |error: io::Error| format!("the {} cannot be asked: {error}", self.name);
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().map_err(failed)?;
        self.start(theirs.into()).await?;
        ours.set_nonblocking(true).map_err(failed)?;
        let ours = UnixStream::from_std(ours).map_err(failed)?;
        conversation(ours).await.map_err(failed)
    }

    async fn start(&self, socket: OwnedFd) -> Result<(), String> {
        let program = Program {
            argv: self.argv.clone(),
            environment: Vec::new(),
            fds: vec![(socket, 0)],
            app: None,
            // It cannot reach the bus.
            is_forgotten: true,
        };
        let started = self.launcher.start(program).await;
        started.map(drop).map_err(|error| error.to_string())
    }
}

async fn reach(socket: &Path) -> io::Result<UnixStream> {
    let socket = unit_socket::reach_soon(socket, SocketType::STREAM).await?;
    UnixStream::from_std(socket.into())
}
