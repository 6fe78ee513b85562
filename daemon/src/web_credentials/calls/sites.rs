//! What sites say, asked over the network or known from before, in the words of the calls.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use super::ports::{FileFound, Freshness, Sites, Statement, Word};
use crate::web_credentials::association::{Outcome, Vocabulary};
use crate::web_credentials::domain::Site;
use crate::web_credentials::fetch::{Certificate, Developer, FetchError, Reading};
use crate::web_credentials::verdicts::{Asked, Open, Verdict, Verdicts};

/// Asks sites, and remembers what they said.
pub struct RememberedSites {
    verdicts: Verdicts,
    developer: Option<Developer>,
}

impl RememberedSites {
    /// Asks with `verdicts`; `developer` is what developer mode allows, if it is on.
    #[must_use]
    pub fn new(verdicts: Verdicts, developer: Option<Developer>) -> RememberedSites {
        RememberedSites {
            verdicts,
            developer,
        }
    }
}

#[async_trait]
impl Sites for RememberedSites {
    async fn statement(&self, site: &Site, app_id: &str, freshness: Freshness) -> Statement {
        let developer = self.developer.as_ref();
        match freshness {
            Freshness::Cached => {
                let verdict = self.verdicts.ask(app_id, site, developer).await;
                Statement {
                    files: vec![remembered(&verdict, site, app_id)],
                    word: word(&verdict, site, app_id),
                }
            }
            Freshness::Anew => {
                let asked = self.verdicts.refresh(app_id, site, developer).await;
                let Asked { inquired, verdict } = asked.as_ref();
                let readings = inquired.readings.iter();
                Statement {
                    files: readings.map(|reading| file(reading, app_id)).collect(),
                    word: word(verdict, site, app_id),
                }
            }
        }
    }
}

fn word(verdict: &Result<Verdict, Open>, site: &Site, app_id: &str) -> Word {
    match verdict {
        Ok(verdict) if verdict.kept.named => Word::Named,
        Ok(_) => Word::NotNamed(format!(
            "{site} does not name {app_id}; its owner can: {}",
            advice(app_id)
        )),
        Err(Open::Failed(error)) => Word::Unreachable {
            url: error.url.clone(),
            status: error.status,
            message: error.to_string(),
        },
        Err(malformed @ Open::Malformed { .. }) => {
            Word::NotNamed(format!("the statement cannot be read: {malformed}"))
        }
    }
}

/// What is known without its files, which are not kept.
fn remembered(verdict: &Result<Verdict, Open>, site: &Site, app_id: &str) -> FileFound {
    let found = FileFound {
        url: site.origin(),
        ..FileFound::default()
    };
    match verdict {
        Ok(Verdict { kept, stale }) => {
            let fetched = SystemTime::UNIX_EPOCH + Duration::from_secs(kept.fetched);
            let (named, source) = match (kept.named, stale) {
                (named, None) => (named, "cache"),
                (named, Some(_)) => (named, "stale"),
            };
            let said = if named { "names" } else { "does not name" };
            let unreachable = stale
                .as_ref()
                .map(|error| format!("; it could not be asked again: {error}"));
            FileFound {
                names_app: named,
                message: format!("{said} {app_id}{}", unreachable.unwrap_or_default()),
                advice: (!named).then(|| advice(app_id)),
                source: Some(source),
                age: SystemTime::now().duration_since(fetched).ok(),
                ..found
            }
        }
        Err(Open::Failed(error)) => failed(error, app_id, found),
        Err(Open::Malformed { url, malformed }) => FileFound {
            url: url.clone(),
            message: malformed.to_string(),
            advice: Some("mend the file".to_owned()),
            ..found
        },
    }
}

fn file(reading: &Reading, app_id: &str) -> FileFound {
    let found = FileFound {
        url: reading.source.url.clone(),
        source: Some("network"),
        age: Some(Duration::ZERO),
        ..FileFound::default()
    };
    let fetched = match &reading.fetched {
        Err(error) => return failed(error, app_id, found),
        Ok(fetched) => fetched,
    };
    let (names_app, message, advice) = match &reading.finding {
        Some(Ok(Outcome::Named)) => (true, format!("names {app_id}"), None),
        Some(Err(malformed)) => (
            false,
            malformed.to_string(),
            Some("mend the file".to_owned()),
        ),
        _ => (
            false,
            format!("does not name {app_id}"),
            Some(advice(app_id)),
        ),
    };
    FileFound {
        names_app,
        message,
        advice,
        status: Some(fetched.status),
        certificate: Some(certificate(&fetched.certificate)),
        ..found
    }
}

fn failed(error: &FetchError, app_id: &str, found: FileFound) -> FileFound {
    let mend = || {
        format!(
            "serve it over HTTPS, with a certificate for this host and without a redirect (stage: {})",
            error.stage.name()
        )
    };
    FileFound {
        url: error.url.clone(),
        message: error.problem.clone(),
        advice: Some(match error.is_absent() {
            true => advice(app_id),
            false => mend(),
        }),
        status: error.status,
        certificate: error.certificate.as_deref().map(certificate),
        ..found
    }
}

/// The statement that names the app.
fn advice(app_id: &str) -> String {
    format!(
        "serve at /.well-known/{}: \
         [{{\"relation\":[\"delegate_permission/common.get_login_creds\"],\
         \"target\":{{\"namespace\":\"linux_app\",\"app_id\":\"{app_id}\"}}}}]",
        Vocabulary::AssetLinks.file()
    )
}

fn certificate(certificate: &Certificate) -> String {
    let Certificate {
        subject,
        issuer,
        not_after,
    } = certificate;
    format!("{subject}, issued by {issuer}, until {}", date(*not_after))
}

/// `2026-11-22`; the number itself where it is no date.
fn date(seconds: i64) -> String {
    match jiff::Timestamp::from_second(seconds) {
        Ok(moment) => moment.strftime("%Y-%m-%d").to_string(),
        Err(_) => format!("{seconds} s after 1970"),
    }
}
