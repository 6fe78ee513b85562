//! The person proves who they are before a payload leaves (design §5): the running service, on a
//! computer with the real polkit.
//!
//! Root may do everything, so each story is played by `nobody`, and needs a root that sets the scene.

use std::process::Command;

use credex_tests::Reason;
use credex_tests::agent::{Agent, Heard, Manners};
use credex_tests::chooser::Script;
use credex_tests::desktop::{Desktop, Plan};
use credex_tests::exporter::Exporter;
use credex_tests::importer::Importer;
use credex_tests::polkit::{System, is_played};
use credex_tests::programs;
use credex_tests::terminal::Screen;
use serde_json::Value;

use crate::scene::{COUNTS, DOCUMENT, VAULT, payload};

const AS_INSTALLED: &str = "";

fn rule(answer: &str) -> String {
    format!("polkit.addRule(function(action, subject) {{ return polkit.Result.{answer}; }});")
}

/// Has `nobody` play the rest of `story`, a test of this file, with an agent of these manners if any.
/// Returns what it was played with.
async fn play(
    system: Option<System>,
    story: &str,
    agent: Option<Manners>,
) -> Option<(System, Option<Agent>)> {
    let system = system?;
    let program = std::env::current_exe().unwrap();
    let story = format!("authentication::{story}");
    let played = system.play(&program, &[&story, "--exact", "--nocapture"]);
    let agent = match agent {
        Some(manners) => Some(Agent::of(&system, played.pid(), manners).await),
        None => None,
    };
    let said = played.ends().await;
    assert!(said.contains("1 passed"), "{story} is no test:\n{said}");
    Some((system, agent))
}

/// A desktop on which the person sends everything to [`VAULT`], once they have proven who they are.
fn plan() -> Plan {
    let plan = Desktop::plan().chooser(Script::choose(VAULT));
    plan.authenticating()
}

/// An exchange that comes to its end.
async fn completes(desktop: &Desktop, authentication: &str) {
    let importer = Importer::announced(desktop, VAULT).await;
    let exporter = Exporter::join(desktop).await;
    let session = exporter.agreed(COUNTS).await;
    let asked = desktop.person.asked().await;
    assert_eq!(asked["authentication"], authentication, "{asked}");
    session.deposit(&payload(), COUNTS).await.unwrap();
    assert_eq!(importer.import().await.document, DOCUMENT);
    session.receipt().await;
}

/// An exchange that ends because the person did not prove who they are. Nothing is handed over.
async fn ends_without_proof(desktop: &Desktop, why: &str) {
    let importer = Importer::announced(desktop, VAULT).await;
    let exporter = Exporter::join(desktop).await;
    let (response, error) = exporter.ask(COUNTS).await.refusal().await;
    let reason = (response, error.reason);
    assert_eq!(reason, (2, Reason::NotAuthenticated), "{error}");
    assert!(error.message.contains(why), "{error}");
    assert_eq!(importer.left().await, [""; 0]);
    assert_eq!(exporter.left().await, [""; 0]);
    assert_eq!(exporter.status().await.exchanges, Some(0));
}

#[tokio::test]
async fn who_proves_who_they_are_exports() {
    if !is_played() {
        let system = System::with_polkit(AS_INSTALLED).await;
        let story = "who_proves_who_they_are_exports";
        play(system, story, Some(Manners::Prove)).await;
        return;
    }
    completes(&plan().open().await, "asked").await;
}

#[tokio::test]
async fn an_export_that_a_rule_allows_is_not_asked_about() {
    if !is_played() {
        let system = System::with_polkit(&rule("YES")).await;
        let story = "an_export_that_a_rule_allows_is_not_asked_about";
        play(system, story, None).await;
        return;
    }
    completes(&plan().open().await, "waived").await;
}

#[tokio::test]
async fn an_export_that_a_rule_forbids_does_not_even_come_to_a_dialog() {
    if !is_played() {
        let system = System::with_polkit(&rule("NO")).await;
        let story = "an_export_that_a_rule_forbids_does_not_even_come_to_a_dialog";
        play(system, story, None).await;
        return;
    }
    let desktop = plan().open().await;
    ends_without_proof(&desktop, "rules forbid").await;
    assert_eq!(desktop.person.left(), [Value::Null; 0]);
}

#[tokio::test]
async fn who_dismisses_the_question_for_the_password_hands_nothing_over() {
    if !is_played() {
        let system = System::with_polkit(AS_INSTALLED).await;
        let story = "who_dismisses_the_question_for_the_password_hands_nothing_over";
        play(system, story, Some(Manners::Dismiss)).await;
        return;
    }
    let desktop = plan().open().await;
    ends_without_proof(&desktop, "dismissed").await;
    assert_eq!(desktop.person.asked().await["authentication"], "asked");
}

#[tokio::test]
async fn where_nothing_can_ask_for_the_password_the_exporter_is_told_what_to_do() {
    if !is_played() {
        let system = System::with_polkit(AS_INSTALLED).await;
        let story = "where_nothing_can_ask_for_the_password_the_exporter_is_told_what_to_do";
        play(system, story, None).await;
        return;
    }
    let why = format!("pkttyagent --process {}", std::process::id());
    ends_without_proof(&plan().open().await, &why).await;
}

#[tokio::test]
async fn a_person_who_never_types_the_password_lets_the_exchange_expire() {
    if !is_played() {
        let system = System::with_polkit(AS_INSTALLED).await;
        let story = "a_person_who_never_types_the_password_lets_the_exchange_expire";
        if let Some((_system, Some(agent))) = play(system, story, Some(Manners::Hang)).await {
            assert!(matches!(agent.hears().await, Heard::Asked { .. }));
            assert!(matches!(agent.hears().await, Heard::TakenBack { .. }));
        }
        return;
    }
    let desktop = plan().seconds("choose", 6).open().await;
    let _importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let (_, error) = exporter.ask(COUNTS).await.refusal().await;
    assert_eq!(error.reason, Reason::Expired, "{error}");
}

#[tokio::test]
async fn without_polkit_the_person_is_told_that_nothing_was_checked() {
    if !is_played() {
        let story = "without_polkit_the_person_is_told_that_nothing_was_checked";
        play(System::open(), story, None).await;
        return;
    }
    completes(&plan().open().await, "unchecked").await;
}

#[tokio::test]
async fn an_export_from_a_terminal_asks_for_the_password_there() {
    if !is_played() {
        let system = System::with_polkit(AS_INSTALLED).await;
        let story = "an_export_from_a_terminal_asks_for_the_password_there";
        play(system, story, None).await;
        return;
    }
    let desktop = plan().scripted_at_terminals().open().await;
    let _importer = Importer::announced(&desktop, VAULT).await;
    let document = desktop.path("document.cxf");
    std::fs::write(&document, credex::cxf::sample()).unwrap();
    let mut terminal = Screen::open();
    let mut command = Command::new("setsid");
    command.args(["--ctty", "--wait"]).arg(programs::credex());
    command.arg("export").arg(&document);
    let mut export = terminal.start(command, desktop.environment());
    // The words of the action, and the person who has to prove who they are.
    terminal.sees("can be handed over to another app").await;
    terminal.sees("Password:").await;
    terminal.hides_what_is_typed().await;
    terminal.types("not the password");
    terminal.sees("AUTHENTICATION FAILED").await;
    let message = terminal.sees("did not prove who they are").await;
    assert!(!message.contains("not the password"), "{message}");
    assert!(!export.wait().unwrap().success());
}
