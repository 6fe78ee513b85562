//! Counts and receipts in words.

use std::collections::BTreeMap;

use credex::cxf::{Counts, Report};
use credex::{Receipt, Tally};
use credex_chooser::model::Kind;
use credex_chooser::wording;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::exit::Exit;

const INDENT: &str = "    ";

/// A receipt as JSON: `{"types": {"totp": {"succeeded": 2, …}}, "discrepancies": []}`.
#[derive(Debug, Clone, Default, Serialize, serde::Deserialize)]
pub(crate) struct Told {
    pub(crate) types: BTreeMap<String, Tally>,
    pub(crate) discrepancies: Vec<String>,
}

impl From<Receipt> for Told {
    fn from(receipt: Receipt) -> Told {
        Told {
            types: receipt.types,
            discrepancies: receipt.discrepancies,
        }
    }
}

impl Told {
    /// How a command ends that got this receipt.
    pub(crate) fn exit(&self) -> Exit {
        let total = self.total();
        match total.failed + total.ignored == 0 && self.discrepancies.is_empty() {
            true => Exit::Done,
            false => Exit::Differences,
        }
    }

    pub(crate) fn total(&self) -> Tally {
        let receipt = Receipt {
            types: self.types.clone(),
            discrepancies: Vec::new(),
        };
        receipt.total()
    }

    /// A headline, and a line for each type that did not arrive as a whole.
    pub(crate) fn headline(&self) -> String {
        let total = self.total();
        let all = total.succeeded + total.failed + total.ignored;
        format!("{} of {} arrived.", total.succeeded, credentials(all))
    }

    /// What arrived, in `columns` columns of text.
    pub(crate) fn lines(&self, columns: usize) -> Vec<String> {
        let cells: Vec<String> = self.types.iter().map(cell).collect();
        fill(&cells, columns)
    }
}

fn cell((name, tally): (&String, &Tally)) -> String {
    let mut words = wording::quantity(tally.succeeded, &Kind::new(name));
    if tally.failed > 0 {
        words.push_str(&format!(", {} failed", tally.failed));
    }
    if tally.ignored > 0 {
        words.push_str(&format!(", {} ignored", tally.ignored));
    }
    words
}

/// The counts, in `columns` columns of text.
pub(crate) fn counts(counts: &Counts, columns: usize) -> Vec<String> {
    let words = |(name, count)| wording::quantity(count, &Kind::new(name));
    let cells: Vec<String> = counts.iter().map(words).collect();
    fill(&cells, columns)
}

/// What is in a document, and how much of each type cannot be used, in `columns` columns of text.
pub(crate) fn usable(report: &Report, columns: usize) -> Vec<String> {
    let words = |(name, present): (&str, u32)| {
        let words = wording::quantity(present, &Kind::new(name));
        match present.saturating_sub(report.counts.get(name)) {
            0 => words,
            aside => format!("{words} ({aside} set aside)"),
        }
    };
    let cells: Vec<String> = report.present.iter().map(words).collect();
    fill(&cells, columns)
}

/// "25 credentials".
pub(crate) fn credentials(count: impl Into<u64>) -> String {
    crate::output::counted(count, "credential")
}

/// Sets cells one after another, and never breaks one over two lines.
fn fill(cells: &[String], columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (index, cell) in cells.iter().enumerate() {
        let comma = if index + 1 < cells.len() { "," } else { "" };
        match lines.last_mut() {
            Some(line) if line.width() + cell.width() + 2 <= columns => {
                line.push_str(&format!(" {cell}{comma}"));
            }
            _ => lines.push(format!("{INDENT}{cell}{comma}")),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_fits_its_width_and_loses_nothing() {
        let cells: Vec<String> = (1..=7).map(|n| format!("{n} thing{n}")).collect();
        for columns in [14, 24, 40, 200] {
            let lines = fill(&cells, columns);
            let text = lines.join(" ");
            assert!(cells.iter().all(|cell| text.contains(cell)), "{text}");
            assert!(
                lines.iter().all(|line| line.width() <= columns),
                "{lines:?}"
            );
        }
        assert_eq!(
            fill(&cells, 5).len(),
            7,
            "what does not fit has a line of its own"
        );
        assert!(fill(&[], 80).is_empty());
    }

    #[test]
    fn a_receipt_with_failures_does_not_end_as_success() {
        let mut receipt = Told::default();
        receipt.types.insert(
            "totp".into(),
            Tally {
                succeeded: 2,
                failed: 1,
                ignored: 0,
            },
        );
        assert_eq!(receipt.exit(), Exit::Differences);
        assert_eq!(receipt.headline(), "2 of 3 credentials arrived.");
        assert!(receipt.lines(80)[0].contains("1 failed"));
    }
}
