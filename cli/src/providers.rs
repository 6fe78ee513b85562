//! `credex providers`: who can take credentials, and what is wrong with those who cannot.

use credex_chooser::hostile;
use credex_protocol::wire::{ImporterInfo, NoOptions};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{FAINT, Output, STRONG, WARNING, harmless};
use crate::service;

/// Lists the apps that can take credentials
///
/// JSON: {"command", "providers": [{"id", "name", "origin", "format_versions", "credential_types",
/// "conflict"}], "problems": ["sentence"]}. "credential_types" is null for an app that takes all.
#[derive(Debug, clap::Args)]
pub(crate) struct Providers {}

#[derive(Serialize)]
struct Told {
    providers: Vec<Provider>,
    problems: Vec<String>,
}

#[derive(Serialize)]
struct Provider {
    id: String,
    name: String,
    origin: String,
    format_versions: Vec<String>,
    credential_types: Option<Vec<String>>,
    conflict: Option<String>,
}

impl Providers {
    pub(crate) async fn run(self, output: Output) -> Result<Exit, Failure> {
        let status = service::connect().await?;
        let answer = status.providers(NoOptions {}).await;
        let (providers, problems) = answer.map_err(service::failed)?;
        let providers: Vec<Provider> = providers.into_iter().map(Provider::from).collect();
        if providers.is_empty() {
            output.line("No app on this computer takes credentials through Credex.")?;
        }
        for provider in &providers {
            provider.print(&output)?;
        }
        for problem in &problems {
            output.warn(harmless(problem))?;
        }
        output.object(Told {
            providers,
            problems,
        })?;
        Ok(Exit::Done)
    }
}

impl From<ImporterInfo> for Provider {
    fn from(info: ImporterInfo) -> Provider {
        Provider {
            id: info.id.unwrap_or_default(),
            name: info.name.unwrap_or_default(),
            origin: info.origin.unwrap_or_default(),
            format_versions: info.format_versions.unwrap_or_default(),
            credential_types: info.credential_types,
            conflict: info.conflict,
        }
    }
}

impl Provider {
    fn print(&self, output: &Output) -> Result<(), Failure> {
        let name = hostile::name(&self.name);
        let id = hostile::identifier(&self.id);
        output.line(format!("{STRONG}{name}{STRONG:#} {FAINT}{id}{FAINT:#}"))?;
        let words = |words: &[String]| harmless(&words.join(", "));
        let types = self.credential_types.as_deref();
        output.line(format!("    {}", origin(&self.origin)))?;
        output.line(format!("    CXF {}", words(&self.format_versions)))?;
        output.line(format!(
            "    takes {}",
            types.map_or_else(|| "everything".to_owned(), words)
        ))?;
        match &self.conflict {
            Some(conflict) => output.line(format!(
                "    {WARNING}warning:{WARNING:#} {}",
                harmless(conflict)
            )),
            None => Ok(()),
        }
    }
}

fn origin(word: &str) -> String {
    match word {
        "system" => "installed by the system".to_owned(),
        "user" => "set up in your own files".to_owned(),
        "running" => "running, not installed".to_owned(),
        other => harmless(other),
    }
}
