//! What holds for every input of the parsers that read what a site or an app wrote.

use credexd::web_credentials::association::apple::Apps;
use credexd::web_credentials::association::asset_links::Statements;
use credexd::web_credentials::domain::{Mode, Pattern, Site};

/// What was read is written in ASCII as what reads the same, and covers nothing above itself.
pub(crate) fn domain(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    for mode in [Mode::Standard, Mode::Developer] {
        let site = Site::parse(&text, mode);
        let pattern = Pattern::parse(&text, mode);
        match (&site, &pattern) {
            (Ok(site), Ok(pattern)) => {
                assert_eq!(*pattern, Pattern::Exact(site.clone()));
                assert!(pattern.covers(site));
            }
            (Err(error), Ok(pattern)) => {
                assert!(matches!(pattern, Pattern::Below(_)), "{error}");
                assert!(!pattern.covers(pattern.answered_by()));
            }
            (Ok(site), Err(error)) => panic!("{site} is a site and no domain: {error}"),
            (Err(_), Err(error)) => assert!(error.to_string().len() < 2048),
        }
        if let Ok(pattern) = pattern {
            let written = pattern.to_string();
            assert!(
                written.is_ascii() && written.len() <= 2 + 253 + 6,
                "{written}"
            );
            assert_eq!(Pattern::parse(&written, mode), Ok(pattern));
        }
    }
}

/// An app that is named has an ID that can be one, a site reads as itself, and what is included is fetched
/// by `https` from a site.
pub(crate) fn asset_links(input: &[u8]) {
    match Statements::parse(input, Mode::Standard) {
        Ok(statements) => {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            for app in &statements.apps {
                assert!(!app.is_empty() && app.bytes().all(allowed), "{app:?}");
            }
            for site in &statements.sites {
                assert_eq!(
                    Site::parse(&site.to_string(), Mode::Standard).as_ref(),
                    Ok(site)
                );
            }
            for include in &statements.includes {
                let url = include.url();
                let rest = url.strip_prefix("https://").expect("an https URL");
                let (host, _) = rest.split_once('/').expect("a path");
                assert!(Site::parse(host, Mode::Standard).is_ok(), "{url}");
                assert!(url.bytes().all(|byte| byte.is_ascii_graphic()), "{url}");
            }
        }
        Err(error) => short(&error.to_string()),
    }
}

/// An app is named only if its ID stands in the file.
pub(crate) fn apple(input: &[u8]) {
    const APP: &str = "org.example.App";
    match Apps::parse(input) {
        Ok(apps) if apps.names(APP) => {
            // JSON may write any letter as an escape.
            let stands = input.windows(APP.len()).any(|part| part == APP.as_bytes());
            assert!(stands || input.contains(&b'\\'));
        }
        Ok(_) => {}
        Err(error) => short(&error.to_string()),
    }
}

/// An error can be shown to a person.
fn short(error: &str) {
    assert!(error.chars().count() <= 402, "{error}");
    assert!(!error.contains(char::is_control), "{error:?}");
}
