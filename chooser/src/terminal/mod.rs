//! The terminal chooser, for ssh, text consoles and screen readers. Serves design §3 (`ask the person`).
//!
//! One question at a time; what else happens meanwhile waits until it is answered. Nothing that was
//! typed before a question was shown answers it, and Enter alone never sends anything.

mod answers;
mod consent;
mod console;
mod dialog;
mod page;
mod pages;
mod passphrase;
mod prompt;
mod script;

use std::collections::VecDeque;
use std::io;

use tokio::sync::mpsc::UnboundedReceiver;
use tr::tr;

pub(crate) use console::Console;
pub(crate) use script::{Choice, Script, Scripted, passphrase_from};

use crate::model::Stage;
use crate::queue::{Prompt, Queue};
use crate::serve::{Event, Service};
use crate::{minutes, wording};
use page::{Page, Tone};
use prompt::Interrupted;

/// Asks and tells at `console` until the socket of `service` ends.
///
/// # Errors
/// The terminal cannot be read or written.
pub(crate) async fn run(
    console: Console,
    service: Service,
    events: UnboundedReceiver<Event>,
    script: Script,
) -> io::Result<()> {
    let mut desk = Desk {
        console,
        service,
        events,
        script,
        queue: Queue::default(),
        held: VecDeque::new(),
        live: Vec::new(),
        agreed: 0,
        input_ended: false,
    };
    let mut busy = false;
    loop {
        if let Some(prompt) = desk.queue.turn() {
            if let Err(Interrupted::Io(error)) = desk.decide(prompt, busy).await {
                return Err(error);
            }
            busy = true;
            continue;
        }
        busy = false;
        let happened = match desk.held.pop_front() {
            Some(event) => Happened::Event(Box::new(event)),
            None => desk.next(desk.may_stop() && !desk.is_lent()).await?,
        };
        match happened {
            Happened::Closed => return Ok(()),
            Happened::Event(event) => desk.take(*event).await?,
            Happened::Line(Some(line)) => desk.typed(&line).await?,
            Happened::Line(None) => desk.input_ended = true,
        }
    }
}

/// The terminal, and all that goes on at it.
struct Desk {
    console: Console,
    service: Service,
    events: UnboundedReceiver<Event>,
    script: Script,
    queue: Queue,
    /// What happened to other exchanges while a question was open.
    held: VecDeque<Event>,
    live: Vec<Live>,
    agreed: usize,
    input_ended: bool,
}

/// An exchange to which the person has agreed.
struct Live {
    exchange: String,
    number: usize,
    exporter: String,
    importer: String,
    /// Whether the person is asked for their password before the first stage, perhaps here.
    proves: bool,
    stage: Option<Stage>,
}

enum Happened {
    Event(Box<Event>),
    Line(Option<String>),
    Closed,
}

impl Happened {
    /// What came from the service, or its end.
    fn of(event: Option<Event>) -> Happened {
        event.map_or(Happened::Closed, |event| Happened::Event(Box::new(event)))
    }
}

impl Desk {
    /// Waits for the next thing. Events come before the end of the socket after them.
    async fn next(&mut self, listen: bool) -> io::Result<Happened> {
        tokio::select! {
            biased;
            event = self.events.recv() => Ok(Happened::of(event)),
            () = self.service.closed() => Ok(Happened::Closed),
            line = self.console.line(), if listen => Ok(Happened::Line(line?)),
        }
    }

    /// Puts the question, and answers for the person. `waited`: another one was open before.
    async fn decide(&mut self, prompt: Prompt, waited: bool) -> Result<(), Interrupted> {
        if waited {
            let line = wording::waiting();
            self.show(Page::default().gap().say(Tone::Plain, line))
                .await?;
        }
        match prompt {
            Prompt::Export(ask) => self.decide_export(ask).await,
            Prompt::Consent(ask) => self.decide_consent(ask).await,
            Prompt::Passphrase(ask) => self.decide_passphrase(ask).await,
        }
    }

    async fn take(&mut self, event: Event) -> io::Result<()> {
        match self.queue.take(event) {
            Some(Event::Progress {
                exchange,
                stage,
                expires,
            }) => self.tell_progress(&exchange, stage, expires).await,
            Some(Event::Finished { exchange, ending }) => {
                let Some(at) = self.live.iter().position(|live| live.exchange == exchange) else {
                    return Ok(());
                };
                let live = self.live.remove(at);
                let lines = wording::ending(&live.exporter, &live.importer, &ending);
                self.show(&pages::news(&lines)).await
            }
            _ => Ok(()),
        }
    }

    /// Keeps for later what happens while a question is open.
    fn hold(&mut self, event: Event) {
        let other = self.queue.take(event);
        self.held.extend(other);
    }

    async fn tell_progress(
        &mut self,
        exchange: &str,
        stage: Stage,
        expires: Option<u64>,
    ) -> io::Result<()> {
        let hint = self.stop_hint(exchange, stage);
        let Some(live) = self.live.iter_mut().find(|live| live.exchange == exchange) else {
            return Ok(());
        };
        let mut page = Page::default();
        match live.stage.replace(stage) {
            Some(before) if before == stage => return Ok(()),
            Some(_) => {}
            None => {
                page.gap();
            }
        }
        let minutes = expires.map(minutes::until);
        let line = wording::progress(&live.exporter, &live.importer, stage, minutes);
        self.show(page.say(Tone::Plain, line + &hint)).await
    }

    fn stop_hint(&self, exchange: &str, stage: Stage) -> String {
        let stoppable = self.may_stop() && matches!(stage, Stage::Exporting | Stage::Offered);
        let live = self.live.iter().find(|live| live.exchange == exchange);
        match live {
            Some(_) if stoppable && self.live.len() == 1 => {
                format!(" {}", tr!("Press c and Enter to stop."))
            }
            Some(live) if stoppable => {
                let hint = tr!("Type c {} and press Enter to stop it.", live.number);
                format!(" {hint}")
            }
            _ => String::new(),
        }
    }

    fn may_stop(&self) -> bool {
        !self.live.is_empty() && !self.input_ended && self.script.choose.is_none()
    }

    /// Whether another program may be asking for the person's password at this terminal: what is typed
    /// is for that.
    fn is_lent(&self) -> bool {
        let asks = |live: &Live| live.proves && live.stage.is_none();
        self.live.iter().any(asks)
    }

    /// A line that was typed while no question is open.
    async fn typed(&mut self, line: &str) -> io::Result<()> {
        let chosen = match answers::stop(line) {
            None => return Ok(()),
            Some(None) if self.live.len() == 1 => self.live.first(),
            Some(None) => None,
            Some(Some(number)) => self.live.iter().find(|live| live.number == number),
        };
        let mut page = Page::default();
        if let Some(live) = chosen {
            self.service.stop(&live.exchange);
            page.say(Tone::Plain, tr!("Stopping."));
        } else {
            page.say(
                Tone::Plain,
                tr!("Which one? Type c, a space and its number:"),
            );
            for live in &self.live {
                let words = tr!(
                    "“{exporter}” to “{importer}”",
                    exporter = live.exporter,
                    importer = live.importer
                );
                page.labelled(Tone::Plain, format!("  {}.", live.number), 6, words);
            }
        }
        self.show(&page).await
    }

    async fn show(&self, page: &Page) -> io::Result<()> {
        let (width, colour) = (self.console.width(), self.console.colour());
        self.console.write(&page.render(width, colour)).await
    }
}
