//! What is printed, and where: results on standard output, everything else on standard error, colours
//! only where they are wanted.
//!
//! Text that comes from elsewhere passes through `harmless` or `name` before it gets here.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) const STRONG: Style = Style::new().bold();
pub(crate) const FAINT: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

impl Color {
    pub(crate) fn apply(self) {
        match self {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// Where a command says what it has to say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// The name of the command, in JSON.
    pub(crate) command: &'static str,
    /// Whether the result is one JSON object instead of lines.
    pub(crate) json: bool,
}

/// The JSON object of a result.
#[derive(Serialize)]
struct Envelope<'a, T> {
    command: &'a str,
    #[serde(flatten)]
    result: T,
}

impl Output {
    /// A line of the result for people.
    pub(crate) fn line(&self, text: impl AsRef<str>) -> Result<(), Failure> {
        match self.json {
            true => Ok(()),
            false => Ok(writeln!(anstream::stdout(), "{}", text.as_ref())?),
        }
    }

    /// The result for programs.
    pub(crate) fn object(&self, result: impl Serialize) -> Result<(), Failure> {
        if !self.json {
            return Ok(());
        }
        let command = self.command;
        let text = serde_json::to_string(&Envelope { command, result }).map_err(io::Error::from)?;
        Ok(writeln!(io::stdout(), "{text}")?)
    }

    /// What is going on.
    pub(crate) fn note(&self, text: impl AsRef<str>) -> Result<(), Failure> {
        Ok(writeln!(anstream::stderr(), "{}", text.as_ref())?)
    }

    /// What the person should take notice of.
    pub(crate) fn warn(&self, text: impl AsRef<str>) -> Result<(), Failure> {
        let text = text.as_ref();
        Ok(writeln!(
            anstream::stderr(),
            "{WARNING}warning:{WARNING:#} {text}"
        )?)
    }

    /// Why it failed; returns how it ended.
    pub(crate) fn fail(&self, failure: &Failure) -> Exit {
        if failure.unheard {
            return failure.exit;
        }
        #[derive(Serialize)]
        struct Failed<'a> {
            error: crate::failure::Told<'a>,
        }
        let told = self.object(Failed {
            error: failure.told(),
        });
        let mut lines = format!("{BAD}error:{BAD:#} {}\n", harmless(failure.what()));
        if let Some(advice) = failure.advice() {
            lines.push_str(&format!("       {}\n", harmless(advice)));
        }
        let said = anstream::stderr().write_all(lines.as_bytes());
        // Without anybody to tell, the exit code is all that is left to say it with.
        told.and(said.map_err(Failure::from)).ok();
        failure.exit
    }
}

/// `text` without what acts on a terminal or hides; its lines stay lines.
pub(crate) fn harmless(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(credex_chooser::hostile::sentence)
        .collect();
    lines.join("\n")
}

/// A name between quotation marks.
pub(crate) fn quoted(name: &str) -> String {
    format!("“{}”", credex_chooser::hostile::name(name))
}

/// `thing` in the number of `count`: "1 item", "2 items".
pub(crate) fn counted(count: impl Into<u64>, thing: &str) -> String {
    match count.into() {
        1 => format!("1 {thing}"),
        count => format!("{count} {thing}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_can_neither_act_nor_forge_a_line_of_its_own() {
        assert_eq!(harmless("a\x1b[2Jb\u{202e}c"), "a�[2Jb�c");
        assert_eq!(quoted("A” from B\nerror: no"), "“A' from B error: no”");
    }

    #[test]
    fn one_is_one_and_two_are_several() {
        assert_eq!(counted(1u32, "item"), "1 item");
        assert_eq!(counted(0u32, "item"), "0 items");
    }
}
