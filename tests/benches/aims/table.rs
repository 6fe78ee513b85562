//! The table, printed line by line as the rows are measured.

use std::time::Duration;

/// Prints.
pub(crate) struct Table;

/// What a row should come to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Aim {
    /// At most so much.
    AtMost(f64),
    /// At least so much.
    AtLeast(f64),
    /// Said for the reader, without an aim.
    None,
}

impl Table {
    pub(crate) fn new() -> Table {
        let table = Table;
        table.line("what", "floor", "ours", "ratio", "aim", "");
        table
    }

    /// A row of two times.
    pub(crate) fn times(&mut self, what: &str, floor: Duration, ours: Duration, aim: Aim) {
        let ratio = match aim {
            Aim::AtLeast(_) => floor.as_secs_f64() / ours.as_secs_f64(),
            _ => ours.as_secs_f64() / floor.as_secs_f64(),
        };
        let show = |time: Duration| format!("{time:.3?}");
        self.row(what, &show(floor), &show(ours), ratio, aim);
    }

    /// A row of anything.
    pub(crate) fn row(&mut self, what: &str, floor: &str, ours: &str, ratio: f64, aim: Aim) {
        let number = match ratio.abs() {
            0.0..100.0 => format!("{ratio:.2}"),
            _ => format!("{ratio:.0}"),
        };
        let (wanted, reached) = match aim {
            Aim::AtMost(most) => (format!("<= {most}"), ratio <= most),
            Aim::AtLeast(least) => (format!(">= {least}"), ratio >= least),
            Aim::None => (String::new(), true),
        };
        let verdict = match (aim, reached) {
            (Aim::None, _) => "",
            (_, true) => "reached",
            (_, false) => "MISSED",
        };
        self.line(what, floor, ours, &number, &wanted, verdict);
    }

    /// A remark under a row.
    pub(crate) fn note(&mut self, text: &str) {
        println!("    {text}");
    }

    fn line(&self, what: &str, floor: &str, ours: &str, ratio: &str, aim: &str, verdict: &str) {
        println!("{what:<52} {floor:>14} {ours:>14} {ratio:>8} {aim:>8}  {verdict}");
    }
}
