//! The clock of the protocol: milliseconds of `CLOCK_BOOTTIME`, which also counts while asleep.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How long it is until `expires`; zero if that has passed.
pub(crate) fn left_until(expires: u64) -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    let now = Duration::new(
        u64::try_from(now.tv_sec).unwrap_or(0),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    );
    Duration::from_millis(expires).saturating_sub(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_expired_before_the_computer_was_started_has_no_time_left() {
        assert_eq!(left_until(0), Duration::ZERO);
        assert!(left_until(u64::MAX) > Duration::from_secs(3600));
    }
}
