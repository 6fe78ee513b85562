//! `credex doctor`: whether everything is there that an exchange needs, and what to do where it is not.
//!
//! Each module looks at one part, and says what it found as [`Finding`]s. Looking starts the service, as every
//! call does, but no exchange, and asks nobody anything.

mod activation;
mod bus;
mod chooser;
mod configuration;
mod finding;
mod kernel;
mod keyring;
mod polkit;
mod service;
mod unit;

use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use bus::Bus;
use finding::{Finding, Mark};

/// Looks whether everything is there that an exchange needs, and says what to do
///
/// JSON: {"command", "findings": [{"part", "mark": "good", "note" or "bad", "message", "advice"}]}. "advice" is
/// null where there is nothing to do. Ends with code 0 if nothing is bad.
#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {}

#[derive(Serialize)]
struct Told<'a> {
    findings: &'a [Finding],
}

impl Doctor {
    pub(crate) async fn run(self, output: Output) -> Result<Exit, Failure> {
        let findings = examine().await;
        let is_plain =
            anstream::AutoStream::choice(&std::io::stdout()) == anstream::ColorChoice::Never;
        for finding in &findings {
            for line in finding.lines(is_plain) {
                output.line(line)?;
            }
        }
        output.object(Told {
            findings: &findings,
        })?;
        Ok(
            match findings.iter().find(|finding| finding.mark == Mark::Bad) {
                None => Exit::Done,
                Some(bad) if ["bus", "activation", "service"].contains(&bad.part) => {
                    Exit::Unavailable
                }
                Some(_) => Exit::Failed,
            },
        )
    }
}

/// Everything, in the order in which it depends on each other.
async fn examine() -> Vec<Finding> {
    let (settings, mut configuration) = configuration::examine();
    let bus = match Bus::connect().await {
        Ok(bus) => bus,
        Err(finding) => {
            configuration.insert(0, finding);
            configuration.extend(polkit::examine(&settings).await);
            configuration.extend(kernel::examine());
            return configuration;
        }
    };
    let (entry, mut findings) = activation::examine(&bus).await;
    findings.insert(
        0,
        Finding::good("bus", format!("the session bus is {}", bus.address)),
    );
    findings.extend(unit::examine(&bus, entry.as_ref()).await);
    findings.extend(configuration);
    findings.extend(service::examine(&bus, &settings).await);
    findings.extend(chooser::examine(&bus, &settings, entry.as_ref()).await);
    findings.extend(polkit::examine(&settings).await);
    findings.extend(keyring::examine(&bus, &settings).await);
    findings.extend(kernel::examine());
    findings
}
