//! Who asks, what would leave, and what is at stake.

use credex_chooser::model::{App, Assurance, Question};
use credex_chooser::wording;
use gtk::prelude::*;

use crate::acts::{Act, Acts};
use crate::parts::{self, Step};
use crate::{accessible, icons, words};

/// The first page.
pub(crate) struct Ask {
    pub(crate) step: Step,
    /// Has the keyboard first.
    pub(crate) cancel: gtk::Button,
}

impl Ask {
    /// Says what `question` is about.
    pub(crate) fn new(question: &Question, acts: &Acts) -> Ask {
        let step = Step::new();
        let headline = wording::headline(&question.exporter);
        step.add(&parts::picture(&icons::asking(&question.exporter), 48));
        step.add(&parts::headline(&headline));
        step.add(&facts(question));
        let risks = wording::risks(question);
        for risk in &risks {
            step.add(&parts::text(risk, &[]));
        }
        let cancel = parts::button(&words::cancel(), &[]);
        let go_on = parts::button(&words::go_on(), &[]);
        // The first thing that a screen reader reads is the control that has the focus.
        accessible::describe(&cancel, &format!("{headline} {}", risks.join(" ")));
        acts.when_pressed(&cancel, Act::Leave);
        acts.when_pressed(&go_on, Act::ToApps);
        step.add_button(&cancel);
        step.add_button(&go_on);
        Ask { step, cancel }
    }
}

fn facts(question: &Question) -> gtk::Box {
    let card = who(&question.exporter);
    parts::add_row(
        &card,
        &parts::fact(&words::what_leaves(), &wording::sends(question)),
    );
    card
}

/// Who asks, and how sure that is.
pub(crate) fn who(app: &App) -> gtk::Box {
    let card = parts::card("facts");
    parts::add_row(&card, &parts::fact(&words::app_id(), &wording::app_id(app)));
    if let Some(provider) = &app.provider {
        parts::add_row(&card, &parts::fact(&words::provider(), provider));
    }
    parts::add_row(&card, &identity(app));
    card
}

fn identity(app: &App) -> gtk::Box {
    let sign = match app.assurance {
        Assurance::Sandboxed | Assurance::Launched => "emblem-ok-symbolic",
        Assurance::Installed => "dialog-information-symbolic",
        Assurance::Unverified => "dialog-warning-symbolic",
    };
    let identity = gtk::Box::new(gtk::Orientation::Vertical, 2);
    identity.append(&parts::text(&words::identity(), &["caption", "dim-label"]));
    identity.append(&parts::remark(sign, &wording::identity(app), &[]));
    if let Some(conflict) = &app.conflict {
        let warning = wording::warning(conflict);
        identity.append(&parts::remark("dialog-warning-symbolic", &warning, &[]));
    }
    if let Some(no_proof) = wording::no_proof(app.assurance) {
        identity.append(&parts::text(&no_proof, &["caption"]));
    }
    identity
}
