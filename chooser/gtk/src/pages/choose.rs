//! Who could take it. Each app is a button, which leads to the last question about it: a list row or a
//! radio button offers assistive technology nothing to press before GTK 4.10.

use credex_chooser::model::{Importer, Question};
use credex_chooser::wording;
use gtk::prelude::*;

use crate::acts::{Act, Acts};
use crate::parts::{self, Step};
use crate::{accessible, icons, words};

/// The page with the apps.
pub(crate) struct Choose {
    pub(crate) step: Step,
    /// Has the keyboard first: an app, which sends nothing yet.
    pub(crate) first: gtk::Button,
}

impl Choose {
    /// Offers the importers of `question`. The keyboard is at the one that was `chosen` before, if any.
    pub(crate) fn new(question: &Question, chosen: Option<usize>, acts: &Acts) -> Choose {
        let step = Step::with_way_back();
        step.add(&parts::headline(&words::where_to()));
        let card = parts::card("choices");
        let cancel = parts::button(&words::cancel(), &[]);
        let mut first = None;
        for (index, importer) in question.importers.iter().enumerate() {
            let app = app(question, importer);
            acts.when_pressed(&app, Act::Choose(index));
            parts::add_row(&card, &app);
            if app.is_sensitive() && (first.is_none() || chosen == Some(index)) {
                first = Some(app);
            }
        }
        step.add(&card);
        acts.when_pressed(&cancel, Act::Leave);
        step.add_button(&cancel);
        let first = first.unwrap_or(cancel);
        Choose { step, first }
    }
}

fn app(question: &Question, importer: &Importer) -> gtk::Button {
    let lines = gtk::Box::new(gtk::Orientation::Vertical, 3);
    lines.set_hexpand(true);
    lines.append(&parts::text(&importer.name, &["heading"]));
    lines.append(&parts::text(&importer.id, &["caption"]));
    let origin = wording::origin(importer);
    lines.append(&parts::text(&origin, &["caption"]));
    let mut said = vec![importer.id.clone(), origin];
    if let Some(refused) = wording::will_not_take(question, importer) {
        lines.append(&parts::remark(
            "dialog-information-symbolic",
            &refused,
            &["caption"],
        ));
        said.push(refused);
    }
    if let Some(conflict) = &importer.conflict {
        let warning = wording::warning(conflict);
        lines.append(&parts::remark(
            "dialog-warning-symbolic",
            &warning,
            &["caption"],
        ));
        said.push(warning);
    }
    let row = gtk::Box::new(gtk::Orientation::Horizontal, 12);
    let picture = parts::picture(&icons::importer(importer), 32);
    picture.set_valign(gtk::Align::Start);
    row.append(&picture);
    row.append(&lines);
    row.append(&parts::picture("go-next-symbolic", 16));
    let app = gtk::Button::builder()
        .child(&row)
        .sensitive(!question.is_pointless(importer))
        .css_classes(["flat", "choice"])
        .build();
    accessible::name(&app, &importer.name);
    accessible::describe(&app, &said.join(". "));
    app
}
