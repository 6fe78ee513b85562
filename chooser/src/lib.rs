//! The dialog in which a person decides where credentials go. Serves `org.credex.Chooser1`.
//!
//! `model`, `queue` and `wording` are what every front end shares, `language` finds the translation,
//! `hostile` makes strangers' texts safe to show, `serve` speaks to the service. The front end here is
//! the terminal.

pub mod hostile;
pub mod language;
pub mod minutes;
pub mod model;
mod object;
pub mod queue;
pub mod serve;
pub mod socket;
mod terminal;
pub mod wording;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use credex_protocol::PassphraseError;
use credex_protocol::names::CHOOSER_FD;

use serve::Service;
use socket::SocketError;
use terminal::{Choice, Console, Script, Scripted};

/// Asks at the terminal where credentials may go.
///
/// Started by credexd, with its end of a socket in CREDEX_CHOOSER_FD and a terminal as standard input
/// and output.
#[derive(Debug, Parser)]
#[command(name = "credex-chooser", version)]
struct Options {
    /// Answers without asking: sends to the app of this id or name. For demonstrations and tests:
    /// configure it only in a daemon of your own
    #[arg(long, value_name = "NAME")]
    choose: Option<String>,

    /// With --choose: credential types to leave out, by their names in the Credential Exchange Format
    #[arg(long, value_name = "TYPE", value_delimiter = ',', requires = "choose")]
    leave_out: Vec<String>,

    /// Answers without asking, as --choose: whether an app may touch a password of its website
    #[arg(long, value_name = "VERDICT")]
    consent: Option<Scripted>,

    /// With --consent agree: the account to choose; the first if missing
    #[arg(long, value_name = "NAME", requires = "consent")]
    account: Option<String>,

    /// Answers without asking, as --choose: reads passphrases from this file descriptor, once
    #[arg(long, value_name = "N")]
    passphrase_fd: Option<u32>,
}

impl Options {
    fn script(self) -> Result<Script, Trouble> {
        let passphrase = self.passphrase_fd.map(terminal::passphrase_from);
        Ok(Script {
            choose: self.choose.map(|choose| Choice {
                choose,
                leave_out: self.leave_out,
            }),
            consent: self.consent,
            account: self.account,
            passphrase: passphrase.transpose().map_err(Trouble::Passphrase)?,
        })
    }
}

/// Why the chooser could not do its work.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Socket(#[from] SocketError),
    #[error("the service that started the chooser does not answer: {0}")]
    Service(#[from] zbus::Error),
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[source] io::Error),
    #[error("--passphrase-fd: {0}")]
    Passphrase(#[source] PassphraseError),
    #[error("the runtime cannot be started: {0}")]
    Runtime(#[source] io::Error),
}

/// The whole program. `args` begins with the name under which it was called.
pub fn main_with(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let options = match Options::try_parse_from(args) {
        Ok(options) => options,
        Err(refusal) => {
            // It prints help, the version, or what was wrong; there is no better place to complain.
            refusal.print().ok();
            return ExitCode::from(u8::try_from(refusal.exit_code()).unwrap_or(2));
        }
    };
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            writeln!(io::stderr(), "credex-chooser: {trouble}").ok();
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<(), Trouble> {
    let socket = socket::inherited(std::env::var_os(CHOOSER_FD).as_deref())?;
    // Before the session is left: opening a terminal then would make it ours.
    let script = options.script()?;
    leave_the_session();
    language::set_from_environment();
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Trouble::Runtime)?
        .block_on(async {
            let console = Console::open().map_err(Trouble::Terminal)?;
            let (service, events) = Service::connect(socket).await?;
            terminal::run(console, service, events, script)
                .await
                .map_err(Trouble::Terminal)
        })
}

/// Without a controlling terminal there is no job control, so that reading the terminal works although
/// a shell or the exporter is in its foreground.
fn leave_the_session() {
    // Refused to the leader of a process group, which then is the leader of a session already.
    rustix::process::setsid().ok();
}
