//! `CredexClient`: the thread that does the work, and the queue of what is to be told, which the app's own
//! loop empties.

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

use std::collections::VecDeque;
use std::fmt;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use rustix::event::{EventfdFlags, eventfd};
use tokio::runtime::Handle;

use crate::boundary::{answer, guard, out};
use crate::error::CredexError;
use crate::failure::{Failure, Result};
use crate::operation::CredexOperation;
use crate::status::CredexStatus;
use crate::table::{self, Group, Object};
use crate::thread::Background;

/// A thread of the library, and everything that it works on. One is enough for an app.
///
/// The thread that makes it is the one that gives it up and that callbacks are called on. Everything else
/// may be done on any thread.
pub struct CredexClient {
    group: Group,
    runtime: Handle,
    background: Mutex<Option<Background>>,
    due: Mutex<VecDeque<Due>>,
    /// Readable as long as something is in `due`.
    event: OwnedFd,
    owner: ThreadId,
    process: u32,
    dispatching: AtomicBool,
}

/// A callback that the next dispatch calls.
pub(crate) enum Due {
    /// The operation is finished.
    End(Arc<CredexOperation>),
    /// It has come further.
    Progress(Arc<CredexOperation>),
}

impl Due {
    /// Whether anybody still wanted to be called.
    fn call(&self) -> bool {
        match self {
            Self::End(operation) => operation.tell_end(),
            Self::Progress(operation) => operation.tell_progress(),
        }
    }
}

impl Object for CredexClient {
    const NAME: &'static str = "CredexClient";
}

impl fmt::Debug for CredexClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("CredexClient");
        shown.field("group", &self.group).finish_non_exhaustive()
    }
}

impl CredexClient {
    fn new() -> Result<Self> {
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map_err(std::io::Error::from)?;
        let (runtime, background) = Background::start()?;
        Ok(Self {
            group: Group::new(),
            runtime,
            background: Mutex::new(Some(background)),
            due: Mutex::default(),
            event,
            owner: thread::current().id(),
            process: std::process::id(),
            dispatching: AtomicBool::new(false),
        })
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Gives an object a handle that ends with this client.
    pub(crate) fn adopt<T: Object>(&self, object: T) -> Result<*mut T> {
        self.adopt_shared(Arc::new(object))
    }

    pub(crate) fn adopt_shared<T: Object>(&self, object: Arc<T>) -> Result<*mut T> {
        if T::STAYS {
            return Ok(table::insert_shared(Group::NONE, object));
        }
        // Held, so that the client does not go in between and leave the handle behind.
        let background = self.background();
        match *background {
            Some(_) => Ok(table::insert_shared(self.group, object)),
            None => Err(Failure::freed()),
        }
    }

    /// Drops what may still have something to say to the bus.
    pub(crate) fn let_go<T>(&self, object: T) {
        let _inside = self.runtime.enter();
        drop(object);
    }

    /// A child of fork() has none of the threads.
    ///
    /// # Errors
    /// `WrongThread`.
    pub(crate) fn check_process(&self) -> Result<()> {
        match std::process::id() == self.process {
            true => Ok(()),
            false => Err(Failure::new(
                CredexStatus::WrongThread,
                "this process was forked from the one that made the client: make another one",
            )),
        }
    }

    fn check_thread(&self) -> Result<()> {
        self.check_process()?;
        match thread::current().id() == self.owner {
            true => Ok(()),
            false => Err(Failure::new(
                CredexStatus::WrongThread,
                "only the thread that made the client may dispatch its callbacks or free it",
            )),
        }
    }

    /// Puts a callback where the next dispatch finds it.
    pub(crate) fn is_due(&self, callback: Due) {
        self.due().push_back(callback);
        // It can only fail because it is full of events already.
        rustix::io::write(&self.event, &1u64.to_ne_bytes()).ok();
    }

    fn dispatch(&self) -> Result<u32> {
        self.check_thread()?;
        if self.dispatching.swap(true, Ordering::Relaxed) {
            return Err(Failure::state("a callback may not dispatch callbacks"));
        }
        let mut event = [0; 8];
        // It can only fail because nothing has happened.
        rustix::io::read(&self.event, &mut event).ok();
        // What comes meanwhile is an event of its own, so that the app's loop gets its turn.
        let due = std::mem::take(&mut *self.due());
        let called = due.iter().filter(|callback| callback.call()).count();
        self.dispatching.store(false, Ordering::Relaxed);
        Ok(u32::try_from(called).unwrap_or(u32::MAX))
    }

    fn free(handle: *mut Self) -> Result<()> {
        if handle.is_null() {
            return Ok(());
        }
        let client = table::get(handle)?;
        client.check_thread()?;
        if client.dispatching.load(Ordering::Relaxed) {
            return Err(Failure::state("a callback may not free its client"));
        }
        table::remove(handle)?;
        let background = client.background().take();
        for object in table::remove_group(client.group) {
            if let Ok(operation) = object.downcast::<CredexOperation>() {
                operation.abandon();
            }
        }
        if let Some(background) = background {
            background.stop();
        }
        client.due().clear();
        Ok(())
    }

    fn due(&self) -> MutexGuard<'_, VecDeque<Due>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn background(&self) -> MutexGuard<'_, Option<Background>> {
        let background = self.background.lock();
        background.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts a client. It connects to nothing yet.
#[unsafe(no_mangle)]
pub extern "C" fn credex_client_new(
    client: Option<&mut MaybeUninit<*mut CredexClient>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let slot = out(client, "client")?;
        slot.write(table::insert(Group::NONE, CredexClient::new()?));
        Ok(())
    })
}

/// A file descriptor that is readable while callbacks are due: for poll(), g_unix_fd_add() or
/// QSocketNotifier. Do not read or close it. -1 for what is no client.
#[unsafe(no_mangle)]
pub extern "C" fn credex_client_fd(client: *const CredexClient) -> i32 {
    answer(-1, || Ok(table::get(client)?.event.as_raw_fd()))
}

/// Calls the callbacks that are due, on this thread, and returns. `called` gets how many they were, and may
/// be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn credex_client_dispatch(
    client: *const CredexClient,
    called: Option<&mut MaybeUninit<u32>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let number = table::get(client)?.dispatch()?;
        if let Some(called) = called {
            called.write(number);
        }
        Ok(())
    })
}

/// Leaves the bus and ends the thread. Everything that the client does is called off, no callback is called
/// any more, and every handle that came from it is freed, with passwords wiped; only errors, receipts,
/// reports, decisions, payloads, requests and plans stay. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_client_free(
    client: *mut CredexClient,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || CredexClient::free(client))
}

/// The version of the library, for instance "0.1.0".
#[unsafe(no_mangle)]
pub extern "C" fn credex_version() -> *const std::ffi::c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}
