//! Buttons that cannot be pressed at once: a person must have had the time to see what they do, and
//! whoever clicked or typed into another window must not have pressed them here.

use std::cell::Cell;

use gtk::glib;
use gtk::prelude::*;

use crate::acts::{Act, Acts};
use crate::guard::QUIET;
use crate::{accessible, words};

/// Buttons that sleep together.
pub(crate) struct Sleepers {
    buttons: Vec<gtk::Button>,
    /// Why they could not be pressed even if they were awake; empty if they could.
    besides: Cell<Option<String>>,
    is_awake: Cell<bool>,
    /// How often they were put to sleep: an older alarm does not wake them.
    times: Cell<u32>,
}

impl Sleepers {
    /// Puts `buttons` to sleep for the first time.
    pub(crate) fn new(buttons: Vec<gtk::Button>, acts: &Acts) -> Sleepers {
        let sleepers = Sleepers {
            buttons,
            besides: Cell::new(None),
            is_awake: Cell::new(false),
            times: Cell::new(0),
        };
        sleepers.sleep(acts);
        sleepers
    }

    /// Puts them to sleep for a while: the page, or the keyboard, has just come here.
    pub(crate) fn sleep(&self, acts: &Acts) {
        let times = self.times.get().wrapping_add(1);
        self.times.set(times);
        self.is_awake.set(false);
        self.allow();
        let acts = acts.clone();
        glib::timeout_add_local_once(QUIET, move || acts.tell(Act::Wake(times)));
    }

    /// The alarm of the n-th sleep.
    pub(crate) fn wake(&self, times: u32) {
        if self.times.get() == times {
            self.is_awake.set(true);
            self.allow();
        }
    }

    /// Why they cannot be pressed for another reason, if there is one.
    pub(crate) fn hinder(&self, why: Option<String>) {
        self.besides.set(why);
        self.allow();
    }

    fn allow(&self) {
        let besides = self.besides.take();
        let why = match (&besides, self.is_awake.get()) {
            (Some(why), _) => why.clone(),
            (None, false) => words::waking(),
            (None, true) => String::new(),
        };
        self.besides.set(besides);
        for button in &self.buttons {
            button.set_sensitive(why.is_empty());
            accessible::describe(button, &why);
        }
    }
}
