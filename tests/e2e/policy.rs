//! What an administrator's rules keep apps from (`daemon/README.md`, "Rules").

use credex_protocol::wire::{AnnounceOptions, ExportOptions};
use credex_tests::Reason;
use credex_tests::app::Entry;
use credex_tests::chooser::Script;
use credex_tests::desktop::{Desktop, Plan};
use credex_tests::exporter::{Exporter, options};
use credex_tests::importer::Importer;

use crate::scene::{COUNTS, VAULT, payload};

const OLD: &str = "org.example.Old";

fn ruled(rules: &str) -> Plan {
    Desktop::plan()
        .chooser(Script::choose(VAULT))
        .configured(rules)
}

fn as_old() -> ExportOptions {
    ExportOptions {
        app_id: Some(OLD.to_owned()),
        ..options(COUNTS)
    }
}

#[tokio::test]
async fn an_app_that_may_not_export_is_told_which_rule_forbids_it_and_nobody_is_asked() {
    let rule = "[[rule]]\naction = \"export\"\napp = \"org.example.Old\"\ndecision = \"deny\"\n\
                reason = \"It is no longer maintained\"\n";
    let desktop = ruled(rule).open().await;
    let _importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let error = exporter.request("", as_old()).await.err().unwrap();
    assert_eq!(error.reason, Reason::Forbidden, "{error}");
    for part in ["credexd.conf line", "It is no longer maintained", OLD] {
        assert!(error.message.contains(part), "{part} in {error}");
    }
    assert_eq!(desktop.person.left(), [serde_json::Value::Null; 0]);
    // Another app is none of the rule's business.
    exporter.agreed(COUNTS).await;
}

#[tokio::test]
async fn whoever_is_not_known_well_enough_may_not_export() {
    let rule = "[[rule]]\naction = \"export\"\nbelow = \"installed\"\ndecision = \"deny\"\n";
    let desktop = ruled(rule).open().await;
    let _importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let error = exporter.request("", as_old()).await.err().unwrap();
    assert_eq!(error.reason, Reason::Forbidden, "{error}");
    assert!(error.message.contains("unverified"), "{error}");
}

#[tokio::test]
async fn an_app_that_may_not_import_is_not_shown_to_the_person() {
    let rule = "[[rule]]\naction = \"import\"\napp = \"org.example.Old\"\ndecision = \"deny\"\n";
    let desktop = ruled(rule).open().await;
    desktop.install(&Entry::importer(OLD).dbus_activatable());
    let exporter = Exporter::join(&desktop).await;
    let (_, error) = exporter.ask(COUNTS).await.refusal().await;
    assert_eq!(error.reason, Reason::Forbidden, "{error}");
    assert!(
        !error.message.contains(OLD),
        "the exporter is not told: {error}"
    );
    let old = Importer::join(&desktop).await;
    let error = old
        .announce(OLD, AnnounceOptions::default())
        .await
        .unwrap_err();
    assert_eq!(error.reason, Reason::Forbidden, "{error}");
    let _importer = Importer::announced(&desktop, VAULT).await;
    exporter.agreed(COUNTS).await;
    let asked = desktop.person.asked().await;
    assert_eq!(asked["importers"].as_array().unwrap().len(), 1, "{asked}");
}

#[tokio::test]
async fn an_importer_that_shows_too_little_of_itself_gets_no_token() {
    let rule = "[[rule]]\naction = \"import\"\nbelow = \"installed\"\ndecision = \"deny\"\n";
    let desktop = ruled(rule).open().await;
    desktop.install(&Entry::importer(VAULT).dbus_activatable());
    let importer = Importer::named(&desktop, VAULT).await;
    let session = Exporter::join(&desktop).await.agreed(COUNTS).await;
    session.deposit(&payload(), COUNTS).await.unwrap();
    importer.offered().await;
    let (error, handed_over) = session.failure().await;
    assert_eq!(error.reason, Reason::Forbidden, "{error}");
    assert!(!handed_over);
    assert!(
        !error.message.contains(VAULT),
        "the exporter is not told: {error}"
    );
    let told = desktop.person.finished().await;
    let told = told["message"].as_str().unwrap();
    assert!(
        told.contains(VAULT) && told.contains("credexd.conf line"),
        "{told}"
    );
    assert_eq!(importer.left().await, [""; 0]);
}

#[tokio::test]
async fn the_exporter_learns_the_destination_only_where_the_administrator_lets_it() {
    for told in [false, true] {
        let plan = ruled(&format!("[exporter]\ntold_destination = {told}\n"));
        let desktop = plan.open().await;
        desktop.install(&Entry::importer(VAULT).dbus_activatable());
        let exporter = Exporter::join(&desktop).await;
        let (_, results) = exporter.ask(COUNTS).await.answer().await;
        assert_eq!(results.importer.as_deref(), told.then_some(VAULT));
    }
}
