//! The thread that does the work of a client: a tokio runtime that no signal of the app interrupts.

#![allow(
    unsafe_code,
    reason = "no crate that we use sets the signal mask of a thread"
)]

use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// A runtime on a thread of its own. Dropping it does not wait for it; [`Background::stop`] does.
#[derive(Debug)]
pub(crate) struct Background {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Background {
    pub(crate) fn start() -> io::Result<(Handle, Self)> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = without_signals(|| {
            std::thread::Builder::new()
                .name("credex".to_owned())
                .spawn(move || {
                    // Whoever forgets the client has stopped it as well.
                    let _either_way = runtime.block_on(stopped);
                })
        })?;
        Ok((handle, Self { stop, thread }))
    }

    /// Drops everything that is under way, and waits for the thread to end.
    pub(crate) fn stop(self) {
        drop(self.stop);
        // A panic in it has said so on standard error, and took nothing with it that anybody still has.
        self.thread.join().ok();
    }
}

/// A thread inherits the signal mask of whoever starts it. The app's handlers are to run on the app's
/// threads.
pub(crate) fn without_signals<T>(work: impl FnOnce() -> T) -> T {
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: both sets are ours; `all` is filled before it is read. With these arguments neither call
    // can fail.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
    }
    let done = work();
    // SAFETY: the call above has filled `before`.
    unsafe {
        libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut());
    }
    done
}
