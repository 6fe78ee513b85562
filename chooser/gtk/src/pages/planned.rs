//! What the exporter says will become of its credentials at the importer: a part of the last question.

use credex_chooser::wording::PlanWords;
use gtk::prelude::*;

use crate::{parts, words};

/// So many losses are in sight without a press.
const IN_SIGHT: usize = 4;

/// The part of the page.
pub(crate) struct Planned {
    pub(crate) root: gtk::Box,
    words: PlanWords,
}

impl Planned {
    pub(crate) fn new(words: PlanWords) -> Planned {
        let root = gtk::Box::new(gtk::Orientation::Vertical, 6);
        root.append(&parts::text(&words.heading, &["heading"]));
        let card = parts::card("facts");
        if !words.items.is_empty() {
            parts::add_row(&card, &lines(&words.items));
        }
        if !words.losses.is_empty() {
            parts::add_row(&card, &losses(&words));
        }
        root.append(&card);
        Planned { root, words }
    }

    /// What it says in sight, as sentences.
    pub(crate) fn sentences(&self) -> impl Iterator<Item = String> {
        let PlanWords {
            heading,
            items,
            lost,
            losses,
        } = &self.words;
        let lost = (!losses.is_empty()).then_some(lost);
        let losses = losses.iter().take(IN_SIGHT);
        let all = [heading].into_iter().chain(items).chain(lost).chain(losses);
        all.map(|line| format!("{line}."))
    }
}

/// The greatest losses, and the others behind a button.
fn losses(words: &PlanWords) -> gtk::Box {
    let row = gtk::Box::new(gtk::Orientation::Vertical, 4);
    row.append(&parts::text(&words.lost, &["caption", "dim-label"]));
    let (first, others) = words.losses.split_at(words.losses.len().min(IN_SIGHT));
    row.append(&lines(first));
    if !others.is_empty() {
        let (more, number) = (gtk::Button::new(), others.len());
        more.set_halign(gtk::Align::Start);
        more.set_label(&words::show_more(number));
        let others = lines(others);
        others.set_visible(false);
        row.append(&others);
        row.append(&more);
        more.connect_clicked(move |more| {
            let show = !others.is_visible();
            others.set_visible(show);
            more.set_label(&match show {
                true => words::show_fewer(),
                false => words::show_more(number),
            });
        });
    }
    row
}

fn lines(all: &[String]) -> gtk::Box {
    let lines = gtk::Box::new(gtk::Orientation::Vertical, 4);
    for line in all {
        lines.append(&parts::text(line, &[]));
    }
    lines
}
