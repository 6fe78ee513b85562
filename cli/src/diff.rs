//! `credex diff`: what one document has that another has lost.

use std::path::PathBuf;

use credex::cxf::{self, Change, Difference};
use serde::Serialize;

use crate::document;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{BAD, GOOD, Output, STRONG, WARNING, counted, harmless};

/// Compares two CXF documents: what the second has lost, changed or added; never what it says there
///
/// JSON: {"command", "differences": [{"path", "change": "lost", "changed" or "added"}]}. Ends with
/// code 5 if there are differences.
#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// The document as it was
    before: PathBuf,
    /// The document as it is now
    after: PathBuf,
}

#[derive(Serialize)]
struct Told {
    differences: Vec<Difference>,
}

impl Diff {
    pub(crate) fn run(self, output: Output) -> Result<Exit, Failure> {
        let before = document::read(&self.before)?;
        let after = document::read(&self.after)?;
        for (path, content) in [(&self.before, &before), (&self.after, &after)] {
            let file = document::called(path);
            let named = |invalid| Failure::new(Exit::Invalid, format!("{file}: {invalid}"));
            cxf::validate(content).map_err(named)?;
        }
        let differences = cxf::diff(&before, &after).map_err(credex::Error::from)?;
        for difference in &differences {
            output.line(line(difference))?;
        }
        let exit = match differences.is_empty() {
            true => Exit::Done,
            false => Exit::Differences,
        };
        output.line(match differences.len() as u64 {
            0 => format!("{GOOD}same{GOOD:#} Nothing was lost, changed or added."),
            number => format!("{STRONG}{}{STRONG:#}", counted(number, "difference")),
        })?;
        output.object(Told { differences })?;
        Ok(exit)
    }
}

fn line(difference: &Difference) -> String {
    let style = match difference.change {
        Change::Lost => BAD,
        Change::Changed => WARNING,
        Change::Added => STRONG,
    };
    let change = difference.change.to_string();
    format!("{style}{change:<8}{style:#} {}", harmless(&difference.path))
}
