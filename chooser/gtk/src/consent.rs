//! The window of one consent. Serves `AskConsent` of `org.credex.Chooser1` and design §7.

use credex_chooser::model::{Act as Wish, Verdict};
use credex_chooser::serve::AskConsent;

use crate::acts::{Act, Acts};
use crate::export::Fate;
use crate::pages::account::Account;
use crate::window::{Way, Window};
use crate::words;

/// A question that is open.
pub(crate) struct Consent {
    window: Window,
    acts: Acts,
    page: Account,
    open: Option<AskConsent>,
}

impl Consent {
    /// Asks.
    pub(crate) fn open(ask: AskConsent, acts: Acts) -> Consent {
        let window = Window::new(&words::consent_title(), &ask.parent_window, &acts);
        let page = Account::new(&ask.consent, &acts);
        window.turn_to(&page.step, &page.not_now, Way::On);
        window.present(ask.consent.activation_token.as_deref());
        Consent {
            window,
            acts,
            page,
            open: Some(ask),
        }
    }

    /// The person did something.
    pub(crate) fn act(&mut self, act: Act) -> Fate {
        let verdict = match act {
            Act::Leave => Verdict::NotNow,
            Act::Never => Verdict::Never,
            Act::Choose(index) => self.agreed(index),
            Act::Focus => {
                self.page.agree.sleep(&self.acts);
                return Fate::Stays;
            }
            Act::Wake(times) => {
                self.page.agree.wake(times);
                return Fate::Stays;
            }
            _ => return Fate::Stays,
        };
        if let Some(ask) = self.open.take() {
            ask.answer(verdict);
        }
        Fate::Goes
    }

    /// Takes the window away. Without an answer before, it says *not now*.
    pub(crate) fn destroy(&self) {
        self.window.destroy();
    }

    fn agreed(&self, index: usize) -> Verdict {
        let Some(ask) = &self.open else {
            return Verdict::NotNow;
        };
        match (&ask.consent.act, ask.consent.accounts().get(index)) {
            (Wish::Choose(_), Some(account)) => Verdict::Agreed(Some(account.clone())),
            (Wish::Choose(_), None) => Verdict::NotNow,
            _ => Verdict::Agreed(None),
        }
    }
}
