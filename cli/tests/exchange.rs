//! Stories of `credex export` and `credex import`, with the real service between them.

#![allow(clippy::unwrap_used)]

mod stage;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Output, Stdio};

use rustix::process::Signal;
use stage::{Session, Terminal, code, end, line_with, object, signal, stderr, stdout};

const ME: &str = "Credex command line";

/// An importer that waits for an offer.
fn waiting(session: &Session, arguments: &[&str]) -> Child {
    let mut command = session.credex(&["import"]);
    command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    line_with(child.stderr.take().unwrap(), "Waiting.");
    child
}

/// An export from a terminal, where the chooser can ask.
fn export(session: &Session, terminal: &Terminal, arguments: &[&str]) -> Output {
    let mut command = session.credex(&["export"]);
    command.args(arguments).stdin(terminal.stream());
    command.output().unwrap()
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn what_was_exported_is_in_the_file_byte_for_byte() {
    let session = Session::open(Some(ME));
    let (sample, files) = session.write_sample();
    let arrived = session.path("arrived.cxf");
    let mut importer = waiting(&session, &["-o", arrived.to_str().unwrap()]);
    let terminal = Terminal::new();
    let exported = export(&session, &terminal, &[&sample, "--attachments", &files]);
    assert_eq!(code(&exported), 0, "{}", stderr(&exported));
    assert!(stdout(&exported).contains("20 of 20 credentials arrived."));
    assert!(
        stderr(&exported).contains("plaintext: delete it"),
        "{}",
        stderr(&exported)
    );
    assert_eq!(end(&mut importer), 0);

    assert_eq!(std::fs::read(&arrived).unwrap(), credex::cxf::sample());
    assert_eq!(mode(&arrived), 0o600);
    let attachments = session.path("arrived.cxf.attachments");
    assert_eq!(mode(&attachments), 0o700);
    for (id, content) in credex::cxf::sample_attachments() {
        let file = attachments.join(id);
        assert_eq!(std::fs::read(&file).unwrap(), *content);
        assert_eq!(mode(&file), 0o600);
    }
    let left: Vec<_> = std::fs::read_dir(session.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".credex"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn both_sides_tell_programs_the_same_numbers() {
    let session = Session::open(Some(ME));
    let (sample, files) = session.write_sample();
    let arrived = session.path("arrived.cxf");
    let importer = waiting(&session, &["--json", "-o", arrived.to_str().unwrap()]);
    let terminal = Terminal::new();
    let exported = object(&export(
        &session,
        &terminal,
        &["--json", &sample, "--attachments", &files],
    ));
    let imported = object(&importer.wait_with_output().unwrap());
    for (name, count) in imported["counts"].as_object().unwrap() {
        assert_eq!(exported["types"][name]["succeeded"], *count, "{name}");
    }
    assert_eq!(imported["attachments"], 1);
    assert_eq!(
        imported["attachment_problems"].as_array().map(Vec::len),
        Some(0)
    );
    assert_eq!(imported["exporter"]["app_id"], "org.credex.Cli");
}

#[test]
fn a_file_that_was_not_sent_along_is_missed_on_both_sides() {
    let session = Session::open(Some(ME));
    let (sample, _) = session.write_sample();
    let arrived = session.path("arrived.cxf");
    let importer = waiting(&session, &["--json", "-o", arrived.to_str().unwrap()]);
    let terminal = Terminal::new();
    let exported = export(&session, &terminal, &[&sample]);
    assert!(
        stderr(&exported).contains("--attachments"),
        "{}",
        stderr(&exported)
    );
    let output = importer.wait_with_output().unwrap();
    assert_eq!(code(&output), 5);
    let problems = object(&output)["attachment_problems"].clone();
    assert!(
        problems[0].as_str().unwrap().contains("did not come"),
        "{problems}"
    );
}

#[test]
fn a_document_can_pass_through_a_pipe() {
    let session = Session::open(Some(ME));
    let (sample, files) = session.write_sample();
    let importer = waiting(&session, &["-o", "-"]);
    // Standard input is the document here, so it is at standard error that the terminal is found.
    let terminal = Terminal::new();
    let mut command = session.credex(&["export", "-", "--attachments", &files]);
    command
        .stdin(std::fs::File::open(&sample).unwrap())
        .stdout(Stdio::piped());
    let mut exporter = command.stderr(terminal.stream()).spawn().unwrap();
    assert_eq!(end(&mut exporter), 0);
    let output = importer.wait_with_output().unwrap();
    assert_eq!(code(&output), 0);
    assert_eq!(output.stdout, credex::cxf::sample());
}

#[test]
fn an_existing_file_is_replaced_only_by_force() {
    let session = Session::open(Some(ME));
    let (sample, files) = session.write_sample();
    let arrived = session.path("arrived.cxf");
    std::fs::write(&arrived, "old").unwrap();
    std::fs::create_dir(session.path("arrived.cxf.attachments")).unwrap();
    std::fs::write(session.path("arrived.cxf.attachments/old"), "old").unwrap();
    let mut importer = waiting(&session, &["--force", "-o", arrived.to_str().unwrap()]);
    let terminal = Terminal::new();
    let exported = export(&session, &terminal, &[&sample, "--attachments", &files]);
    assert_eq!(code(&exported), 0, "{}", stderr(&exported));
    assert_eq!(end(&mut importer), 0);
    assert_eq!(std::fs::read(&arrived).unwrap(), credex::cxf::sample());
    assert!(!session.path("arrived.cxf.attachments/old").exists());
}

#[test]
fn ctrl_c_while_the_person_is_asked_takes_the_question_back() {
    let session = Session::open(None);
    let (sample, _) = session.write_sample();
    let arrived = session.path("arrived.cxf");
    let mut importer = waiting(&session, &["-o", arrived.to_str().unwrap()]);
    let mut terminal = Terminal::new();
    let mut exporter = terminal.start(session.credex(&["export", &sample]));
    terminal.see("only Enter to cancel: ");
    signal(&exporter, Signal::INT);
    terminal.see("Nothing was sent.");
    assert_eq!(end(&mut exporter), 3);

    signal(&importer, Signal::INT);
    assert_eq!(end(&mut importer), 3);
    assert!(!arrived.exists());
    let status = object(&session.credex(&["status", "--json"]).output().unwrap());
    assert_eq!(status["exchanges"], 0);
}

#[test]
fn ctrl_c_while_the_importer_dawdles_takes_the_payload_back() {
    let session = Session::open(Some(ME));
    let (sample, _) = session.write_sample();
    let arrived = session.path("arrived.cxf");
    let mut importer = waiting(&session, &["-o", arrived.to_str().unwrap()]);
    signal(&importer, Signal::STOP);
    let mut terminal = Terminal::new();
    let mut exporter = terminal.start(session.credex(&["export", &sample]));
    terminal.see("Sealed and handed over.");
    signal(&exporter, Signal::INT);
    terminal.see("It was stopped.");
    terminal.see("was given nothing.");
    assert_eq!(end(&mut exporter), 3);

    signal(&importer, Signal::CONT);
    signal(&importer, Signal::INT);
    assert_eq!(end(&mut importer), 3);
    assert!(!arrived.exists());
}

#[test]
fn a_person_who_declines_is_not_a_failure() {
    let session = Session::open(None);
    let (sample, _) = session.write_sample();
    let mut importer = waiting(&session, &["-o", session.path("never").to_str().unwrap()]);
    let mut terminal = Terminal::new();
    let mut exporter = terminal.start(session.credex(&["export", &sample]));
    terminal.see("only Enter to cancel: ");
    terminal.type_line("");
    assert_eq!(end(&mut exporter), 3);
    signal(&importer, Signal::TERM);
    assert_eq!(end(&mut importer), 3);
}

#[test]
fn without_an_app_to_send_to_the_export_says_so() {
    let session = Session::open(Some(ME));
    let (sample, _) = session.write_sample();
    let terminal = Terminal::new();
    let exported = export(&session, &terminal, &[&sample]);
    assert_eq!(code(&exported), 8);
    assert!(
        stderr(&exported).contains("credex providers"),
        "{}",
        stderr(&exported)
    );
}

#[test]
fn a_running_importer_is_listed_and_the_service_tells_how_it_is() {
    let session = Session::open(Some(ME));
    let status = session.credex(&["status"]).output().unwrap();
    assert_eq!(code(&status), 0, "{}", stderr(&status));
    assert!(
        stdout(&status).contains("is running"),
        "{}",
        stdout(&status)
    );
    let file = format!("\n  reads      {}\n", session.path("conf").display());
    assert!(stdout(&status).contains(&file), "{}", stdout(&status));
    let none = session.credex(&["providers"]).output().unwrap();
    assert!(stdout(&none).contains("No app"), "{}", stdout(&none));

    let mut importer = waiting(&session, &["-o", session.path("never").to_str().unwrap()]);
    let listed = object(&session.credex(&["providers", "--json"]).output().unwrap());
    assert_eq!(listed["providers"][0]["name"], ME);
    assert_eq!(listed["providers"][0]["origin"], "running");
    signal(&importer, Signal::HUP);
    assert_eq!(end(&mut importer), 3);
}
