//! Keeps the deadlines, with one timer of `CLOCK_BOOTTIME` for all exchanges. Nothing ticks while
//! there is nothing to wait for.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

use super::Desk;
use crate::clock::BootTime;
use crate::exchange::state::Event;
use crate::process;

/// Nothing has gone on for as long as the configuration says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet;

impl Desk {
    /// Lets time pass for every exchange. Returns when the service has been quiet for long enough.
    ///
    /// # Errors
    /// The kernel gives no timer.
    pub async fn keep_time(self: &Arc<Self>) -> io::Result<Quiet> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = process::watched(timerfd_create(TimerfdClockId::Boottime, flags)?)?;
        loop {
            let now = BootTime::now();
            let overdue = {
                let mut floor = self.floor();
                floor.web.keys.expire(now);
                floor.overdue(now)
            };
            for id in overdue {
                self.feed(id, Event::TimePassed, None);
            }
            if self.idle_deadline().is_some_and(|deadline| deadline <= now) {
                return Ok(Quiet);
            }
            let first = self.floor().first_deadline();
            let next = [first, self.idle_deadline()].into_iter().flatten().min();
            timerfd_settime(timer.get_ref(), TimerfdTimerFlags::ABSTIME, &at(next))?;
            tokio::select! {
                fired = timer.readable() => fired?.clear_ready(),
                () = self.changed.notified() => {}
            }
        }
    }

    /// When the service may leave, if nothing happens until then.
    fn idle_deadline(&self) -> Option<BootTime> {
        let idle = Duration::from_secs(u64::from(self.config.seconds.idle));
        let quiet_since = self.floor().quiet_since()?;
        (!idle.is_zero()).then(|| quiet_since.after(idle))
    }

    /// Whether nothing goes on that would be lost if the service left now.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.floor().quiet_since().is_some()
    }
}

/// A one-shot alarm; no alarm for `None`.
fn at(time: Option<BootTime>) -> Itimerspec {
    let millis = time.map_or(0, |BootTime(millis)| millis);
    let seconds = i64::try_from(millis / 1000).unwrap_or(i64::MAX);
    let nanos = (millis % 1000) * 1_000_000;
    Itimerspec {
        it_interval: Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        },
        it_value: Timespec {
            tv_sec: seconds,
            tv_nsec: i64::try_from(nanos).unwrap_or(0),
        },
    }
}
