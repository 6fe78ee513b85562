//! `assetlinks.json`: the statements of Digital Asset Links that concern us, those with the relation
//! `delegate_permission/common.get_login_creds`. Serves "The site's statement" of section "Shared web
//! credentials: association" of `protocol/README.md`.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::Value;

use super::is_app_id;
use super::malformed::{Malformed, Object, read};
use crate::web_credentials::domain::{Mode, Site};

/// The relation by which a site lets somebody use its passwords.
pub const RELATION: &str = "delegate_permission/common.get_login_creds";
/// The target namespace of our apps.
pub const LINUX_APP: &str = "linux_app";
/// The target namespace of sites.
pub const WEB: &str = "web";
/// The most statements in one file.
pub const MAX_STATEMENTS: usize = 4096;

/// What one file states.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statements {
    /// The IDs of the apps that may use the site's passwords.
    pub apps: HashSet<String>,
    /// The other sites that may use them.
    pub sites: HashSet<Site>,
    /// Where more is stated, in the order of the file.
    pub includes: Vec<Include>,
}

/// A further file of statements: an `https` URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Include {
    site: Site,
    path: String,
}

#[derive(Deserialize)]
struct Statement {
    include: Option<String>,
    relation: Option<Vec<String>>,
    target: Option<Object<Target>>,
}

/// What is for others may have any form.
#[derive(Deserialize)]
struct Target {
    namespace: String,
    app_id: Option<Value>,
    site: Option<Value>,
}

impl Statements {
    /// Reads a whole file. Statements with other relations or for other targets, and members that
    /// others read, are left aside.
    ///
    /// # Errors
    /// It is not JSON, is too long, or what concerns us has another form than documented.
    pub fn parse(file: &[u8], mode: Mode) -> Result<Statements, Malformed> {
        let list: Vec<Object<Statement>> = read(file)?;
        if list.len() > MAX_STATEMENTS {
            return Err(Malformed::new(".", "has more than 4096 statements"));
        }
        let mut statements = Statements::default();
        for (index, Object(statement)) in list.into_iter().enumerate() {
            statements.add(index, statement, mode)?;
        }
        Ok(statements)
    }

    fn add(&mut self, index: usize, statement: Statement, mode: Mode) -> Result<(), Malformed> {
        let wrong = |member: &str, problem: &str| {
            let path = format!("[{index}]{member}");
            Err(Malformed::new(path, problem))
        };
        match (statement.include, statement.relation, statement.target) {
            (Some(url), None, None) => match Include::parse(&url, mode) {
                Ok(include) => self.includes.push(include),
                Err(problem) => return wrong(".include", &problem),
            },
            (Some(_), _, _) => return wrong("", "has include, and relation or target as well"),
            (None, Some(relations), Some(Object(target))) => {
                if relations.iter().any(|relation| relation == RELATION) {
                    self.grant(index, target, mode)?;
                }
            }
            (None, None, _) => return wrong("", "has neither relation nor include"),
            (None, Some(_), None) => return wrong("", "has no target"),
        }
        Ok(())
    }

    fn grant(&mut self, index: usize, target: Target, mode: Mode) -> Result<(), Malformed> {
        let path = |member: &str| format!("[{index}].target.{member}");
        match target.namespace.as_str() {
            LINUX_APP => match target.app_id {
                Some(Value::String(id)) if is_app_id(&id) => {
                    self.apps.insert(id);
                }
                _ => {
                    let problem = "must be the app's ID: 1 to 255 of A-Z a-z 0-9 . _ -";
                    return Err(Malformed::new(path("app_id"), problem));
                }
            },
            WEB => {
                let Some(Value::String(origin)) = target.site else {
                    let problem = "must be a site, for example https://example.org";
                    return Err(Malformed::new(path("site"), problem));
                };
                match site(&origin, mode) {
                    Ok(Some(site)) => {
                        self.sites.insert(site);
                    }
                    Ok(None) => {}
                    Err(problem) => return Err(Malformed::new(path("site"), problem)),
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The site of a `web` target; `None` for one that is not ours to share with, as it is not encrypted.
fn site(origin: &str, mode: Mode) -> Result<Option<Site>, String> {
    if origin.starts_with("http://") {
        return Ok(None);
    }
    let Some(host) = origin.strip_prefix("https://") else {
        return Err("must begin with https://".to_owned());
    };
    let host = host.strip_suffix('/').unwrap_or(host);
    let site = Site::parse(host, mode).map_err(|error| error.to_string())?;
    Ok(Some(site))
}

impl Include {
    /// Reads an `https` URL of a site, without user and fragment.
    fn parse(url: &str, mode: Mode) -> Result<Include, String> {
        let Some(rest) = url.strip_prefix("https://") else {
            return Err("must begin with https://".to_owned());
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        // Anything else would have to be escaped in a URL, and some servers take \ for /.
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"#\\\"<>^`{|}".contains(&byte);
        if !path.starts_with('/') || !path.bytes().all(plain) || path.len() > 1024 {
            return Err("must be a URL with a path, and without a fragment".to_owned());
        }
        let site = Site::parse(host, mode).map_err(|error| error.to_string())?;
        Ok(Include {
            site,
            path: path.to_owned(),
        })
    }

    /// The whole URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}{}", self.site.origin(), self.path)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(file: &str) -> Result<Statements, Malformed> {
        Statements::parse(file.as_bytes(), Mode::Standard)
    }

    /// One statement with our relation.
    fn grant(target: &str) -> String {
        format!(r#"[{{"relation":["{RELATION}"],"target":{target}}}]"#)
    }

    #[test]
    fn an_app_is_named_by_a_statement_with_our_relation_and_our_namespace() {
        let ours = grant(r#"{"namespace":"linux_app","app_id":"org.example.App"}"#);
        let both = ours.replace(
            "[\"delegate",
            "[\"delegate_permission/common.handle_all_urls\",\"delegate",
        );
        for (file, named) in [
            (ours.clone(), true),
            (both, true),
            (ours.replace("\"app_id\"", "\"x\":{},\"app_id\""), true),
            (ours.replace("get_login_creds", "handle_all_urls"), false),
            (ours.replace("get_login_creds", "GET_LOGIN_CREDS"), false),
            (ours.replace("linux_app", "android_app"), false),
            (ours.replace("linux_app", "Linux_App"), false),
            (ours.replace("org.example.App", "org.example.app"), false),
            (
                ours.replace("org.example.App", "org.example.App.Beta"),
                false,
            ),
            ("[]".to_owned(), false),
            (
                r#"[{"relation":[],"target":{"namespace":"linux_app"}}]"#.to_owned(),
                false,
            ),
        ] {
            let statements = parse(&file).unwrap();
            assert_eq!(statements.apps.contains("org.example.App"), named, "{file}");
        }
    }

    #[test]
    fn what_is_for_androids_eyes_is_left_aside_whatever_its_form() {
        let file = grant(r#"{"namespace":"android_app","package_name":5,"app_id":[],"site":{}}"#);
        assert_eq!(parse(&file), Ok(Statements::default()));
        let file = r#"[{"relation":["other"],"target":{"namespace":"linux_app","app_id":5}}]"#;
        assert_eq!(parse(file), Ok(Statements::default()));
    }

    #[test]
    fn sites_are_named_by_their_origins() {
        for (site, known) in [
            ("https://example.com", Some("example.com")),
            ("https://example.com/", Some("example.com")),
            ("https://Example.com:443", Some("example.com")),
            ("https://example.com:8443", Some("example.com:8443")),
            ("http://example.com", None),
        ] {
            let file = grant(&format!(r#"{{"namespace":"web","site":"{site}"}}"#));
            let sites = parse(&file).unwrap().sites;
            let names: Vec<_> = sites.iter().map(ToString::to_string).collect();
            assert_eq!(
                names,
                known.map_or(vec![], |name| vec![name.to_owned()]),
                "{site}"
            );
        }
    }

    #[test]
    fn what_has_another_form_is_refused_where_it_has_it() {
        let app = |id: &str| grant(&format!(r#"{{"namespace":"linux_app","app_id":{id}}}"#));
        let site = |site: &str| grant(&format!(r#"{{"namespace":"web","site":{site}}}"#));
        let include = |url: &str| format!(r#"[{{"include":"{url}"}}]"#);
        let (relation, target) = (r#""relation":["x"]"#, r#""target":{"namespace":"y"}"#);
        let many = format!("[{}{{}}]", "{},".repeat(5000));
        let url = ".include";
        for (file, path, problem) in [
            (String::new(), ".", "EOF"),
            ("{}".to_owned(), ".", "expected a sequence"),
            ("[5]".to_owned(), "[0]", "expected an object"),
            ("[[null,[],null]]".to_owned(), "[0]", "expected an object"),
            ("[{}]".to_owned(), "[0]", "neither relation nor include"),
            (many, ".", "more than 4096"),
            (format!("[{{{relation}}}]"), "[0]", "no target"),
            (
                format!("[{{{relation},{target}}},{{{target}}}]"),
                "[1]",
                "neither relation",
            ),
            (
                format!("[{{\"include\":\"https://a.org/b\",{relation}}}]"),
                "[0]",
                "as well",
            ),
            (
                format!("[{{{relation},{relation},{target}}}]"),
                "[0]",
                "duplicate field",
            ),
            (
                format!("[{{\"relation\":\"x\",{target}}}]"),
                "[0].relation",
                "expected a sequence",
            ),
            (
                format!("[{{\"relation\":[5],{target}}}]"),
                "[0].relation[0]",
                "expected a string",
            ),
            (
                format!("[{{{relation},\"target\":{{}}}}]"),
                "[0].target",
                "missing field `namespace`",
            ),
            (
                format!("[{{{relation},\"target\":[]}}]"),
                "[0].target",
                "expected an object",
            ),
            (
                format!("[{{{relation},{target}}}]]"),
                ".",
                "trailing characters",
            ),
            (
                grant(r#"{"namespace":"linux_app"}"#),
                "[0].target.app_id",
                "must be the app's ID",
            ),
            (app("7"), "[0].target.app_id", "must be"),
            (app(r#""""#), "[0].target.app_id", "must be"),
            (app(r#""org/example""#), "[0].target.app_id", "must be"),
            (app(r#""org.example.*""#), "[0].target.app_id", "must be"),
            (
                grant(r#"{"namespace":"web"}"#),
                "[0].target.site",
                "must be a site",
            ),
            (
                site(r#""example.com""#),
                "[0].target.site",
                "must begin with https://",
            ),
            (
                site(r#""https://example.com/login""#),
                "[0].target.site",
                "leave out",
            ),
            (
                site(r#""https://*.example.com""#),
                "[0].target.site",
                "has a *",
            ),
            (
                site(r#""https://co.uk""#),
                "[0].target.site",
                "public suffix",
            ),
            (
                include("http://example.org/a.json"),
                url,
                "must begin with https://",
            ),
            (include("https://example.org"), url, "with a path"),
            (
                include("https://example.org/a#b"),
                url,
                "without a fragment",
            ),
            (include("https://example.org\\\\@b/a"), url, "leave out"),
            (include("https://me@example.org/a"), url, "leave out"),
            (include("https://127.0.0.1/a"), url, "is an address"),
            (include("https://localhost/a"), url, "developer mode"),
            (include("https://example.org/a b"), url, "must be a URL"),
        ] {
            let error = parse(&file).expect_err(&file);
            let path = if path == url { "[0].include" } else { path };
            assert_eq!(error.path, path, "{file}: {error}");
            assert!(error.problem.contains(problem), "{file}: {error}");
        }
    }

    #[test]
    fn an_include_is_told_as_a_url_with_its_query() {
        let file = r#"[{"include":"https://CDN.example.org:8443/a/b.json?v=1"}]"#;
        let urls: Vec<_> = parse(file)
            .unwrap()
            .includes
            .iter()
            .map(Include::url)
            .collect();
        assert_eq!(urls, ["https://cdn.example.org:8443/a/b.json?v=1"]);
    }

    proptest! {
        #[test]
        fn every_app_that_is_written_is_named_and_no_other(
            ids in proptest::collection::hash_set("[A-Za-z0-9._-]{1,40}", 0..20),
        ) {
            let target = |id: &String| serde_json::json!({
                "relation": [RELATION], "target": {"namespace": LINUX_APP, "app_id": id},
            });
            let file = Value::from_iter(ids.iter().map(target)).to_string();
            prop_assert_eq!(parse(&file).unwrap().apps, ids);
        }
    }
}
