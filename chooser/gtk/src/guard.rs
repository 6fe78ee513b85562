//! Keys that were not meant for the window. Pure. Serves issue "held Enter while the window opens":
//! whoever types in another window must not answer here.
//!
//! Enter and Space count only if they were pressed some time after the window got the keyboard, and
//! only once for each press: a key that is held repeats, and its repetitions never activate anything.

use std::collections::HashSet;
use std::time::{Duration, Instant};

/// Longer than a keyboard waits before it repeats, so that a held key is seen within it.
pub(crate) const QUIET: Duration = Duration::from_secs(1);

/// What is known of the keys that activate.
#[derive(Debug)]
pub(crate) struct Guard {
    since: Instant,
    down: HashSet<u32>,
}

impl Guard {
    /// The window appears at `now`.
    pub(crate) fn new(now: Instant) -> Guard {
        Guard {
            since: now,
            down: HashSet::new(),
        }
    }

    /// The window gets the keyboard at `now`, and with it keys that may be held.
    pub(crate) fn focused(&mut self, now: Instant) {
        *self = Guard::new(now);
    }

    /// The key with `code` is pressed, or repeats. Whether it counts.
    #[must_use]
    pub(crate) fn pressed(&mut self, code: u32, now: Instant) -> bool {
        let repeats = !self.down.insert(code);
        !repeats && now.duration_since(self.since) >= QUIET
    }

    /// The key with `code` is released.
    pub(crate) fn released(&mut self, code: u32) {
        self.down.remove(&code);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTER: u32 = 36;

    #[test]
    fn a_key_that_is_held_while_the_window_opens_never_counts() {
        let start = Instant::now();
        let mut guard = Guard::new(start);
        for tick in 0..1000 {
            assert!(!guard.pressed(ENTER, start + Duration::from_millis(500 + 30 * tick)));
        }
        guard.released(ENTER);
        assert!(guard.pressed(ENTER, start + Duration::from_secs(60)));
    }

    #[test]
    fn a_press_counts_once_however_long_it_is_held() {
        let start = Instant::now();
        let mut guard = Guard::new(start);
        assert!(guard.pressed(ENTER, start + QUIET));
        assert!(!guard.pressed(ENTER, start + QUIET * 2));
        guard.released(ENTER);
        assert!(guard.pressed(ENTER, start + QUIET * 3));
    }

    #[test]
    fn a_quick_press_into_a_new_window_does_not_count() {
        let start = Instant::now();
        let mut guard = Guard::new(start);
        assert!(!guard.pressed(ENTER, start + QUIET / 2));
        guard.released(ENTER);
        assert!(guard.pressed(ENTER, start + QUIET));
    }

    #[test]
    fn each_time_the_window_gets_the_keyboard_it_waits_again() {
        let start = Instant::now();
        let mut guard = Guard::new(start);
        assert!(guard.pressed(ENTER, start + QUIET));
        // The release went to another window.
        guard.focused(start + QUIET * 5);
        assert!(!guard.pressed(ENTER, start + QUIET * 5));
        guard.released(ENTER);
        assert!(guard.pressed(ENTER, start + QUIET * 6));
    }
}
