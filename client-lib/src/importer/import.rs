//! An opened payload that was read through: what is in it, what is wrong, and what differs from
//! what was announced.

use std::collections::BTreeMap;

use super::attachments::{AttachmentProblem, check};
use super::opened::{Opened, Origin};
use crate::app::App;
use crate::cxf::{Counts, Discrepancy, Report, Unit, compare_counts};
use crate::error::Result;
use crate::receipt::Tally;

/// Credentials to import, wiped when dropped. Dropping it without reporting tells the exporter
/// that nothing came of them.
#[derive(Debug)]
pub struct Import {
    opened: Opened,
    report: Report,
    attachment_problems: Vec<AttachmentProblem>,
    discrepancies: Vec<Discrepancy>,
}

impl Import {
    pub(super) fn new(opened: Opened, report: Report) -> Self {
        Self {
            attachment_problems: check(&opened, &report),
            discrepancies: discrepancies(&opened.origin, &report.counts),
            opened,
            report,
        }
    }

    /// Who exported, as the service established it.
    pub fn exporter(&self) -> &App {
        self.opened.exporter()
    }

    /// The version of the format of the document.
    pub fn format_version(&self) -> &str {
        self.opened.format_version()
    }

    /// The CXF document, byte for byte as it was exported.
    pub fn document(&self) -> &[u8] {
        self.opened.document()
    }

    /// The attachments: the id of a `file` credential, and its bytes.
    pub fn attachments(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        self.opened.attachments()
    }

    /// The bytes of the `file` credential with this id.
    pub fn attachment(&self, id: &str) -> Option<&[u8]> {
        self.opened.attachment(id)
    }

    /// What is in the document, and which parts of it should be left out.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Attachments that are not what the document says of them.
    pub fn attachment_problems(&self) -> &[AttachmentProblem] {
        &self.attachment_problems
    }

    /// Where what arrived differs from what was declared and let go.
    pub fn discrepancies(&self) -> &[Discrepancy] {
        &self.discrepancies
    }

    /// Reports what became of each credential type, and ends the exchange.
    ///
    /// # Errors
    /// As [`Opened::complete`].
    pub async fn complete(
        self,
        types: impl IntoIterator<Item = (impl Into<String>, Tally)>,
    ) -> Result<()> {
        let differs = |difference: &Discrepancy| difference.to_string();
        let discrepancies = self.discrepancies.iter().map(differs).collect();
        self.opened.report(types, discrepancies).await
    }

    /// Reports that every usable credential was taken over, and that those which the
    /// [`report`](Self::report) sets aside failed, as [`Counts::OTHER`].
    ///
    /// # Errors
    /// As [`Opened::complete`].
    pub async fn complete_all(self) -> Result<()> {
        let tallies = everything_taken(&self.report);
        self.complete(tallies).await
    }

    /// Reports that nothing could be made of the payload; `reason` is cut at 256 bytes.
    ///
    /// # Errors
    /// As [`Opened::complete`].
    pub async fn reject(self, reason: &str) -> Result<()> {
        self.opened.reject(reason).await
    }
}

fn everything_taken(report: &Report) -> BTreeMap<String, Tally> {
    let taken = |(name, succeeded): (&str, u32)| {
        let tally = Tally {
            succeeded,
            ..Tally::default()
        };
        (name.to_owned(), tally)
    };
    let mut tallies: BTreeMap<_, _> = report.counts.iter().map(taken).collect();
    let lost = |unit: Unit| matches!(unit, Unit::Account | Unit::Item | Unit::Credential);
    let lost = report.quarantined.iter().filter(|part| lost(part.unit));
    let failed = u32::try_from(lost.count()).unwrap_or(u32::MAX);
    if failed > 0 {
        tallies.entry(Counts::OTHER.to_owned()).or_default().failed = failed;
    }
    tallies
}

/// The exporter has said twice what there would be: to the person, and with the payload.
fn discrepancies(origin: &Origin, opened: &Counts) -> Vec<Discrepancy> {
    let mut found = compare_counts(&origin.deposited, &origin.types, opened);
    if !origin.declared.is_empty() {
        let declared = compare_counts(&origin.declared, &origin.types, opened);
        let is_new = |difference: &Discrepancy| !found.contains(difference);
        let new: Vec<_> = declared.into_iter().filter(is_new).collect();
        found.extend(new);
    }
    found
}
