//! All files of a site that it takes to know whether it names an app. Serves "Fetching" of section "Shared
//! web credentials: association" of `protocol/README.md`.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::Fetch;
use super::wire::{Developer, FetchError, Fetched, Request};
use crate::web_credentials::association::{Answer, Inquiry, Malformed, Outcome, Silence, Source};
use crate::web_credentials::domain::{Mode, Site};

/// How long all files of one inquiry may take together.
pub const LIMIT: Duration = Duration::from_secs(10);

/// What came of asking a site.
#[derive(Debug)]
pub struct Inquired {
    /// Whether the site names the app, or the first of the reasons why that is open.
    pub verdict: Result<Outcome, (Source, Silence<FetchError>)>,
    /// How long HTTP says that the verdict may be kept: as long as the file that names the app, or else as the
    /// shortest-lived of all that were read.
    pub fresh_for: Duration,
    /// The sites that may use this site's passwords.
    pub shared_with: HashSet<Site>,
    /// Every file that was asked for, in order.
    pub readings: Vec<Reading>,
}

/// What came of one file.
#[derive(Debug)]
pub struct Reading {
    /// Which file, and how it was read.
    pub source: Source,
    /// The file without its body, or why there is none.
    pub fetched: Result<Fetched, FetchError>,
    /// Whether it names the app, or what is wrong with it; `None` if there is none.
    pub finding: Option<Result<Outcome, Malformed>>,
}

/// Asks `site` whether it names the app `app_id`. `developer` is what developer mode allows, if it is on.
pub async fn inquire(
    fetch: &dyn Fetch,
    site: &Site,
    app_id: &str,
    developer: Option<&Developer>,
) -> Inquired {
    let until = Instant::now() + LIMIT;
    let mode = developer.map_or(Mode::Standard, |_| Mode::Developer);
    let mut inquiry = Inquiry::new(site, app_id, mode);
    let mut fetched = Vec::new();
    loop {
        let sources = inquiry.to_fetch();
        if sources.is_empty() {
            break;
        }
        let left = until.saturating_duration_since(Instant::now());
        let fetching = sources.iter().map(|source| {
            fetch.fetch(Request {
                url: source.url.clone(),
                timeout: u32::try_from(left.as_millis()).unwrap_or(u32::MAX),
                developer: developer.cloned(),
            })
        });
        let answers = join_all(fetching).await;
        for (source, mut answer) in sources.into_iter().zip(answers) {
            let heard = match &answer {
                Ok(file) => Answer::File(&file.body),
                Err(error) if error.is_absent() => Answer::Absent,
                Err(error) => Answer::Failed(error.clone()),
            };
            inquiry.heard(source, heard);
            if let Ok(file) = &mut answer {
                file.body = Vec::new();
            }
            fetched.push(answer);
        }
    }
    conclude(inquiry, fetched)
}

fn conclude(inquiry: Inquiry<FetchError>, fetched: Vec<Result<Fetched, FetchError>>) -> Inquired {
    let findings = inquiry.findings().iter().cloned();
    let readings: Vec<_> = findings
        .zip(fetched)
        .map(|((source, finding), fetched)| Reading {
            source,
            finding: match (finding, &fetched) {
                (Ok(outcome), Ok(_)) => Some(Ok(outcome)),
                (Err(Silence::Malformed(malformed)), _) => Some(Err(malformed)),
                _ => None,
            },
            fetched,
        })
        .collect();
    Inquired {
        fresh_for: fresh_for(&readings),
        shared_with: inquiry.shared_with().clone(),
        verdict: inquiry.verdict(),
        readings,
    }
}

fn fresh_for(readings: &[Reading]) -> Duration {
    let seconds = |reading: &Reading| Some(reading.fetched.as_ref().ok()?.freshness.seconds);
    let names = |reading: &&Reading| reading.finding == Some(Ok(Outcome::Named));
    let named = readings.iter().find(names).and_then(seconds);
    let least = || readings.iter().filter_map(seconds).min();
    Duration::from_secs(named.or_else(least).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;
    use crate::web_credentials::fetch::{Fault, Stage};

    const NAMES: &str = r#"{"webcredentials":{"apps":["org.example.App"]}}"#;

    /// Serves one file of a name, for as many seconds; the rest is not there.
    struct Web {
        files: Vec<(&'static str, &'static str, u64)>,
        asked: Mutex<Vec<Request>>,
        broken: Option<&'static str>,
    }

    #[async_trait]
    impl Fetch for Web {
        async fn fetch(&self, request: Request) -> Result<Fetched, FetchError> {
            self.asked.lock().unwrap().push(request.clone());
            let is_it = |name: &str| request.url.ends_with(name);
            if let Some((_, body, seconds)) = self.files.iter().find(|(name, ..)| is_it(name)) {
                let mut fetched = Fetched::new(&request.url, body.as_bytes().to_vec());
                fetched.freshness.seconds = *seconds;
                return Ok(fetched);
            }
            let mut error = FetchError::here(&request.url, "no");
            if self.broken.is_none_or(|name| !is_it(name)) {
                (error.stage, error.fault, error.status) = (Stage::Http, Fault::Status, Some(404));
            }
            Err(error)
        }
    }

    async fn ask(web: &Web) -> Inquired {
        let site = Site::parse("example.org", Mode::Standard).unwrap();
        inquire(web, &site, "org.example.App", None).await
    }

    fn web(files: &[(&'static str, &'static str, u64)]) -> Web {
        Web {
            files: files.to_vec(),
            asked: Mutex::default(),
            broken: None,
        }
    }

    #[tokio::test]
    async fn a_verdict_lives_as_long_as_the_file_that_names_the_app() {
        let web = web(&[("assetlinks.json", "[]", 5), ("site-association", NAMES, 7)]);
        let inquired = ask(&web).await;
        assert_eq!(inquired.verdict, Ok(Outcome::Named));
        assert_eq!(inquired.fresh_for, Duration::from_secs(7));
        let asked = web.asked.lock().unwrap();
        assert!(
            asked
                .iter()
                .all(|request| request.timeout <= 10_000 && request.timeout > 5_000)
        );
    }

    #[tokio::test]
    async fn a_verdict_against_lives_as_long_as_the_first_file_that_may_change_it() {
        let inquired = ask(&web(&[
            ("assetlinks.json", "[]", 5),
            ("site-association", "{}", 3),
        ]))
        .await;
        assert_eq!(inquired.verdict, Ok(Outcome::NotNamed));
        assert_eq!(inquired.fresh_for, Duration::from_secs(3));
    }

    #[tokio::test]
    async fn a_site_without_any_file_names_nobody_and_one_that_is_silent_leaves_it_open() {
        let mut nothing = web(&[]);
        assert_eq!(ask(&nothing).await.verdict, Ok(Outcome::NotNamed));
        nothing.broken = Some("assetlinks.json");
        let inquired = ask(&nothing).await;
        let (source, why) = inquired.verdict.unwrap_err();
        assert!(source.url.ends_with("assetlinks.json"));
        assert!(matches!(why, Silence::Failed(_)));
        assert_eq!(inquired.readings.len(), 2);
    }
}
