//! Serves `org.credex.Chooser1` on the inherited socket, and turns its calls into events for a front
//! end. The service is the authenticating end.

use std::os::unix::net::UnixStream;

use credex_protocol::{Passphrase, names};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use zbus::object_server::SignalEmitter;

use crate::model::{Answer, Consent, Ending, PassphraseQuestion, Question, Stage, Verdict};
use crate::object::{Chooser, ChooserSignals};

/// Something for the front end to do.
#[derive(Debug)]
pub enum Event {
    /// Ask where credentials may go.
    Ask(Ask),
    /// Ask whether an app may touch a password that it shares with its website.
    Consent(AskConsent),
    /// Ask for a passphrase.
    Passphrase(AskPassphrase),
    /// A consent or a passphrase has become moot: also one that still waits for its turn.
    Withdrawn {
        /// The question.
        prompt: String,
    },
    /// An exchange went on.
    Progress {
        /// The exchange.
        exchange: String,
        /// How far.
        stage: Stage,
        /// Milliseconds of `CLOCK_BOOTTIME` at which it ends by itself.
        expires: Option<u64>,
    },
    /// An exchange has ended, also one whose question is still open.
    Finished {
        /// The exchange.
        exchange: String,
        /// How.
        ending: Ending,
    },
}

/// A question that waits for its answer.
#[derive(Debug)]
pub struct Ask {
    /// Names the exchange.
    pub exchange: String,
    /// The window or terminal of the exporter, untouched.
    pub parent_window: String,
    /// The question.
    pub question: Question,
    pub(crate) reply: oneshot::Sender<Answer>,
}

impl Ask {
    /// Answers. An answer that nobody waits for any more is dropped.
    pub fn answer(self, answer: Answer) {
        self.reply.send(answer).ok();
    }
}

/// A consent that waits for its verdict. To drop it says *not now*.
#[derive(Debug)]
pub struct AskConsent {
    /// Names the question.
    pub prompt: String,
    /// The window or terminal of the app, untouched.
    pub parent_window: String,
    /// The question.
    pub consent: Consent,
    pub(crate) reply: oneshot::Sender<Verdict>,
}

impl AskConsent {
    /// Answers. A verdict that nobody waits for any more is dropped.
    pub fn answer(self, verdict: Verdict) {
        self.reply.send(verdict).ok();
    }
}

/// A question for a passphrase. To drop it says no.
#[derive(Debug)]
pub struct AskPassphrase {
    /// Names the question.
    pub prompt: String,
    /// The window or terminal of the app for which the store is needed, untouched.
    pub parent_window: String,
    /// The question.
    pub question: PassphraseQuestion,
    pub(crate) reply: oneshot::Sender<Option<Passphrase>>,
}

impl AskPassphrase {
    /// Answers; `None`: the person said no. What nobody waits for any more is wiped.
    pub fn answer(self, passphrase: Option<Passphrase>) {
        self.reply.send(passphrase).ok();
    }
}

/// The connection to the service.
#[derive(Debug)]
pub struct Service {
    connection: zbus::Connection,
    stops: UnboundedSender<String>,
}

impl Service {
    /// Connects over `socket`, and says what there is to do.
    ///
    /// # Errors
    /// The service does not complete the handshake.
    pub async fn connect(socket: UnixStream) -> zbus::Result<(Service, UnboundedReceiver<Event>)> {
        socket.set_nonblocking(true)?;
        let socket = tokio::net::UnixStream::from_std(socket)?;
        let (events, receiver) = unbounded_channel();
        let connection = zbus::connection::Builder::unix_stream(socket)
            .p2p()
            .serve_at(names::CHOOSER_PATH, Chooser::new(events))?
            .build()
            .await?;
        let (stops, stopped) = unbounded_channel();
        tokio::spawn(tell(connection.clone(), stopped));
        Ok((Service { connection, stops }, receiver))
    }

    /// Ends with the socket. What was said before is among the events by then.
    pub async fn closed(&self) {
        self.connection.closed().await;
    }

    /// The person stops `exchange`.
    pub fn stop(&self, exchange: &str) {
        // It can only fail once the socket is gone, and then there is nothing left to stop.
        self.stops.send(exchange.to_owned()).ok();
    }
}

/// Tells the service which exchanges the person stops, for as long as there is a front end.
async fn tell(connection: zbus::Connection, mut stopped: UnboundedReceiver<String>) {
    let Ok(emitter) = SignalEmitter::new(&connection, names::CHOOSER_PATH) else {
        return;
    };
    while let Some(exchange) = stopped.recv().await {
        if emitter.cancelled(&exchange).await.is_err() {
            return;
        }
    }
}
