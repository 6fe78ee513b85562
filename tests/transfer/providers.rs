//! A store among other apps: it sends to any, and takes from any.

use credex::cxf;
use credex::{Exporter, Importer, Payload, silent};
use credex_tests::chooser::Script;
use credex_tests::patience::within;

use crate::stage::{
    CREDEX, archive, credex, desktop, file, get, plan, put, run, sample, transfer, with_passphrases,
};

const VAULT: &str = "org.example.Vault";

#[tokio::test]
async fn a_store_is_sent_to_whatever_app_the_person_chooses() {
    let desktop = plan().chooser(Script::choose(VAULT)).open().await;
    let store = archive(&desktop, "old.age");
    put(&store, &sample());
    let importer = Importer::builder(VAULT)
        .connect_to(desktop.bus.address())
        .await;
    let mut importer = importer.unwrap();
    let words = ["export", "--from", &store, "--from-passphrase-fd", "3"];
    let command = with_passphrases(credex(&desktop, &words), 1);
    let import = async {
        let offer = within("the offer", importer.next_offer()).await.unwrap();
        assert_eq!(offer.exporter().app_id, CREDEX);
        let import = offer.redeem(&mut silent).await.unwrap();
        let arrived = import.report().clone();
        assert_eq!(import.attachments().len(), cxf::sample_attachments().len());
        assert_eq!(import.attachment_problems(), []);
        import.complete_all().await.unwrap();
        arrived
    };
    let (ended, arrived) = tokio::join!(run(command), import);
    assert_eq!(ended.code(), 0, "{}", ended.said());
    let sent = cxf::validate(cxf::sample()).unwrap();
    assert_eq!(arrived.present, sent.present);
}

#[tokio::test]
async fn a_store_takes_what_any_app_sends_it() {
    let desktop = desktop().await;
    let store = archive(&desktop, "new.age");
    put(&store, &[]);
    let words = [
        "--json",
        "import",
        "--to",
        &store,
        "--yes",
        "--to-passphrase-fd",
        "3",
    ];
    let waiting = tokio::spawn(run(with_passphrases(credex(&desktop, &words), 1)));
    let exporter = Exporter::connect_to(desktop.bus.address(), VAULT)
        .await
        .unwrap();
    // It is an app that the person can choose from the moment on at which it waits.
    let raw = credex_tests::exporter::Exporter::join(&desktop).await;
    let names = || async {
        let (providers, _) = raw.providers().await;
        providers
            .into_iter()
            .filter_map(|each| each.name)
            .collect::<Vec<_>>()
    };
    let announced = async {
        while names().await != ["Encrypted archive new.age"] {
            tokio::task::yield_now().await;
        }
    };
    within("the store to be there", announced).await;
    let mut payload = Payload::new(cxf::sample());
    for (id, body) in cxf::sample_attachments() {
        payload = payload.attachment(*id, body);
    }
    let receipt = within("the receipt", exporter.export(payload))
        .await
        .unwrap();
    assert_eq!(receipt.total().failed, 0);
    let ended = waiting.await.unwrap();
    assert_eq!(ended.code(), 0, "{}", ended.said());
    assert_eq!(ended.names(), ["plan", "written"]);
    let (there, sent) = (get(&store), sample());
    assert_eq!(there.len(), sent.len());
    for (there, mut sent) in there.into_iter().zip(sent) {
        // One of them was sent without an id, and got one.
        sent.item.members.set("id", there.item.id());
        assert_eq!(there, sent);
    }
}

#[tokio::test]
async fn a_transfer_that_the_person_sends_elsewhere_leaves_the_target_alone() {
    let desktop = plan().chooser(Script::choose(VAULT)).open().await;
    let (old, new) = (archive(&desktop, "old.age"), archive(&desktop, "new.age"));
    put(&old, &sample());
    let importer = Importer::builder(VAULT)
        .connect_to(desktop.bus.address())
        .await;
    let mut importer = importer.unwrap();
    let import = async {
        let offer = within("the offer", importer.next_offer()).await.unwrap();
        let import = offer.redeem(&mut silent).await.unwrap();
        import.complete_all().await.unwrap();
    };
    let (ended, ()) = tokio::join!(run(transfer(&desktop, &old, &new, &[])), import);
    assert_eq!(ended.code(), 1, "{}", ended.said());
    assert!(ended.said().contains("another app"), "{}", ended.said());
    assert!(!file(&new).exists());
}

#[tokio::test]
async fn without_the_service_the_error_says_what_to_do() {
    let mut desktop = desktop().await;
    let (old, new) = (archive(&desktop, "old.age"), archive(&desktop, "new.age"));
    put(&old, &sample());
    desktop.daemon().process.stop().await;
    let ended = run(transfer(&desktop, &old, &new, &[])).await;
    assert_eq!(ended.code(), 6, "{}", ended.said());
    assert!(ended.said().contains("install credexd"), "{}", ended.said());
    assert!(!file(&new).exists());
}
