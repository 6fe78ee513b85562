//! Records as lines of the log, for where there is no journal.

use super::{Audit, Entry, fields};

/// The target of the lines, by which `CREDEX_LOG` chooses them.
const TARGET: &str = "audit";

/// Each record is a line of the log with the target `audit`.
#[derive(Debug, Clone, Copy)]
pub struct Lines;

impl Audit for Lines {
    fn record(&self, entry: &Entry) {
        let fields = fields(entry);
        let message = fields.first().map_or("", |(_, message)| message);
        let own = fields
            .iter()
            .filter(|(name, _)| name.starts_with("CREDEX_"));
        let own: Vec<String> = own
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        tracing::info!(target: TARGET, "{message}; {}", own.join(" "));
    }
}
