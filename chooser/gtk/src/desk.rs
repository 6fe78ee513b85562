//! All that goes on, in one loop: events of the service, and what people do in the windows.
//!
//! One question at a time is on the screen; the others wait for their turn. What has been agreed to
//! goes on in its own window meanwhile. The process ends with the socket, once the last window is
//! closed: a receipt stays until it was read.

use std::collections::BTreeMap;

use credex_chooser::queue::{Prompt, Queue, Subject};
use credex_chooser::serve::Event;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::acts::{Act, Acts, WindowId};
use crate::consent::Consent;
use crate::export::{Export, Fate};
use crate::link::Link;
use crate::passphrase::Passphrase;

/// The loop, and what it knows.
pub(crate) struct Desk {
    link: Link,
    is_linked: bool,
    acts: UnboundedReceiver<(WindowId, Act)>,
    to_acts: UnboundedSender<(WindowId, Act)>,
    queue: Queue,
    windows: BTreeMap<WindowId, Open>,
    opened: WindowId,
}

/// A window, and what the service calls what it is about.
struct Open {
    subject: Subject,
    what: What,
}

enum What {
    Export(Box<Export>),
    Consent(Box<Consent>),
    Passphrase(Box<Passphrase>),
}

enum Happened {
    Event(Box<Event>),
    Unlinked,
    Act(WindowId, Act),
}

impl Desk {
    /// Nothing has happened yet.
    pub(crate) fn new(link: Link) -> Desk {
        let (to_acts, acts) = unbounded_channel();
        Desk {
            link,
            is_linked: true,
            acts,
            to_acts,
            queue: Queue::default(),
            windows: BTreeMap::new(),
            opened: 0,
        }
    }

    /// Asks and tells until the socket has ended and the last window is closed.
    pub(crate) async fn run(mut self) {
        while self.is_linked || !self.windows.is_empty() {
            match self.next().await {
                Happened::Event(event) => self.take(*event),
                Happened::Unlinked => self.unlinked(),
                Happened::Act(window, act) => self.act(window, act),
            }
            self.ask_next();
        }
    }

    async fn next(&mut self) -> Happened {
        tokio::select! {
            biased;
            event = self.link.next(), if self.is_linked => {
                event.map_or(Happened::Unlinked, |event| Happened::Event(Box::new(event)))
            }
            Some((window, act)) = self.acts.recv() => Happened::Act(window, act),
        }
    }

    fn take(&mut self, event: Event) {
        let Some(event) = self.queue.take(event) else {
            return;
        };
        for (id, window) in &mut self.windows {
            let fate = window.hear(&event);
            if fate != Fate::Stays {
                let id = *id;
                return self.settle(id, fate);
            }
        }
    }

    fn act(&mut self, id: WindowId, act: Act) {
        if let Some(window) = self.windows.get_mut(&id) {
            let fate = match &mut window.what {
                What::Export(export) => export.act(act),
                What::Consent(consent) => consent.act(act),
                What::Passphrase(passphrase) => passphrase.act(act),
            };
            self.settle(id, fate);
        }
    }

    fn unlinked(&mut self) {
        self.is_linked = false;
        self.queue = Queue::default();
        let ids: Vec<WindowId> = self.windows.keys().copied().collect();
        for id in ids {
            let fate = match self.windows.get_mut(&id).map(|window| &mut window.what) {
                Some(What::Export(export)) => export.lost(),
                _ => Fate::Goes,
            };
            self.settle(id, fate);
        }
    }

    fn settle(&mut self, id: WindowId, fate: Fate) {
        match fate {
            Fate::Stays => {}
            Fate::Stops => {
                if let Some(Subject::Exchange(exchange)) = self.windows.get(&id).map(|w| &w.subject)
                {
                    self.link.stop(exchange);
                }
            }
            Fate::Goes => {
                if let Some(window) = self.windows.remove(&id) {
                    window.destroy();
                }
            }
        }
    }

    /// Opens the next question, unless one is open.
    fn ask_next(&mut self) {
        if self.windows.values().any(Open::asks) {
            return;
        }
        if let Some(prompt) = self.queue.turn() {
            self.opened += 1;
            let acts = Acts::of(self.opened, &self.to_acts);
            self.windows.insert(self.opened, Open::new(prompt, acts));
        }
    }
}

impl Open {
    fn new(prompt: Prompt, acts: Acts) -> Open {
        Open {
            subject: prompt.subject(),
            what: match prompt {
                Prompt::Export(ask) => What::Export(Box::new(Export::open(ask, acts))),
                Prompt::Consent(ask) => What::Consent(Box::new(Consent::open(ask, acts))),
                Prompt::Passphrase(ask) => What::Passphrase(Box::new(Passphrase::open(ask, &acts))),
            },
        }
    }

    /// Whether its question is still open.
    fn asks(&self) -> bool {
        match &self.what {
            What::Export(export) => export.asks(),
            What::Consent(_) | What::Passphrase(_) => true,
        }
    }

    /// Something happened, perhaps to what it is about.
    fn hear(&mut self, event: &Event) -> Fate {
        match (&mut self.what, event) {
            (
                What::Export(export),
                Event::Progress {
                    exchange,
                    stage,
                    expires,
                },
            ) if self.subject == Subject::Exchange(exchange.clone()) => {
                export.progress(*stage, *expires);
                Fate::Stays
            }
            (What::Export(export), Event::Finished { ending, .. })
                if self.subject.is_ended_by(event) =>
            {
                export.finished(ending)
            }
            _ if self.subject.is_ended_by(event) => Fate::Goes,
            _ => Fate::Stays,
        }
    }

    fn destroy(&self) {
        match &self.what {
            What::Export(export) => export.destroy(),
            What::Consent(consent) => consent.destroy(),
            What::Passphrase(passphrase) => passphrase.destroy(),
        }
    }
}
