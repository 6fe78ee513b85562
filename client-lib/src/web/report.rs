//! Whether an app and a website belong together, stage by stage.

use credex_protocol::wire::{DomainReport as WireReport, StageReport, WebResults};

/// What was found of an app and a website. Texts may quote hostile text: show them as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DomainReport {
    /// The website.
    pub domain: String,
    /// The app; empty if there is none.
    pub app_id: String,
    /// Whether they belong together.
    pub associated: bool,
    /// Whether developer mode is on, which lets through what would not pass otherwise.
    pub developer: bool,
    /// What was found, in the order in which it was looked for.
    pub stages: Vec<Found>,
}

/// What was found in one stage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// `declaration`, `decision` or `association`.
    pub stage: String,
    /// Whether it stands in nobody's way.
    pub passed: bool,
    /// What was found.
    pub message: String,
    /// What to change, where it did not pass.
    pub advice: Option<String>,
    /// The file that was looked for.
    pub url: Option<String>,
    /// The HTTP status.
    pub status: Option<u32>,
    /// Whose certificate was shown, and until when it holds.
    pub certificate: Option<String>,
    /// `network`, `cache` or `stale`.
    pub source: Option<String>,
    /// Seconds since it was fetched.
    pub age: Option<u64>,
}

impl From<WireReport> for DomainReport {
    fn from(wire: WireReport) -> Self {
        let stages = wire.stages.unwrap_or_default();
        Self {
            domain: wire.domain.unwrap_or_default(),
            app_id: wire.app_id.unwrap_or_default(),
            associated: wire.associated.unwrap_or_default(),
            developer: wire.developer.unwrap_or_default(),
            stages: stages.into_iter().map(Found::from).collect(),
        }
    }
}

impl From<WebResults> for DomainReport {
    fn from(results: WebResults) -> Self {
        Self::from(WireReport {
            domain: results.domain,
            app_id: results.app_id,
            associated: results.associated,
            developer: results.developer,
            stages: results.stages,
        })
    }
}

impl From<StageReport> for Found {
    fn from(wire: StageReport) -> Self {
        Self {
            stage: wire.stage.unwrap_or_default(),
            passed: wire.passed.unwrap_or_default(),
            message: wire.message.unwrap_or_default(),
            advice: wire.advice,
            url: wire.url,
            status: wire.status,
            certificate: wire.certificate,
            source: wire.source,
            age: wire.age,
        }
    }
}
