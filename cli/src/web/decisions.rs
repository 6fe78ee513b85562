//! `credex web list` and `forget`: what the person refused for good.

use std::time::UNIX_EPOCH;

use credex::SharedWebCredentials;
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, harmless};

#[derive(Serialize)]
struct Listed {
    decisions: Vec<Told>,
}

#[derive(Serialize)]
struct Told {
    app_id: String,
    domain: String,
    decision: &'static str,
    decided: u64,
}

#[derive(Serialize)]
struct Forgotten {
    app_id: String,
    domain: Option<String>,
}

async fn connect() -> Result<SharedWebCredentials, Failure> {
    Ok(SharedWebCredentials::connect(crate::import::APP_ID).await?)
}

pub(super) async fn list(output: &Output) -> Result<Exit, Failure> {
    let decisions = connect().await?.decisions().await?;
    if decisions.is_empty() {
        output.line("You have refused nothing for good.")?;
    }
    for decision in &decisions {
        let (app, domain) = (harmless(&decision.app_id), harmless(&decision.domain));
        output.line(format!("{}  {app}  {domain}", decision.decided.name()))?;
    }
    let told = decisions.into_iter().map(|decision| Told {
        decided: decision
            .at
            .duration_since(UNIX_EPOCH)
            .map_or(0, |span| span.as_secs()),
        decision: decision.decided.name(),
        app_id: decision.app_id,
        domain: decision.domain,
    });
    output.object(Listed {
        decisions: told.collect(),
    })?;
    Ok(Exit::Done)
}

pub(super) async fn forget(
    output: &Output,
    app_id: String,
    domain: Option<String>,
) -> Result<Exit, Failure> {
    let named = domain.as_deref().unwrap_or_default();
    connect().await?.revoke(&app_id, named).await?;
    output.line("Forgotten: you will be asked again.")?;
    output.object(Forgotten { app_id, domain })?;
    Ok(Exit::Done)
}
