//! `credex demo`: a whole exchange between two made-up apps, on a bus of its own, with the real
//! service, so that a newcomer sees in one go what Credex does.
//!
//! `stage` is the private directory and the processes on it, `roles` what they play, `news` how they
//! report, `story` what is told about it, `proof` whether what arrived is what left.

pub(crate) mod bus;
mod cast;
pub(crate) mod child;
mod news;
mod proof;
mod roles;
mod screen;
mod stage;
mod story;
mod web;

pub(crate) use roles::Role;

use std::time::Instant;

use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::receipt::Told;
use crate::terminal;
use bus::BusChoice;
use cast::Importing;
use proof::Proof;
use screen::Screen;
use stage::Stage;
use story::Story;

/// Shows a whole exchange between two made-up apps, without touching your session
///
/// Bus, apps, person and credentials are the demo's own; the service, the chooser and the
/// cryptography are the real ones. Nothing of the sample is written to disk, and everything is gone
/// in the end. Without --choose you are asked in this terminal, as you would be for a real export.
///
/// JSON: {"command", "bus", "importer", "receipt": {"types", "discrepancies"}, "proof": {"same",
/// "parts": [{"part", "bytes", "left", "arrived"}]}, "milliseconds"}; "left" and "arrived" are
/// SHA-256, in hexadecimal.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Demo {
    #[command(subcommand)]
    another: Option<Another>,

    /// Answer for you: send to the app of this name or ID
    #[arg(long, value_name = "NAME")]
    choose: Option<String>,

    /// Which bus to use: dbus-daemon if it is installed, else one that is built in
    #[arg(long, value_name = "BUS", default_value = "auto")]
    bus: BusChoice,
}

/// What else can be shown.
#[derive(Debug, clap::Subcommand)]
enum Another {
    Web(web::Web),
}

#[derive(Serialize)]
struct Outcome {
    bus: String,
    importer: String,
    receipt: Told,
    proof: Proof,
    milliseconds: u128,
}

impl Demo {
    pub(crate) async fn run(self, output: Output) -> Result<Exit, Failure> {
        if let Some(Another::Web(web)) = self.another {
            return web.run(output).await;
        }
        let began = Instant::now();
        let mut interrupt = Interrupt::catch()?;
        let screen = match self.answer(output)? {
            Some(choice) => Screen::scripted(choice)?,
            None => Screen::of_terminal()?,
        };
        let mut stage = Stage::build()?;
        let played = interrupt.or(self.play(&mut stage, &screen, output)).await;
        let cleared = stage.clear().await;
        let (story, bus) = played.map_err(|failure| stage.explain(failure))?;
        cleared?;
        let ended = story.end(began.elapsed())?;
        output.object(Outcome {
            bus,
            importer: ended.importer,
            receipt: ended.receipt,
            proof: ended.proof,
            milliseconds: began.elapsed().as_millis(),
        })?;
        Ok(ended.exit)
    }

    /// Who was named to be chosen, or is for want of a person to ask.
    fn answer(&self, output: Output) -> Result<Option<&'static Importing>, Failure> {
        match &self.choose {
            Some(name) => cast::called(name).map(Some),
            None if output.json || !terminal::is_interactive() => Ok(Some(cast::first())),
            None if Screen::of_terminal().is_err() => Ok(Some(cast::first())),
            None => Ok(None),
        }
    }

    async fn play(
        &self,
        stage: &mut Stage,
        screen: &Screen,
        output: Output,
    ) -> Result<(Story, String), Failure> {
        let mut story = Story::begin(output, screen.choice())?;
        let bus = stage.start_bus(self.bus).await?;
        story.bus(&bus)?;
        let choice = screen.choice().map(|choice| ["--choose", choice.id]);
        stage
            .start_service(choice.as_ref().map_or(&[], |choice| choice), "")
            .await?;
        story.service()?;
        stage.start_exporter(&screen.parent_window())?;
        while !story.is_over() {
            let news = stage.next_news().await?;
            story.tell(news)?;
        }
        Ok((story, bus))
    }
}
