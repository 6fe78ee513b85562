//! How far a long step has come: a bar on standard error, if that is a terminal and there is more
//! than a second of work.

use std::time::{Duration, Instant};

use credex::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal;

const PATIENCE: Duration = Duration::from_secs(1);
const BYTES: &str = "{msg} {wide_bar} {bytes} of {total_bytes}, {eta} left";
const ITEMS: &str = "{msg} {wide_bar} {pos} of {len}, {eta} left";
/// For work of which nobody knows how much it is.
const SOME: &str = "{msg} {spinner} {pos}";

/// A bar that shows itself when it is needed, and leaves nothing behind.
pub(crate) struct Bar {
    what: &'static str,
    template: &'static str,
    since: Instant,
    bar: Option<ProgressBar>,
}

impl Bar {
    /// A bar for bytes.
    pub(crate) fn new(what: &'static str) -> Bar {
        Bar::of(what, BYTES)
    }

    /// A bar for items; where nobody knows how many, a `total` of 0 is shown as movement.
    pub(crate) fn counting(what: &'static str, total: u64) -> Bar {
        Bar::of(what, if total > 0 { ITEMS } else { SOME })
    }

    fn of(what: &'static str, template: &'static str) -> Bar {
        Bar {
            what,
            template,
            since: Instant::now(),
            bar: None,
        }
    }

    pub(crate) fn show(&mut self, progress: Progress) {
        if self.bar.is_none() && self.since.elapsed() > PATIENCE && terminal::shows_errors() {
            let target = ProgressDrawTarget::stderr();
            let bar = ProgressBar::with_draw_target(Some(progress.total), target);
            let style = ProgressStyle::with_template(self.template);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_message(self.what);
            self.bar = Some(bar);
        }
        if let Some(bar) = &self.bar {
            bar.set_position(progress.done);
            bar.tick();
        }
    }

    /// Takes the bar away while something else is shown.
    pub(crate) fn hide(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.since = Instant::now();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
