//! How far a long step has come, and how it leaves the event loop room to breathe.

/// How much of a payload has been sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes done.
    pub done: u64,
    /// Bytes in all.
    pub total: u64,
}

/// Told at most once for every segment of 64 KiB.
pub type OnProgress<'a> = &'a mut (dyn FnMut(Progress) + Send);

/// For whoever does not want to know.
pub fn silent(_: Progress) {}

/// Counts bytes, tells about them, and lets other tasks run once a mebibyte.
pub(crate) struct Meter<'a> {
    progress: Progress,
    tell: OnProgress<'a>,
    since_rest: u64,
}

impl<'a> Meter<'a> {
    const REST_EVERY: u64 = 1 << 20;

    pub(crate) fn new(total: u64, tell: OnProgress<'a>) -> Self {
        Self {
            progress: Progress { done: 0, total },
            tell,
            since_rest: 0,
        }
    }

    pub(crate) async fn add(&mut self, bytes: usize) {
        self.progress.done += bytes as u64;
        (self.tell)(self.progress);
        self.since_rest += bytes as u64;
        if self.since_rest >= Self::REST_EVERY {
            self.since_rest = 0;
            tokio::task::yield_now().await;
        }
    }
}
