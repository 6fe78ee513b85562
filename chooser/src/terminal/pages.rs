//! What the terminal shows: the pages of the dialog, from the model and the wording.

use tr::tr;
use unicode_width::UnicodeWidthStr;

use super::page::{Page, Tone};
use crate::model::{
    Act, App, Assurance, Consent, Importer, PassphraseQuestion, Quantity, Question,
};
use crate::wording::{self, PlanWords};

/// The whole question: who asks, what leaves, what is at stake, and who can take it.
pub(crate) fn question(question: &Question) -> Page {
    let app = &question.exporter;
    let mut page = Page::default();
    page.gap().say(Tone::Strong, wording::headline(app));
    let mut facts = who(app);
    facts.push((Tone::Strong, tr!("Sends:"), wording::sends(question)));
    table(&mut page, &facts);
    warnings(&mut page, app);
    page.gap();
    for risk in wording::risks(question) {
        page.say(Tone::Plain, risk);
    }
    page.gap().say(Tone::Plain, tr!("Apps that can take them:"));
    for (number, importer) in (1..).zip(&question.importers) {
        offer(&mut page, question, number, importer);
    }
    page.gap();
    page
}

/// Whether an app may touch a password that it shares with its website.
pub(crate) fn consent(consent: &Consent) -> Page {
    let app = &consent.app;
    let mut page = Page::default();
    page.gap()
        .say(Tone::Strong, wording::consent_headline(consent));
    let mut facts = who(app);
    facts.push((Tone::Strong, tr!("Website:"), consent.site.clone()));
    if let Act::Add(account) | Act::Update(account) | Act::Delete(account) = &consent.act {
        facts.push((Tone::Strong, tr!("Account:"), wording::account(account)));
    }
    table(&mut page, &facts);
    warnings(&mut page, app);
    if consent.developer {
        page.say(Tone::Warning, wording::warning(&wording::developer(app)));
    }
    page.gap().say(Tone::Plain, wording::consequence(consent));
    if let Act::Choose(accounts) = &consent.act {
        page.gap();
        for (number, account) in (1..).zip(accounts) {
            let words = wording::account(account);
            page.labelled(Tone::Plain, format!("  {number}."), 6, words);
        }
    }
    page.gap();
    page
}

/// What a passphrase is asked for.
pub(crate) fn passphrase(question: &PassphraseQuestion) -> Page {
    let mut page = Page::default();
    page.gap()
        .say(Tone::Strong, wording::passphrase_headline(question))
        .say(Tone::Plain, wording::passphrase_explanation(question));
    page
}

/// That nothing checks who answers.
pub(crate) fn unchecked(words: &str) -> Page {
    let mut page = Page::default();
    page.say(Tone::Warning, words);
    page
}

/// The app that asks: how it is meant, what it is called, and what it says.
fn who(app: &App) -> Vec<(Tone, String, String)> {
    let tone = match app.assurance {
        Assurance::Unverified => Tone::Warning,
        _ => Tone::Plain,
    };
    let mut facts = vec![(Tone::Plain, tr!("App ID:"), wording::app_id(app))];
    if let Some(provider) = &app.provider {
        facts.push((Tone::Plain, tr!("Provider:"), provider.clone()));
    }
    facts.push((tone, tr!("Identity:"), wording::identity(app)));
    facts
}

fn warnings(page: &mut Page, app: &App) {
    if let Some(conflict) = &app.conflict {
        page.say(Tone::Warning, wording::warning(conflict));
    }
    if let Some(no_proof) = wording::no_proof(app.assurance) {
        page.say(Tone::Plain, no_proof);
    }
}

/// Labels in a column, which is as wide as the widest of them.
fn table(page: &mut Page, facts: &[(Tone, String, String)]) {
    let widest = facts.iter().map(|(_, label, _)| label.width()).max();
    let indent = widest.unwrap_or_default() + 3;
    for (tone, label, text) in facts {
        page.labelled(*tone, format!("  {label}"), indent, text);
    }
}

fn offer(page: &mut Page, question: &Question, number: usize, importer: &Importer) {
    let line = format!(
        "{} ({}), {}",
        importer.name,
        importer.id,
        wording::origin(importer)
    );
    page.labelled(Tone::Plain, format!("  {number}."), 6, line);
    if let Some(refused) = wording::will_not_take(question, importer) {
        page.labelled(Tone::Plain, "", 6, refused);
    }
    if let Some(conflict) = &importer.conflict {
        page.labelled(Tone::Warning, "", 6, wording::warning(conflict));
    }
}

/// What can be left out.
pub(crate) fn leave_out(importer: &Importer, going: &[&Quantity]) -> Page {
    let mut page = Page::default();
    page.gap()
        .say(Tone::Plain, tr!("To “{}” would go:", importer.name));
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
    let leaves_out = staying
        .iter()
        .any(|each| question.taken_by(importer).contains(each));
    if let Some(plan) = wording::plan(question, importer) {
        planned(&mut page, &plan);
        if leaves_out {
            page.say(Tone::Plain, wording::plan_of_everything(question));
        }
        page.gap();
    }
    page
}

/// What the exporter says will become of it.
fn planned(page: &mut Page, plan: &PlanWords) {
    page.gap().say(Tone::Plain, format!("{}:", plan.heading));
    let line = |page: &mut Page, words: &str| {
        page.labelled(Tone::Plain, "  -", 4, words);
    };
    for words in &plan.items {
        line(page, words);
    }
    if !plan.losses.is_empty() {
        page.say(Tone::Plain, format!("{}:", plan.lost));
    }
    for words in &plan.losses {
        line(page, words);
    }
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
