//! The window of one passphrase, the only secret that a chooser ever holds.
//! Serves `AskPassphrase` of `org.credex.Chooser1`.

use credex_chooser::serve::AskPassphrase;

use crate::acts::{Act, Acts};
use crate::export::Fate;
use crate::pages;
use crate::window::{Way, Window};
use crate::words;

/// A question that is open.
pub(crate) struct Passphrase {
    window: Window,
    page: pages::passphrase::Passphrase,
    open: Option<AskPassphrase>,
}

impl Passphrase {
    /// Asks.
    pub(crate) fn open(ask: AskPassphrase, acts: &Acts) -> Passphrase {
        let window = Window::new(&words::passphrase_title(), &ask.parent_window, acts);
        let page = pages::passphrase::Passphrase::new(&ask.question, acts);
        window.turn_to(&page.step, &page.field, Way::On);
        window.present(ask.question.activation_token.as_deref());
        Passphrase {
            window,
            page,
            open: Some(ask),
        }
    }

    /// The person did something.
    pub(crate) fn act(&mut self, act: Act) -> Fate {
        let passphrase = match act {
            Act::Leave => None,
            Act::Send => match self.page.typed() {
                Some(passphrase) => Some(passphrase),
                None => return Fate::Stays,
            },
            Act::Toggle => {
                self.page.changed();
                return Fate::Stays;
            }
            _ => return Fate::Stays,
        };
        if let Some(ask) = self.open.take() {
            ask.answer(passphrase);
        }
        Fate::Goes
    }

    /// Takes the window away. Without an answer before, it says no.
    pub(crate) fn destroy(&self) {
        self.window.destroy();
    }
}
