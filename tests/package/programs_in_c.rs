//! Who has installed the package can write programs in C.

use std::path::Path;

use credex_tests::machine::Login;

use crate::computer::{agree, install, with_packages};

const VERSION: &str = "0.1.0";
const EXAMPLES: &str = "/usr/share/doc/credex/client-lib/c/examples";

#[tokio::test]
async fn an_app_in_c_is_built_against_the_package_and_takes_what_is_sent() {
    // The computer has the programs of this one.
    if !["/usr/bin/cc", "/usr/bin/pkg-config"]
        .iter()
        .all(|tool| Path::new(tool).exists())
    {
        eprintln!("left out: there is no C compiler or no pkg-config");
        return;
    }
    let Some(machine) = with_packages(&[VERSION]).await else {
        return;
    };
    install(&machine, VERSION).await;
    let ada = machine.log_in("ada").await;
    let version = ada.run(&["pkg-config", "--modversion", "credex"]).await;
    assert_eq!(version.succeeded().trim(), VERSION);
    for app in ["exporter", "importer"] {
        builds(&ada, app).await;
    }
    ada.run(&["mkdir", "vault"]).await.succeeded();
    let mut importer = ada.start(&["sh", "-c", "exec ./c-importer vault"]);
    importer.see("ready").await;
    let mut exporter = ada.at_terminal("credex export /t/sample.cxf --attachments /t/files");
    exporter.see("only Enter to cancel: ").await;
    agree(&machine, &mut exporter).await;
    let shown = exporter.succeeds().await;
    assert!(shown.contains("20 of 20 credentials arrived."), "{shown}");
    let end = ["pkill", "--exact", "c-importer"];
    machine.root(&end).await.succeeded();
    importer.succeeds().await;
    let same = "cmp vault/*.cxf /t/sample.cxf";
    ada.run(&["sh", "-c", same]).await.succeeded();
}

/// Builds an example of the package's documents with what pkg-config says and nothing else, and looks at
/// where its library comes from.
async fn builds(person: &Login<'_>, app: &str) {
    let build = format!(
        "cc -std=c11 -Wall -Wextra -Werror {EXAMPLES}/{app}.c \
         $(pkg-config --cflags --libs credex) -o c-{app}"
    );
    person.run(&["sh", "-c", &build]).await.succeeded();
    let ldd = person.run(&["ldd", &format!("c-{app}")]).await.succeeded();
    let library = ldd.lines().find(|line| line.contains("libcredex.so.0 => "));
    assert!(library.is_some_and(|line| line.contains("/lib/")), "{ldd}");
}
