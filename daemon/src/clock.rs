//! `CLOCK_BOOTTIME`, the clock of every deadline: it goes on while the computer sleeps, so that an
//! offer made before the lid was closed has expired when it is opened. Serves design §3.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// A point in time, in milliseconds of `CLOCK_BOOTTIME`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BootTime(pub u64);

impl BootTime {
    /// What the clock shows now.
    #[must_use]
    pub fn now() -> BootTime {
        let time = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        let millis = u64::try_from(time.tv_nsec / 1_000_000).unwrap_or_default();
        BootTime(seconds.saturating_mul(1000).saturating_add(millis))
    }

    /// `span` later; the end of time if there is no such point.
    #[must_use]
    pub fn after(self, span: Duration) -> BootTime {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        BootTime(self.0.saturating_add(millis))
    }

    /// How long it is from `earlier` to here; zero if it is not earlier.
    #[must_use]
    pub fn since(self, earlier: BootTime) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}
