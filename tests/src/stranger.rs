//! Another user of the computer, for tests that run as root. Serves design §5.

use std::future::Future;
use std::thread;

use rustix::process::Uid;
use rustix::thread::set_thread_res_uid;

/// The user `nobody`: a bus lets nobody in whom the system does not know.
pub const NOBODY: u32 = 65534;

/// Lets `work` be done by [`NOBODY`], on a thread of its own, and waits for it.
///
/// Returns `None` where the test is not root's and cannot become another user.
pub fn do_as_nobody<T, W>(work: impl FnOnce() -> W + Send) -> Option<T>
where
    T: Send,
    W: Future<Output = T>,
{
    if !rustix::process::getuid().is_root() {
        return None;
    }
    let work = move || {
        let nobody = Uid::from_raw(NOBODY);
        // Of this thread alone: the rest of the test stays root's.
        set_thread_res_uid(nobody, nobody, nobody).expect("root may become anybody");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime can be built").block_on(work())
    };
    Some(thread::scope(|scope| {
        scope.spawn(work).join().expect("nobody did it")
    }))
}
