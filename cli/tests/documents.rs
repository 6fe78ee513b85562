//! Stories of documents in files, and of the help: nothing here needs a bus.

#![allow(clippy::unwrap_used)]

mod stage;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use stage::{code, credex, object, run, stderr, stdout};
use tempfile::TempDir;

struct Files(TempDir);

impl Files {
    fn new() -> Files {
        Files(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.into_os_string().into_string().unwrap()
    }

    fn sample(&self) -> String {
        self.write("sample.cxf", credex::cxf::sample())
    }

    /// The sample with one of its texts replaced.
    fn changed(&self, name: &str, from: &str, to: &str) -> String {
        let sample = std::str::from_utf8(credex::cxf::sample()).unwrap();
        assert!(sample.contains(from), "{from}");
        self.write(name, sample.replacen(from, to, 1))
    }
}

const DOCUMENT: &str = r#"{"version":{"major":1,"minor":0},"exporterRpId":"a.example",
 "exporterDisplayName":"A","timestamp":1,"accounts":[{"id":"YQ","username":"u","email":"",
 "collections":[],"items":[{"id":"Yg","title":"Secret title","credentials":[CREDENTIALS]}]}]}"#;

#[test]
fn a_good_document_is_told_in_words() {
    let files = Files::new();
    let output = run(&["validate", &files.sample()]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    for words in [
        "valid",
        "20 credentials",
        "3 passwords",
        "1 passkey",
        "Tolerated:",
    ] {
        assert!(text.contains(words), "{words} is missing from:\n{text}");
    }
    assert!(!text.contains('\x1b'), "no colours without a terminal");
}

#[test]
fn a_bad_credential_is_named_by_its_place_and_not_by_its_content() {
    let files = Files::new();
    let bad = r#"{"type":"totp","secret":"hunter2!","period":30,"digits":6,"algorithm":"sha1"}"#;
    let file = files.write("bad.cxf", DOCUMENT.replace("CREDENTIALS", bad));
    let output = run(&["validate", &file]);
    assert_eq!(code(&output), 5);
    let text = stdout(&output);
    assert!(
        text.contains("$.accounts[0].items[0].credentials[0].secret"),
        "{text}"
    );
    assert!(text.contains("base32"), "{text}");
    let there = "1 credential, ";
    assert!(
        text.contains(there) && text.contains("(1 set aside)"),
        "{text}"
    );
    assert!(
        !text.contains("hunter2") && !text.contains("Secret title"),
        "{text}"
    );

    let report = &object(&run(&["--json", "validate", &file]))["report"];
    assert_eq!(report["quarantined_total"], 1);
    assert_eq!(report["counts"], serde_json::json!({}));
    assert_eq!(report["present"], serde_json::json!({"totp": 1}));
    assert_eq!(report["quarantined"][0]["unit"], "credential");
}

#[test]
fn what_is_no_document_is_refused_with_place_and_advice() {
    let files = Files::new();
    let file = files.write("broken.cxf", "{\"accounts\": [");
    let output = run(&["validate", &file]);
    assert_eq!(code(&output), 4);
    assert!(stdout(&output).is_empty());
    assert!(
        stderr(&output).starts_with("error: "),
        "{}",
        stderr(&output)
    );
    assert!(stderr(&output).contains("line 1"), "{}", stderr(&output));

    let told = object(&run(&["validate", &file, "--json"]));
    assert_eq!(told["command"], "validate");
    assert_eq!(told["error"]["exit_code"], 4);
    assert_eq!(told["error"]["kind"], "invalid");
}

#[test]
fn a_document_can_come_from_standard_input() {
    let files = Files::new();
    let sample = std::fs::File::open(files.sample()).unwrap();
    let output = credex(&["validate", "-"]).stdin(sample).output().unwrap();
    assert_eq!(code(&output), 0);
    assert!(stdout(&output).contains("standard input"));
}

#[test]
fn a_hostile_member_name_cannot_act_on_the_terminal() {
    let files = Files::new();
    let hostile = r#"{"\u001b[2J\u202e\u0007":1,"accounts":1,"\u001b[2J\u202e\u0007":2}"#;
    let output = run(&["validate", &files.write("hostile.cxf", hostile)]);
    assert_eq!(code(&output), 4);
    let text = stderr(&output);
    assert!(!text.contains(['\x1b', '\u{202e}', '\x07']), "{text:?}");
}

#[test]
fn a_hostile_file_name_cannot_act_on_the_terminal() {
    let files = Files::new();
    let output = run(&[
        "validate",
        &files.write("a\x1b[2J.cxf", credex::cxf::sample()),
    ]);
    assert_eq!(code(&output), 0);
    assert!(!stdout(&output).contains('\x1b'));
    let output = run(&["validate", "/nonexistent/a\x1b[2J.cxf"]);
    assert_eq!(code(&output), 1);
    assert!(!stderr(&output).contains('\x1b'));
}

#[test]
fn a_difference_is_told_by_its_place_and_not_by_its_content() {
    let files = Files::new();
    let sample = files.sample();
    let output = run(&[
        "diff",
        &sample,
        &files.changed("b.cxf", "kept without an id", "hunter2"),
    ]);
    assert_eq!(code(&output), 5);
    let text = stdout(&output);
    assert!(
        text.contains("changed") && text.contains("password.value"),
        "{text}"
    );
    assert!(text.contains("1 difference"), "{text}");
    assert!(
        !text.contains("kept") && !text.contains("hunter2"),
        "{text}"
    );

    let lost = files.changed("c.cxf", "\"favorite\": true,", "");
    let told = object(&run(&["diff", "--json", &sample, &lost]));
    assert_eq!(told["differences"][0]["change"], "lost");
    assert!(
        told["differences"][0]["path"]
            .as_str()
            .unwrap()
            .ends_with(".favorite")
    );
}

#[test]
fn the_same_document_twice_has_no_differences() {
    let files = Files::new();
    let sample = files.sample();
    let output = run(&["diff", &sample, &sample]);
    assert_eq!(code(&output), 0);
    let told = object(&run(&["diff", "--json", &sample, &sample]));
    assert_eq!(told["differences"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_diff_says_which_of_the_two_is_no_document() {
    let files = Files::new();
    let (good, bad) = (files.sample(), files.write("bad.cxf", "[]"));
    for arguments in [["diff", &good, &bad], ["diff", &bad, &good]] {
        let output = run(&arguments);
        assert_eq!(code(&output), 4);
        assert!(stderr(&output).contains("bad.cxf"), "{}", stderr(&output));
    }
}

#[test]
fn every_help_ends_with_the_exit_codes() {
    for command in [
        "demo",
        "export",
        "import",
        "providers",
        "status",
        "validate",
        "diff",
    ] {
        let output = run(&[command, "--help"]);
        assert_eq!(code(&output), 0);
        let text = stdout(&output);
        assert!(text.contains("Exit codes:"), "{text}");
        assert!(text.contains("8  No app can take"), "{text}");
        assert!(text.contains("--json"), "{text}");
    }
    let output = run(&["validate"]);
    assert_eq!(code(&output), 2, "a wrong command line");
}

#[test]
fn without_a_session_the_service_is_unavailable() {
    let files = Files::new();
    let sample = files.sample();
    for arguments in [
        &["status"][..],
        &["providers"],
        &["export", &sample],
        &["import", "-o", "/tmp/never-written.cxf"],
    ] {
        let output = run(arguments);
        assert_eq!(code(&output), 6, "{arguments:?}: {}", stderr(&output));
        assert!(
            stderr(&output).contains("DBUS_SESSION_BUS_ADDRESS"),
            "{}",
            stderr(&output)
        );
    }
    let told = object(&run(&["status", "--json"]));
    assert_eq!(told["error"]["kind"], "unavailable");
}

#[test]
fn what_is_in_the_way_is_said_before_anybody_is_asked() {
    let files = Files::new();
    let there = files.write("there.cxf", "precious");
    let output = run(&["import", "-o", &there]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--force"), "{}", stderr(&output));
    assert_eq!(std::fs::read(&there).unwrap(), b"precious");
    assert_eq!(code(&run(&["--json", "import", "-o", "-"])), 2);
}

#[test]
fn who_takes_a_store_for_a_document_is_told_how_stores_are_sent() {
    let files = Files::new();
    let store = files.write("old.kdbx", "\x03 no document");
    let output = run(&["export", &store]);
    assert_eq!(code(&output), 4, "{}", stderr(&output));
    let advice = format!("credex export --from kdbx:{store}");
    assert!(stderr(&output).contains(&advice), "{}", stderr(&output));
    // What is no store by its name gets no such advice.
    let output = run(&["export", &files.write("notes.txt", "no document")]);
    assert!(stderr(&output).contains("validate"), "{}", stderr(&output));
}

#[test]
fn whoever_names_nothing_to_send_or_to_write_is_told_of_both_ways() {
    for (command, both) in [
        ("export", "<FILE|--from <STORE>>"),
        ("import", "<--output <FILE>|--to <STORE>>"),
    ] {
        let output = run(&[command]);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(both), "{}", stderr(&output));
    }
    let both = ["import", "-o", "a", "--to", "archive:b"];
    assert_eq!(code(&run(&both)), 2);
    assert_eq!(code(&run(&["export", "a", "--from", "archive:b"])), 2);
}

#[test]
fn a_reader_that_goes_away_is_no_reason_to_panic() {
    let files = Files::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = credex(&["validate", &files.sample()]);
    let child = command
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).is_empty(), "{}", stderr(&output));
}

#[test]
fn the_documents_that_others_wrote_are_valid() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/cxf");
    let found: Vec<PathBuf> = ["appendix-a.json", "kitchen-sink.json"]
        .iter()
        .map(|name| shared.join(name))
        .filter(|path| path.exists())
        .collect();
    if found.is_empty() {
        eprintln!("{} is not there: nothing was compared", shared.display());
    }
    for file in found {
        let output = run(&["validate", file.to_str().unwrap()]);
        assert_ne!(code(&output), 4, "{}", stderr(&output));
    }
}
