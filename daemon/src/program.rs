//! What the `credexd` program does, from its arguments to its exit code: here and not in `main.rs`,
//! because `credex demo` runs the same under the same name.
//!
//! The order matters: the launching process starts first, as a copy of this one while that has no fds, no
//! configuration and no keys, and is not confined; then this process makes itself undumpable and
//! confines itself; only then come threads and the bus.

use std::ffi::OsString;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{SignalKind, signal};

use crate::audit;
use crate::authorization::{Authorization, Polkit, SYSTEM_BUS, Waived};
use crate::caller::{BusDriver, BusPorter, WitnessUnit, run_witness};
use crate::chooser::{ProcessChooser, Programs};
use crate::config::{
    Authentication, ChooserConfig, Config, ConfigError, ExportAuthentication, PasswordStore,
    WebCredentials,
};
use crate::daemon::{Daemon, DaemonError};
use crate::desk::Ports;
use crate::launcher::{ProcessLauncher, ScopedLauncher, run_zygote};
use crate::protections::Protections;
use crate::providers::{Directories, Providers};
use crate::web_credentials::cache::Cache;
use crate::web_credentials::calls::RememberedSites;
use crate::web_credentials::decisions::Decisions;
use crate::web_credentials::fetch::{Developer, ProcessFetch};
use crate::web_credentials::private_directory;
use crate::web_credentials::session_store::{AskedPassphrases, SessionStore, Sighting};
use crate::web_credentials::store::{FileStore, Memory, Patience, SecretService, Store};
use crate::web_credentials::verdicts::Verdicts;
use crate::{log, process};

const USAGE: &str = "\
credexd: the Credex session service. It is started by the session bus.

Usage: credexd [--config FILE] [--sockets DIRECTORY]

  --config FILE        read FILE alone, instead of /etc/credex/credexd.conf and the others
  --sockets DIRECTORY  have programs started, websites asked and callers looked at by the units
                       that listen in DIRECTORY; only for credexd.service
  --version            print the version
  --help               print this
";

/// How long a chooser may take to start: a window does on a slow machine that does something else, too.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long what is being written may take when the service ends.
const LAST_WRITES: Duration = Duration::from_secs(3);

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
    Serve(Start),
    Launch,
    Witness,
    Say(String),
}

/// How the service is to start.
#[derive(Debug, Default)]
struct Start {
    config: Option<PathBuf>,
    /// The directory in which the units beside ours listen.
    sockets: Option<PathBuf>,
}

/// Runs the program. `arguments` are those behind its name.
#[must_use]
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let outcome = match parse(arguments) {
        Ok(Task::Launch) => return run_zygote(),
        Ok(Task::Witness) => return run_witness(),
        Ok(Task::Say(text)) => say(&text),
        Ok(Task::Serve(start)) => serve(start),
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
    let mut start = Start::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("config") => start.config = Some(PathBuf::from(parser.value()?)),
            Long("sockets") => start.sockets = Some(PathBuf::from(parser.value()?)),
            Long("launcher") => return Ok(Task::Launch),
            Long("witness") => return Ok(Task::Witness),
            Long("help") | Short('h') => return Ok(Task::Say(USAGE.to_owned())),
            Long("version") | Short('V') => {
                return Ok(Task::Say(
                    concat!("credexd ", env!("CARGO_PKG_VERSION"), "\n").into(),
                ));
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(Task::Serve(start))
}

fn serve(start: Start) -> Result<(), Failure> {
    let launcher = launcher(&start);
    log::start();
    let launcher = Arc::new(launcher.map_err(Failure::Launcher)?);
    let protections = Protections::default();
    let witness = witness(&start, &protections);
    let owner_of = |file: BorrowedFd<'_>, uid| owner(witness.as_ref(), file, uid);
    let loaded = Config::load_asking(start.config.as_deref(), &owner_of)?;
    tracing::info!(files = ?loaded.config.files, "configured");
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let mut config = loaded.config;
    // Read before this process makes itself undumpable, which hides it.
    let executable = std::env::current_exe()?;
    process::protect(&protections)?;
    let own = start.sockets.as_ref().map(|_| own_directories());
    process::confine(&protections, own.transpose()?.as_deref());
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
    let fetch = fetcher(&start, &config.web_credentials, &executable, &launcher);
    let fetch = fetch.telling(protections.clone());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let serving = serve_on_session_bus(config, choosers, fetch, launcher, witness, protections);
    let served = runtime.block_on(serving);
    // What is being written is finished; for files that do not answer nobody waits for ever.
    runtime.shutdown_timeout(LAST_WRITES);
    Ok(served?)
}

async fn serve_on_session_bus(
    config: Config,
    choosers: Programs,
    fetch: ProcessFetch,
    launcher: Arc<ProcessLauncher>,
    witness: Option<WitnessUnit>,
    protections: Protections,
) -> Result<(), DaemonError> {
    let bus = crate::bus::lenient::session()?
        .max_queued(Daemon::QUEUE)
        .build()
        .await?;
    let driver = BusDriver::new(bus.clone());
    let porter = match witness {
        Some(witness) => BusPorter::with_witness(driver, witness),
        None => BusPorter::new(driver),
    };
    let chooser = Arc::new(ProcessChooser::new(choosers, launcher.clone()));
    let ports = Ports {
        audit: audit::open(),
        authorization: authorization(&config.authentication),
        porter: Arc::new(porter),
        chooser: chooser.clone(),
        launcher: Arc::new(ScopedLauncher::new(launcher.clone(), bus.clone())),
        providers: Providers::open(Directories::of_session()),
        sites: Arc::new(sites(&config.web_credentials, fetch)),
        store: store(&config.web_credentials, &bus, &chooser)?,
        decisions: Arc::new(Decisions::new(own_data()?.join("decisions.json"))),
        protections,
    };
    let daemon = Daemon::new(bus, config, ports).await?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let without_launcher = launcher.zygote().map(process::ended).transpose()?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = ended(without_launcher) => {}
        }
    };
    daemon.run(log::ready, stop).await
}

/// The end of the launching process, if it is ours; a unit starts another.
async fn ended(launching: Option<AsyncFd<OwnedFd>>) {
    match launching {
        None => std::future::pending().await,
        Some(launching) => {
            let ended = launching.readable().await.map(drop);
            tracing::error!(
                ?ended,
                "the launching process has ended, so nothing can be started"
            );
        }
    }
}

/// What looks at callers: a unit, or else this process itself. The unit starts while this process does.
fn witness(start: &Start, protections: &Protections) -> Option<WitnessUnit> {
    let socket = start.sockets.as_ref()?.join("witness");
    Some(WitnessUnit::start(socket, protections.clone()))
}

/// To which user a configuration file belongs that seems to be `uid`'s: in the user namespace of our unit all others
/// look the same.
fn owner(witness: Option<&WitnessUnit>, file: BorrowedFd<'_>, uid: u32) -> std::io::Result<u32> {
    match witness {
        Some(witness) if uid == process::nobody() => witness.owner(file).map_err(|error| {
            let problem = format!("whose it is, only the witness could see: {error}");
            std::io::Error::new(error.kind(), problem)
        }),
        _ => Ok(uid),
    }
}

/// What starts programs: a unit, or else a process of our own, which must be made at once.
fn launcher(start: &Start) -> Result<ProcessLauncher, std::io::Error> {
    match &start.sockets {
        Some(sockets) => Ok(ProcessLauncher::in_unit(sockets.join("launcher"))),
        None => ProcessLauncher::fork(),
    }
}

/// What asks websites: the configured program, else units, else the one beside this program.
fn fetcher(
    start: &Start,
    config: &WebCredentials,
    executable: &Path,
    launcher: &Arc<ProcessLauncher>,
) -> ProcessFetch {
    let beside = || executable.with_file_name("credex-fetcher");
    let program = config.fetcher.clone().unwrap_or_else(beside);
    let fetch = ProcessFetch::new(program, launcher.clone());
    match &start.sockets {
        Some(sockets) if config.fetcher.is_none() => fetch.in_units(sockets),
        _ => fetch,
    }
}

/// What websites say.
fn sites(config: &WebCredentials, fetch: ProcessFetch) -> RememberedSites {
    let developer = config.developer.then(|| Developer {
        authority: config.authority.clone(),
    });
    let cache = Cache::file_of_session().map_or_else(Cache::in_memory, Cache::open);
    RememberedSites::new(Verdicts::new(Arc::new(fetch), cache), developer)
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
    let sighting = Sighting::new(own_session_data());
    let store = SessionStore::new(bus.clone(), keyring, file, sighting);
    Ok(Arc::new(store))
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

/// Our own directory for as long as the session lasts, beside the sockets of the units; none without one for all apps.
fn own_session_data() -> Option<PathBuf> {
    let all = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let all = all.filter(|path| path.is_absolute());
    all.map(|all| all.join("credex"))
}

/// All directories of ours, made now: once confined, we make none any more.
fn own_directories() -> Result<Vec<PathBuf>, std::io::Error> {
    let cache = Cache::file_of_session();
    let cache = cache.as_deref().and_then(Path::parent).map(Path::to_owned);
    let wanted = cache.into_iter().chain(own_session_data());
    let wanted = wanted.chain([own_data()?]);
    Ok(wanted
        .filter(|directory| match private_directory::make(directory) {
            Ok(()) => true,
            Err(error) => {
                let directory = directory.display();
                tracing::warn!(%directory, %error, "cannot be made, so nothing can be kept in it");
                false
            }
        })
        .collect())
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
