//! From store to store and back: what is lost is what `adapters/README.md` says, which is nothing.

use std::os::unix::fs::DirBuilderExt;
use std::process::Command;

use credex::cxf;
use credex_adapters::write_document;
use credex_tests::desktop::Desktop;
use credex_tests::keyring::Keyring;

use crate::stage::{desktop, get, put, run, sample, transfer};

/// Makes a key without a passphrase and a store for it; `false`, and said so, without the programs.
fn make_pass(desktop: &Desktop) -> bool {
    let home = desktop.path("gnupg");
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&home)
        .unwrap();
    let words = [
        "--batch",
        "--quiet",
        "--pinentry-mode",
        "loopback",
        "--passphrase",
        "",
    ];
    let made = Command::new("gpg")
        .env("GNUPGHOME", &home)
        .args(words)
        .args([
            "--quick-generate-key",
            "ann@example.org",
            "future-default",
            "default",
            "never",
        ])
        .output();
    match made {
        Ok(made) => assert!(made.status.success(), "{made:?}"),
        Err(error) => {
            eprintln!("left out: gpg: {error} (tests/install installs it)");
            return false;
        }
    }
    std::fs::create_dir(desktop.path("pass")).unwrap();
    std::fs::write(desktop.path("pass/.gpg-id"), "ann@example.org\n").unwrap();
    true
}

#[tokio::test]
async fn after_four_hops_through_the_service_nothing_is_lost() {
    if !Keyring::can_run() {
        return;
    }
    let desktop = desktop().await;
    if !make_pass(&desktop) {
        return;
    }
    let _keyring = Keyring::start(&desktop).await;
    let at = |scheme: &str, name: &str| format!("{scheme}:{}", desktop.path(name).display());
    let chain = [
        at("kdbx", "first.kdbx"),
        at("pass", "pass"),
        at("bitwarden", "export.json"),
        "secret-service:".to_owned(),
        at("kdbx", "last.kdbx"),
    ];
    put(&chain[0], &sample());
    for hop in chain.windows(2) {
        let [from, to] = hop else {
            panic!("a hop has two ends");
        };
        let mut command = transfer(&desktop, from, to, &[]);
        command.env("GNUPGHOME", desktop.path("gnupg"));
        let ended = run(command).await;
        assert_eq!(ended.code(), 0, "{from} to {to}: {}", ended.said());
        assert_eq!(
            ended.event("plan")["summary"]["losses"],
            serde_json::json!([])
        );
        let asked = desktop.person.asked().await;
        let names = asked["importers"].as_array().unwrap();
        assert_eq!(names.len(), 1, "it went through the service: {asked}");
        desktop.person.finished().await;
    }
    let document = |location: &str| {
        let written = write_document(get(location), ("chain.example", "Chain"), 1);
        written.unwrap().content
    };
    let (first, last) = (document(&chain[0]), document(&chain[4]));
    assert_eq!(cxf::diff(&first, &last).unwrap(), []);
    assert_eq!(get(&chain[4]).len(), sample().len());
    let bytes = |location: &str| {
        let records = get(location).into_iter();
        let files = records.flat_map(|record| record.attachments);
        files.map(|file| file.content.to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(
        bytes(&chain[0]),
        bytes(&chain[4]),
        "and the files are the same"
    );
    assert_eq!(bytes(&chain[4]).len(), cxf::sample_attachments().len());
}
