//! An opened payload that was read through: what is in it, what is wrong, and what differs from
//! what was announced.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::attachments::{AttachmentProblem, check};
use super::opened::{Opened, Origin};
use crate::app::App;
use crate::cxf::{Counts, Discrepancy, Report, compare_counts};
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
            discrepancies: discrepancies(&opened.origin, &report.present),
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

    /// Reports that every usable credential was taken over; that those were ignored which the
    /// [`report`](Self::report) says CXF ignores, and those failed which it sets aside for their
    /// faults, each under its own type; and that files failed whose bytes are
    /// [not what the document says](Self::attachment_problems). What has no type to read failed as
    /// [`Counts::OTHER`].
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
    let usable = report.counts.named_as(&report.present);
    let taken = |(name, present): (&str, u32)| {
        let (succeeded, ignored) = (usable.get(name), report.ignored.get(name));
        let tally = Tally {
            succeeded,
            failed: present.saturating_sub(succeeded).saturating_sub(ignored),
            ignored,
        };
        (name.to_owned(), tally)
    };
    let mut tallies: BTreeMap<_, _> = report.present.iter().map(taken).collect();
    if report.untyped > 0 {
        let other = tallies.entry(Counts::OTHER.to_owned()).or_default();
        other.failed = other.failed.saturating_add(report.untyped);
    }
    if let Some(files) = tallies.get_mut("file") {
        let lost = u32::try_from(files_lost).unwrap_or(u32::MAX);
        let lost = lost.min(files.succeeded);
        files.succeeded -= lost;
        files.failed = files.failed.saturating_add(lost);
    }
    tallies
}

/// The exporter has said twice what there would be: to the person, and with the payload.
fn discrepancies(origin: &Origin, present: &Counts) -> Vec<Discrepancy> {
    let compared_with = |expected: &Counts| {
        // The exporter's counts were made to fit on the wire; these go back over it.
        let named = per_type(present.named_as(expected).iter());
        compare_counts(expected, &origin.types, &named.into_iter().collect())
    };
    let mut found = compared_with(&origin.deposited);
    if !origin.declared.is_empty() {
        let declared = compared_with(&origin.declared);
        let is_new = |difference: &Discrepancy| !found.contains(difference);
        let new: Vec<_> = declared.into_iter().filter(is_new).collect();
        found.extend(new);
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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

    /// What becomes of a document of two items, of which the second has no id, with these
    /// credentials.
    fn taken(first: &str, second: &str) -> Vec<(String, [u32; 3])> {
        let document = format!(
            r#"{{"items":[{{"id":"Yg","title":"t","credentials":[{first}]}},
            {{"title":"t","credentials":[{second}]}}]}}"#
        );
        let report = crate::cxf::validate(document.as_bytes()).unwrap();
        let numbers = |tally: Tally| [tally.succeeded, tally.failed, tally.ignored];
        let tallies = everything_taken(&report, 0).into_iter();
        tallies
            .map(|(name, tally)| (name, numbers(tally)))
            .collect()
    }

    const NOTE: &str = r#"{"type":"note","content":{"fieldType":"string","value":"v"}}"#;
    const CODE: &str =
        r#"{"type":"totp","secret":"JBSWY3DP","period":30,"digits":6,"algorithm":"sha1"}"#;

    #[test]
    fn what_was_set_aside_failed_under_its_own_type() {
        let first = format!(r#"{NOTE},{{"type":"passkey"}}"#);
        let failed = |number| [0, number, 0];
        assert_eq!(
            taken(&first, &format!("{CODE},{NOTE}")),
            [
                ("note".to_owned(), [1, 1, 0]),
                ("passkey".to_owned(), failed(1)),
                ("totp".to_owned(), failed(1)),
            ]
        );
    }

    #[test]
    fn a_code_of_an_unknown_algorithm_is_ignored_unless_more_is_wrong_with_it() {
        let unknown = CODE.replace("sha1", "sha3-512");
        let broken = unknown.replace("JBSWY3DP", "not base32: 1");
        let no_period = unknown.replace(r#""period":30,"#, "");
        let turned =
            r#"{"algorithm":"x","secret":"JBSWY3DP","period":30,"digits":6,"type":"totp"}"#;
        let first = [CODE, &unknown, &broken, &no_period, turned].join(",");
        let expected = |tally| [("totp".to_owned(), tally)];
        assert_eq!(taken(&first, ""), {
            let mut all = expected([1, 2, 2]).to_vec();
            all.insert(0, (Counts::OTHER.to_owned(), [0, 1, 0]));
            all
        });
        assert_eq!(
            taken("", &unknown),
            expected([0, 1, 0]),
            "lost with its item"
        );
    }

    #[test]
    fn what_has_no_type_to_read_failed_as_something_else() {
        let tallies = taken(&format!(r#"7,{{"type":7}},{NOTE}"#), "{}");
        let expected = [("(other)", [0, 3, 0]), ("note", [1, 0, 0])];
        assert_eq!(
            tallies,
            expected.map(|(name, tally)| (name.to_owned(), tally))
        );
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
