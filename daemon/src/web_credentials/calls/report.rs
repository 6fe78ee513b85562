//! What `WebCredentials.CheckDomain` tells: every stage of an app and a site, also after one that does
//! not pass.

use credex_protocol::names::WEB_CREDENTIALS_GROUP;
use credex_protocol::wire::{DomainReport, StageReport};

use super::admission::{believe, covering};
use super::{App, Calls, FileFound, Freshness, Refusal, Stage, Statement, Word};
use crate::web_credentials::domain::{Domains, Pattern, Site};

impl Calls {
    /// Has the site's statement fetched anew, and tells what it says; that it does not name the app is
    /// told, too.
    ///
    /// # Errors
    /// A stage in front says no, or the site cannot be reached.
    pub async fn refresh(&self, app: &App, site: &Site) -> Result<DomainReport, Refusal> {
        self.vouch(app)?;
        let app_id = &app.identity.app_id;
        covering(&self.domains(app), app_id, site)?;
        let domains = app.domains.as_deref();
        let (report, word) = self.check(app_id, domains, site, Freshness::Anew).await;
        match word {
            Word::Named | Word::NotNamed(_) => Ok(report),
            unreachable => believe(unreachable).map(|()| report),
        }
    }

    /// Goes through the stages for the app `app_id`, of whose desktop entry `domains` are.
    pub async fn check(
        &self,
        app_id: &str,
        domains: Option<&[String]>,
        site: &Site,
        freshness: Freshness,
    ) -> (DomainReport, Word) {
        let elements = domains.into_iter().flatten().map(String::as_str);
        let (declared, wrong) = Domains::declared(elements, self.mode);
        let pattern = declared.covering(site);
        let mut declaration = declaration(app_id, domains.is_some(), site, pattern);
        for error in &wrong {
            if let Some(message) = &mut declaration.message {
                *message += &format!("; {error}");
            }
        }
        let decision = self.decision(app_id, site);
        let asked = pattern.map_or(site, Pattern::answered_by);
        let Statement { word, files } = self.ports.sites.statement(asked, app_id, freshness).await;
        let mut stages = vec![declaration, decision];
        stages.extend(files.into_iter().map(file));
        let report = DomainReport {
            domain: Some(site.to_string()),
            app_id: Some(app_id.to_owned()),
            associated: Some(pattern.is_some() && word == Word::Named),
            developer: Some(self.is_for_developers()),
            stages: Some(stages),
        };
        (report, word)
    }

    fn decision(&self, app_id: &str, site: &Site) -> StageReport {
        let (passed, message, advice) = match self.ports.decisions.is_never(app_id, site.host()) {
            Ok(false) => (true, "the person has not said never".to_owned(), None),
            Ok(true) => (
                false,
                "the person said never".to_owned(),
                Some(format!("credex web forget {app_id} {}", site.host())),
            ),
            Err(error) => (
                false,
                format!("what the person decided cannot be read: {error}"),
                None,
            ),
        };
        StageReport {
            stage: Some(Stage::Decision.name().to_owned()),
            passed: Some(passed),
            message: Some(message),
            advice,
            ..StageReport::default()
        }
    }
}

fn declaration(
    app_id: &str,
    has_group: bool,
    site: &Site,
    pattern: Option<&Pattern>,
) -> StageReport {
    let (message, advice) = match (pattern, has_group) {
        (Some(pattern), _) => (format!("{app_id} declares {pattern}"), None),
        (None, true) => (
            format!("{app_id} declares other domains, and not {site}"),
            Some(format!("add {site} to Domains= in its desktop entry")),
        ),
        (None, false) => (
            format!("no desktop entry of {app_id} has a group [{WEB_CREDENTIALS_GROUP}]"),
            Some(format!(
                "write [{WEB_CREDENTIALS_GROUP}] and Domains={site}; into {app_id}.desktop"
            )),
        ),
    };
    StageReport {
        stage: Some(Stage::Declaration.name().to_owned()),
        passed: Some(pattern.is_some()),
        message: Some(message),
        advice,
        ..StageReport::default()
    }
}

fn file(found: FileFound) -> StageReport {
    StageReport {
        stage: Some(Stage::Association.name().to_owned()),
        passed: Some(found.names_app),
        message: Some(found.message),
        advice: found.advice,
        url: Some(found.url),
        status: found.status.map(u32::from),
        certificate: found.certificate,
        source: found.source.map(str::to_owned),
        age: found.age.map(|age| age.as_secs()),
    }
}
