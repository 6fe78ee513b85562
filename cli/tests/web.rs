//! Stories of `credex web` and `credex domain` where nothing is set up yet. What they do where all is, is
//! told by `credex demo web` and by the stories of the service.

#![allow(clippy::unwrap_used)]

mod stage;

use std::io::Write;
use std::process::{Output, Stdio};

use stage::{Session, code, object, stderr, stdout};

fn credex(session: &Session, arguments: &[&str], typed: &str) -> Output {
    let mut command = session.credex(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let written = child.stdin.take().unwrap().write_all(typed.as_bytes());
    // It may have ended without reading anything.
    written.ok();
    child.wait_with_output().unwrap()
}

#[test]
fn a_password_is_no_argument() {
    let session = Session::open(None);
    let told = credex(
        &session,
        &["web", "add", "example.org", "ada", "geheim"],
        "",
    );
    assert_eq!(code(&told), 2, "{}", stderr(&told));
    for typed in ["", "\n"] {
        let told = credex(&session, &["web", "add", "example.org", "ada"], typed);
        assert_eq!(code(&told), 2, "{}", stderr(&told));
        assert!(stderr(&told).contains("empty"), "{}", stderr(&told));
    }
}

#[test]
fn a_program_that_nobody_has_installed_is_told_so() {
    let session = Session::open(None);
    let told = credex(&session, &["web", "add", "example.org", "ada"], "geheim\n");
    assert_eq!(code(&told), 1, "{}", stderr(&told));
    assert!(stderr(&told).contains("nothing shows"), "{}", stderr(&told));
    assert!(!stderr(&told).contains("geheim"));
}

#[test]
fn a_new_password_is_printed_and_its_entropy_is_said_beside_it() {
    let session = Session::open(None);
    let told = credex(&session, &["web", "generate"], "");
    assert_eq!(code(&told), 0, "{}", stderr(&told));
    assert_eq!(stdout(&told).trim().len(), 15);
    assert!(stderr(&told).contains("69.1 bits"), "{}", stderr(&told));
    let rules = ["web", "generate", "--json", "--rules"];
    let told = credex(
        &session,
        &[&rules[..], &["maxlength: 8; allowed: digit;"]].concat(),
        "",
    );
    let told = object(&told);
    let password = told["password"].as_str().unwrap();
    assert!(password.chars().all(|c| c.is_ascii_digit()), "{told}");
    assert!(told["entropy"].as_f64().unwrap() > 0.0);
}

#[test]
fn who_has_refused_nothing_has_nothing_to_forget() {
    let session = Session::open(None);
    let told = object(&credex(&session, &["--json", "web", "list"], ""));
    assert_eq!(told["decisions"], serde_json::json!([]));
    let told = credex(&session, &["web", "forget", "org.example.Shop"], "");
    assert_eq!(code(&told), 1, "{}", stderr(&told));
}

#[test]
fn a_computer_is_no_website_and_a_suffix_has_no_owner() {
    let session = Session::open(None);
    for domain in ["localhost", "co.uk", "127.0.0.1", "https://example.org"] {
        let told = credex(&session, &["domain", "check", domain], "");
        assert_eq!(code(&told), 1, "{domain}");
        assert!(stderr(&told).contains("domain: "), "{}", stderr(&told));
    }
}
