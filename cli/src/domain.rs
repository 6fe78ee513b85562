//! `credex domain check`: whether an app and a website belong together, stage by stage.

use credex::{DomainReport, Found, SharedWebCredentials};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{BAD, GOOD, Output, WARNING, harmless};

/// Tells whether an app and a website belong together
///
/// JSON: {"command", "domain", "app_id", "associated", "developer", "stages": [{"stage", "passed", "message",
/// "advice", "url", "status", "certificate", "source", "age"}]}. Ends with code 9 if they do not.
#[derive(Debug, clap::Args)]
pub(crate) struct Domain {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Goes through all that an app and a website need to share passwords, and says what is missing
    Check {
        /// The website: HOST or HOST:PORT
        domain: String,
        /// The app's desktop-entry ID
        #[arg(long = "app", value_name = "ID", default_value = crate::import::APP_ID)]
        app: String,
        /// Take what is known from before, as an app's request would
        #[arg(long)]
        cached: bool,
    },
}

#[derive(Serialize)]
struct Told {
    domain: String,
    app_id: String,
    associated: bool,
    developer: bool,
    stages: Vec<StageTold>,
}

#[derive(Serialize)]
struct StageTold {
    stage: String,
    passed: bool,
    message: String,
    advice: Option<String>,
    url: Option<String>,
    status: Option<u32>,
    certificate: Option<String>,
    source: Option<String>,
    age: Option<u64>,
}

impl Domain {
    pub(crate) async fn run(self, output: Output) -> Result<Exit, Failure> {
        let Action::Check {
            domain,
            app,
            cached,
        } = self.action;
        let shared = SharedWebCredentials::connect(&app).await?;
        let report = shared.check(&domain, None, !cached).await?;
        for line in lines(&report) {
            output.line(line)?;
        }
        let exit = match report.associated {
            true => Exit::Done,
            false => Exit::NotAssociated,
        };
        output.object(Told::from(report))?;
        Ok(exit)
    }
}

fn lines(report: &DomainReport) -> Vec<String> {
    let (app, domain) = (harmless(&report.app_id), harmless(&report.domain));
    let mut lines = Vec::new();
    // The two vocabularies are alternatives: one that names the app is enough.
    let named = |found: &&Found| found.stage == "association" && found.passed;
    let is_named = report.stages.iter().any(|found| named(&found));
    for found in &report.stages {
        let is_spare = found.stage == "association" && is_named && !found.passed;
        lines.extend(stage(found, is_spare));
    }
    if report.developer {
        lines.push(format!(
            "{WARNING}Developer mode is on{WARNING:#}: websites on this computer count, and any program is \
             taken for the app that it says to be."
        ));
    }
    lines.push(match report.associated {
        true => format!("{GOOD}{app} and {domain} belong together.{GOOD:#}"),
        false => format!("{BAD}{app} and {domain} do not belong together yet.{BAD:#}"),
    });
    lines
}

fn stage(found: &Found, is_spare: bool) -> Vec<String> {
    let mark = match (found.passed, is_spare) {
        (true, _) => format!("{GOOD}ok{GOOD:#}"),
        (false, true) => "--".to_owned(),
        (false, false) => format!("{BAD}no{BAD:#}"),
    };
    let mut lines = vec![format!(
        "{mark}  {:<12} {}",
        harmless(&found.stage),
        harmless(&found.message)
    )];
    let mut detail = |name: &str, value: Option<String>| {
        lines.extend(value.map(|value| format!("      {name:<12} {}", harmless(&value))));
    };
    detail("from", found.url.clone());
    detail("status", found.status.map(|status| status.to_string()));
    detail("certificate", found.certificate.clone());
    detail("source", found.source.clone());
    detail("age", found.age.map(|age| format!("{age} s")));
    detail("to do", found.advice.clone().filter(|_| !is_spare));
    lines
}

impl From<DomainReport> for Told {
    fn from(report: DomainReport) -> Told {
        let stages = report.stages.into_iter().map(|found| StageTold {
            stage: found.stage,
            passed: found.passed,
            message: found.message,
            advice: found.advice,
            url: found.url,
            status: found.status,
            certificate: found.certificate,
            source: found.source,
            age: found.age,
        });
        Told {
            stages: stages.collect(),
            domain: report.domain,
            app_id: report.app_id,
            associated: report.associated,
            developer: report.developer,
        }
    }
}
