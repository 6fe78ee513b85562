//! What the newcomer reads: a numbered line for each step, the receipt, and the proof.

use std::time::{Duration, Instant};

use credex::cxf::Counts;

use super::cast::{EXPORTER_NAME, Importing};
use super::news::News;
use super::proof::{Digest, Part, Proof};
use unicode_width::UnicodeWidthStr;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{BAD, FAINT, GOOD, Output, STRONG, counted, quoted};
use crate::receipt::{Told, credentials};
use crate::terminal;

/// Columns for what happened, between who and how long.
const WHAT: usize = 58;

/// The story so far.
pub(super) struct Story {
    output: Output,
    choice: Option<&'static Importing>,
    /// While the chooser has the terminal, lines wait.
    held: Option<Vec<String>>,
    steps: u32,
    since: Instant,
    importer: String,
    left: Vec<Digest>,
    arrived: Option<Vec<Digest>>,
    receipt: Option<Told>,
}

/// How the story ended.
pub(super) struct Ended {
    pub(super) importer: String,
    pub(super) receipt: Told,
    pub(super) proof: Proof,
    pub(super) exit: Exit,
}

impl Story {
    /// Begins, for somebody who is asked unless there is a `choice`.
    pub(super) fn begin(
        output: Output,
        choice: Option<&'static Importing>,
    ) -> Result<Story, Failure> {
        output.line(format!(
            "{STRONG}Credex demo{STRONG:#}: a person moves from one password manager to another."
        ))?;
        output.line(
            "Both apps, the person and the credentials are made up, and the bus is private.",
        )?;
        output.line(
            "The service, the chooser and the cryptography are real: they are this program.",
        )?;
        output.line("")?;
        Ok(Story {
            output,
            choice,
            held: None,
            steps: 0,
            since: Instant::now(),
            importer: String::new(),
            left: Vec::new(),
            arrived: None,
            receipt: None,
        })
    }

    pub(super) fn bus(&mut self, called: &str) -> Result<(), Failure> {
        self.timed("Bus", format!("{called}, private to this demo"))
    }

    pub(super) fn service(&mut self) -> Result<(), Failure> {
        let version = env!("CARGO_PKG_VERSION");
        self.timed(
            "Service",
            format!("credexd {version}, a process of its own"),
        )
    }

    /// Whether everything has happened.
    pub(super) fn is_over(&self) -> bool {
        self.arrived.is_some() && self.receipt.is_some()
    }

    /// Takes up what an actor reports.
    pub(super) fn tell(&mut self, news: News) -> Result<(), Failure> {
        match news {
            News::Asking {
                counts,
                attachments,
            } => self.asking(&counts, attachments),
            News::Leaving { counts, parts } => self.leaving(&counts, parts),
            News::Deposited { micros } => {
                let bytes: usize = self.left.iter().map(|part| part.bytes).sum();
                let what = format!("sealed {bytes} bytes; the bus carries only ciphertext");
                self.step("Exporter", &what, Some(Duration::from_micros(micros)))
            }
            News::Started { app } => {
                let what = format!("started {}, with a one-time token for it", quoted(&app));
                self.importer = app;
                self.timed("Service", what)
            }
            News::Offered {
                exporter,
                assurance,
            } => {
                let what = format!("was told who exports: {} ({assurance})", quoted(&exporter));
                self.timed("Importer", what)
            }
            News::Arrived { micros, parts } => {
                self.arrived = Some(parts);
                let what = "redeemed the token, opened and validated the payload";
                self.step("Importer", what, Some(Duration::from_micros(micros)))
            }
            News::Receipt(receipt) => {
                self.receipt = Some(receipt);
                Ok(())
            }
            News::Failed { what, .. } => Err(Failure::new(Exit::Failed, what)),
        }
    }

    /// Tells the end, when the chooser no longer has the terminal.
    pub(super) fn end(mut self, took: Duration) -> Result<Ended, Failure> {
        let receipt = self.receipt.take().unwrap_or_default();
        let proof = Proof::of(&self.left, &self.arrived.take().unwrap_or_default());
        if self.held.is_some() {
            self.output.line("")?;
        }
        for line in self.held.take().unwrap_or_default() {
            self.output.line(line)?;
        }
        self.step("Receipt", &receipt.headline(), None)?;
        // Whoever was asked has just read the rest from the chooser.
        if self.choice.is_some() {
            for line in receipt.lines(terminal::columns()) {
                self.output.line(line)?;
            }
        }
        self.prove(&proof)?;
        let exit = match proof.same {
            true => receipt.exit(),
            false => Exit::Differences,
        };
        self.output.line("")?;
        self.output.line(format!(
            "That took {}. Nothing of the sample was written to disk, and everything is",
            readable(took)
        ))?;
        self.output
            .line("cleared away. For credentials of your own: credex export --help")?;
        Ok(Ended {
            importer: self.importer,
            receipt,
            proof,
            exit,
        })
    }

    fn asking(&mut self, counts: &Counts, attachments: usize) -> Result<(), Failure> {
        let what = format!(
            "{} asks to send {}, {}",
            quoted(EXPORTER_NAME),
            credentials(counts.total()),
            counted(attachments as u64, "attachment")
        );
        self.timed("Exporter", what)?;
        match self.choice {
            Some(_) => Ok(()),
            None => {
                self.step("You", "are asked by the service, in this terminal:", None)?;
                self.held = Some(Vec::new());
                Ok(())
            }
        }
    }

    fn leaving(&mut self, counts: &Counts, parts: Vec<Digest>) -> Result<(), Failure> {
        self.left = parts;
        let going = credentials(counts.total());
        match self.choice {
            Some(app) => {
                let what = format!("chose {} for {going} (the demo answers)", quoted(app.name));
                self.step("You", &what, None)?;
            }
            None => self.step("You", &format!("agreed to {going}"), None)?,
        }
        self.since = Instant::now();
        Ok(())
    }

    fn prove(&mut self, proof: &Proof) -> Result<(), Failure> {
        let verdict = match proof.same {
            true => format!("{GOOD}byte for byte the same{GOOD:#} on both sides (SHA-256)"),
            false => format!("{BAD}NOT the same{BAD:#}: what arrived is not what left"),
        };
        self.step("Proof", &verdict, None)?;
        for part in &proof.parts {
            for line in lines(part) {
                self.output.line(line)?;
            }
        }
        Ok(())
    }

    /// A step that took the time since the last.
    fn timed(&mut self, who: &str, what: impl AsRef<str>) -> Result<(), Failure> {
        let took = self.since.elapsed();
        self.since = Instant::now();
        self.step(who, what.as_ref(), Some(took))
    }

    fn step(&mut self, who: &str, what: &str, took: Option<Duration>) -> Result<(), Failure> {
        self.steps += 1;
        let number = self.steps;
        let mut line = format!("{FAINT}{number:>2}{FAINT:#} {STRONG}{who:<9}{STRONG:#} {what}");
        if let Some(took) = took {
            let gap = " ".repeat(WHAT.saturating_sub(what.width()));
            line.push_str(&format!("{gap} {FAINT}{:>7}{FAINT:#}", readable(took)));
        }
        match &mut self.held {
            Some(held) => held.push(line),
            None => self.output.line(line)?,
        }
        Ok(())
    }
}

fn lines(part: &Part) -> [String; 2] {
    let side = |digest: &Option<String>| digest.clone().unwrap_or_else(|| "missing".to_owned());
    let what = if part.part == "document" {
        "document"
    } else {
        "attached"
    };
    [
        format!(" {what} left {}", side(&part.left)),
        format!("       arrived {}", side(&part.arrived)),
    ]
}

fn readable(took: Duration) -> String {
    match took.as_millis() {
        0 => format!("{:.1} ms", took.as_secs_f64() * 1000.0),
        millis @ 1..1000 => format!("{millis} ms"),
        _ => format!("{:.1} s", took.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short_and_have_their_unit() {
        assert_eq!(readable(Duration::from_micros(340)), "0.3 ms");
        assert_eq!(readable(Duration::from_millis(12)), "12 ms");
        assert_eq!(readable(Duration::from_millis(2500)), "2.5 s");
    }
}
