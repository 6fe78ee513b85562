//! The object that the service calls. Serves `org.credex.Chooser1`.

use credex_protocol::names;
use credex_protocol::wire::{
    ChooseRequest, ChooseResults, ConsentRequest, ConsentResults, FinishedDetails,
    PassphraseRequest, PassphraseResults, ProgressDetails, response,
};
use rustix::process::DumpableBehavior;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use zbus::fdo;
use zbus::object_server::SignalEmitter;

use crate::model::{Consent, Ending, PassphraseQuestion, Question, Stage};
use crate::serve::{Ask, AskConsent, AskPassphrase, Event};

/// Turns calls into events.
pub(crate) struct Chooser {
    events: UnboundedSender<Event>,
}

impl Chooser {
    pub(crate) fn new(events: UnboundedSender<Event>) -> Chooser {
        Chooser { events }
    }

    fn tell(&self, event: Event) -> fdo::Result<()> {
        self.events
            .send(event)
            .map_err(|_| fdo::Error::Failed("the chooser is ending".into()))
    }
}

#[zbus::interface(name = "org.credex.Chooser1")]
impl Chooser {
    #[zbus(out_args("response", "results"))]
    async fn choose_importer(
        &self,
        exchange: String,
        parent_window: String,
        request: ChooseRequest,
    ) -> fdo::Result<(u32, ChooseResults)> {
        let question =
            Question::parse(request).map_err(|why| fdo::Error::InvalidArgs(why.to_string()))?;
        let (reply, answer) = oneshot::channel();
        self.tell(Event::Ask(Ask {
            exchange,
            parent_window,
            question,
            reply,
        }))?;
        match answer.await {
            Ok(answer) => Ok(answer.into_wire()),
            Err(_) => Err(fdo::Error::Failed("the question was withdrawn".into())),
        }
    }

    #[zbus(out_args("response", "results"))]
    async fn ask_consent(
        &self,
        prompt: String,
        parent_window: String,
        request: ConsentRequest,
    ) -> fdo::Result<(u32, ConsentResults)> {
        let consent =
            Consent::parse(request).map_err(|why| fdo::Error::InvalidArgs(why.to_string()))?;
        let (reply, verdict) = oneshot::channel();
        self.tell(Event::Consent(AskConsent {
            prompt,
            parent_window,
            consent,
            reply,
        }))?;
        match verdict.await {
            Ok(verdict) => Ok(verdict.into_wire()),
            Err(_) => Ok((response::DECLINED, ConsentResults::default())),
        }
    }

    #[zbus(out_args("response", "results"))]
    async fn ask_passphrase(
        &self,
        prompt: String,
        parent_window: String,
        request: PassphraseRequest,
    ) -> fdo::Result<(u32, PassphraseResults)> {
        let question = PassphraseQuestion::parse(request)
            .map_err(|why| fdo::Error::InvalidArgs(why.to_string()))?;
        // From now on there may be something in memory that no core dump may hold.
        rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
            .map_err(|why| fdo::Error::Failed(format!("core dumps cannot be ruled out: {why}")))?;
        let (reply, typed) = oneshot::channel();
        self.tell(Event::Passphrase(AskPassphrase {
            prompt,
            parent_window,
            question,
            reply,
        }))?;
        let Ok(Some(passphrase)) = typed.await else {
            return Ok((response::DECLINED, PassphraseResults::default()));
        };
        let pipe = passphrase
            .into_pipe()
            .map_err(|why| fdo::Error::IOError(why.to_string()))?;
        let passphrase = Some(pipe.into());
        Ok((response::DONE, PassphraseResults { passphrase }))
    }

    fn withdraw(&self, prompt: String) -> fdo::Result<()> {
        self.tell(Event::Withdrawn { prompt })
    }

    fn progress(&self, exchange: String, state: &str, details: ProgressDetails) -> fdo::Result<()> {
        match Stage::from_wire(state) {
            None => Ok(()),
            Some(stage) => self.tell(Event::Progress {
                exchange,
                stage,
                expires: details.expires,
            }),
        }
    }

    fn finished(
        &self,
        exchange: String,
        outcome: &str,
        details: FinishedDetails,
    ) -> fdo::Result<()> {
        let ending = Ending::parse(outcome, details);
        self.tell(Event::Finished { exchange, ending })
    }

    /// The person stops an exchange to which they had agreed.
    #[zbus(signal)]
    async fn cancelled(emitter: &SignalEmitter<'_>, exchange: &str) -> zbus::Result<()>;

    /// The version of the interface.
    #[zbus(property(emits_changed_signal = "const"), name = "version")]
    fn version(&self) -> u32 {
        names::INTERFACE_VERSION
    }
}
