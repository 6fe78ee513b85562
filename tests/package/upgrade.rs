//! The package is upgraded while an exchange goes on.

use crate::computer::{agree, install, leave_after, leaves, service_of, with_packages};

const OLD: &str = "0.1.0";
const NEW: &str = "0.1.0+1";

#[tokio::test]
async fn an_exchange_that_waits_for_the_person_outlives_an_upgrade_of_everything_around_it() {
    let Some(machine) = with_packages(&[OLD, NEW]).await else {
        return;
    };
    install(&machine, OLD).await;
    leave_after(&machine, 1).await;
    let ada = machine.log_in("ada").await;
    let mut importer = ada.start(&["credex", "import", "-o", "arrived.cxf"]);
    importer.see("Waiting.").await;
    let mut exporter = ada.at_terminal("credex export /t/sample.cxf --attachments /t/files");
    exporter.see("only Enter to cancel: ").await;
    let old = service_of(&ada).await;
    install(&machine, NEW).await;
    agree(&machine, &mut exporter).await;
    let shown = exporter.succeeds().await;
    assert!(shown.contains("20 of 20 credentials arrived."), "{shown}");
    importer.succeeds().await;
    assert_eq!(
        service_of(&ada).await,
        old,
        "the service that it began with"
    );
    ada.run(&["cmp", "arrived.cxf", "/t/sample.cxf"])
        .await
        .succeeded();

    leaves(&ada).await;
    ada.run(&["credex", "status"]).await.succeeded();
    let service = format!("/proc/{}/exe", service_of(&ada).await);
    let program = machine.root(&["readlink", &service]).await.succeeded();
    assert_eq!(program.trim(), "/usr/libexec/credexd", "the new one");
}
