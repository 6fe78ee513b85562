//! `apple-app-site-association`, of which only `webcredentials.apps` concerns us. Serves "The site's
//! statement" of section "Shared web credentials: association" of `protocol/README.md`.
//!
//! A site names our apps there by their desktop-entry IDs, beside the Apple IDs (`TEAMID.bundle.id`)
//! of others.

use std::collections::HashSet;

use serde::Deserialize;

use super::malformed::{Malformed, Object, read};

/// The IDs of the apps that a site names. Those of Apple's are among them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Apps(HashSet<String>);

#[derive(Deserialize)]
struct File {
    webcredentials: Option<Object<WebCredentials>>,
}

#[derive(Deserialize)]
struct WebCredentials {
    #[serde(default)]
    apps: HashSet<String>,
}

impl Apps {
    /// Reads a whole file. Members that others read are left aside.
    ///
    /// # Errors
    /// It is not JSON, is too long, or what concerns us has another form than documented.
    pub fn parse(file: &[u8]) -> Result<Apps, Malformed> {
        let Object(file): Object<File> = read(file)?;
        let named = file.webcredentials.map(|Object(section)| section.apps);
        Ok(Apps(named.unwrap_or_default()))
    }

    /// Whether the app `app_id` is named. Every byte counts, upper and lower case too.
    #[must_use]
    pub fn names(&self, app_id: &str) -> bool {
        self.0.contains(app_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: &str = "org.example.App";

    #[test]
    fn an_app_is_named_in_webcredentials_and_nowhere_else() {
        for (file, named) in [
            (r#"{"webcredentials":{"apps":["org.example.App"]}}"#, true),
            (
                r#"{"webcredentials":{"apps":["ABCDE12345.org.example.App","org.example.App"]}}"#,
                true,
            ),
            (
                "\u{feff}{\"webcredentials\":{\"apps\":[\"org.example.App\"]}}",
                true,
            ),
            (
                r#"{"applinks":{"details":5},"webcredentials":{"apps":["org.example.App"],"x":1}}"#,
                true,
            ),
            (
                r#"{"webcredentials":{"apps":["ABCDE12345.org.example.App"]}}"#,
                false,
            ),
            (r#"{"webcredentials":{"apps":["org.example.app"]}}"#, false),
            (r#"{"webcredentials":{"apps":["org.example.App2"]}}"#, false),
            (r#"{"webcredentials":{"apps":["*"]}}"#, false),
            (r#"{"webcredentials":{"apps":[]}}"#, false),
            (r#"{"webcredentials":{}}"#, false),
            (r#"{"webcredentials":null}"#, false),
            (r#"{"applinks":{"apps":["org.example.App"]}}"#, false),
            (r#"{"appclips":{"apps":["org.example.App"]}}"#, false),
            ("{}", false),
        ] {
            assert_eq!(
                Apps::parse(file.as_bytes()).unwrap().names(APP),
                named,
                "{file}"
            );
        }
    }

    #[test]
    fn what_has_another_form_is_refused_where_it_has_it() {
        for (file, path, problem) in [
            ("", ".", "EOF while parsing"),
            ("<!doctype html>", ".", "expected value"),
            ("[]", ".", "expected an object"),
            (
                "{\"webcredentials\":{\"apps\":[\"a\"",
                "webcredentials.apps",
                "EOF while parsing",
            ),
            (
                r#"{"webcredentials":[["a"]]}"#,
                "webcredentials",
                "expected an object",
            ),
            (
                r#"{"webcredentials":{"apps":["a"]}} x"#,
                ".",
                "trailing characters",
            ),
            (
                r#"{"webcredentials":{"apps":"a"}}"#,
                "webcredentials.apps",
                "invalid type: string",
            ),
            (
                r#"{"webcredentials":{"apps":["a",7]}}"#,
                "webcredentials.apps[1]",
                "invalid type: integer",
            ),
            (
                r#"{"webcredentials":{},"webcredentials":{"apps":["a"]}}"#,
                ".",
                "duplicate field",
            ),
            (
                r#"{"webcredentials":{"apps":[],"apps":["a"]}}"#,
                "webcredentials",
                "duplicate field",
            ),
            ("\u{30}\u{2}\u{1}", ".", "is signed"),
        ] {
            let error = Apps::parse(file.as_bytes()).expect_err(file);
            assert_eq!(error.path, path, "{file}: {error}");
            assert!(error.problem.contains(problem), "{file}: {error}");
        }
        assert!(Apps::parse(b"{\"x\":\"\xff\"}").is_err());
        let long = format!("{{{}}}", " ".repeat(super::super::MAX_FILE));
        assert!(Apps::parse(long.as_bytes()).is_err());
        let deep = "[".repeat(100_000);
        assert!(Apps::parse(format!("{{\"x\":{deep}").as_bytes()).is_err());
    }
}
