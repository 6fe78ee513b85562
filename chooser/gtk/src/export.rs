//! The window of one exchange: the question in three steps, how it goes on, and how it ended.
//! Serves `ChooseImporter`, `Progress` and `Finished` of `org.credex.Chooser1`.

use credex_chooser::model::{Answer, Arrived, Ending, Outcome, Question, Stage};
use credex_chooser::serve;
use credex_chooser::wording;

use crate::acts::{Act, Acts};
use crate::pages::ask::Ask;
use crate::pages::choose::Choose;
use crate::pages::confirm::Confirm;
use crate::pages::ending;
use crate::pages::progress::Progress;
use crate::window::{Way, Window};
use crate::words;

/// An exchange, as far as the person sees it.
pub(crate) struct Export {
    window: Window,
    acts: Acts,
    question: Question,
    /// Not answered yet.
    open: Option<serve::Ask>,
    chosen: Option<usize>,
    page: Page,
    /// Whether the person has closed the window, and waits for nothing but the end.
    left: bool,
}

enum Page {
    Ask,
    Choose,
    Confirm(Confirm),
    Progress(Progress),
    Ended,
}

/// What becomes of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Fate {
    /// It still asks, or tells.
    Stays,
    /// It stays, and the service is to stop its exchange.
    Stops,
    /// It has nothing more to say.
    Goes,
}

impl Export {
    /// Asks.
    pub(crate) fn open(ask: serve::Ask, acts: Acts) -> Export {
        let question = ask.question.clone();
        let window = Window::new(&words::title(), &ask.parent_window, &acts);
        let mut export = Export {
            window,
            acts,
            question,
            open: Some(ask),
            chosen: None,
            page: Page::Ask,
            left: false,
        };
        export.show_ask(Way::On);
        let token = export.question.activation_token.as_deref();
        export.window.present(token);
        export
    }

    /// Whether its question is still open.
    pub(crate) fn asks(&self) -> bool {
        self.open.is_some()
    }

    /// The person did something.
    pub(crate) fn act(&mut self, act: Act) -> Fate {
        match (&mut self.page, act) {
            (_, Act::Leave) => return self.leave(),
            (Page::Ask, Act::ToApps) => self.show_apps(Way::On),
            (Page::Choose, Act::Back) => self.show_ask(Way::Back),
            (Page::Choose, Act::Choose(index)) => self.show_confirm(index),
            (Page::Confirm(_), Act::Back) => self.show_apps(Way::Back),
            (Page::Confirm(page), Act::Toggle) => {
                if let Some(importer) = self.chosen.and_then(|at| self.question.importers.get(at)) {
                    page.tell(&self.question, importer);
                }
            }
            (Page::Confirm(page), Act::Wake(times)) => page.wake(times),
            (Page::Confirm(page), Act::Focus) => page.sleep(&self.acts),
            (Page::Confirm(_), Act::Send) => self.send(),
            _ => {}
        }
        Fate::Stays
    }

    /// The exchange went on.
    pub(crate) fn progress(&mut self, stage: Stage, expires: Option<u64>) {
        if let Page::Progress(page) = &self.page {
            page.tell(stage, expires);
        }
    }

    /// The exchange has ended.
    pub(crate) fn finished(&mut self, ending: &Ending) -> Fate {
        let exporter = &self.question.exporter.name;
        let cancelled = matches!(
            ending,
            Ending::Ended {
                outcome: Outcome::Cancelled,
                ..
            }
        );
        if self.open.take().is_some() {
            // Whoever asked has taken it back: there is nothing to read.
            if cancelled {
                return Fate::Goes;
            }
            self.show_ending(SIGN_OF_FAILURE, &wording::withdrawn(exporter, ending));
            return Fate::Stays;
        }
        let nothing_went = matches!(
            ending,
            Ending::Ended {
                handed_over: Some(false),
                ..
            }
        );
        if self.left && nothing_went {
            return Fate::Goes;
        }
        let lines = wording::ending(exporter, self.importer(), ending);
        let sign = match ending {
            Ending::Completed { receipt, .. } if is_success(receipt) => SIGN_OF_SUCCESS,
            _ => SIGN_OF_FAILURE,
        };
        self.show_ending(sign, &lines);
        Fate::Stays
    }

    /// The service has ended, and with it every exchange.
    pub(crate) fn lost(&mut self) -> Fate {
        match &self.page {
            Page::Ended => Fate::Stays,
            _ => self.finished(&Ending::Ended {
                outcome: Outcome::Failed,
                reason: None,
                message: words::service_gone(),
                handed_over: None,
            }),
        }
    }

    /// Takes the window away.
    pub(crate) fn destroy(&self) {
        self.window.destroy();
    }

    fn leave(&mut self) -> Fate {
        if let Some(ask) = self.open.take() {
            ask.answer(Answer::Decline);
            return Fate::Goes;
        }
        match &self.page {
            Page::Progress(page) if page.can_stop() => {
                page.stopping();
                self.left = true;
                Fate::Stops
            }
            _ => Fate::Goes,
        }
    }

    fn show_ask(&mut self, way: Way) {
        let page = Ask::new(&self.question, &self.acts);
        self.window.turn_to(&page.step, &page.cancel, way);
        self.page = Page::Ask;
    }

    fn show_apps(&mut self, way: Way) {
        let page = Choose::new(&self.question, self.chosen, &self.acts);
        self.window.turn_to(&page.step, &page.first, way);
        self.page = Page::Choose;
    }

    fn show_confirm(&mut self, index: usize) {
        let chosen = self.question.importers.get(index);
        let Some(importer) = chosen.filter(|each| !self.question.is_pointless(each)) else {
            return;
        };
        self.chosen = Some(index);
        let page = Confirm::new(&self.question, importer, &self.acts);
        self.window.turn_to(&page.step, &page.cancel, Way::On);
        self.page = Page::Confirm(page);
    }

    fn send(&mut self) {
        let Page::Confirm(page) = &self.page else {
            return;
        };
        let chosen = self.chosen.and_then(|at| self.question.importers.get(at));
        let (Some(importer), Some(ask)) = (chosen, self.open.take()) else {
            return;
        };
        ask.answer(self.question.answer(importer, &page.left_out()));
        let page = Progress::new(&self.question.exporter.name, &importer.name, &self.acts);
        self.window.turn_to(&page.step, &page.leave, Way::On);
        self.page = Page::Progress(page);
    }

    fn show_ending(&mut self, sign: &str, lines: &[String]) {
        let page = ending::Ending::new(sign, lines, &self.acts);
        self.window.turn_to(&page.step, &page.close, Way::On);
        self.page = Page::Ended;
    }

    fn importer(&self) -> &str {
        let chosen = self.chosen.and_then(|at| self.question.importers.get(at));
        chosen.map_or("", |importer| &importer.name)
    }
}

const SIGN_OF_SUCCESS: &str = "emblem-ok-symbolic";
const SIGN_OF_FAILURE: &str = "dialog-warning-symbolic";

fn is_success(receipt: &[Arrived]) -> bool {
    receipt.iter().any(|each| each.succeeded > 0) && receipt.iter().all(|each| each.failed == 0)
}
