//! Where the log goes, and telling systemd that the service is ready. Serves "Log" of
//! `daemon/README.md`.
//!
//! Structured records to journald where standard error is connected to it (`JOURNAL_STREAM`), else
//! lines on standard error. `CREDEX_LOG` chooses what is logged: a level, or `target=level,…`. No
//! record contains a secret: the types that hold one print nothing.

use std::sync::OnceLock;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

static ON_STDERR: OnceLock<bool> = OnceLock::new();

/// Starts logging. A second call changes nothing.
pub(crate) fn start() {
    let wanted = std::env::var("CREDEX_LOG").unwrap_or_default();
    let filter = match wanted.as_str() {
        "" => Ok(Targets::new().with_default(Level::INFO)),
        wanted => wanted.parse::<Targets>(),
    };
    let (filter, wrong) = match filter {
        Ok(filter) => (filter, None),
        Err(error) => (Targets::new().with_default(Level::INFO), Some(error)),
    };
    let registry = tracing_subscriber::registry().with(filter);
    let journal = is_stderr_the_journal()
        .then(tracing_journald::layer)
        .and_then(Result::ok);
    let on_stderr = journal.is_none();
    let lines = on_stderr.then(|| fmt::layer().with_writer(std::io::stderr));
    if registry.with(journal).with(lines).try_init().is_ok() {
        ON_STDERR.get_or_init(|| on_stderr);
    }
    if let Some(error) = wrong {
        tracing::warn!(%error, "CREDEX_LOG is neither a level nor target=level,…: logging as usual");
    }
}

/// Whether standard error is the stream that `JOURNAL_STREAM` names, as `device:inode`: a program
/// started by hand may have inherited the variable alone (systemd.exec(5)).
fn is_stderr_the_journal() -> bool {
    let Ok(named) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    let stat = rustix::fs::fstat(std::io::stderr());
    stat.is_ok_and(|stat| named == format!("{}:{}", stat.st_dev, stat.st_ino))
}

/// Whether the log goes to standard error.
#[must_use]
pub(crate) fn is_on_stderr() -> bool {
    ON_STDERR.get().copied().unwrap_or(false)
}

/// Tells the service manager, if there is one that wants to know.
pub(crate) fn ready() {
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Ready]) {
        tracing::warn!(%error, "the service manager could not be told");
    }
    tracing::info!("ready");
}
