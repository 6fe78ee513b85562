//! One running chooser: its start, and the private connection to it. Serves `org.credex.Chooser1`.

use std::ffi::OsString;
use std::future::Future;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use credex_protocol::Passphrase;
use credex_protocol::names::{self, CHOOSER_FD};
use credex_protocol::proxy::ChooserProxy;
use credex_protocol::wire::{
    ChooseRequest, ConsentRequest, FinishedDetails, PassphraseRequest, ProgressDetails, response,
};
use futures_util::StreamExt;
use zbus::proxy::CacheProperties;
use zbus::{MatchRule, MessageStream};

use super::seat::Seat;
use super::{
    Act, Answer, ChooserError, Consent, PassphraseQuestion, Programs, Purpose, Question, Verdict,
};
use crate::launcher::{Launcher, Program};

/// The number under which a chooser finds its end of the socket.
const SOCKET: i32 = 3;

/// A chooser that has been started and has introduced itself.
#[derive(Debug)]
pub(super) struct Running {
    connection: zbus::Connection,
    proxy: ChooserProxy<'static>,
    patience: Duration,
}

impl Running {
    /// Starts a chooser at `seat`, and waits until it speaks.
    pub(super) async fn start(
        programs: &Programs,
        launcher: &dyn Launcher,
        seat: Seat,
    ) -> Result<Running, ChooserError> {
        let patience = programs.patience;
        match tokio::time::timeout(patience, connect(programs, launcher, seat)).await {
            Ok(result) => result,
            Err(_) => Err(ChooserError::Failed(format!(
                "it did not begin to speak within {} s of its start",
                patience.as_secs_f32()
            ))),
        }
    }

    /// Asks the person, for as long as it takes or until the chooser ends.
    pub(super) async fn ask(&self, question: &Question) -> Result<Answer, ChooserError> {
        let request = ChooseRequest {
            exporter: Some(question.exporter.clone()),
            counts: Some(question.counts.clone()),
            importers: Some(question.importers.clone()),
            activation_token: question.activation_token.clone(),
            authentication: Some(question.authentication.name().to_owned()),
        };
        let call = self
            .proxy
            .choose_importer(&question.exchange, &question.parent_window, request);
        let (response, results) = self.answered(call).await?;
        match response {
            response::DECLINED => Ok(Answer::Decline),
            response::DONE => sensible(question, results.importer, results.types),
            other => Err(nonsense(&format!("the response {other}"))),
        }
    }

    /// Asks whether an app may touch a password of its website.
    pub(super) async fn consent(
        &self,
        prompt: &str,
        consent: &Consent,
    ) -> Result<Verdict, ChooserError> {
        let (kind, accounts) = act(&consent.act);
        let request = ConsentRequest {
            kind: Some(kind.to_owned()),
            app: Some(consent.app.clone()),
            domain: Some(consent.domain.clone()),
            port: consent.port.map(u32::from),
            accounts: Some(accounts.to_vec()),
            developer: Some(consent.developer),
            activation_token: consent.activation_token.clone(),
        };
        let call = self
            .proxy
            .ask_consent(prompt, &consent.parent_window, request);
        let (response, results) = self.answered(call).await?;
        match response {
            response::DECLINED => Ok(Verdict::NotNow),
            response::NEVER => Ok(Verdict::Never),
            response::DONE => chosen(&consent.act, results.account).map(Verdict::Agreed),
            other => Err(nonsense(&format!("the response {other}"))),
        }
    }

    /// Asks for a passphrase.
    pub(super) async fn passphrase(
        &self,
        prompt: &str,
        question: &PassphraseQuestion,
    ) -> Result<Option<Passphrase>, ChooserError> {
        let purpose = match question.purpose {
            Purpose::Open => "open",
            Purpose::Create => "create",
        };
        let request = PassphraseRequest {
            purpose: Some(purpose.to_owned()),
            store: Some(question.store.clone()),
            attempt: Some(question.attempt),
            activation_token: question.activation_token.clone(),
        };
        let call = self
            .proxy
            .ask_passphrase(prompt, &question.parent_window, request);
        let (response, results) = self.answered(call).await?;
        match response {
            response::DECLINED => Ok(None),
            response::DONE => {
                let pipe = results
                    .passphrase
                    .ok_or_else(|| nonsense("no passphrase"))?;
                let passphrase = Passphrase::from_pipe(pipe.into());
                passphrase
                    .map(Some)
                    .map_err(|why| nonsense(&why.to_string()))
            }
            other => Err(nonsense(&format!("the response {other}"))),
        }
    }

    /// Nobody waits for the answer to `prompt` any more.
    pub(super) async fn withdraw(&self, prompt: &str) {
        self.tell(self.proxy.withdraw(prompt)).await;
    }

    /// Waits for an answer, or for the end of the chooser.
    async fn answered<T>(
        &self,
        call: impl Future<Output = zbus::Result<T>>,
    ) -> Result<T, ChooserError> {
        let reply = tokio::select! {
            biased;
            reply = call => reply,
            () = self.connection.closed() => return Err(ended()),
        };
        match reply {
            Ok(reply) => Ok(reply),
            Err(_) if self.connection.is_closed() => Err(ended()),
            Err(error) => Err(ChooserError::Failed(error.to_string())),
        }
    }

    /// Tells that an exchange went on.
    pub(super) async fn progress(&self, exchange: &str, state: &str, details: ProgressDetails) {
        self.tell(self.proxy.progress(exchange, state, details))
            .await;
    }

    /// Tells that an exchange has ended.
    pub(super) async fn finished(&self, exchange: &str, outcome: &str, details: FinishedDetails) {
        self.tell(self.proxy.finished(exchange, outcome, details))
            .await;
    }

    /// Lets the chooser end, once it has heard all that was said.
    pub(super) async fn retire(&self) {
        // An answer proves that it has heard; calls without a reply came before.
        self.tell(async { self.proxy.version().await.map(drop) })
            .await;
        self.tell(self.connection.clone().close()).await;
    }

    /// The exchanges that the person stops, until the chooser ends.
    pub(super) async fn cancelled(&self) -> Result<Cancelled, ChooserError> {
        // A proxy would look for the owner of the peer's name, and private peers have none.
        let rule = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .interface(names::CHOOSER)
            .and_then(|rule| rule.member("Cancelled"))
            .map_err(failed)?
            .build();
        let signals = MessageStream::for_match_rule(rule, &self.connection, None)
            .await
            .map_err(failed)?;
        Ok(Cancelled { signals })
    }

    /// Nothing that a chooser is told may hold up an exchange, so that neither a chooser that hangs
    /// nor one that has ended can.
    async fn tell(&self, telling: impl Future<Output = zbus::Result<()>>) {
        match tokio::time::timeout(self.patience, telling).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the chooser could not be told"),
            Err(_) => tracing::warn!("the chooser does not listen"),
        }
    }
}

/// The exchanges that the person stops.
pub(super) struct Cancelled {
    signals: MessageStream,
}

impl Cancelled {
    /// The next one; `None` once the chooser has ended.
    pub(super) async fn next(&mut self) -> Option<String> {
        loop {
            let signal = self.signals.next().await?.ok()?;
            match signal.body().deserialize() {
                Ok(exchange) => return Some(exchange),
                Err(error) => tracing::warn!(%error, "the chooser signals nonsense"),
            }
        }
    }
}

async fn connect(
    programs: &Programs,
    launcher: &dyn Launcher,
    seat: Seat,
) -> Result<Running, ChooserError> {
    let (ours, theirs) = UnixStream::pair().map_err(failed)?;
    ours.set_nonblocking(true).map_err(failed)?;
    let program = program(programs, seat, theirs)?;
    launcher.start(program).await.map_err(failed)?;
    let ours = tokio::net::UnixStream::from_std(ours).map_err(failed)?;
    let connection = zbus::connection::Builder::unix_stream(ours)
        .server(zbus::Guid::generate())
        .map_err(failed)?
        .p2p()
        .auth_mechanism(zbus::AuthMechanism::External)
        .build()
        .await
        .map_err(failed)?;
    // The only peer of a private connection goes by any name.
    let proxy = ChooserProxy::builder(&connection)
        .destination(names::CHOOSER)
        .map_err(failed)?
        .cache_properties(CacheProperties::No)
        .build()
        .await
        .map_err(failed)?;
    Ok(Running {
        connection,
        proxy,
        patience: programs.patience,
    })
}

fn program(programs: &Programs, seat: Seat, socket: UnixStream) -> Result<Program, ChooserError> {
    let mut fds = vec![(socket.into(), SOCKET)];
    let argv = match seat {
        Seat::Display => programs.graphical.clone().unwrap_or_default(),
        Seat::Terminal { terminal, .. } => {
            fds.push((terminal.try_clone().map_err(failed)?, 0));
            fds.push((terminal.try_clone().map_err(failed)?, 1));
            fds.push((terminal, 2));
            programs.terminal.clone()
        }
    };
    Ok(Program {
        argv,
        environment: vec![(CHOOSER_FD.to_owned(), OsString::from(SOCKET.to_string()))],
        fds,
        app: None,
        is_forgotten: false,
    })
}

/// The answer, if it is one to `question`.
fn sensible(
    question: &Question,
    importer: Option<String>,
    types: Option<Vec<String>>,
) -> Result<Answer, ChooserError> {
    let importer = importer.ok_or_else(|| nonsense("no importer"))?;
    let types = types.ok_or_else(|| nonsense("no types"))?;
    let offered = question
        .importers
        .iter()
        .any(|each| each.id.as_ref() == Some(&importer));
    if !offered {
        return Err(nonsense(&format!(
            "the importer {importer:?}, which was not offered"
        )));
    }
    if let Some(stranger) = types
        .iter()
        .find(|each| !question.counts.contains_key(*each))
    {
        return Err(nonsense(&format!(
            "the type {stranger:?}, which was not declared"
        )));
    }
    Ok(Answer::Send {
        importer,
        types: types.into_iter().collect(),
    })
}

/// How an act is called on the wire, and the accounts that it is about.
fn act(act: &Act) -> (&'static str, &[String]) {
    match act {
        Act::Add(account) => ("add", std::slice::from_ref(account)),
        Act::Update(account) => ("update", std::slice::from_ref(account)),
        Act::Delete(account) => ("delete", std::slice::from_ref(account)),
        Act::Choose(accounts) => ("choose", accounts),
    }
}

/// The account to which the person agreed, if it is one of those that were asked about.
fn chosen(act: &Act, answered: Option<String>) -> Result<String, ChooserError> {
    match (act, answered) {
        (Act::Add(account) | Act::Update(account) | Act::Delete(account), _) => Ok(account.clone()),
        (Act::Choose(accounts), Some(account)) if accounts.contains(&account) => Ok(account),
        (Act::Choose(_), Some(_)) => Err(nonsense("an account that was not offered")),
        (Act::Choose(_), None) => Err(nonsense("no account")),
    }
}

fn nonsense(what: &str) -> ChooserError {
    ChooserError::Failed(format!("it answered nonsense: {what}"))
}

fn ended() -> ChooserError {
    ChooserError::Failed("it ended before the person had answered".to_owned())
}

fn failed(error: impl std::fmt::Display) -> ChooserError {
    ChooserError::Failed(error.to_string())
}
