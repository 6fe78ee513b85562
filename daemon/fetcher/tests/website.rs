//! The real fetcher and a real site with TLS on this computer: each way in which that can go wrong, with its
//! stage, its URL and its status. Serves "Fetching" of section "Shared web credentials: association" of
//! `protocol/README.md`.

#![allow(clippy::panic, clippy::unwrap_used)]

mod asked;

use std::path::Path;

use asked::Asked;
use credex_tests::website::{Authority, Identity, Page, Website};
use credexd::web_credentials::fetch::{Developer, Fault, FetchError, Fetched, Request, Stage};

const PATH: &str = "/.well-known/assetlinks.json";
/// As the daemon gives it.
const TEN_SECONDS: u32 = 10_000;

fn fetch(url: &str, developer: Option<&Authority>) -> Result<Fetched, FetchError> {
    fetch_within(TEN_SECONDS, url, developer)
}

fn fetch_within(
    timeout: u32,
    url: &str,
    developer: Option<&Authority>,
) -> Result<Fetched, FetchError> {
    let request = Request {
        url: url.to_owned(),
        timeout,
        developer: developer.map(|authority| Developer {
            authority: Some(authority.file().to_owned()),
        }),
    };
    Asked::new(&request).answer().outcome
}

#[track_caller]
fn failed(
    outcome: Result<Fetched, FetchError>,
    stage: Stage,
    fault: &Fault,
    status: Option<u16>,
) -> FetchError {
    let error = outcome.unwrap_err();
    assert_eq!(
        (error.stage, &error.fault, error.status),
        (stage, fault, status),
        "{error}"
    );
    error
}

#[test]
fn a_good_site_is_fetched_with_all_that_is_to_know() {
    let authority = Authority::new();
    let site = Website::open(&authority, Identity::Good);
    site.serve(
        PATH,
        Page::json("[]")
            .with("Cache-Control", "max-age=86400")
            .with("ETag", "\"1\""),
    );
    let fetched = fetch(&site.url(PATH), Some(&authority)).unwrap();
    assert_eq!(fetched.url, site.url(PATH));
    assert_eq!(
        (fetched.status, fetched.body.as_slice()),
        (200, b"[]".as_slice())
    );
    assert_eq!(fetched.content_type.as_deref(), Some("application/json"));
    assert_eq!(fetched.freshness.seconds, 86400);
    let etag = ("etag".to_owned(), "\"1\"".to_owned());
    assert!(
        fetched.freshness.headers.contains(&etag),
        "{:?}",
        fetched.freshness
    );
    assert!(
        fetched
            .addresses
            .iter()
            .all(|address| address.ip().is_loopback())
    );
    let subject = "CN=A site of a test's at localhost";
    assert_eq!(fetched.certificate.subject, subject);
    assert!(
        fetched
            .certificate
            .issuer
            .contains("An authority of a test's")
    );
    assert!(fetched.certificate.not_after > 1_700_000_000);
    assert_eq!(site.requests(), [PATH]);
}

#[test]
fn types_that_servers_give_to_files_without_an_ending_are_taken() {
    let authority = Authority::new();
    let site = Website::open(&authority, Identity::Good);
    for kind in [
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "application/octet-stream",
        "text/plain",
        "application/vnd.example+json",
    ] {
        site.serve(PATH, Page::typed(kind, "[]"));
        assert!(fetch(&site.url(PATH), Some(&authority)).is_ok(), "{kind}");
    }
    site.serve(
        PATH,
        Page::File {
            headers: vec![],
            body: b"[]".to_vec(),
        },
    );
    assert!(fetch(&site.url(PATH), Some(&authority)).is_ok());
}

#[test]
fn each_bad_answer_is_told_with_its_stage_url_and_status() {
    let authority = Authority::new();
    let site = Website::open(&authority, Identity::Good);
    let redirect = Page::Redirect("https://elsewhere.example/x".to_owned());
    let huge = "x".repeat(128 * 1024 + 1);
    let endless = Page::Truncated {
        promised: None,
        body: vec![b' '; 200_000],
    };
    let short = |promised| Page::Truncated {
        promised,
        body: b"[{\"relation\":".to_vec(),
    };
    for (page, stage, fault, status, says) in [
        (
            Page::Status(404),
            Stage::Http,
            Fault::Status,
            Some(404),
            "404",
        ),
        (
            Page::Status(410),
            Stage::Http,
            Fault::Status,
            Some(410),
            "410",
        ),
        (
            Page::Status(500),
            Stage::Http,
            Fault::Status,
            Some(500),
            "500",
        ),
        (
            Page::Status(204),
            Stage::Http,
            Fault::Status,
            Some(204),
            "204",
        ),
        (
            redirect,
            Stage::Http,
            Fault::Redirect("https://elsewhere.example/x".into()),
            Some(302),
            "not followed",
        ),
        (
            Page::typed("text/html", "<!doctype html>"),
            Stage::Http,
            Fault::WrongType,
            Some(200),
            "text/html",
        ),
        (
            Page::json(huge),
            Stage::Body,
            Fault::TooLong,
            Some(200),
            "longer than 128 KiB",
        ),
        (
            endless,
            Stage::Body,
            Fault::TooLong,
            Some(200),
            "longer than 128 KiB",
        ),
        (
            short(Some(1000)),
            Stage::Body,
            Fault::Truncated,
            Some(200),
            "breaks off",
        ),
        (
            short(None),
            Stage::Body,
            Fault::Truncated,
            Some(200),
            "breaks off",
        ),
        (
            Page::Raw(b"SSH-2.0-OpenSSH\r\n".to_vec()),
            Stage::Http,
            Fault::Protocol,
            None,
            "",
        ),
    ] {
        let shown = format!("{page:?}").chars().take(60).collect::<String>();
        site.serve(PATH, page);
        let error = fetch(&site.url(PATH), Some(&authority)).expect_err(&shown);
        assert_eq!(
            (error.stage, &error.fault, error.status),
            (stage, &fault, status),
            "{shown}: {error}"
        );
        assert_eq!(error.url, site.url(PATH));
        assert!(error.problem.contains(says), "{shown}: {error}");
        assert!(error.certificate.is_some(), "{shown}: {error}");
    }
}

#[test]
fn a_file_that_is_no_json_is_for_its_reader_to_refuse() {
    let authority = Authority::new();
    let site = Website::open(&authority, Identity::Good);
    site.serve(PATH, Page::json("{ bad"));
    let fetched = fetch(&site.url(PATH), Some(&authority)).unwrap();
    assert_eq!(fetched.body, b"{ bad");
}

#[test]
fn a_slow_site_is_given_up_when_the_time_is_up() {
    let authority = Authority::new();
    let site = Website::open(&authority, Identity::Good);
    for (page, stage, status) in [
        (Page::Drip, Stage::Body, Some(200)),
        (Page::Silence, Stage::Http, None),
    ] {
        site.serve(PATH, page);
        let outcome = fetch_within(3000, &site.url(PATH), Some(&authority));
        let error = failed(outcome, stage, &Fault::TimedOut, status);
        assert!(error.problem.contains("3 s"), "{error}");
    }
}

#[test]
fn a_site_that_cannot_prove_who_it_is_is_told_why() {
    for (identity, fault, says) in [
        (Identity::Expired, Fault::Expired, "expired"),
        (
            Identity::SelfSigned,
            Fault::Untrusted,
            "nobody whom this system trusts",
        ),
        (Identity::OtherHost, Fault::WrongHost, "another host's"),
    ] {
        let authority = Authority::new();
        let site = Website::open(&authority, identity);
        site.serve(PATH, Page::json("[]"));
        let outcome = fetch(&site.url(PATH), Some(&authority));
        let error = failed(outcome, Stage::Tls, &fault, None);
        assert!(error.problem.contains(says), "{error}");
        let shown = error.certificate.unwrap();
        assert!(shown.subject.starts_with("CN="), "{shown:?}");
        assert_eq!(site.requests(), [""; 0], "no request was sent");
    }
    let site = Website::open(&Authority::new(), Identity::Good);
    let outcome = fetch(&site.url(PATH), Some(&Authority::new()));
    failed(outcome, Stage::Tls, &Fault::Untrusted, None);
}

#[test]
fn without_developer_mode_this_computer_is_no_site() {
    let authority = Authority::new();
    let site = Website::open(&authority, Identity::Good);
    site.serve(PATH, Page::json("[]"));
    // Its certificate is no hindrance: the system itself trusts it.
    let system = [("SSL_CERT_FILE", authority.file())];
    for (url, says) in [
        (site.url(PATH), "127.0.0.1, which is not a public address"),
        (
            site.url(PATH).replace("localhost", "app.localhost"),
            "127.0.0.1, which is not",
        ),
    ] {
        let request = Request {
            url,
            timeout: TEN_SECONDS,
            developer: None,
        };
        let outcome = Asked::on_a_system_with(&system, &request).answer().outcome;
        let error = failed(outcome, Stage::Resolve, &Fault::PrivateAddress, None);
        assert!(error.problem.contains(says), "{error}");
        assert_eq!(error.url, request.url);
    }
    assert_eq!(site.requests(), [""; 0]);
}

#[test]
fn a_system_without_authorities_is_told_to_install_them() {
    let request = Request {
        url: "https://localhost/".to_owned(),
        timeout: TEN_SECONDS,
        developer: None,
    };
    let empty = [
        ("SSL_CERT_FILE", Path::new("/dev/null")),
        ("SSL_CERT_DIR", Path::new("/nowhere")),
    ];
    let error = Asked::on_a_system_with(&empty, &request)
        .answer()
        .outcome
        .unwrap_err();
    assert_eq!((error.stage, &error.fault), (Stage::Start, &Fault::Here));
    assert!(error.problem.contains("ca-certificates"), "{error}");
}

#[test]
fn a_site_that_does_not_listen_is_told_from_one_that_does_not_exist() {
    let authority = Authority::new();
    let site = Website::open(&authority, Identity::Good);
    let url = site.url(PATH);
    drop(site);
    failed(
        fetch(&url, Some(&authority)),
        Stage::Connect,
        &Fault::Connection,
        None,
    );
}

#[test]
fn what_is_not_encrypted_is_not_fetched() {
    let error = fetch("http://localhost/x", Some(&Authority::new())).unwrap_err();
    assert_eq!((error.stage, error.fault), (Stage::Start, Fault::Here));
}

#[test]
fn an_authority_that_cannot_be_read_is_named() {
    let request = Request {
        url: "https://localhost/".to_owned(),
        timeout: TEN_SECONDS,
        developer: Some(Developer {
            authority: Some("/nowhere/authority.pem".into()),
        }),
    };
    let error = Asked::new(&request).answer().outcome.unwrap_err();
    assert!(error.problem.contains("/nowhere/authority.pem"), "{error}");
}

#[test]
fn the_fetcher_is_confined_and_has_no_fd_of_the_daemons_while_it_speaks_with_a_site() {
    let authority = Authority::new();
    let site = Website::open(&authority, Identity::Good);
    site.serve(PATH, Page::Drip);
    let request = Request {
        url: site.url(PATH),
        timeout: TEN_SECONDS,
        developer: Some(Developer {
            authority: Some(authority.file().to_owned()),
        }),
    };
    let asked = Asked::new(&request);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(credex_tests::patience::eventually(
        "a request",
        || site.requests(),
        |requests| !requests.is_empty(),
    ));
    let pid = asked.fetcher.id();
    assert!(credex_fetcher::sandbox::is_confined(pid).unwrap());
    match std::fs::read_dir(format!("/proc/{pid}/fd")) {
        Ok(fds) => {
            let open = fds.map(|fd| {
                std::fs::read_link(fd.unwrap().path())
                    .unwrap()
                    .to_string_lossy()
                    .into_owned()
            });
            let open: Vec<_> = open
                .filter(|fd| fd != "/dev/null" && !fd.starts_with("anon_inode:"))
                .collect();
            // The daemon's, the site's, and the pair by which the event loop hears of signals.
            assert!(open.iter().all(|fd| fd.starts_with("socket:")), "{open:?}");
        }
        Err(error) => eprintln!("left out: its fds cannot be seen: {error}"),
    }
    drop(site);
    let undialled = asked.undialled.concat();
    let answer = asked.answer();
    assert!(answer.outcome.is_err());
    if !undialled.is_empty() {
        eprintln!("this kernel: {undialled}");
    }
    if !answer.unconfined.is_empty() {
        eprintln!("this kernel: {}", answer.unconfined.concat());
    }
}
