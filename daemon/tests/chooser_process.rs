//! Stories of `ProcessChooser` with choosers that misbehave, played in this process.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::os::fd::{IntoRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use credex_protocol::wire::{
    AppIdentity, ChooseRequest, ChooseResults, ConsentRequest, ConsentResults, FinishedDetails,
    ImporterInfo, PassphraseRequest, PassphraseResults, ProgressDetails,
};
use credex_protocol::{Passphrase, names};
use credexd::authorization::Prospect;
use credexd::caller::Process;
use credexd::chooser::{
    Act, Answer, Chooser, ChooserError, Consent, PassphraseQuestion, ProcessChooser, Programs,
    Purpose, Question, Verdict,
};
use credexd::launcher::{LaunchError, Launcher, Program, Started};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use zbus::object_server::SignalEmitter;

/// What a played chooser does.
#[derive(Clone)]
enum Play {
    /// Answers this, and then stops each of these exchanges.
    Answers(u32, ChooseResults, Vec<&'static str>),
    /// Answers every prompt with this: the account, or the pipe that this makes.
    Prompted(u32, Option<&'static str>, fn() -> Option<OwnedFd>),
    /// Never says a word.
    Silent,
    /// Ends at once.
    Ends,
}

/// A launcher whose programs are played in this process.
struct Stage {
    play: Play,
    silent: Mutex<Vec<OwnedFd>>,
    told: UnboundedSender<String>,
}

#[async_trait]
impl Launcher for Stage {
    async fn start(&self, program: Program) -> Result<Started, LaunchError> {
        let number = program
            .environment
            .iter()
            .find(|(name, _)| name == names::CHOOSER_FD);
        let number: i32 = number.unwrap().1.to_str().unwrap().parse().unwrap();
        let mut fds = program.fds.into_iter();
        let (socket, _) = fds.find(|(_, at)| *at == number).unwrap();
        match self.play.clone() {
            Play::Ends => drop(socket),
            Play::Silent => self.silent.lock().unwrap().push(socket),
            Play::Answers(response, results, stops) => {
                let actor = Actor {
                    response,
                    results,
                    stops,
                    ..Actor::mute(self.told.clone())
                };
                tokio::spawn(actor.perform(socket));
            }
            Play::Prompted(response, account, pipe) => {
                let actor = Actor {
                    response,
                    account,
                    pipe,
                    ..Actor::mute(self.told.clone())
                };
                tokio::spawn(actor.perform(socket));
            }
        }
        Ok(Started { pid: 0 })
    }

    fn descends(&self, _process: Process, _ancestor: Started) -> bool {
        false
    }
}

struct Actor {
    response: u32,
    results: ChooseResults,
    stops: Vec<&'static str>,
    account: Option<&'static str>,
    pipe: fn() -> Option<OwnedFd>,
    told: UnboundedSender<String>,
}

impl Actor {
    fn mute(told: UnboundedSender<String>) -> Actor {
        Actor {
            response: 1,
            results: ChooseResults::default(),
            stops: Vec::new(),
            account: None,
            pipe: || None,
            told,
        }
    }

    async fn perform(self, socket: OwnedFd) {
        let socket = UnixStream::from(socket);
        socket.set_nonblocking(true).unwrap();
        let told = self.told.clone();
        let socket = tokio::net::UnixStream::from_std(socket).unwrap();
        let builder = zbus::connection::Builder::unix_stream(socket).p2p();
        let builder = builder.serve_at(names::CHOOSER_PATH, self).unwrap();
        builder.build().await.unwrap().closed().await;
        told.send("closed".into()).ok();
    }
}

#[zbus::interface(name = "org.credex.Chooser1")]
impl Actor {
    async fn choose_importer(
        &self,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
        _exchange: &str,
        _parent_window: &str,
        _request: ChooseRequest,
    ) -> (u32, ChooseResults) {
        for exchange in &self.stops {
            emitter.cancelled(exchange).await.unwrap();
        }
        (self.response, self.results.clone())
    }

    fn ask_consent(
        &self,
        _prompt: &str,
        _parent_window: &str,
        _request: ConsentRequest,
    ) -> (u32, ConsentResults) {
        let account = self.account.map(str::to_owned);
        (self.response, ConsentResults { account })
    }

    fn ask_passphrase(
        &self,
        _prompt: &str,
        _parent_window: &str,
        _request: PassphraseRequest,
    ) -> (u32, PassphraseResults) {
        let passphrase = (self.pipe)().map(Into::into);
        (self.response, PassphraseResults { passphrase })
    }

    fn progress(&self, exchange: &str, state: &str, _details: ProgressDetails) {
        self.told.send(format!("{exchange} {state}")).unwrap();
    }

    fn finished(&self, exchange: &str, outcome: &str, _details: FinishedDetails) {
        self.told.send(format!("{exchange} {outcome}")).unwrap();
    }

    #[zbus(signal)]
    async fn cancelled(emitter: &SignalEmitter<'_>, exchange: &str) -> zbus::Result<()>;

    #[zbus(property(emits_changed_signal = "const"), name = "version")]
    fn version(&self) -> u32 {
        1
    }
}

fn playing(play: Play, told: UnboundedSender<String>) -> ProcessChooser {
    let patience = match play {
        Play::Silent => Duration::from_millis(1),
        _ => Duration::from_secs(20),
    };
    let programs = Programs {
        terminal: vec!["terminal-chooser".into()],
        graphical: Some(vec!["window-chooser".into()]),
        display: true,
        patience,
    };
    let silent = Mutex::default();
    ProcessChooser::new(programs, Arc::new(Stage { play, silent, told }))
}

fn chosen(importer: &str, types: &[&str]) -> ChooseResults {
    ChooseResults {
        importer: Some(importer.into()),
        types: Some(types.iter().map(|&each| each.into()).collect()),
    }
}

fn question() -> Question {
    Question {
        exchange: "x".into(),
        parent_window: String::new(),
        exporter: AppIdentity::default(),
        authentication: Prospect::Asked,
        counts: [("note".to_owned(), 1), ("totp".to_owned(), 2)].into(),
        importers: vec![ImporterInfo {
            id: Some("org.example.Vault".into()),
            ..ImporterInfo::default()
        }],
        activation_token: None,
    }
}

async fn refusal(play: Play) -> String {
    let (told, _) = unbounded_channel();
    let chooser = playing(play, told);
    let answer = chooser.ask(question()).await;
    assert_eq!(chooser.running(), 0, "what failed is not kept");
    match answer {
        Err(ChooserError::Failed(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_answer_that_does_not_fit_the_question_is_no_answer() {
    let nonsense = [
        (0, chosen("org.evil.Vault", &["note"]), "org.evil.Vault"),
        (
            0,
            chosen("org.example.Vault", &["note", "passkey"]),
            "passkey",
        ),
        (0, ChooseResults::default(), "no importer"),
        (7, chosen("org.example.Vault", &["note"]), "response 7"),
    ];
    for (response, results, what) in nonsense {
        let why = refusal(Play::Answers(response, results, Vec::new())).await;
        assert!(why.contains("nonsense") && why.contains(what), "{why}");
    }
}

#[tokio::test]
async fn a_chooser_that_never_speaks_is_not_waited_for() {
    let why = refusal(Play::Silent).await;
    assert!(why.contains("did not begin to speak"), "{why}");
}

#[tokio::test]
async fn a_chooser_that_ends_at_once_fails_the_question() {
    refusal(Play::Ends).await;
}

#[tokio::test]
async fn a_chooser_hears_everything_before_its_socket_closes() {
    let (told, mut heard) = unbounded_channel();
    let results = chosen("org.example.Vault", &["totp"]);
    let chooser = playing(Play::Answers(0, results, Vec::new()), told);
    let answer = chooser.ask(question()).await.unwrap();
    let types = ["totp".to_owned()].into();
    assert_eq!(
        answer,
        Answer::Send {
            importer: "org.example.Vault".into(),
            types
        }
    );
    assert_eq!(chooser.running(), 1);
    chooser
        .progress("x", "claimed", ProgressDetails::default())
        .await;
    chooser
        .progress("unheard-of", "claimed", ProgressDetails::default())
        .await;
    chooser
        .finished("x", "completed", FinishedDetails::default())
        .await;
    assert_eq!(chooser.running(), 0);
    for expected in ["x claimed", "x completed", "closed"] {
        assert_eq!(heard.recv().await.as_deref(), Some(expected));
    }
}

#[tokio::test]
async fn a_chooser_can_stop_only_its_own_exchanges() {
    let (told, _heard) = unbounded_channel();
    let (sender, mut cancelled) = unbounded_channel();
    let results = chosen("org.example.Vault", &["totp"]);
    let chooser = playing(Play::Answers(0, results, vec!["another", "x"]), told);
    chooser.on_cancel(sender);
    chooser.ask(question()).await.unwrap();
    assert_eq!(cancelled.recv().await.as_deref(), Some("x"));
}

#[tokio::test]
async fn a_terminal_is_asked_at_only_if_it_is_one_and_its_name_means_the_same_here() {
    let (told, _heard) = unbounded_channel();
    let chooser = playing(Play::Answers(1, ChooseResults::default(), Vec::new()), told);
    let mut question = question();
    question.parent_window = "tty:/dev/null".into();
    let refused = chooser.ask(question.clone()).await;
    assert!(
        matches!(refused, Err(ChooserError::Unavailable(_))),
        "{refused:?}"
    );
    // From inside a sandbox the name means something else: the display is asked instead.
    question.exporter.assurance = Some("sandboxed".into());
    assert_eq!(chooser.ask(question).await, Ok(Answer::Decline));
}

fn consent(act: Act) -> Consent {
    Consent {
        asker: asker(),
        parent_window: String::new(),
        app: AppIdentity::default(),
        act,
        domain: "example.org".into(),
        port: None,
        developer: false,
        activation_token: None,
    }
}

fn passphrase() -> PassphraseQuestion {
    PassphraseQuestion {
        asker: asker(),
        app: AppIdentity::default(),
        parent_window: String::new(),
        purpose: Purpose::Open,
        store: "a store".into(),
        attempt: 1,
        activation_token: None,
    }
}

fn asker() -> Process {
    Process { pid: 1, started: 0 }
}

fn prompted(response: u32, account: Option<&'static str>) -> ProcessChooser {
    giving(response, account, || None)
}

fn giving(
    response: u32,
    account: Option<&'static str>,
    pipe: fn() -> Option<OwnedFd>,
) -> ProcessChooser {
    let (told, _) = unbounded_channel();
    playing(Play::Prompted(response, account, pipe), told)
}

#[tokio::test]
async fn a_person_agrees_to_what_was_asked_about_and_to_nothing_else() {
    let choose = || Act::Choose(vec!["alice".into(), "bob".into()]);
    let add = || Act::Add("alice".into());
    let agreed = |account: &str| Ok(Verdict::Agreed(account.to_owned()));
    for (response, account, act, verdict) in [
        (0, Some("bob"), choose(), agreed("bob")),
        (0, None, add(), agreed("alice")),
        (0, Some("mallory"), add(), agreed("alice")),
        (1, Some("bob"), choose(), Ok(Verdict::NotNow)),
        (2, None, choose(), Ok(Verdict::Never)),
    ] {
        let chooser = prompted(response, account);
        assert_eq!(chooser.consent(consent(act)).await, verdict);
        assert_eq!(chooser.running(), 0);
    }
    for (response, account, what) in [
        (0, Some("mallory"), "not offered"),
        (0, None, "no account"),
        (7, Some("bob"), "response 7"),
    ] {
        let refused = prompted(response, account).consent(consent(choose())).await;
        let why = refused.unwrap_err().to_string();
        assert!(why.contains("nonsense") && why.contains(what), "{why}");
    }
}

#[tokio::test]
async fn a_passphrase_comes_whole_out_of_a_closed_pipe_or_not_at_all() {
    let given = giving(0, None, || {
        let passphrase = Passphrase::new(b"correct horse".to_vec()).unwrap();
        Some(passphrase.into_pipe().unwrap())
    });
    let given = given.passphrase(passphrase()).await.unwrap().unwrap();
    assert_eq!(given.as_bytes(), b"correct horse");
    let declined = giving(1, None, || None).passphrase(passphrase()).await;
    assert!(declined.unwrap().is_none());

    let missing = giving(0, None, || None);
    let empty = giving(0, None, || Some(std::io::pipe().unwrap().0.into()));
    let endless = giving(0, None, || {
        Some(std::fs::File::open("/dev/zero").unwrap().into())
    });
    let still_open = giving(0, None, || {
        let (reader, writer) = std::io::pipe().unwrap();
        let _held = writer.into_raw_fd();
        Some(reader.into())
    });
    for (chooser, what) in [
        (missing, "no passphrase"),
        (empty, "empty"),
        (endless, "longer than"),
        (still_open, "cannot be used"),
    ] {
        let refused = chooser.passphrase(passphrase()).await;
        let why = refused.unwrap_err().to_string();
        assert!(why.contains("nonsense") && why.contains(what), "{why}");
    }
}

#[tokio::test]
async fn a_prompt_of_a_sandboxed_app_is_not_shown_where_the_app_says() {
    let chooser = prompted(2, None);
    let mut consent = consent(Act::Add("alice".into()));
    consent.parent_window = "tty:/dev/null".into();
    let refused = chooser.consent(consent.clone()).await;
    assert!(matches!(refused, Err(ChooserError::Unavailable(_))));
    consent.app.assurance = Some("sandboxed".into());
    assert_eq!(chooser.consent(consent).await, Ok(Verdict::Never));
    let mut question = passphrase();
    question.parent_window = "tty:/dev/null".into();
    let refused = chooser.passphrase(question).await;
    assert!(matches!(refused, Err(ChooserError::Unavailable(_))));
}
