//! Whoever has something right about it, but is not the app that the person chose (design §5).

use std::process::Command;

use credex_tests::Reason;
use credex_tests::app::{self, Entry, Role};
use credex_tests::chooser::pid;
use credex_tests::desktop::Desktop;
use credex_tests::exporter::Exporter;
use credex_tests::importer::Importer;
use credex_tests::monitor::contains;
use credex_tests::process::{Peer, Process};
use credex_tests::{chooser, programs};
use serde_json::Value;

use crate::scene::{COUNTS, Scene, State, VAULT, payload};

#[tokio::test]
async fn a_program_outside_of_every_sandbox_cannot_answer_for_an_app_inside_of_one() {
    let desktop = Desktop::sending_to(VAULT).await;
    let entry = Entry::importer(VAULT).dbus_activatable();
    desktop.install(&entry.line(&format!("X-Flatpak={VAULT}")));
    let importer = Importer::named(&desktop, VAULT).await;
    let session = Exporter::join(&desktop).await.agreed(COUNTS).await;
    session.deposit(&payload(), COUNTS).await.unwrap();
    importer.offered().await;
    let (error, handed_over) = session.failure().await;
    assert_eq!(error.reason, Reason::ImporterUnavailable, "{error}");
    assert!(!handed_over);
    let told = desktop.person.finished().await;
    let told = told["message"].as_str().unwrap();
    assert!(told.contains("is installed in a sandbox"), "{told}");
    assert_eq!(importer.left().await, [""; 0], "no token, no withdrawal");
}

#[tokio::test]
async fn another_instance_of_the_program_that_was_started_for_an_exchange_gets_nothing() {
    let desktop = Desktop::sending_to(VAULT).await;
    let (ours, theirs) = (desktop.reports("importer"), desktop.reports("twin"));
    desktop.install(&Entry::importer(VAULT).exec(&app::command(&ours, VAULT, Role::Announce)));
    let role = format!("{:?}", Role::Announce);
    let twin = || {
        let mut command = Command::new(programs::importer_app());
        command.arg(theirs.path()).args([VAULT, &role]);
        command
            .env_clear()
            .envs(desktop.environment().iter().cloned());
        Process::start(&mut command, &desktop.path("twin.log"))
    };
    let _before = twin();
    theirs.next("announced").await;
    let session = Exporter::join(&desktop).await.agreed(COUNTS).await;
    session.deposit(&payload(), COUNTS).await.unwrap();
    let offer = ours.next("offer").await;
    let _after = twin();
    theirs.next("announced").await;
    ours.next("imported").await;
    assert_eq!(session.receipt().await.0["note"].succeeded, 1);
    let heard = theirs.left();
    assert!(
        heard.iter().all(|report| report["said"] == "started"),
        "{heard:?}"
    );
    // It knows the way and the token, and the way is not open to it.
    let stranger = Importer::join(&desktop).await;
    let token: Vec<u8> = serde_json::from_value(offer["token"].clone()).unwrap();
    let path = offer["path"].as_str().unwrap();
    let error = stranger.redeem_raw(path, &token).await.unwrap_err();
    assert_eq!(error.reason, Reason::NotFound, "{error}");
}

#[tokio::test]
async fn the_right_app_on_another_connection_is_nobody() {
    let mut scene = Scene::at(State::Offered).await;
    let (path, token) = (
        scene.offer().path.clone(),
        scene.offer().token_for_service(),
    );
    let again = Importer::announced(&scene.desktop, VAULT).await;
    let error = again.redeem_raw(&path, &token).await.unwrap_err();
    assert_eq!(error.reason, Reason::NotFound, "{error}");
    scene.importer.vanish().await;
    let (error, handed_over) = scene.session.take().unwrap().failure().await;
    assert_eq!(error.reason, Reason::ImporterVanished, "{error}");
    assert!(!handed_over);
    let error = again.redeem_raw(&path, &token).await.unwrap_err();
    assert_eq!(error.reason, Reason::NotFound, "{error}");
}

#[tokio::test]
async fn an_entry_at_home_neither_replaces_an_installed_app_nor_changes_how_it_is_started() {
    let desktop = Desktop::sending_to(VAULT).await;
    let (ours, theirs) = (desktop.reports("importer"), desktop.reports("shadow"));
    let program = programs::importer_app();
    let (program, socket) = (program.display(), ours.path().display());
    let exec = format!("\"{program}\" \"{socket}\" {VAULT} Announce %f");
    desktop.install(&Entry::importer(VAULT).exec(&exec));
    let shadow = app::command(&theirs, VAULT, Role::Announce);
    desktop.install_for_user(&Entry::importer(VAULT).exec(&shadow));
    let session = Exporter::join(&desktop).await.agreed(COUNTS).await;
    let asked = desktop.person.asked().await;
    let importers = asked["importers"].as_array().unwrap();
    assert_eq!(importers.len(), 1, "{asked}");
    let conflict = importers[0]["conflict"].as_str().unwrap();
    assert!(conflict.contains("claims to be the same app"), "{conflict}");
    session.deposit(&payload(), COUNTS).await.unwrap();
    let importer = pid(&ours.next("offer").await);
    let arguments = Peer::of_pid(importer).unwrap().arguments();
    let expected = format!("{program}\0{socket}\0{VAULT}\0Announce\0");
    assert_eq!(String::from_utf8(arguments).unwrap(), expected);
    session.receipt().await;
    assert_eq!(theirs.left(), [Value::Null; 0]);
}

#[tokio::test]
async fn a_broken_command_line_starts_nothing_and_no_shell() {
    let desktop = Desktop::sending_to(VAULT).await;
    let reports = desktop.reports("importer");
    let command = app::command(&reports, VAULT, Role::Announce);
    for exec in [
        format!("{command} \"%f\""),
        format!("{command} %f %U"),
        format!("{command} $(touch /tmp/x)"),
        format!("{command}; {command}"),
        format!("\"{command}"),
    ] {
        desktop.install(&Entry::importer(VAULT).exec(&exec));
        let exporter = Exporter::join(&desktop).await;
        let (_, error) = exporter.ask(COUNTS).await.refusal().await;
        assert_eq!(error.reason, Reason::NoImporter, "{exec}: {error}");
        let (_, problems) = exporter.providers().await;
        let problem = problems.concat();
        assert!(problem.contains("key Exec"), "{exec}: {problem}");
    }
    assert_eq!(reports.left(), [Value::Null; 0]);
}

#[tokio::test]
async fn a_poisoned_environment_does_not_reach_a_program_that_the_service_starts() {
    const POISON: [&str; 7] = [
        "GTK_MODULES",
        "LD_AUDIT",
        "LD_LIBRARY_PATH",
        "NODE_OPTIONS",
        "PERL5LIB",
        "PYTHONSTARTUP",
        "QT_PLUGIN_PATH",
    ];
    let plan = Desktop::plan().chooser(chooser::Script::choose(VAULT));
    let plan = POISON
        .iter()
        .fold(plan, |plan, name| plan.variable(name, "/poison"));
    let desktop = plan.variable("HARMLESS", "/kept").open().await;
    let reports = desktop.reports("importer");
    let command = app::command(&reports, VAULT, Role::Announce);
    desktop.install(&Entry::importer(VAULT).exec(&command));
    let session = Exporter::join(&desktop).await.agreed(COUNTS).await;
    let is_clean = |started: u32| {
        let environment = Peer::of_pid(started).unwrap().environment();
        assert!(contains(&environment, b"HARMLESS=/kept"));
        assert!(!contains(&environment, b"/poison"));
    };
    // The chooser ends with the exchange.
    is_clean(pid(&desktop.person.asked().await));
    session.deposit(&payload(), COUNTS).await.unwrap();
    is_clean(pid(&reports.next("offer").await));
}
