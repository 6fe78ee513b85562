//! Who is asked, what about, and what comes of it when nobody can be (design §6).

use credex_protocol::wire::ExportOptions;
use credex_tests::Reason;
use credex_tests::app::Entry;
use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;
use credex_tests::exporter::{APP_ID, Exporter, options};
use credex_tests::importer::Importer;

use crate::scene::{COUNTS, VAULT};

fn provider(name: &str) -> ExportOptions {
    ExportOptions {
        provider: Some(name.to_owned()),
        ..options(COUNTS)
    }
}

#[tokio::test]
async fn an_app_with_several_exporting_providers_has_to_name_one() {
    let desktop = Desktop::sending_to(VAULT).await;
    desktop.install(&Entry::exporter(APP_ID, &["work", "home"]));
    let _importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let error = exporter.request("", options(COUNTS)).await.unwrap_err();
    assert_eq!(error.reason, Reason::ProviderRequired, "{error}");
    for name in ["work", "home"] {
        assert!(error.message.contains(name), "{error}");
    }
    let error = exporter.request("", provider("school")).await.unwrap_err();
    assert_eq!(error.reason, Reason::UnknownProvider, "{error}");
    assert!(error.message.contains("school"), "{error}");
    exporter
        .request("", provider("home"))
        .await
        .unwrap()
        .session()
        .await;
    let asked = desktop.person.asked().await;
    assert_eq!(asked["exporter"]["provider"], "home", "{asked}");
    assert_eq!(asked["exporter"]["app_id"], APP_ID, "{asked}");
    assert_eq!(asked["exporter"]["assurance"], "unverified", "{asked}");
}

#[tokio::test]
async fn an_app_with_one_exporting_provider_need_not_name_it() {
    let desktop = Desktop::sending_to(VAULT).await;
    desktop.install(&Entry::exporter(APP_ID, &["only"]));
    let _importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    exporter.agreed(COUNTS).await;
    assert_eq!(desktop.person.asked().await["exporter"]["provider"], "only");
    let error = exporter.request("", provider("other")).await.unwrap_err();
    assert_eq!(error.reason, Reason::UnknownProvider, "{error}");
}

#[tokio::test]
async fn without_any_importer_nobody_is_asked_and_the_answer_says_so() {
    let desktop = Desktop::sending_to(VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let (response, error) = exporter.ask(COUNTS).await.refusal().await;
    assert_eq!((response, error.reason), (2, Reason::NoImporter), "{error}");
    assert_eq!(desktop.person.left(), [serde_json::Value::Null; 0]);
    assert_eq!(exporter.left().await, [""; 0]);
}

#[tokio::test]
async fn an_exporter_is_not_its_own_importer() {
    let desktop = Desktop::sending_to(VAULT).await;
    let importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::on(importer.connection().clone());
    let (_, error) = exporter.ask(COUNTS).await.refusal().await;
    assert_eq!(error.reason, Reason::NoImporter, "{error}");
}

#[tokio::test]
async fn without_a_common_version_nobody_is_asked_and_the_answer_says_so() {
    let desktop = Desktop::sending_to(VAULT).await;
    desktop.install(&Entry::importer(VAULT).exec("/bin/true"));
    let exporter = Exporter::join(&desktop).await;
    let future = ExportOptions {
        format_versions: Some(vec!["7.0".to_owned()]),
        ..options(COUNTS)
    };
    let (response, error) = exporter.request("", future).await.unwrap().refusal().await;
    assert_eq!(
        (response, error.reason),
        (2, Reason::NoCommonVersion),
        "{error}"
    );
    assert_eq!(desktop.person.left(), [serde_json::Value::Null; 0]);
}

#[tokio::test]
async fn a_running_importer_without_a_common_version_is_told_apart_from_none() {
    let desktop = Desktop::sending_to(VAULT).await;
    let _importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let future = ExportOptions {
        format_versions: Some(vec!["7.0".to_owned()]),
        ..options(COUNTS)
    };
    let (_, error) = exporter.request("", future).await.unwrap().refusal().await;
    assert_eq!(error.reason, Reason::NoCommonVersion, "{error}");
}

#[tokio::test]
async fn the_best_version_that_both_know_is_agreed_on() {
    let desktop = Desktop::sending_to(VAULT).await;
    let entry = Entry::new(VAULT)
        .line("Implements=org.credex.Importer1;")
        .exec("/bin/true");
    desktop.install(&entry.group("[org.credex.Importer1]\nFormatVersions=1.0;1.1;1.2;\n"));
    let exporter = Exporter::join(&desktop).await;
    let many = ExportOptions {
        format_versions: Some(["7.0", "1.1", "1.0"].map(str::to_owned).to_vec()),
        ..options(COUNTS)
    };
    let session = exporter.request("", many).await.unwrap().session().await;
    assert_eq!(session.format_version, "1.1");
}

#[tokio::test]
async fn a_person_who_says_no_is_told_apart_from_every_failure() {
    let desktop = Desktop::plan().chooser(Script::Decline).open().await;
    let _importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let (response, error) = exporter.ask(COUNTS).await.refusal().await;
    assert_eq!((response, error.reason), (1, Reason::Cancelled), "{error}");
    assert_eq!(exporter.left().await, [""; 0]);
    assert_eq!(exporter.status().await.exchanges, Some(0));
}

#[tokio::test]
async fn without_a_chooser_the_answer_says_what_to_do() {
    let desktop = Desktop::plan().without_chooser().open().await;
    let _importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let (response, error) = exporter.ask(COUNTS).await.refusal().await;
    assert_eq!(
        (response, error.reason),
        (2, Reason::ChooserUnavailable),
        "{error}"
    );
    assert!(error.message.contains("terminal"), "{error}");
}

#[tokio::test]
async fn a_chooser_that_dies_or_answers_nonsense_decides_nothing() {
    let scripts = [
        Script::DieAtOnce,
        Script::DieWhenAsked,
        Script::NameAStranger,
        Script::AddAType,
        Script::AnswerNonsense,
    ];
    let desktop = Desktop::sending_to(VAULT).await;
    let importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    for script in scripts {
        desktop.person.will(&script);
        let (response, error) = exporter.ask(COUNTS).await.refusal().await;
        assert_eq!(response, 2, "{script:?}: {error}");
        assert_eq!(error.reason, Reason::ChooserFailed, "{script:?}: {error}");
    }
    desktop.person.will(&Script::choose(VAULT));
    exporter.agreed(COUNTS).await.close().await.unwrap();
    assert_eq!(importer.left().await, [""; 0]);
    assert_eq!(exporter.left().await, [""; 0]);
}

#[tokio::test]
async fn one_chooser_asks_for_many_exporters_at_once_and_each_gets_its_own_answer() {
    let desktop = Desktop::plan().chooser(Script::Hang).open().await;
    let _importer = Importer::announced(&desktop, VAULT).await;
    let (one, other) = (
        Exporter::join(&desktop).await,
        Exporter::join(&desktop).await,
    );
    let first = one.ask(COUNTS).await;
    let first_asked = desktop.person.asked().await;
    desktop.person.will(&Script::Decline);
    let (_, error) = other.ask(COUNTS).await.refusal().await;
    assert_eq!(error.reason, Reason::Cancelled, "{error}");
    let second_asked = desktop.person.asked().await;
    assert_eq!(
        first_asked["pid"], second_asked["pid"],
        "there is one display"
    );
    assert_ne!(first_asked["exchange"], second_asked["exchange"]);
    assert_eq!(one.left().await, [""; 0]);
    first.close().await.unwrap();
}
