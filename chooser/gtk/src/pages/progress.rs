//! How an exchange goes on, and the way to stop it.

use std::cell::Cell;

use credex_chooser::model::Stage;
use credex_chooser::{minutes, wording};
use gtk::prelude::*;

use crate::acts::{Act, Acts};
use crate::parts::{self, Step};
use crate::{accessible, words};

/// The page while apps work.
pub(crate) struct Progress {
    pub(crate) step: Step,
    /// Stops the exchange, or, once that is too late, only closes the window.
    pub(crate) leave: gtk::Button,
    line: gtk::Label,
    hint: gtk::Label,
    stage: Cell<Stage>,
    names: (String, String),
}

impl Progress {
    /// From `exporter` to `importer`, as it begins.
    pub(crate) fn new(exporter: &str, importer: &str, acts: &Acts) -> Progress {
        let step = Step::new();
        step.add(&spinner());
        step.add(&parts::headline(&words::sending_to(importer)));
        let line = parts::centred("", &[]);
        let hint = parts::centred(&words::may_close(), &["dim-label"]);
        hint.set_visible(false);
        step.add(&line);
        step.add(&hint);
        let leave = parts::button(&words::cancel(), &[]);
        acts.when_pressed(&leave, Act::Leave);
        step.add_button(&leave);
        let page = Progress {
            step,
            leave,
            line,
            hint,
            stage: Cell::new(Stage::Exporting),
            names: (exporter.to_owned(), importer.to_owned()),
        };
        page.tell(Stage::Exporting, None);
        page
    }

    /// Tells how far it is. `expires`: milliseconds of `CLOCK_BOOTTIME` at which it ends by itself.
    pub(crate) fn tell(&self, stage: Stage, expires: Option<u64>) {
        let (exporter, importer) = &self.names;
        let minutes = expires.map(minutes::until);
        let line = wording::progress(exporter, importer, stage, minutes);
        self.stage.set(stage);
        self.say(&line);
        if !self.can_stop() {
            self.hint.set_visible(true);
            self.leave.set_sensitive(true);
            parts::rename(&self.leave, &words::close());
        }
    }

    /// Whether it can be stopped: not once the importer has everything.
    pub(crate) fn can_stop(&self) -> bool {
        self.stage.get() != Stage::Claimed
    }

    /// The person has stopped it, and the service answers in a moment.
    pub(crate) fn stopping(&self) {
        self.say(&words::stopping());
        self.leave.set_sensitive(false);
    }

    fn say(&self, line: &str) {
        self.line.set_text(line);
        accessible::describe(&self.leave, line);
    }
}

fn spinner() -> gtk::Spinner {
    gtk::Spinner::builder()
        .accessible_role(gtk::AccessibleRole::Presentation)
        .spinning(true)
        .width_request(48)
        .height_request(48)
        .halign(gtk::Align::Center)
        .build()
}
