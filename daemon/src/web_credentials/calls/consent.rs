//! One question to the person, and what is remembered of the answer.

use std::sync::Arc;

use credex_protocol::{Error, Reason};

use super::{App, Calls, Place, Refusal, Stage};
use crate::chooser::{Act, Consent, Verdict};
use crate::web_credentials::domain::{Host, Port, Site};

impl Calls {
    /// Asks the person whether the app may do `act` with passwords of `sites`; returns the account that
    /// they agreed to. The caller is looked at again afterwards, for a person takes their time.
    ///
    /// # Errors
    /// They said no, could not be asked or took too long, or the caller is no longer who it was.
    pub(super) async fn consent(
        &self,
        app: &App,
        place: &Place,
        sites: &[Site],
        act: Act,
    ) -> Result<String, Refusal> {
        let question = Consent {
            asker: app.caller.process,
            parent_window: place.parent_window.clone(),
            app: app.shown.clone(),
            act,
            domain: shown(sites),
            port: odd_port(sites),
            developer: self.is_for_developers(),
            activation_token: place.activation_token.clone(),
        };
        let answer = self.ports.chooser.consent(question);
        let Ok(answer) = tokio::time::timeout(self.patience, answer).await else {
            let message = "the person did not answer in time";
            return Err(Refusal::new(Stage::Consent, Reason::Expired, message));
        };
        match answer? {
            Verdict::Agreed(account) => {
                self.is_still(app).await?;
                Ok(account)
            }
            Verdict::NotNow => {
                let message = "the person said not now";
                Err(Refusal::new(Stage::Consent, Reason::Declined, message))
            }
            Verdict::Never => Err(self.never(app, sites).await),
        }
    }

    /// Looks at the caller again.
    ///
    /// # Errors
    /// It is no longer who it was.
    pub(super) async fn is_still(&self, app: &App) -> Result<(), Refusal> {
        let same = self.ports.porter.identify_again(&app.caller).await;
        same.map_err(|denial| {
            let error = Error::new(Reason::AccessDenied, denial.to_string());
            Refusal::of(Stage::Identity, error)
        })
    }

    /// Keeps it away from the other work of the service: it waits for its turn with the files there.
    async fn never(&self, app: &App, sites: &[Site]) -> Refusal {
        let app_id = &app.identity.app_id;
        let (decisions, all) = (Arc::clone(&self.ports.decisions), sites.to_vec());
        let by = app_id.clone();
        let keeping = tokio::task::spawn_blocking(move || {
            let mut hosts = all.iter().map(Site::host);
            let kept = hosts.try_for_each(|host| decisions.never(&by, host));
            kept.map_err(|error| error.to_string())
        });
        let kept = keeping.await;
        let message = match kept.unwrap_or_else(|broken| Err(broken.to_string())) {
            Ok(()) => format!(
                "the person said that {app_id} is never to use passwords of {}",
                shown(sites)
            ),
            Err(error) => {
                tracing::error!(%error, app_id, "a never could not be kept");
                format!("the person said never, which could not be kept: {error}")
            }
        };
        Refusal::new(Stage::Consent, Reason::Never, message)
    }
}

/// The hosts as a person reads them, with what they are in DNS where that differs.
fn shown(sites: &[Site]) -> String {
    let host = |host: &Host| match host.to_unicode() {
        name if name == host.as_str() => name,
        name => format!("{name} ({host})"),
    };
    match sites {
        [site] => host(site.host()),
        sites => {
            let names: Vec<String> = sites.iter().map(ToString::to_string).collect();
            names.join(", ")
        }
    }
}

fn odd_port(sites: &[Site]) -> Option<u16> {
    match sites {
        [site] if site.port() != Port::STANDARD => Some(site.port().get()),
        _ => None,
    }
}
