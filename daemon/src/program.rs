//! What the `credexd` program does, from its arguments to its exit code: here and not in `main.rs`,
//! because `credex demo` runs the same under the same name.
//!
//! The order matters: the launching process starts first, while this one has no fds of others and
//! no keys; then this process makes itself undumpable; only then comes the bus.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::audit;
use crate::authorization::{Authorization, Polkit, SYSTEM_BUS, Waived};
use crate::caller::{BusDriver, BusPorter};
use crate::chooser::{ProcessChooser, Programs};
use crate::config::{
    Authentication, ChooserConfig, Config, ConfigError, ExportAuthentication, PasswordStore,
    WebCredentials,
};
use crate::daemon::{Daemon, DaemonError};
use crate::desk::Ports;
use crate::launcher::{ProcessLauncher, run_zygote};
use crate::providers::{Directories, Providers};
use crate::web_credentials::cache::Cache;
use crate::web_credentials::calls::RememberedSites;
use crate::web_credentials::decisions::Decisions;
use crate::web_credentials::fetch::{Developer, ProcessFetch};
use crate::web_credentials::session_store::{AskedPassphrases, SessionStore};
use crate::web_credentials::store::{FileStore, Memory, Patience, SecretService, Store};
use crate::web_credentials::verdicts::Verdicts;
use crate::{log, process};

const USAGE: &str = "\
credexd: the Credex session service. It is started by the session bus.

Usage: credexd [--config FILE]

  --config FILE  read FILE alone, instead of /etc/credex/credexd.conf and the others
  --version      print the version
  --help         print this
";

/// How long a chooser may take to start.
const PATIENCE: Duration = Duration::from_secs(10);

/// Exit code of a wrong command line, as in sysexits.h.
const EX_USAGE: u8 = 64;
/// Exit code of an invalid configuration, as in sysexits.h.
const EX_CONFIG: u8 = 78;

/// Why the program ends with an error.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}\n\n{USAGE}")]
    Usage(#[from] lexopt::Error),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Daemon(#[from] DaemonError),
    #[error("the launching process cannot be started: {0}")]
    Launcher(#[source] std::io::Error),
    #[error("too few files may be open for a single exchange; raise the limit (ulimit -n)")]
    NoFiles,
    #[error("the system refuses: {0}")]
    System(#[from] std::io::Error),
}

enum Task {
    Serve { config: Option<PathBuf> },
    Launch,
    Say(String),
}

/// Runs the program. `arguments` are those behind its name.
#[must_use]
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let outcome = match parse(arguments) {
        Ok(Task::Launch) => return run_zygote(),
        Ok(Task::Say(text)) => say(&text),
        Ok(Task::Serve { config }) => serve(config),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tracing::error!("{failure}");
            complain(&failure);
            match failure {
                Failure::Usage(_) => ExitCode::from(EX_USAGE),
                Failure::Config(_) => ExitCode::from(EX_CONFIG),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn parse(arguments: Vec<OsString>) -> Result<Task, lexopt::Error> {
    use lexopt::prelude::*;
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut config = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("config") => config = Some(PathBuf::from(parser.value()?)),
            Long("launcher") => return Ok(Task::Launch),
            Long("help") | Short('h') => return Ok(Task::Say(USAGE.to_owned())),
            Long("version") | Short('V') => {
                return Ok(Task::Say(
                    concat!("credexd ", env!("CARGO_PKG_VERSION"), "\n").into(),
                ));
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(Task::Serve { config })
}

fn serve(config: Option<PathBuf>) -> Result<(), Failure> {
    log::start();
    let loaded = Config::load(config.as_deref())?;
    tracing::info!(files = ?loaded.config.files, "configured");
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let mut config = loaded.config;
    // Read before this process makes itself undumpable, which hides it.
    let executable = std::env::current_exe()?;
    let launcher = ProcessLauncher::start(launching_process(&executable));
    let launcher = Arc::new(launcher.map_err(Failure::Launcher)?);
    process::protect()?;
    let fit = process::exchanges_that_fit();
    if fit < config.limits.exchanges {
        tracing::warn!(
            fit,
            "the limit of open files allows fewer exchanges than are configured"
        );
        config.limits.exchanges = fit;
    }
    if fit == 0 {
        return Err(Failure::NoFiles);
    }
    let choosers = choosers(&config.chooser, &executable);
    let fetcher = config.web_credentials.fetcher.clone();
    let fetcher = fetcher.unwrap_or_else(|| executable.with_file_name("credex-fetcher"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(serve_on_session_bus(config, choosers, fetcher, launcher))?)
}

async fn serve_on_session_bus(
    config: Config,
    choosers: Programs,
    fetcher: PathBuf,
    launcher: Arc<ProcessLauncher>,
) -> Result<(), DaemonError> {
    let bus = crate::bus::lenient::session()?
        .max_queued(Daemon::QUEUE)
        .build()
        .await?;
    let chooser = Arc::new(ProcessChooser::new(choosers, launcher.clone()));
    let ports = Ports {
        audit: audit::open(),
        authorization: authorization(&config.authentication),
        porter: Arc::new(BusPorter::new(BusDriver::new(bus.clone()))),
        chooser: chooser.clone(),
        launcher: launcher.clone(),
        providers: Providers::open(Directories::of_session()),
        sites: Arc::new(sites(&config.web_credentials, fetcher, launcher.clone())),
        store: store(&config.web_credentials, &bus, &chooser)?,
        decisions: Arc::new(Decisions::new(own_data()?.join("decisions.json"))),
    };
    let daemon = Daemon::new(bus, config, ports).await?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let without_launcher = process::ended(launcher.zygote())?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            ended = without_launcher.readable() => {
                tracing::error!(?ended, "the launching process has ended, so nothing can be started");
            }
        }
    };
    daemon.run(log::ready, stop).await
}

/// What websites say, asked by the fetcher beside this program.
fn sites(
    config: &WebCredentials,
    fetcher: PathBuf,
    launcher: Arc<ProcessLauncher>,
) -> RememberedSites {
    let developer = config.developer.then(|| Developer {
        authority: config.authority.clone(),
    });
    let cache = Cache::file_of_session().map_or_else(Cache::in_memory, Cache::open);
    let fetch = Arc::new(ProcessFetch::new(fetcher, launcher));
    RememberedSites::new(Verdicts::new(fetch, cache), developer)
}

/// Where passwords of websites are kept.
fn store(
    config: &WebCredentials,
    bus: &zbus::Connection,
    chooser: &Arc<ProcessChooser>,
) -> Result<Arc<dyn Store>, std::io::Error> {
    if config.store == PasswordStore::Memory {
        tracing::warn!("passwords of websites are kept in memory, until this service ends");
        return Ok(Arc::new(Memory::default()));
    }
    let patience = Patience::default();
    let keyring = SecretService::new(bus.clone(), patience);
    let passphrases = Arc::new(AskedPassphrases {
        chooser: chooser.clone(),
        patience: patience.person,
    });
    let file = FileStore::new(own_data()?.join("web.keyring"), passphrases);
    Ok(Arc::new(SessionStore::new(bus.clone(), keyring, file)))
}

/// `$XDG_DATA_HOME/credex`, or the same below `~/.local/share`.
fn own_data() -> Result<PathBuf, std::io::Error> {
    let absolute = |name: &str| {
        let path = std::env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let home = || absolute("HOME").map(|home| home.join(".local/share"));
    let data = absolute("XDG_DATA_HOME").or_else(home).ok_or_else(|| {
        let problem = "neither XDG_DATA_HOME nor HOME is set to an absolute path";
        std::io::Error::new(std::io::ErrorKind::NotFound, problem)
    })?;
    Ok(data.join("credex"))
}

/// Our own executable under our own name, as the launching process.
fn launching_process(executable: &Path) -> Command {
    let mut command = Command::new(executable);
    command.arg0("credexd").arg("--launcher");
    command
}

fn authorization(config: &Authentication) -> Arc<dyn Authorization> {
    let user = rustix::process::getuid().as_raw();
    match config.export {
        ExportAuthentication::Waived => Arc::new(Waived),
        ExportAuthentication::Required => {
            Arc::new(Polkit::new(SYSTEM_BUS, user, config.without_polkit))
        }
    }
}

/// The configured choosers; unless others are named, they lie beside this program, the one for
/// displays only where it was installed.
fn choosers(config: &ChooserConfig, executable: &Path) -> Programs {
    let beside = |name| executable.with_file_name(name);
    let terminal = || vec![beside("credex-chooser").into_os_string()];
    let graphical = || Some(beside("credex-chooser-gtk")).filter(|program| program.is_file());
    let words = |words: &Vec<String>| words.iter().map(OsString::from).collect();
    Programs {
        terminal: config.terminal.as_ref().map_or_else(terminal, words),
        graphical: match &config.graphical {
            Some(configured) => Some(words(configured)).filter(|words: &Vec<_>| !words.is_empty()),
            None => graphical().map(|program| vec![program.into_os_string()]),
        },
        display: Programs::has_display(),
        patience: PATIENCE,
    }
}

fn say(text: &str) -> Result<(), Failure> {
    use std::io::Write;
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// A start by hand should see why it failed, whether or not there is a log.
fn complain(failure: &Failure) {
    use std::io::Write;
    if !log::is_on_stderr() && writeln!(std::io::stderr(), "credexd: {failure}").is_err() {
        tracing::debug!("there is no standard error");
    }
}
