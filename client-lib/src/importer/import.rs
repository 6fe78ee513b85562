//! An opened payload that was read through: what is in it, what is wrong, and what differs from
//! what was announced.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::attachments::{AttachmentProblem, check};
use super::opened::{Opened, Origin};
use crate::app::App;
use crate::cxf::{Counts, Discrepancy, Problem, Report, Unit, compare_counts};
use crate::error::Result;
use crate::receipt::Tally;
use crate::wire_limits::per_type;

/// Credentials to import, wiped when dropped. Dropping it without reporting tells the exporter
/// that nothing came of them.
#[derive(Debug)]
pub struct Import {
    opened: Opened,
    report: Report,
    attachment_problems: OnceLock<Vec<AttachmentProblem>>,
    discrepancies: Vec<Discrepancy>,
}

impl Import {
    pub(super) fn new(opened: Opened, report: Report) -> Self {
        Self {
            attachment_problems: OnceLock::new(),
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

    /// Attachments that are not what the document says of them. Found out when first asked for: it
    /// takes another look at the document, and hashes the attachments.
    pub fn attachment_problems(&self) -> &[AttachmentProblem] {
        self.attachment_problems
            .get_or_init(|| check(&self.opened, &self.report))
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

    /// Reports that every usable credential was taken over, that those which the
    /// [`report`](Self::report) sets aside failed, as [`Counts::OTHER`], and that files failed whose
    /// bytes are [not what the document says](Self::attachment_problems).
    ///
    /// # Errors
    /// As [`Opened::complete`].
    pub async fn complete_all(self) -> Result<()> {
        let files_lost = self
            .attachment_problems()
            .iter()
            .filter(|it| it.costs_a_file());
        let tallies = everything_taken(&self.report, files_lost.count());
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

fn everything_taken(report: &Report, files_lost: usize) -> BTreeMap<String, Tally> {
    let taken = |(name, succeeded): (&str, u32)| {
        let tally = Tally {
            succeeded,
            ..Tally::default()
        };
        (name.to_owned(), tally)
    };
    let mut tallies: BTreeMap<_, _> = report.counts.iter().map(taken).collect();
    let lost: BTreeSet<_> = report.quarantined.iter().filter_map(lost_part).collect();
    let failed = u32::try_from(lost.len()).unwrap_or(u32::MAX);
    if failed > 0 {
        tallies.entry(Counts::OTHER.to_owned()).or_default().failed = failed;
    }
    if let Some(files) = tallies.get_mut("file") {
        files.failed = u32::try_from(files_lost)
            .unwrap_or(u32::MAX)
            .min(files.succeeded);
        files.succeeded -= files.failed;
    }
    tallies
}

/// The path of the account, item or credential that a problem costs, which may have several; `None`
/// if it costs less than a credential.
fn lost_part(problem: &Problem) -> Option<&str> {
    let list = match problem.unit {
        Unit::Account => ".accounts[",
        Unit::Item => ".items[",
        Unit::Credential => ".credentials[",
        _ => return None,
    };
    let path = problem.path.as_str();
    let (before, inside) = path.split_once(list)?;
    let (index, _) = inside.split_once(']')?;
    path.get(..before.len() + list.len() + index.len())
}

/// The exporter has said twice what there would be: to the person, and with the payload.
fn discrepancies(origin: &Origin, opened: &Counts) -> Vec<Discrepancy> {
    // As the exporter's counts were made to fit on the wire.
    let opened = &per_type(opened.iter()).into_iter().collect();
    let mut found = compare_counts(&origin.deposited, &origin.types, opened);
    if !origin.declared.is_empty() {
        let declared = compare_counts(&origin.declared, &origin.types, opened);
        let is_new = |difference: &Discrepancy| !found.contains(difference);
        let new: Vec<_> = declared.into_iter().filter(is_new).collect();
        found.extend(new);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(pairs: &[(&str, u32)]) -> Counts {
        let owned = |(name, number): &(&str, u32)| (String::from(*name), *number);
        pairs.iter().map(owned).collect()
    }

    fn origin(declared: &[(&str, u32)], deposited: &[(&str, u32)], types: &[&str]) -> Origin {
        Origin {
            exporter: App::default(),
            format_version: "1.0".to_owned(),
            declared: counts(declared),
            deposited: counts(deposited),
            types: types
                .iter()
                .copied()
                .map(String::from)
                .collect::<BTreeSet<_>>(),
        }
    }

    fn told(origin: &Origin, opened: &[(&str, u32)]) -> Vec<String> {
        let found = discrepancies(origin, &counts(opened));
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_the_person_left_out_is_no_discrepancy() {
        let origin = origin(&[("note", 2), ("totp", 1)], &[("note", 2)], &["note"]);
        assert!(told(&origin, &[("note", 2)]).is_empty());
    }

    #[test]
    fn an_exporter_that_tells_the_person_less_than_it_sends_is_found_out() {
        let origin = origin(&[("note", 2)], &[("note", 900)], &["note"]);
        assert_eq!(
            told(&origin, &[("note", 900)]),
            ["note: 2 expected, 900 arrived"]
        );
    }

    #[test]
    fn an_exporter_that_declared_nothing_is_held_to_what_it_said_with_the_payload() {
        let origin = origin(&[], &[("note", 2)], &["note"]);
        assert!(told(&origin, &[("note", 2)]).is_empty());
        assert_eq!(
            told(&origin, &[("note", 1)]),
            ["note: 2 expected, 1 arrived"]
        );
    }

    #[test]
    fn what_was_set_aside_counts_as_failed() {
        let broken =
            br#"{"version":{"major":1,"minor":0},"exporterRpId":"e","exporterDisplayName":"e",
            "timestamp":1,"accounts":[{"id":"YQ","username":"","email":"","collections":[],"items":[
            {"id":"Yg","title":"t","credentials":[{"type":"note","content":{"fieldType":"string",
            "value":"v"}},{"type":"passkey"}]}]}]}"#;
        let tallies = everything_taken(&crate::cxf::validate(broken).unwrap(), 0);
        let tally = |succeeded, failed| Tally {
            succeeded,
            failed,
            ignored: 0,
        };
        let expected = [("(other)", tally(0, 1)), ("note", tally(1, 0))];
        assert_eq!(tallies, expected.map(|(n, t)| (n.to_owned(), t)).into());
    }

    #[test]
    fn a_file_whose_bytes_are_wrong_did_not_arrive() {
        let report = crate::cxf::validate(crate::cxf::sample()).unwrap();
        let tallies = everything_taken(&report, 1);
        let files = report.counts.get("file");
        assert_eq!(
            (tallies["file"].succeeded, tallies["file"].failed),
            (files - 1, 1)
        );
    }
}
