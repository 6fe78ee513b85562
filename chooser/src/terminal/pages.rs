//! What the terminal shows: the pages of the dialog, from the model and the wording.

use super::page::{Page, Tone};
use crate::model::{Assurance, Importer, Quantity, Question};
use crate::wording;

/// The whole question: who asks, what leaves, what is at stake, and who can take it.
pub(crate) fn question(question: &Question) -> Page {
    let mut page = Page::default();
    page.gap();
    who(&mut page, question);
    page.gap();
    for risk in wording::risks(question) {
        page.say(Tone::Plain, risk);
    }
    page.gap().say(Tone::Plain, "Apps that can take them:");
    for (number, importer) in (1..).zip(&question.importers) {
        offer(&mut page, question, number, importer);
    }
    page.gap();
    page
}

fn who(page: &mut Page, question: &Question) {
    let exporter = &question.exporter;
    let tone = match exporter.assurance {
        Assurance::Unverified => Tone::Warning,
        _ => Tone::Plain,
    };
    page.say(Tone::Strong, wording::headline(exporter))
        .labelled(Tone::Plain, "  App ID:", 12, wording::app_id(exporter));
    if let Some(provider) = &exporter.provider {
        page.labelled(Tone::Plain, "  Provider:", 12, provider);
    }
    page.labelled(
        tone,
        "  Identity:",
        12,
        wording::assurance(exporter.assurance),
    )
    .labelled(Tone::Strong, "  Sends:", 12, wording::sends(question));
}

fn offer(page: &mut Page, question: &Question, number: usize, importer: &Importer) {
    let line = format!(
        "{} ({}), {}",
        importer.name,
        importer.id,
        wording::origin(importer.origin)
    );
    page.labelled(Tone::Plain, format!("  {number}."), 6, line);
    if let Some(refused) = wording::will_not_take(question, importer) {
        page.labelled(Tone::Plain, "", 6, refused);
    }
    if let Some(conflict) = &importer.conflict {
        page.labelled(Tone::Warning, "", 6, format!("Warning: {conflict}"));
    }
}

/// What can be left out.
pub(crate) fn leave_out(importer: &Importer, going: &[&Quantity]) -> Page {
    let mut page = Page::default();
    page.gap()
        .say(Tone::Plain, format!("To “{}” would go:", importer.name));
    for (number, each) in (1..).zip(going) {
        let words = wording::quantity(each.count, &each.kind);
        page.labelled(Tone::Plain, format!("  {number}."), 6, words);
    }
    page
}

/// What is about to happen.
pub(crate) fn confirm(
    question: &Question,
    importer: &Importer,
    going: &[&Quantity],
    staying: &[&Quantity],
) -> Page {
    let mut page = Page::default();
    page.gap();
    for line in wording::summary(question, importer, going, staying) {
        page.say(Tone::Strong, line);
    }
    page
}

/// Sentences, the first of them the news.
pub(crate) fn news(lines: &[String]) -> Page {
    let mut page = Page::default();
    page.gap();
    for (index, line) in lines.iter().enumerate() {
        let tone = if index == 0 {
            Tone::Strong
        } else {
            Tone::Plain
        };
        page.say(tone, line);
    }
    page
}
