//! Where the log goes, and telling systemd that the service is ready. Serves "Log" of
//! `daemon/README.md`.
//!
//! Structured records to journald where standard error is connected to it (`JOURNAL_STREAM`), else
//! lines on standard error. `CREDEX_LOG` chooses what is logged: a level, or `target=level,…`. No record contains a secret: the
//! types that hold one print nothing.

use std::sync::OnceLock;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

static ON_STDERR: OnceLock<bool> = OnceLock::new();

/// Starts logging. A second call changes nothing.
pub(crate) fn start() {
    let wanted = std::env::var("CREDEX_LOG")
        .ok()
        .and_then(|wanted| wanted.parse().ok());
    let filter: Targets = wanted.unwrap_or_else(|| Targets::new().with_default(Level::INFO));
    let registry = tracing_subscriber::registry().with(filter);
    let journal = std::env::var_os("JOURNAL_STREAM").and_then(|_| tracing_journald::layer().ok());
    let on_stderr = journal.is_none();
    let lines = on_stderr.then(|| fmt::layer().with_writer(std::io::stderr));
    if registry.with(journal).with(lines).try_init().is_ok() {
        ON_STDERR.get_or_init(|| on_stderr);
    }
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
