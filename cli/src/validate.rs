//! `credex validate`: what is in a document, and what an importer would make of it.

use std::path::PathBuf;

use credex::cxf::{self, Problem, Report};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{GOOD, Output, STRONG, WARNING, counted, harmless};
use crate::{document, receipt, terminal};

/// Checks a CXF document: what is in it, and which parts importers would set aside
///
/// JSON: {"command", "file", "report": {"counts": {type: number} of what importers can use, "present":
/// {type: number} of all that travels, "ignored": {type: number}, "untyped", "accounts", "collections",
/// "items", "quarantined": [{"path", "reason", "unit"}], "quarantined_total", "notes": [{"quirk", "count",
/// "first"}], "inconsistencies", "inconsistencies_total"}}. Ends with code 5 if parts are set aside,
/// or the document contradicts itself.
#[derive(Debug, clap::Args)]
pub(crate) struct Validate {
    /// The document, or - for standard input
    file: PathBuf,
}

#[derive(Serialize)]
struct Told<'a> {
    file: String,
    report: &'a Report,
}

impl Validate {
    pub(crate) fn run(self, output: Output) -> Result<Exit, Failure> {
        let content = document::read(&self.file)?;
        let file = document::called(&self.file);
        let report = cxf::inspect(&content)
            .map_err(|invalid| Failure::new(Exit::Invalid, format!("{file}: {invalid}")))?;
        print(&output, &file, &report)?;
        output.object(Told {
            file,
            report: &report,
        })?;
        Ok(
            match report.quarantined_total + report.inconsistencies_total {
                0 => Exit::Done,
                _ => Exit::Differences,
            },
        )
    }
}

fn print(output: &Output, file: &str, report: &Report) -> Result<(), Failure> {
    output.line(format!(
        "{GOOD}valid{GOOD:#} {STRONG}{file}{STRONG:#}: {}, {}, {}, {}",
        receipt::credentials(report.present.total()),
        counted(report.items, "item"),
        counted(report.collections, "collection"),
        counted(report.accounts, "account"),
    ))?;
    for line in receipt::usable(report, terminal::columns()) {
        output.line(line)?;
    }
    let total = report.quarantined_total;
    let aside = "that importers set aside; the rest is not affected";
    list(output, &report.quarantined, total, "part", aside)?;
    let total = report.inconsistencies_total;
    let aside = "where the document contradicts itself";
    list(output, &report.inconsistencies, total, "place", aside)?;
    if !report.notes.is_empty() {
        output.line("Tolerated:")?;
    }
    for note in &report.notes {
        output.line(format!("    {}", harmless(&note.to_string())))?;
    }
    Ok(())
}

fn list(
    output: &Output,
    problems: &[Problem],
    total: u64,
    thing: &str,
    which: &str,
) -> Result<(), Failure> {
    if total == 0 {
        return Ok(());
    }
    let number = counted(total, thing);
    output.line(format!("{WARNING}{number}{WARNING:#} {which}:"))?;
    for problem in problems {
        output.line(format!("    {}", harmless(&problem.to_string())))?;
    }
    match total - problems.len() as u64 {
        0 => Ok(()),
        more => output.line(format!("    … and {more} more")),
    }
}
