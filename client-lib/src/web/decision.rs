//! What the person decided for an app and a domain.

use std::time::{Duration, SystemTime};

use credex_protocol::wire::DecisionInfo;

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decision {
    /// The app.
    pub app_id: String,
    /// Its domain.
    pub domain: String,
    /// What was decided.
    pub decided: Decided,
    /// When.
    pub at: SystemTime,
}

/// What the person said for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decided {
    /// Never: they are not asked any more.
    Never,
    /// A word that this release does not know.
    Unknown,
}

impl Decided {
    /// The word of the protocol, for instance `never`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Unknown => "unknown",
        }
    }
}

impl From<DecisionInfo> for Decision {
    fn from(wire: DecisionInfo) -> Self {
        let decided = match wire.decision.as_deref() {
            Some("never") => Decided::Never,
            _ => Decided::Unknown,
        };
        let since_1970 = Duration::from_secs(wire.decided.unwrap_or_default());
        Self {
            app_id: wire.app_id.unwrap_or_default(),
            domain: wire.domain.unwrap_or_default(),
            decided,
            at: SystemTime::UNIX_EPOCH
                .checked_add(since_1970)
                .unwrap_or(SystemTime::UNIX_EPOCH),
        }
    }
}
