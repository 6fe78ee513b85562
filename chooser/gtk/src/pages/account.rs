//! Whether an app may touch a password that it shares with its website: yes, not now, or never.

use credex_chooser::model::{Act as Wish, Consent};
use credex_chooser::wording;

use crate::acts::{Act, Acts};
use crate::pages::ask;
use crate::parts::{self, Step};
use crate::sleep::Sleepers;
use crate::{accessible, icons, words};

/// The only page of such a question.
pub(crate) struct Account {
    pub(crate) step: Step,
    /// Has the keyboard first.
    pub(crate) not_now: gtk::Button,
    /// The buttons that agree.
    pub(crate) agree: Sleepers,
}

impl Account {
    /// Says what `consent` is about.
    pub(crate) fn new(consent: &Consent, acts: &Acts) -> Account {
        let step = Step::new();
        let headline = wording::consent_headline(consent);
        let consequence = wording::consequence(consent);
        step.add(&parts::picture(&icons::asking(&consent.app), 48));
        step.add(&parts::headline(&headline));
        step.add(&facts(consent));
        if consent.developer {
            let warning = wording::warning(&wording::developer(&consent.app));
            step.add(&parts::remark("dialog-warning-symbolic", &warning, &[]));
        }
        step.add(&parts::text(&consequence, &[]));
        let labels = wording::consent_words(consent);
        let never = parts::button(&parts::literally(&labels.never), &[]);
        let not_now = parts::button(&parts::literally(&labels.not_now), &[]);
        acts.when_pressed(&never, Act::Never);
        acts.when_pressed(&not_now, Act::Leave);
        accessible::describe(&not_now, &format!("{headline} {consequence}"));
        step.add_button(&never);
        step.add_button(&not_now);
        let agree = match &consent.act {
            Wish::Choose(_) => candidates(&step, consent, acts),
            _ => vec![agree(&step, &labels.agree, acts)],
        };
        Account {
            step,
            not_now,
            agree: Sleepers::new(agree, acts),
        }
    }
}

fn facts(consent: &Consent) -> gtk::Box {
    let card = ask::who(&consent.app);
    parts::add_row(&card, &parts::fact(&words::website(), &consent.site));
    if let Wish::Add(account) | Wish::Update(account) | Wish::Delete(account) = &consent.act {
        let account = wording::account(account);
        parts::add_row(&card, &parts::fact(&words::account(), &account));
    }
    card
}

fn agree(step: &Step, words: &str, acts: &Acts) -> gtk::Button {
    let button = parts::button(&parts::literally(words), &["suggested-action"]);
    acts.when_pressed(&button, Act::Choose(0));
    step.add_wide_button(&button);
    button
}

/// Each account is a button, which agrees to its use.
fn candidates(step: &Step, consent: &Consent, acts: &Acts) -> Vec<gtk::Button> {
    let card = parts::card("choices");
    let use_it = wording::consent_words(consent).agree;
    let candidates = consent
        .accounts()
        .iter()
        .enumerate()
        .map(|(index, account)| {
            let name = wording::account(account);
            let button = parts::row_button(&name, &use_it);
            accessible::name(&button, &format!("{use_it}: {name}"));
            acts.when_pressed(&button, Act::Choose(index));
            parts::add_row(&card, &button);
            button
        });
    let candidates = candidates.collect();
    step.add(&card);
    candidates
}
