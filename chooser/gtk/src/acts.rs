//! What a person does in a window, as messages to the desk: so that all that happens is handled in one
//! place, one thing after another, and no page holds on to another.

use gtk::prelude::*;
use tokio::sync::mpsc::UnboundedSender;

/// Tells windows apart.
pub(crate) type WindowId = u64;

/// Something that a person did, or that time did for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Cancel, Escape, or the window's close button.
    Leave,
    /// One page back.
    Back,
    /// On from who asks to the apps.
    ToApps,
    /// On with the app, or the account, at this place.
    Choose(usize),
    /// A type goes, or stays; something is typed.
    Toggle,
    /// Go ahead.
    Send,
    /// No, for good.
    Never,
    /// The window got the keyboard.
    Focus,
    /// A button that was put to sleep the n-th time may wake.
    Wake(u32),
}

/// Takes what is done in one window.
#[derive(Debug, Clone)]
pub(crate) struct Acts {
    window: WindowId,
    desk: UnboundedSender<(WindowId, Act)>,
}

impl Acts {
    /// Those of `window`.
    pub(crate) fn of(window: WindowId, desk: &UnboundedSender<(WindowId, Act)>) -> Acts {
        Acts {
            window,
            desk: desk.clone(),
        }
    }

    /// It was done.
    pub(crate) fn tell(&self, act: Act) {
        // The desk outlives every window.
        self.desk.send((self.window, act)).ok();
    }

    /// It is done whenever `button` is pressed.
    pub(crate) fn when_pressed(&self, button: &gtk::Button, act: Act) {
        let acts = self.clone();
        button.connect_clicked(move |_| acts.tell(act));
    }

    /// It is done whenever `switch` changes.
    pub(crate) fn when_switched(&self, switch: &gtk::Switch, act: Act) {
        let acts = self.clone();
        switch.connect_active_notify(move |_| acts.tell(act));
    }
}
