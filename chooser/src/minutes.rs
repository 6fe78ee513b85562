//! How long an exchange may still take, as a person reads it. Serves "Time limits" of
//! `protocol/README.md`.

use rustix::time::{ClockId, Timespec, clock_gettime};

/// Minutes until `expires`, in milliseconds of `CLOCK_BOOTTIME`; a begun minute counts.
#[must_use]
pub fn until(expires: u64) -> u64 {
    between(clock_gettime(ClockId::Boottime), expires)
}

/// A second that has begun is not over: without its milliseconds, five minutes would be six.
fn between(now: Timespec, expires: u64) -> u64 {
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let milliseconds = u64::try_from(now.tv_nsec / 1_000_000).unwrap_or(0);
    let now = seconds.saturating_mul(1000).saturating_add(milliseconds);
    expires.saturating_sub(now).div_ceil(60_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_minutes_are_five_at_every_moment_of_a_second() {
        for tv_nsec in [0, 1_000_000, 999_000_000] {
            let now = Timespec { tv_sec: 7, tv_nsec };
            let at = 7000 + u64::try_from(tv_nsec / 1_000_000).unwrap();
            assert_eq!(between(now, at + 300_000), 5);
            assert_eq!(between(now, at + 299_990), 5);
            assert_eq!(between(now, at + 300_001), 6, "a begun minute counts");
            assert_eq!(between(now, at), 0);
            assert_eq!(between(now, 0), 0, "the time was up long ago");
        }
    }
}
