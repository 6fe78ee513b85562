//! Waiting for events, and giving up with a sentence that says for what.

use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

/// How long anything may take. Generous: a loaded machine is no reason to fail.
pub const DEADLINE: Duration = Duration::from_secs(60);
/// How often something is looked at that has no event.
const GLANCE: Duration = Duration::from_millis(5);

/// The result of `event`, or the end of the test: "`what` did not happen".
pub async fn within<T>(what: &str, event: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, event).await {
        Ok(result) => result,
        Err(_) => panic!("{what}: did not happen within {DEADLINE:?}"),
    }
}

/// Looks at something that no event announces, until it is as it should be. For what the kernel keeps
/// alone (open files, processes); whatever has an event is waited for with [`within`].
pub async fn eventually<T: Debug>(
    what: &str,
    look: impl Fn() -> T,
    is_right: impl Fn(&T) -> bool,
) -> T {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let seen = look();
        if is_right(&seen) {
            return seen;
        }
        if tokio::time::Instant::now() >= deadline {
            panic!("{what}: still {seen:?} after {DEADLINE:?}");
        }
        tokio::time::sleep(GLANCE).await;
    }
}
