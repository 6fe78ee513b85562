//! What the kit says: a line or two for each check, a summary, or one JSON object.

use serde::Serialize;

use super::check::{Check, Finding, Seen};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{BAD, FAINT, GOOD, Output, STRONG, WARNING, counted, harmless};

/// Where the sentences are.
const PROTOCOL: &str = "protocol/README.md";

/// What came of all checks.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    role: &'static str,
    checks: Vec<Line>,
    passed: usize,
    failed: usize,
    skipped: usize,
}

#[derive(Debug, Serialize)]
struct Line {
    check: &'static str,
    result: &'static str,
    expects: &'static str,
    anchor: &'static str,
    sentence: &'static str,
    seen: String,
    said: Vec<String>,
}

impl Line {
    fn of(check: &Check, result: &'static str, seen: String, said: Vec<String>) -> Line {
        Line {
            check: check.name,
            result,
            expects: check.expects,
            anchor: check.says.anchor,
            sentence: check.says.sentence,
            seen,
            said,
        }
    }
}

impl Report {
    pub(super) fn of(role: &'static str) -> Report {
        Report {
            role,
            ..Report::default()
        }
    }

    /// Tells what came of a check.
    ///
    /// # Errors
    /// The kit itself could not go on.
    pub(super) fn tell(
        &mut self,
        output: Output,
        check: &Check,
        seen: Seen,
        said: Vec<String>,
    ) -> Result<(), Failure> {
        let (result, seen, style) = match seen {
            Ok(seen) => ("passed", seen, GOOD),
            Err(Finding::Failed(why)) => ("failed", why, BAD),
            Err(Finding::Skipped(why)) => ("skipped", why, WARNING),
            Err(Finding::Trouble(failure)) => {
                let what = format!("{} could not be checked: {failure}", check.name);
                return Err(Failure::new(Exit::Failed, what).advise(said.join("\n       ")));
            }
        };
        *match result {
            "passed" => &mut self.passed,
            "failed" => &mut self.failed,
            _ => &mut self.skipped,
        } += 1;
        let shown = harmless(&seen);
        output.line(format!(
            "{style}{result:<7}{style:#} {STRONG}{}{STRONG:#}: {shown}",
            check.name
        ))?;
        let failed = result == "failed";
        if failed {
            output.line(format!("        expected: it {}", check.expects))?;
            let at = format!("{PROTOCOL}#{}", check.says.anchor);
            output.line(format!("        {at}: “{}”", check.says.sentence))?;
            for line in &said {
                output.line(format!(
                    "{FAINT}        it said: {}{FAINT:#}",
                    harmless(line)
                ))?;
            }
        }
        let said = if failed { said } else { Vec::new() };
        self.checks.push(Line::of(check, result, seen, said));
        Ok(())
    }

    /// Whether one check has been told.
    pub(super) fn is_first(&self) -> bool {
        self.checks.len() == 1
    }

    /// Tells of checks that are not played, in one line.
    pub(super) fn skip<'c>(
        &mut self,
        output: Output,
        checks: impl Iterator<Item = &'c Check>,
        why: &str,
    ) -> Result<(), Failure> {
        let lines = checks.map(|check| Line::of(check, "skipped", why.to_owned(), Vec::new()));
        let before = self.checks.len();
        self.checks.extend(lines);
        let skipped = self.checks.len() - before;
        self.skipped += skipped;
        match skipped {
            0 => Ok(()),
            number => output.line(format!("{WARNING}skipped{WARNING:#} {number} more: {why}")),
        }
    }

    /// The summary, and how the command ends.
    pub(super) fn end(self, output: Output) -> Result<Exit, Failure> {
        let exit = match self.failed {
            0 => Exit::Done,
            _ => Exit::Failed,
        };
        output.line(format!(
            "{}: {} passed, {} failed, {} skipped",
            counted(self.checks.len() as u64, "check"),
            self.passed,
            self.failed,
            self.skipped
        ))?;
        output.object(self)?;
        Ok(exit)
    }
}
