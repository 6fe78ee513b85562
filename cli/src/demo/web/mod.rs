//! `credex demo web`: an app and its website share a password, with the three consents that it takes.
//! The service, the fetcher, the chooser and the cryptography are the real ones; the website is one on
//! this computer, whose authority nobody else trusts.

mod website;

use credex::{Change, Error, Password, PasswordFormat, SharedWebCredentials, Wanted};
use serde::Serialize;

use self::website::Website;
use super::bus::BusChoice;
use super::screen::Screen;
use super::stage::Stage;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::{FAINT, GOOD, Output, STRONG};
use crate::terminal;

/// The app's desktop-entry ID, and its name.
const APP_ID: &str = "example.lantern.Shop";
const APP_NAME: &str = "Lantern Shop";
const ACCOUNT: &str = "ada";

/// Shows how an app and its website share a password, without touching your session
///
/// JSON: {"command", "bus", "website", "store", "steps": [{"step", "outcome"}]}.
#[derive(Debug, clap::Args)]
pub(crate) struct Web {
    /// Answer for you: agree to everything
    #[arg(long)]
    agree: bool,

    /// Which bus to use: dbus-daemon if it is installed, else one that is built in
    #[arg(long, value_name = "BUS", default_value = "auto")]
    bus: BusChoice,
}

#[derive(Serialize)]
struct Outcome {
    bus: String,
    website: String,
    store: &'static str,
    steps: Vec<Step>,
}

#[derive(Serialize)]
struct Step {
    step: &'static str,
    outcome: &'static str,
}

impl Web {
    pub(crate) async fn run(self, output: Output) -> Result<Exit, Failure> {
        let mut interrupt = Interrupt::catch()?;
        let answers = self.agree || output.json || !terminal::is_interactive();
        let screen = match answers {
            true => Screen::unseen()?,
            false => Screen::of_terminal()?,
        };
        let mut stage = Stage::build()?;
        let played = interrupt
            .or(self.play(&mut stage, &screen, answers, output))
            .await;
        let cleared = stage.clear().await;
        let outcome = played.map_err(|failure| stage.explain(failure))?;
        cleared?;
        output.line(format!("{GOOD}Everything is gone again.{GOOD:#}"))?;
        output.object(outcome)?;
        Ok(Exit::Done)
    }

    async fn play(
        &self,
        stage: &mut Stage,
        screen: &Screen,
        answers: bool,
        output: Output,
    ) -> Result<Outcome, Failure> {
        let site = Website::open(APP_ID)?;
        let domain = site.domain();
        let authority = stage.write("authority.pem", site.authority())?;
        stage.write(
            "share/applications/example.lantern.Shop.desktop",
            &entry(&domain),
        )?;
        let bus = stage.start_bus(self.bus).await?;
        let consent: &[&str] = match answers {
            true => &["--consent", "agree"],
            false => &[],
        };
        let fetcher = stage.role_of("credex-fetcher")?;
        let configured = format!(
            "[web_credentials]\ndeveloper = true\nstore = \"memory\"\nauthority = {authority:?}\n\
             fetcher = {fetcher:?}\n"
        );
        stage.start_service(consent, &configured).await?;
        let line = |text: String| output.line(text);
        line(format!(
            "{STRONG}{APP_NAME}{STRONG:#} and its website https://{domain} share a password."
        ))?;
        line(format!(
            "  the app      declares {domain} in its desktop entry"
        ))?;
        line(format!(
            "  the website  names {APP_ID} in /.well-known/assetlinks.json"
        ))?;
        line("  you          are asked each time".to_owned())?;
        line(format!(
            "{FAINT}Passwords are kept in the memory of the service, until this demo ends.{FAINT:#}"
        ))?;
        let shared = SharedWebCredentials::connect_to(&stage.address(), APP_ID).await?;
        let shared = shared.parent_window(screen.parent_window());
        let mut story = Story {
            shared,
            domain: domain.clone(),
            output,
            steps: Vec::new(),
        };
        story.tell(stage).await?;
        Ok(Outcome {
            bus,
            website: format!("https://{domain}"),
            store: "memory",
            steps: story.steps,
        })
    }
}

/// What the app does, one thing after the other.
struct Story {
    shared: SharedWebCredentials,
    domain: String,
    output: Output,
    steps: Vec<Step>,
}

impl Story {
    async fn tell(&mut self, stage: &mut Stage) -> Result<(), Failure> {
        let made = self.shared.generate(PasswordFormat::Grouped).await?;
        self.output.line(format!(
            "The service made a password of {:.0} bits, sealed to the app.",
            made.entropy
        ))?;
        for (step, password) in [("add", "the first one"), ("update", made.password.expose())] {
            let password = Password::new(password.as_bytes().to_vec()).map_err(Error::from)?;
            let changed = self.shared.add(&self.domain, ACCOUNT, &password).await;
            stage.chooser_closed().await;
            self.note(step, changed?)?;
        }
        let again = self.shared.add(&self.domain, ACCOUNT, &made.password);
        let again = again.await?;
        self.note("update again", again)?;
        let wanted = Wanted::any().domain(&self.domain);
        let got = self.shared.request(wanted).await;
        stage.chooser_closed().await;
        let same = got?.password.expose() == made.password.expose();
        self.output.line(format!(
            "  request       the password that came back is {} one",
            if same { "the same" } else { "another" }
        ))?;
        self.steps.push(Step {
            step: "request",
            outcome: if same { "same" } else { "different" },
        });
        let deleted = self.shared.delete(&self.domain, ACCOUNT).await;
        stage.chooser_closed().await;
        self.note("delete", deleted?)
    }

    fn note(&mut self, step: &'static str, change: Change) -> Result<(), Failure> {
        let outcome = change.name();
        let asked = match change {
            Change::Unchanged | Change::Absent => ", and nobody was asked",
            _ => "",
        };
        self.output.line(format!("  {step:<13} {outcome}{asked}"))?;
        self.steps.push(Step { step, outcome });
        Ok(())
    }
}

/// The app's desktop entry.
fn entry(domain: &str) -> String {
    format!(
        "[Desktop Entry]\nType=Application\nName={APP_NAME}\nExec=true\n\n\
         [org.credex.WebCredentials1]\nDomains={domain};\n"
    )
}
