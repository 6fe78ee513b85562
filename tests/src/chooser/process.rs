//! The chooser process itself.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use credex_protocol::Passphrase;
use credex_protocol::names::{self, CHOOSER_FD};
use credex_protocol::wire::{
    ChooseRequest, ChooseResults, ConsentRequest, ConsentResults, FinishedDetails,
    PassphraseRequest, PassphraseResults, Plan, ProgressDetails, Tally, response,
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::Notify;
use zbus::object_server::SignalEmitter;

use super::{ANSWER, Script};
use crate::reports::Reporter;

/// Runs a chooser. Its arguments: where to report to, and the file of its script.
pub fn main(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let mut next = || PathBuf::from(arguments.next().expect("two arguments"));
    let (reports, script) = (next(), next());
    let reporter = Arc::new(Reporter::connect(&reports));
    let told = Arc::new(Notify::new());
    let chooser = Scripted {
        reporter,
        script,
        told,
    };
    if chooser.script() == Script::DieAtOnce {
        return ExitCode::FAILURE;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime
        .expect("a runtime can be built")
        .block_on(serve(chooser));
    ExitCode::SUCCESS
}

async fn serve(chooser: Scripted) {
    let socket = credex_chooser::socket::inherited(std::env::var_os(CHOOSER_FD).as_deref());
    let socket = socket.expect("the daemon gives a socket");
    socket
        .set_nonblocking(true)
        .expect("a socket can be watched");
    let socket = tokio::net::UnixStream::from_std(socket).expect("a socket can be watched");
    let (reporter, told) = (Arc::clone(&chooser.reporter), Arc::clone(&chooser.told));
    let connection = zbus::connection::Builder::unix_stream(socket)
        .p2p()
        .serve_at(names::CHOOSER_PATH, chooser)
        .expect("the path is one")
        .build()
        .await
        .expect("the daemon speaks D-Bus");
    let obeying = obey(connection.clone(), Arc::clone(&reporter), told);
    tokio::spawn(obeying);
    connection.closed().await;
    reporter.say("dismissed", json!({}));
}

/// Each line from the test is an exchange to stop, or [`ANSWER`].
async fn obey(connection: zbus::Connection, reporter: Arc<Reporter>, told: Arc<Notify>) {
    let emitter = SignalEmitter::new(&connection, names::CHOOSER_PATH).expect("the path is one");
    let mut lines = BufReader::new(reporter.orders()).lines();
    while let Ok(Some(exchange)) = lines.next_line().await {
        if exchange == ANSWER {
            told.notify_waiters();
            continue;
        }
        emitter
            .cancelled(&exchange)
            .await
            .expect("the daemon listens");
    }
}

/// What the person types for a passphrase, if she agrees to everything.
const PASSPHRASE: &str = "correct horse battery staple";

struct Scripted {
    reporter: Arc<Reporter>,
    script: PathBuf,
    /// Whoever looks at a question without an answer looks into the script again.
    told: Arc<Notify>,
}

impl Scripted {
    fn script(&self) -> Script {
        let script = std::fs::read(&self.script).expect("there is a script");
        serde_json::from_slice(&script).expect("the script is one")
    }
}

#[zbus::interface(name = "org.credex.Chooser1")]
impl Scripted {
    async fn choose_importer(
        &self,
        exchange: String,
        parent_window: String,
        request: ChooseRequest,
    ) -> (u32, ChooseResults) {
        // Before the test hears of the question, and may change the script for the next one.
        let mut script = self.script();
        let told = self.told.notified();
        tokio::pin!(told);
        told.as_mut().enable();
        let mut question = tell(&request);
        question["exchange"] = exchange.into();
        question["parent_window"] = parent_window.into();
        self.reporter.say("asked", question);
        if script == Script::Hang {
            told.await;
            script = self.script();
        }
        let counted = || {
            request
                .counts
                .iter()
                .flatten()
                .map(|(name, _)| name.clone())
                .collect()
        };
        let sends = |importer: String, types: Vec<String>| {
            let (importer, types) = (Some(importer), Some(types));
            (response::DONE, ChooseResults { importer, types })
        };
        let offered = || first_id(&request);
        match script {
            Script::Choose { importer, types } => {
                let id = find(&request, &importer).unwrap_or(importer);
                sends(id, types.unwrap_or_else(counted))
            }
            Script::Decline | Script::Never | Script::Agree { .. } => {
                (response::DECLINED, ChooseResults::default())
            }
            Script::Hang => std::future::pending().await,
            Script::DieWhenAsked | Script::DieAtOnce => std::process::exit(1),
            Script::NameAStranger => sends("org.example.Stranger".to_owned(), counted()),
            Script::AddAType => sends(offered(), vec!["never-declared".to_owned()]),
            Script::AnswerNonsense => (77, ChooseResults::default()),
        }
    }

    async fn ask_consent(
        &self,
        prompt: String,
        parent_window: String,
        request: ConsentRequest,
    ) -> (u32, ConsentResults) {
        let script = self.script();
        let app = request.app.unwrap_or_default();
        let accounts = request.accounts.unwrap_or_default();
        let question = json!({
            "prompt": prompt,
            "parent_window": parent_window,
            "kind": request.kind,
            "domain": request.domain,
            "port": request.port,
            "accounts": accounts,
            "developer": request.developer,
            "app": { "app_id": app.app_id, "assurance": app.assurance },
        });
        self.reporter.say("consent", question);
        match script {
            Script::Agree { account } => {
                let account = account.or_else(|| accounts.first().cloned());
                (response::DONE, ConsentResults { account })
            }
            Script::Never => (response::NEVER, ConsentResults::default()),
            Script::Hang => std::future::pending().await,
            Script::DieWhenAsked | Script::DieAtOnce => std::process::exit(1),
            Script::AnswerNonsense => (77, ConsentResults::default()),
            _ => (response::DECLINED, ConsentResults::default()),
        }
    }

    async fn ask_passphrase(
        &self,
        prompt: String,
        _parent_window: String,
        request: PassphraseRequest,
    ) -> (u32, PassphraseResults) {
        let script = self.script();
        let question =
            json!({ "prompt": prompt, "purpose": request.purpose, "attempt": request.attempt });
        self.reporter.say("passphrase", question);
        let Script::Agree { .. } = script else {
            return (response::DECLINED, PassphraseResults::default());
        };
        let passphrase = Passphrase::new(PASSPHRASE.as_bytes().to_vec());
        let pipe = passphrase.expect("it is one").into_pipe();
        let passphrase = Some(pipe.expect("there are pipes").into());
        (response::DONE, PassphraseResults { passphrase })
    }

    fn withdraw(&self, prompt: String) {
        self.reporter.say("withdrawn", json!({ "prompt": prompt }));
    }

    fn progress(&self, exchange: String, state: String, details: ProgressDetails) {
        let report = json!({ "exchange": exchange, "state": state, "expires": details.expires });
        self.reporter.say("progress", report);
    }

    fn finished(&self, exchange: String, outcome: String, details: FinishedDetails) {
        let counts = |tally: Tally| json!([tally.succeeded, tally.failed, tally.ignored]);
        let receipt = details.receipt.map(|receipt| {
            let tallies = receipt
                .into_iter()
                .map(|(name, tally)| (name, counts(tally)));
            Value::Object(tallies.collect())
        });
        let report = json!({
            "exchange": exchange,
            "outcome": outcome,
            "error": details.error,
            "message": details.message,
            "handed_over": details.handed_over,
            "discrepancies": details.discrepancies,
            "receipt": receipt,
        });
        self.reporter.say("finished", report);
    }

    #[zbus(signal)]
    async fn cancelled(emitter: &SignalEmitter<'_>, exchange: &str) -> zbus::Result<()>;

    #[zbus(property(emits_changed_signal = "const"), name = "version")]
    fn version(&self) -> u32 {
        names::INTERFACE_VERSION
    }
}

fn tell(request: &ChooseRequest) -> Value {
    let importers = request.importers.iter().flatten().map(|importer| {
        json!({
            "id": importer.id,
            "name": importer.name,
            "origin": importer.origin,
            "will_not_take": importer.will_not_take,
            "conflict": importer.conflict,
            "plan": importer.plan.as_ref().map(planned),
        })
    });
    let exporter = request.exporter.clone().unwrap_or_default();
    json!({
        "importers": importers.collect::<Vec<_>>(),
        "counts": request.counts,
        "activation_token": request.activation_token,
        "authentication": request.authentication,
        "exporter": {
            "app_id": exporter.app_id,
            "name": exporter.name,
            "assurance": exporter.assurance,
            "provider": exporter.provider,
        },
    })
}

fn planned(plan: &Plan) -> Value {
    let losses = plan.losses.iter().flatten().map(|loss| {
        json!({
            "type": loss.credential_type,
            "reason": loss.reason,
            "count": loss.count,
            "part": loss.part,
        })
    });
    json!({
        "importer": plan.importer,
        "added": plan.added,
        "same": plan.same,
        "kept": plan.kept,
        "replaced": plan.replaced,
        "both": plan.both,
        "dropped": plan.dropped,
        "unreadable": plan.unreadable,
        "losses": losses.collect::<Vec<_>>(),
    })
}

fn ids(request: &ChooseRequest) -> impl Iterator<Item = String> {
    let importers = request.importers.iter().flatten();
    importers.filter_map(|importer| importer.id.clone())
}

fn first_id(request: &ChooseRequest) -> String {
    ids(request).next().expect("an importer is offered")
}

fn find(request: &ChooseRequest, importer: &str) -> Option<String> {
    let running = format!("{importer}@");
    ids(request).find(|id| id == importer || id.starts_with(&running))
}
