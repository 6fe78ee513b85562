//! Text laid out for a terminal: wrapped, indented, and coloured where that is wanted. Nothing is said
//! by colour alone.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

/// How a paragraph is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Ordinary text.
    Plain,
    /// A headline, or what to check.
    Strong,
    /// A warning; its words say so too.
    Warning,
}

/// Paragraphs, each with the indents of its first line and of the others.
#[derive(Debug, Default)]
pub(crate) struct Page {
    paragraphs: Vec<(Tone, String, usize, String)>,
}

impl Page {
    /// A paragraph from the left edge.
    pub(crate) fn say(&mut self, tone: Tone, text: impl Into<String>) -> &mut Page {
        self.labelled(tone, "", 0, text)
    }

    /// A paragraph whose first line begins with `label`, and whose text is indented by `indent`.
    pub(crate) fn labelled(
        &mut self,
        tone: Tone,
        label: impl Into<String>,
        indent: usize,
        text: impl Into<String>,
    ) -> &mut Page {
        self.paragraphs
            .push((tone, label.into(), indent, text.into()));
        self
    }

    /// An empty line.
    pub(crate) fn gap(&mut self) -> &mut Page {
        self.say(Tone::Plain, "")
    }

    /// The page in lines of at most `width` columns.
    pub(crate) fn render(&self, width: usize, colour: bool) -> String {
        let mut out = String::new();
        for (tone, label, indent, text) in &self.paragraphs {
            let first = format!(
                "{label}{}",
                " ".repeat(indent.saturating_sub(label.width()))
            );
            let rest = " ".repeat(*indent);
            let options = textwrap::Options::new(width)
                .initial_indent(&first)
                .subsequent_indent(&rest);
            for line in textwrap::wrap(text, options) {
                let style = if colour && !line.is_empty() {
                    tone.style()
                } else {
                    Style::new()
                };
                out.push_str(&format!("{style}{line}{style:#}\n"));
            }
        }
        out
    }
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Tone::Plain => Style::new(),
            Tone::Strong => Style::new().bold(),
            Tone::Warning => AnsiColor::Yellow.on_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_hangs_below_its_label() {
        let mut page = Page::default();
        page.labelled(Tone::Plain, "  Sends:", 10, "one two three four five");
        assert_eq!(
            page.render(20, true),
            "  Sends:  one two\n          three four\n          five\n"
        );
    }

    #[test]
    fn without_colour_there_is_no_escape_sequence() {
        let mut page = Page::default();
        page.say(Tone::Strong, "Read this.")
            .gap()
            .say(Tone::Warning, "Warning: x");
        assert_eq!(page.render(80, false), "Read this.\n\nWarning: x\n");
        assert!(page.render(80, true).contains("\x1b[1mRead this.\x1b[0m\n"));
    }
}
