//! The question whether a site names an app: which files have to be fetched for it, and what their
//! contents mean together. Serves "The site's statement" of section "Shared web credentials:
//! association" of `protocol/README.md`.
//!
//! Nothing is fetched here: [`Inquiry::to_fetch`] says what is wanted, [`Inquiry::heard`] takes it in.

use std::collections::HashSet;

use super::apple::Apps;
use super::asset_links::{Include, Statements};
use super::{Malformed, Vocabulary};
use crate::web_credentials::domain::{Mode, Site};

/// The most files that are included in one inquiry, by whatever file.
pub const MAX_INCLUDES: usize = 8;
/// The most steps from the well-known file to an included one.
pub const MAX_INCLUDE_DEPTH: usize = 3;

/// A file to fetch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Source {
    /// Where it is, an `https` URL.
    pub url: String,
    /// How it is to be read.
    pub vocabulary: Vocabulary,
    /// How many includes led to it; 0 for a well-known file.
    pub depth: usize,
}

/// What became of fetching a file; `E` says why nothing did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<'a, E> {
    /// Its contents.
    File(&'a [u8]),
    /// The site says that there is none (404 or 410).
    Absent,
    /// It could not be fetched.
    Failed(E),
}

/// What one file says of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The site names the app.
    Named,
    /// It does not.
    NotNamed,
}

/// Why one file says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silence<E> {
    /// It is not what it means to be.
    Malformed(Malformed),
    /// It could not be fetched.
    Failed(E),
}

/// One question, and what has been heard so far.
#[derive(Debug)]
pub struct Inquiry<E> {
    app_id: String,
    mode: Mode,
    wanted: Vec<Source>,
    asked: HashSet<String>,
    included: usize,
    findings: Vec<(Source, Result<Outcome, Silence<E>>)>,
    shared_with: HashSet<Site>,
}

impl<E> Inquiry<E> {
    /// Asks whether `site` names the app `app_id`; nothing is wanted but its well-known files yet.
    #[must_use]
    pub fn new(site: &Site, app_id: &str, mode: Mode) -> Inquiry<E> {
        let wanted: Vec<_> = Vocabulary::ALL
            .into_iter()
            .map(|vocabulary| Source {
                url: site.well_known(vocabulary.file()),
                vocabulary,
                depth: 0,
            })
            .collect();
        Inquiry {
            app_id: app_id.to_owned(),
            mode,
            asked: wanted.iter().map(|source| source.url.clone()).collect(),
            wanted,
            included: 0,
            findings: Vec::new(),
            shared_with: HashSet::new(),
        }
    }

    /// What to fetch next, each once. Empty when the answer is known; that is so in the end.
    #[must_use]
    pub fn to_fetch(&mut self) -> Vec<Source> {
        let named = self.findings.iter().any(|(_, finding)| is_named(finding));
        let wanted = std::mem::take(&mut self.wanted);
        if named { Vec::new() } else { wanted }
    }

    /// Takes in what became of fetching `source`.
    pub fn heard(&mut self, source: Source, answer: Answer<'_, E>) {
        let finding = match answer {
            Answer::File(file) => self.read(&source, file).map_err(Silence::Malformed),
            Answer::Absent => Ok(Outcome::NotNamed),
            Answer::Failed(error) => Err(Silence::Failed(error)),
        };
        self.findings.push((source, finding));
    }

    /// What each file said, in the order in which they were heard.
    pub fn findings(&self) -> &[(Source, Result<Outcome, Silence<E>>)] {
        &self.findings
    }

    /// The sites that may use this site's passwords, as far as its files were read.
    #[must_use]
    pub fn shared_with(&self) -> &HashSet<Site> {
        &self.shared_with
    }

    /// What all files mean together. One that names the app is enough. Without such, one that could not be
    /// fetched leaves it open, then one that is malformed; only then is the app not named.
    ///
    /// # Errors
    /// It is open, because of what is said of the source.
    pub fn verdict(self) -> Result<Outcome, (Source, Silence<E>)> {
        if self.findings.iter().any(|(_, finding)| is_named(finding)) {
            return Ok(Outcome::Named);
        }
        let silent = self.findings.into_iter();
        let silent = silent.filter_map(|(source, finding)| Some((source, finding.err()?)));
        let first = silent.min_by_key(|(_, why)| matches!(why, Silence::Malformed(_)));
        first.map_or(Ok(Outcome::NotNamed), Err)
    }

    fn read(&mut self, source: &Source, file: &[u8]) -> Result<Outcome, Malformed> {
        let named = match source.vocabulary {
            Vocabulary::Apple => Apps::parse(file)?.names(&self.app_id),
            Vocabulary::AssetLinks => {
                let statements = Statements::parse(file, self.mode)?;
                let named = statements.apps.contains(&self.app_id);
                self.shared_with.extend(statements.sites);
                if !named {
                    self.include(source.depth + 1, &statements.includes)?;
                }
                named
            }
        };
        Ok(if named {
            Outcome::Named
        } else {
            Outcome::NotNamed
        })
    }

    /// Wants what is included, unless it was asked for before: so a circle ends.
    fn include(&mut self, depth: usize, includes: &[Include]) -> Result<(), Malformed> {
        for url in includes.iter().map(Include::url) {
            if self.asked.contains(&url) {
                continue;
            }
            if depth > MAX_INCLUDE_DEPTH {
                return Err(Malformed::new(
                    ".",
                    "is included over more than 3 steps and includes more",
                ));
            }
            if self.included == MAX_INCLUDES {
                return Err(Malformed::new(
                    ".",
                    "includes more than the 8 files that are read",
                ));
            }
            self.included += 1;
            self.asked.insert(url.clone());
            self.wanted.push(Source {
                url,
                vocabulary: Vocabulary::AssetLinks,
                depth,
            });
        }
        Ok(())
    }
}

fn is_named<E>(finding: &Result<Outcome, Silence<E>>) -> bool {
    matches!(finding, Ok(Outcome::Named))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const APP: &str = "org.example.App";
    const LINKS: &str = "https://example.org/.well-known/assetlinks.json";
    const APPLE: &str = "https://example.org/.well-known/apple-app-site-association";
    const NAMES: &str = r#"[{"relation":["delegate_permission/common.get_login_creds"],
        "target":{"namespace":"linux_app","app_id":"org.example.App"}}]"#;
    const APPLE_NAMES: &str = r#"{"webcredentials":{"apps":["org.example.App"]}}"#;

    type Web<'a> = HashMap<&'a str, &'a str>;

    fn site(text: &str) -> Site {
        Site::parse(text, Mode::Standard).unwrap()
    }

    /// Asks a web of files, in which `!` stands for one that cannot be fetched.
    fn ask(web: &Web<'_>) -> (Inquiry<&'static str>, Vec<String>) {
        let mut inquiry = Inquiry::new(&site("example.org"), APP, Mode::Standard);
        let mut fetched = Vec::new();
        loop {
            let sources = inquiry.to_fetch();
            if sources.is_empty() {
                return (inquiry, fetched);
            }
            for source in sources {
                fetched.push(source.url.clone());
                let answer = match web.get(source.url.as_str()) {
                    None => Answer::Absent,
                    Some(&"!") => Answer::Failed("no way"),
                    Some(file) => Answer::File(file.as_bytes()),
                };
                inquiry.heard(source, answer);
            }
        }
    }

    fn including(urls: &[String]) -> String {
        let statements = urls.iter().map(|url| format!(r#"{{"include":"{url}"}}"#));
        format!("[{}]", statements.collect::<Vec<_>>().join(","))
    }

    #[test]
    fn one_file_that_names_the_app_is_enough_and_a_silent_one_leaves_it_open() {
        let (no, no_apple) = ("[]", "{}");
        let table = [
            (None, None, "not named"),
            (Some(NAMES), None, "named"),
            (None, Some(APPLE_NAMES), "named"),
            (Some("!"), Some(APPLE_NAMES), "named"),
            (Some("rubbish"), Some(APPLE_NAMES), "named"),
            (Some(NAMES), Some("!"), "named"),
            (Some(no), Some(no_apple), "not named"),
            (Some(no), None, "not named"),
            (Some("!"), Some(no_apple), "failed"),
            (Some(no), Some("!"), "failed"),
            (Some("rubbish"), Some("!"), "failed"),
            (Some("rubbish"), Some(no_apple), "malformed"),
            (None, Some("rubbish"), "malformed"),
        ];
        for (links, apple, expected) in table {
            let files = [(LINKS, links), (APPLE, apple)];
            let web = files
                .into_iter()
                .filter_map(|(url, file)| Some((url, file?)));
            let verdict = match ask(&web.collect()).0.verdict() {
                Ok(Outcome::Named) => "named",
                Ok(Outcome::NotNamed) => "not named",
                Err((_, Silence::Failed("no way"))) => "failed",
                Err((_, Silence::Failed(other))) => other,
                Err((_, Silence::Malformed(_))) => "malformed",
            };
            assert_eq!(verdict, expected, "{links:?} and {apple:?}");
        }
    }

    #[test]
    fn an_included_file_on_another_site_can_name_the_app() {
        let central = "https://central.example.com/statements.json".to_owned();
        let file = including(std::slice::from_ref(&central));
        let web = Web::from([(LINKS, file.as_str()), (&central, NAMES)]);
        let (inquiry, fetched) = ask(&web);
        assert_eq!(inquiry.verdict(), Ok(Outcome::Named));
        assert_eq!(fetched, [LINKS, APPLE, &central]);
    }

    #[test]
    fn nothing_is_included_once_the_app_is_named() {
        let include = r#"[{"include":"https://a.example.org/x"}]"#;
        let web = Web::from([(LINKS, include), (APPLE, APPLE_NAMES)]);
        assert_eq!(ask(&web).1, [LINKS, APPLE]);
    }

    #[test]
    fn a_circle_of_includes_ends() {
        let other = "https://example.com/a.json".to_owned();
        let (forth, back) = (
            including(std::slice::from_ref(&other)),
            including(&[LINKS.to_owned()]),
        );
        let web = Web::from([(LINKS, forth.as_str()), (&other, &back)]);
        let (inquiry, fetched) = ask(&web);
        assert_eq!(fetched, [LINKS, APPLE, &other]);
        assert_eq!(inquiry.verdict(), Ok(Outcome::NotNamed));
    }

    #[test]
    fn no_more_is_included_than_is_allowed_and_it_is_said() {
        let urls: Vec<_> = (0..20)
            .map(|n| format!("https://example.com/{n}"))
            .collect();
        let file = including(&urls);
        let (inquiry, fetched) = ask(&Web::from([(LINKS, file.as_str())]));
        assert_eq!(fetched.len(), 2 + MAX_INCLUDES);
        let (source, why) = inquiry.verdict().unwrap_err();
        assert_eq!(source.url, LINKS);
        assert!(
            matches!(why, Silence::Malformed(what) if what.problem.contains("more than the 8"))
        );

        let chain: Vec<_> = (0..20)
            .map(|n| including(&[format!("https://example.com/{n}")]))
            .collect();
        let mut web = Web::from([(LINKS, chain[0].as_str())]);
        for n in 0..19 {
            web.insert(&urls[n], &chain[n + 1]);
        }
        let (inquiry, fetched) = ask(&web);
        assert_eq!(fetched.len(), 2 + MAX_INCLUDE_DEPTH);
        let (source, why) = inquiry.verdict().unwrap_err();
        assert_eq!(source.depth, MAX_INCLUDE_DEPTH);
        assert!(matches!(why, Silence::Malformed(what) if what.problem.contains("3 steps")));
    }

    #[test]
    fn the_sites_with_which_it_shares_are_known_but_never_followed() {
        let file = r#"[{"relation":["delegate_permission/common.get_login_creds"],
            "target":{"namespace":"web","site":"https://example.com"}}]"#;
        let named_there = "https://example.com/.well-known/assetlinks.json";
        let (inquiry, fetched) = ask(&Web::from([(LINKS, file), (named_there, NAMES)]));
        assert_eq!(fetched, [LINKS, APPLE]);
        assert_eq!(*inquiry.shared_with(), HashSet::from([site("example.com")]));
        assert_eq!(inquiry.verdict(), Ok(Outcome::NotNamed));
    }
}
