//! The last question: what goes, and to whom. Its button names the destination, and can be pressed
//! only after it has been in sight for a while.

use std::collections::BTreeSet;

use credex_chooser::model::{Importer, Kind, Quantity, Question};
use credex_chooser::wording;
use gtk::prelude::*;

use crate::acts::{Act, Acts};
use crate::pages::planned::Planned;
use crate::parts::{self, Step};
use crate::sleep::Sleepers;
use crate::{accessible, icons, words};

/// The page that sends.
pub(crate) struct Confirm {
    pub(crate) step: Step,
    /// Has the keyboard first.
    pub(crate) cancel: gtk::Button,
    send: Sleepers,
    /// The types that can stay.
    kinds: Vec<(Kind, gtk::Switch)>,
    summary: gtk::Box,
    /// What the exporter says will become of it.
    plan: Option<Planned>,
}

impl Confirm {
    /// Asks whether to send to `importer`.
    pub(crate) fn new(question: &Question, importer: &Importer, acts: &Acts) -> Confirm {
        let step = Step::with_way_back();
        step.add(&parts::picture(&icons::importer(importer), 48));
        step.add(&parts::headline(&words::send_to_question(&importer.name)));
        // Before the rest, so that it is in sight however long that is.
        if let Some(unchecked) = wording::unchecked(question) {
            step.add(&parts::remark("dialog-warning-symbolic", &unchecked, &[]));
        }
        let plan = wording::plan(question, importer).map(Planned::new);
        if let Some(plan) = &plan {
            step.add(&plan.root);
        }
        let kinds = kinds(&step, &question.taken_by(importer), acts);
        let summary = gtk::Box::new(gtk::Orientation::Vertical, 6);
        step.add(&summary);
        let cancel = parts::button(&words::cancel(), &[]);
        let send = parts::button(&words::send_to(&importer.name), &["suggested-action"]);
        acts.when_pressed(&cancel, Act::Leave);
        acts.when_pressed(&send, Act::Send);
        step.add_button(&cancel);
        // The name of the destination may be long.
        step.add_wide_button(&send);
        let page = Confirm {
            step,
            cancel,
            send: Sleepers::new(vec![send], acts),
            kinds,
            summary,
            plan,
        };
        page.tell(question, importer);
        page
    }

    /// Says what goes and what stays.
    pub(crate) fn tell(&self, question: &Question, importer: &Importer) {
        let left_out = self.left_out();
        let (mut staying, going): (Vec<_>, Vec<_>) = question
            .taken_by(importer)
            .into_iter()
            .partition(|each| left_out.contains(&each.kind));
        let of_everything = self.plan.as_ref().filter(|_| !staying.is_empty());
        let of_everything = of_everything.map(|_| wording::plan_of_everything(question));
        staying.extend(question.refused_by(importer));
        let is_empty = question.sends.is_some() && going.is_empty();
        self.send.hinder(is_empty.then(words::nothing_left));
        let mut lines = wording::summary(question, importer, &going, &staying);
        lines.extend(of_everything);
        self.show(&lines);
    }

    /// Its button sleeps again: the keyboard has just come here.
    pub(crate) fn sleep(&self, acts: &Acts) {
        self.send.sleep(acts);
    }

    /// The alarm of the n-th sleep.
    pub(crate) fn wake(&self, times: u32) {
        self.send.wake(times);
    }

    /// The types that the person leaves out.
    pub(crate) fn left_out(&self) -> BTreeSet<Kind> {
        let staying = self.kinds.iter().filter(|(_, switch)| !switch.is_active());
        staying.map(|(kind, _)| kind.clone()).collect()
    }

    fn show(&self, lines: &[String]) {
        while let Some(old) = self.summary.first_child() {
            self.summary.remove(&old);
        }
        for line in lines {
            self.summary.append(&parts::text(line, &[]));
        }
        let plan = self.plan.iter().flat_map(Planned::sentences);
        let all: Vec<_> = lines.iter().cloned().chain(plan).collect();
        accessible::describe(&self.cancel, &all.join(" "));
    }
}

fn kinds(step: &Step, going: &[&Quantity], acts: &Acts) -> Vec<(Kind, gtk::Switch)> {
    if going.len() < 2 {
        return Vec::new();
    }
    let group = gtk::Box::new(gtk::Orientation::Vertical, 6);
    group.append(&parts::text(&words::what_goes(), &["heading"]));
    let card = parts::card("switches");
    let kinds = going.iter().map(|each| kind(&card, each, acts)).collect();
    group.append(&card);
    step.add(&group);
    kinds
}

fn kind(card: &gtk::Box, quantity: &Quantity, acts: &Acts) -> (Kind, gtk::Switch) {
    let words = wording::quantity(quantity.count, &quantity.kind);
    let switch = gtk::Switch::builder()
        .active(true)
        .valign(gtk::Align::Center)
        .build();
    accessible::name(&switch, &words);
    acts.when_switched(&switch, Act::Toggle);
    parts::add_row(card, &parts::switched(&words, &switch));
    (quantity.kind.clone(), switch)
}
