//! Sources that mean harm: an end within bounds, an error that says why, the target untouched, and
//! nobody asked. What else each kind of store withstands is told by `adapters/tests`.

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use credex_tests::desktop::Desktop;

use crate::stage::{desktop, file, get, put, run, sample, transfer};

/// Longer than any of them may take on a busy machine.
const BOUND: Duration = Duration::from_secs(60);

/// Transfers a source that is none to a target with something in it.
async fn refused(desktop: &Desktop, scheme: &str, what: &str) {
    let target = format!("kdbx:{}", desktop.path("target").display());
    if !file(&target).exists() {
        put(&target, &sample()[..1]);
    }
    let before = std::fs::read(file(&target)).unwrap();
    let source = format!("{scheme}:{}", desktop.path("source").display());
    let transfer = run(transfer(desktop, &source, &target, &[]));
    let ended = tokio::time::timeout(BOUND, transfer).await;
    let ended = ended.unwrap_or_else(|_| panic!("{what} takes for ever"));
    assert_eq!(ended.code(), 1, "{what}: {}", ended.said());
    let error = ended.events().pop().unwrap()["error"]["message"].clone();
    let error = error.as_str().unwrap().to_owned();
    assert!(error.contains("source"), "{what}: {error} says where");
    assert_eq!(std::fs::read(file(&target)).unwrap(), before, "{what}");
    assert!(
        desktop.person.left().is_empty(),
        "nobody was asked about {what}"
    );
    eprintln!("{what}: {error}");
}

#[tokio::test]
async fn a_source_that_is_something_else_is_refused() {
    let desktop = desktop().await;
    for scheme in ["kdbx", "archive", "bitwarden", "csv", "onepux", "proton"] {
        std::fs::write(desktop.path("source"), b"\x7fELF\xff\xfe\0\0").unwrap();
        refused(&desktop, scheme, &format!("a program as {scheme}")).await;
    }
    refused(&desktop, "pass", "a file as pass").await;
}

#[tokio::test]
async fn a_database_that_wants_two_gibibytes_for_its_key_is_refused() {
    let desktop = desktop().await;
    let source = format!("kdbx:{}", desktop.path("source").display());
    put(&source, &sample()[..1]);
    let mut content = std::fs::read(file(&source)).unwrap();
    // The parameter M of Argon2 in the header: a 64-bit number.
    let name = b"\x05\x01\0\0\0M\x08\0\0\0";
    let at = content.windows(name.len()).position(|part| part == name);
    let at = at.expect("the database has Argon2") + name.len();
    content.splice(at..at + 8, (2u64 << 30).to_le_bytes());
    std::fs::write(file(&source), content).unwrap();
    refused(&desktop, "kdbx", "two gibibytes of memory").await;
}

#[tokio::test]
async fn a_line_of_a_gigabyte_is_refused() {
    let desktop = desktop().await;
    let mut source = File::create(desktop.path("source")).unwrap();
    source.write_all(b"url,username,password\n\"").unwrap();
    source.set_len(1 << 30).unwrap();
    refused(&desktop, "csv", "a line of a gigabyte").await;
}

#[tokio::test]
async fn a_hundred_thousand_folders_in_one_another_end_within_bounds() {
    let desktop = desktop().await;
    let name = vec!["f"; 100_000].join("/");
    let folder = format!(r#"{{"id":"00000000-0000-4000-8000-000000000001","name":"{name}"}}"#);
    let item = r#"{"id":"00000000-0000-4000-8000-000000000002","type":2,"name":"n","notes":"x",
        "folderId":"00000000-0000-4000-8000-000000000001","secureNote":{"type":0}}"#;
    let export = format!(r#"{{"encrypted":false,"folders":[{folder}],"items":[{item}]}}"#);
    std::fs::write(desktop.path("source"), export).unwrap();
    let source = format!("bitwarden-plain:{}", desktop.path("source").display());
    let target = format!("kdbx:{}", desktop.path("target").display());
    let transfer = run(transfer(&desktop, &source, &target, &[]));
    let ended = tokio::time::timeout(BOUND, transfer)
        .await
        .expect("it ends");
    match ended.code() {
        0 | 5 => assert!(get(&target).len() <= 1, "{}", ended.said()),
        code => assert_eq!(
            (code, file(&target).exists()),
            (1, false),
            "{}",
            ended.said()
        ),
    }
}
